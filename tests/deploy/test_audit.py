"""Who used a case's data, for the client; and whether the log can be believed."""

import csv
import io
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from importlib import import_module
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from deploy import auditing, cli, extract_page, log_words, migrating
from deploy.auditing import Extract, Use
from deploy.databases import Urls
from deploy.system import load_system
from deploy.trouble import Trouble
from shared import seals
from shared.access_log import Notes
from shared.ids import new_id
from tests.architecture.tree import ROOT
from tests.probe import until
from tests.role_matrix import on_record

APIS: Mapping[str, Any] = {service: import_module(f"services.{service}.api") for service in load_system().apis}
NOW = datetime(2027, 3, 1, 10, 15, 30, tzinfo=UTC)
CASE, SOMEBODY, WORKER = new_id(), new_id(), new_id()
VIEW, HISTORY = "GET /v1/cases/{case_id}", "GET /v1/promises/{promise_id}/history"
OPEN_ANSWERS = "GET /v1/windows/{window_id}/open-answers"

USE = Use(
    at=NOW,
    service="scheduling",
    subject=SOMEBODY,
    name="Veera Vastaava (keksitty)",
    roles=("coordinator",),
    route=VIEW,
    did="read",
    ground="crew",
)


def extract(*uses: Use) -> Extract:
    """Return an extract of March."""
    return Extract("K7-4QX", date(2027, 3, 1), date(2027, 3, 31), NOW, uses)


def rows(*uses: Use) -> list[list[str]]:
    """Return the cells of the table, as a spreadsheet reads them."""
    text = extract_page.as_csv(extract(*uses))
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:]), delimiter=";"))


class TestTheWords:
    def test_are_there_for_every_route_on_record(self) -> None:
        """A client shall not have to read addresses of programs; and no word is left over."""
        routes = {service: on_record(api.app()) for service, api in APIS.items()}
        assert {service: set(words) for service, words in log_words.ROUTES.items()} == {
            service: on for service, on in routes.items() if on
        }

    def test_are_there_for_every_role_of_such_a_route(self) -> None:
        """Roles are part of what the client may know."""
        roles = {role for api in APIS.values() for rule in api.RULES.values() for role in rule.roles}
        assert set(log_words.ROLES) == roles

    def test_for_a_role_are_those_of_the_glossary(self) -> None:
        """One word for one idea, also in Finnish."""
        glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
        assert [word for word in log_words.ROLES.values() if f"| {word} |" not in glossary] == []


class TestTheTable:
    def test_tells_when_who_in_what_role_what_and_why(self) -> None:
        """In Helsinki's time, and in words."""
        head, row = rows(USE)
        assert head == ["Aika", "Kuka", "Rooli", "Mitä katsottiin tai muutettiin", "Peruste"]
        assert row == [
            "1.3.2027 klo 12.15.30",
            "Veera Vastaava (keksitty)",
            "koordinaattori",
            "asiakkuuden perustietojen katselu",
            "oma tiimi",
        ]

    def test_tells_of_an_attempt_as_of_an_attempt(self) -> None:
        """Nothing was shown."""
        _, row = rows(replace(USE, did="refused", ground=None))
        assert row[3:] == ["estetty yritys: asiakkuuden perustietojen katselu", "ei perustetta"]

    def test_names_whoever_is_no_worker_by_what_can_be_asked_about(self) -> None:
        """A quality manager is in no list of workers; the region can look the account up."""
        _, row = rows(replace(USE, name=None))
        assert row[1] == f"ei työntekijäluettelossa (tunniste {SOMEBODY.hex[-8:]})"

    def test_shows_what_it_has_no_words_for_as_it_is(self) -> None:
        """A line of a route that is gone is still a line."""
        _, row = rows(replace(USE, route="GET /v0/cases", roles=("clerk",), ground="kin"))
        assert row[2:] == ["clerk", "GET /v0/cases", "kin"]

    @pytest.mark.parametrize("name", ["=1+1", "+358", "-2", "@SUM(A1)", "\tx", "\rx", " =1"])
    def test_holds_no_formula(self, name: str) -> None:
        """What a spreadsheet would compute is text: somebody may have been entered under any name."""
        _, row = rows(replace(USE, name=name))
        assert row[1] == f"'{name}"

    def test_keeps_a_name_in_its_cell(self) -> None:
        """Whatever signs are in it."""
        _, row = rows(replace(USE, name='Aino "A"; Keksitty'))
        assert row[1] == 'Aino "A"; Keksitty'


class _Structure(HTMLParser):
    """Sees that every element that is opened is closed in order, and remembers what matters to a screen reader."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, Mapping[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


class TestThePage:
    def test_can_be_heard_as_well_as_seen(self) -> None:
        """A language, a title, one main heading, a table with a caption and named columns, times for machines."""
        page = _Structure()
        page.feed(extract_page.as_html(extract(USE, USE)))
        tags = [tag for tag, _ in page.seen]
        assert page.open == []
        assert ("html", {"lang": "fi"}) in page.seen
        assert [tags.count(tag) for tag in ("title", "main", "h1", "caption")] == [1, 1, 1, 1]
        assert [attributes for tag, attributes in page.seen if tag == "th"] == [{"scope": "col"}] * 5
        assert ("time", {"datetime": "2027-03-01T12:15:30+02:00"}) in page.seen
        assert not {"script", "img", "link"} & set(tags)

    def test_tells_the_period_the_grounds_and_the_rights(self) -> None:
        """In plain words, with the law by its number."""
        page = extract_page.as_html(extract(USE))
        assert "<h1>Lokitiedot: asiakkuus K7-4QX</h1>" in page
        assert "Ajalta 1.3.2027\u201331.3.2027. Koottu 1.3.2027 klo 12.15.30." in page
        assert "703/2023" in page
        assert "kahden kuukauden kuluessa" in page
        assert all(meaning in page for _, meaning in log_words.GROUNDS.values())

    def test_says_so_if_nobody_looked(self) -> None:
        """An empty table would look like a fault."""
        page = extract_page.as_html(extract())
        assert "ei ole katsottu eikä muutettu" in page
        assert "<table" not in page

    def test_holds_no_mark_up_of_others(self) -> None:
        """A name is a name."""
        page = extract_page.as_html(extract(replace(USE, name="<script>alert(1)</script> & Keksitty")))
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Keksitty" in page


Databases = Mapping[str, Urls]


@pytest_asyncio.fixture(name="databases")
async def _databases(service_databases: Callable[[str], Awaitable[Urls]], monkeypatch: pytest.MonkeyPatch) -> Databases:
    """All services' databases, with a case and a worker in scheduling's; the environment names them."""
    urls = {service: await service_databases(service) for service in migrating.services()}
    for service, each in urls.items():
        monkeypatch.setenv(f"{service.upper()}_AUDITOR_URL", each.auditor)
    scheduling = await asyncpg.connect(urls["scheduling"].runtime)
    await scheduling.execute(f"""
        INSERT INTO units VALUES ('{CASE}', 1, 'a', 'b', 'c', '[]', '{{}}', 'strict', false, '[]');
        INSERT INTO teams VALUES ('{CASE}', 1, '{CASE}', 'Tiimi');
        INSERT INTO workers (worker_id, version, unit_id, display_name, roles, is_active)
        VALUES ('{WORKER}', 1, '{CASE}', 'Veera Vastaava (keksitty)', '{{coordinator}}', true);
        INSERT INTO cases VALUES ('{CASE}', 'K7-4QX', 1, '{CASE}', '{CASE}', '{{{WORKER}}}', 1, '2026-11-02');
    """)
    await scheduling.close()
    return urls


async def write(
    urls: Urls, route: str, *, about: UUID = CASE, known_as: UUID | None = WORKER, seal: bool = False
) -> None:
    """Write a line about the case, or what else it is *about*, and one about another."""
    connection = await asyncpg.connect(urls.runtime)
    notes = Notes(subject=SOMEBODY, roles=("coordinator",), route=route, request_id="r", does="read", known_as=known_as)
    notes.saw(about, "crew")
    notes.saw(new_id(), "crew")
    await notes.write(connection)
    if seal:

        async def is_sealed() -> int:
            async with connection.transaction():
                return await seals.seal(connection)

        assert await until(is_sealed) == 2  # once what other tests have open on this server has ended
    await connection.close()


async def age(urls: Urls, days: int) -> None:
    """Let all lines be older."""
    owner = await asyncpg.connect(urls.owner)
    await owner.execute("UPDATE access_log SET at = at - make_interval(days => $1)", days)
    await owner.close()


@pytest.mark.postgres
@pytest.mark.asyncio
class TestAnExtract:
    @pytest.mark.parametrize("case", [str(CASE), "K7-4QX", "k7-4qx"], ids=["id", "code", "code in small letters"])
    async def test_has_what_all_services_have_of_a_case_in_order(self, databases: Databases, case: str) -> None:
        """And nothing of any other."""
        await write(databases["quality"], HISTORY, known_as=None)
        await write(databases["scheduling"], VIEW)
        await write(databases["quality"], HISTORY)

        found = await auditing.extract(case, first=None, last=None)

        assert found.code == "K7-4QX"
        assert [(use.service, use.route, use.name) for use in found.uses] == [
            ("quality", HISTORY, None),
            ("scheduling", VIEW, "Veera Vastaava (keksitty)"),
            ("quality", HISTORY, "Veera Vastaava (keksitty)"),
        ]
        assert {(use.roles, use.did, use.ground) for use in found.uses} == {(("coordinator",), "read", "crew")}

    async def test_has_nothing_of_what_families_wrote_without_a_name(self, databases: Databases) -> None:
        """Whose case it was is not known, least of all to the log: a line there is about a unit's window."""
        await write(databases["feedback"], OPEN_ANSWERS, about=new_id(), known_as=None, seal=True)
        await write(databases["scheduling"], VIEW)

        found = await auditing.extract("K7-4QX", first=None, last=None)

        assert {use.service for use in found.uses} == {"scheduling"}
        told = auditing.told("feedback", await auditing.checked("feedback"))
        assert told.startswith("feedback: 1 batches with 2 lines are whole")

    async def test_goes_back_two_years_unless_told(self, databases: Databases) -> None:
        """Older needs a special reason, and then it can be had; the last day is in it."""
        await write(databases["scheduling"], VIEW)
        await age(databases["scheduling"], 731 + 1)
        usual = await auditing.extract("K7-4QX", first=None, last=None)
        further = await auditing.extract("K7-4QX", first=usual.first - timedelta(days=2), last=None)
        that_day = further.uses[0].at.astimezone(auditing.HELSINKI).date()
        assert (len(usual.uses), len(further.uses)) == (0, 1)
        assert len((await auditing.extract("K7-4QX", first=that_day, last=that_day)).uses) == 1
        before = that_day - timedelta(days=1)
        assert not (await auditing.extract("K7-4QX", first=before, last=before)).uses

    @pytest.mark.parametrize(
        "case, first, last, said",
        [("K7-4QZ", None, None, "no case"), ("K7-4QX", date(2027, 2, 2), date(2027, 2, 1), "before it begins")],
        ids=["unknown", "wrong way round"],
    )
    async def test_is_refused_with_a_cure(
        self, databases: Databases, case: str, first: date | None, last: date | None, said: str
    ) -> None:
        """An empty page would be taken for an answer."""
        assert databases
        with pytest.raises(Trouble, match=said):
            await auditing.extract(case, first=first, last=last)


class TestTwoYears:
    @pytest.mark.parametrize(
        "day, before", [(date(2027, 3, 1), date(2025, 3, 1)), (date(2028, 2, 29), date(2026, 2, 28))]
    )
    def test_before_a_day_is_the_same_day_where_there_is_one(self, day: date, before: date) -> None:
        """Leap days are not in every year."""
        assert auditing._years_before(day) == before


@pytest.mark.postgres
@pytest.mark.asyncio
class TestAnAudit:
    async def test_tells_that_all_is_whole(self, databases: Databases) -> None:
        """With the last seal, to be compared with what the service said when it made it."""
        await write(databases["scheduling"], VIEW, seal=True)
        await write(databases["scheduling"], VIEW)
        told = auditing.told("scheduling", await auditing.checked("scheduling"))
        all_well = "scheduling: 1 batches with 2 lines are whole, 2 lines wait for their seal; the last seal is 1 "
        assert re.fullmatch(f"{all_well}[0-9a-f]{{64}}", told)
        assert auditing.told("quality", await auditing.checked("quality")).endswith("0 lines wait for their seal")

    async def test_names_the_batch_that_was_tampered_with(self, databases: Databases) -> None:
        """One fault a line."""
        await write(databases["quality"], HISTORY, seal=True)
        await age(databases["quality"], 1)
        told = auditing.told("quality", await auditing.checked("quality"))
        assert told == "quality: batch 1 holds a line that was altered"


class TestTheCommand:
    def test_wants_days_as_the_rest_of_the_world_writes_them(self) -> None:
        """Else 1.2. might be the second of January."""
        done = CliRunner().invoke(cli.app, ["audit", "report", "--case", "K7-4QX", "--from", "1.2.2027"])
        assert isinstance(done.exception, Trouble)
        assert done.exception.cure == "Write days as 2026-01-31."

    @pytest.mark.parametrize("option, day", [("--until", "9999-12-31"), ("--from", "0001-01-01")])
    def test_has_no_day_after_the_last_of_all(self, option: str, day: str) -> None:
        """A period ends with the midnight after its last day."""
        done = CliRunner().invoke(cli.app, ["audit", "report", "--case", "K7-4QX", option, day])
        assert isinstance(done.exception, Trouble)
        assert done.exception.cure == "Choose days of the years 2000 to 2099."
