import hashlib
from collections.abc import Awaitable, Callable, Generator
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.scheduling.api.feedback import Ways
from services.scheduling.domain import booklets
from services.scheduling.domain.booklets import MOST_DECOYS
from services.scheduling.domain.calendar import HELSINKI
from services.scheduling.handlers import feedback
from services.scheduling.outside import Smtp
from tests.mailbox import Mailbox, mailbox
from tests.scheduling.builders import OTHER_UNIT_ID, TEAM_ID, UNIT_ID, WORKER_ID
from tests.scheduling.conftest import Region
from tests.scheduling.edge import Caller, told

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

Later = Callable[[timedelta], Awaitable[None]]
ADDRESS = "https://palaute.example/p/"


@pytest.fixture(name="mail")
def _mail(app: FastAPI) -> Generator[Mailbox]:
    """The region's mail gateway."""
    with mailbox() as box:
        smtp = Smtp(host="127.0.0.1", port=box.port, sender="heijastin@region.example", security="none")
        app.state.ways = Ways(form_address=ADDRESS, mail=smtp, booklet_links=40)
        yield box


async def being_held(region: Region, case: dict[str, Any] | None = None) -> str:
    """Return the path of a meeting that has begun and is still to be recorded."""
    path = f"/v1/cases/{(case or region.case)['case_id']}/meetings"
    created = await region.coordinator.create(path, region.times("planned", hours=-0.01))
    assert created.status_code == 201, created.text
    return created.headers["location"]


async def hand_out(region: Region, meeting: str, **command: Any) -> httpx.Response:
    """Ask for links as a social worker does."""
    return await region.social_worker.http.post(f"{meeting}/feedback-links", json=command)


async def printed(region: Region, meeting: str, *kinds: str) -> list[str]:
    """Return the tokens of links to print."""
    answer = await hand_out(region, meeting, printed=kinds)
    assert answer.status_code == 200, answer.text
    assert [each["kind"] for each in answer.json()["printed"]] == list(kinds)
    return [each["link"].removeprefix(ADDRESS) for each in answer.json()["printed"]]


async def tokens_left(region: Region, kind: str) -> set[str]:
    """Return the tokens of a kind that wait to be handed out."""
    rows = await region.database.pool.fetch("SELECT token FROM feedback_links WHERE kind = $1", kind)
    return {row["token"] for row in rows}


async def the_last_evening(region: Region, later: Later) -> datetime:
    """Let time pass until nine in the evening of the half-month's last day, and return that."""
    _, following = booklets.half_months_to_provide_for(region.now)
    evening = datetime.combine(following, time(), HELSINKI) - timedelta(hours=3)
    await later(evening - region.now)
    return evening


async def digests_told(region: Region) -> dict[str, set[str]]:
    """Return the digests that were published, by kind."""
    digests: dict[str, set[str]] = {"adult": set(), "child": set()}
    for name, fact in await told(region.database, str(UNIT_ID)):
        if name == "FeedbackBookletIssued":
            digests[fact["kind"]] |= set(fact["digests"])
    return digests


async def family_with_mail(region: Region) -> dict[str, Any]:
    """Return a case whose first and third member are reached by mail."""
    opened = await region.coordinator.create(
        "/v1/cases",
        {
            "unit_id": str(UNIT_ID),
            "team_id": str(TEAM_ID),
            "responsible_worker_ids": [str(WORKER_ID)],
            "children_count": 1,
            "opened_on": "2026-11-02",
            "family": [
                {"display_name": "Elli Keksitty", "channel": "email", "address": "elli@family.example"},
                {"display_name": "Esko Keksitty", "channel": "phone", "address": "000 000"},
                {"display_name": "Enni Keksitty", "channel": "email", "address": "enni@family.example"},
            ],
        },
    )
    return opened.json()


class TestHandingOut:
    async def test_gives_links_that_open_the_form_of_their_kind(self, region: Region) -> None:
        """Their digests have been published, at the first need if no timer was there before."""
        adult, child = await printed(region, await being_held(region), "adult", "child")

        published = await digests_told(region)
        assert hashlib.sha256(adult.encode()).hexdigest() in published["adult"]
        assert hashlib.sha256(child.encode()).hexdigest() in published["child"]

    async def test_keeps_nothing_of_a_link(self, region: Region) -> None:
        """No row of any table and no fact holds the token or its digest afterwards, but the booklet's fact."""
        [token] = await printed(region, await being_held(region), "adult")
        digest = hashlib.sha256(token.encode()).digest()

        tables = await region.database.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in (row["tablename"] for row in tables):
            rows = await region.database.pool.fetch(
                f"SELECT row FROM {table} AS row WHERE row::text LIKE '%' || $1 || '%' "
                "OR row::text LIKE '%' || $2 || '%'",
                token,
                digest.hex(),
            )
            assert rows == [], table
        assert await region.names_told() == ["MeetingScheduled", "FeedbackLinksSent"]

    async def test_deletes_a_few_more_than_it_gives(self, region: Region) -> None:
        """So that counting tells nothing: of both kinds, whatever was asked for, and not always as many."""
        meeting = await being_held(region)
        await printed(region, meeting, "adult")
        gone: dict[str, set[int]] = {"adult": set(), "child": set()}
        for _ in range(12):
            before = {kind: await tokens_left(region, kind) for kind in gone}
            given = await printed(region, meeting, "adult", "adult")
            after = {kind: await tokens_left(region, kind) for kind in gone}
            assert set(given) & after["adult"] == set()
            for kind, counts in gone.items():
                if before[kind] > after[kind]:  # else a booklet was issued in between
                    counts.add(len(before[kind] - after[kind]))

        assert gone["adult"] <= set(range(2, 2 + MOST_DECOYS + 1))
        assert gone["child"] <= set(range(MOST_DECOYS + 1))
        assert len(gone["adult"]) > 1
        assert len(gone["child"]) > 1

    async def test_draws_by_chance(self, region: Region) -> None:
        """Where a link stood in its booklet tells nothing of when it was handed out."""
        meeting = await being_held(region)
        await printed(region, meeting, "adult")
        places: list[int] = []
        for _ in range(6):
            rows = await region.database.pool.fetch("SELECT token FROM feedback_links WHERE kind = 'adult'")
            order = [row["token"] for row in rows]
            places += [
                order.index(token) for token in await printed(region, meeting, "adult", "adult") if token in order
            ]

        assert max(places) > 2 + MOST_DECOYS

    async def test_twice_gives_others(self, region: Region) -> None:
        """A lost link is replaced; nothing ties the second answer to the first."""
        meeting = await being_held(region)

        first, second = await printed(region, meeting, "adult"), await printed(region, meeting, "adult")

        assert set(first).isdisjoint(second)
        sent = [(name, fact["version"]) for name, fact in await region.told() if name == "FeedbackLinksSent"]
        assert sent == [("FeedbackLinksSent", 1), ("FeedbackLinksSent", 2)]

    async def test_never_runs_out(self, region: Region) -> None:
        """A booklet too small for a half-month is followed by another, under a trace of its own."""
        meeting = await being_held(region)
        for _ in range(4):
            assert len(await printed(region, meeting, *["adult"] * 20)) == 20

        traces = await region.database.pool.fetch(
            "SELECT DISTINCT correlation_id FROM outbox WHERE event_type LIKE '%FeedbackBookletIssued%' "
            "INTERSECT SELECT correlation_id FROM outbox WHERE key = $1",
            region.case["case_id"],
        )
        assert traces == []

    async def test_counts_for_the_unit_that_held_the_meeting(self, region: Region) -> None:
        """One row a family and half-month, however often links were handed out; it names none of them."""
        meeting = await being_held(region)
        await printed(region, meeting, "adult", "child")
        await printed(region, meeting, "adult")

        [row] = await region.database.pool.fetch("SELECT * FROM feedback_contributions")

        assert (str(row["case_id"]), row["unit_id"], row["links"]) == (region.case["case_id"], UNIT_ID, 3)
        assert set(row.keys()) == {"unit_id", "half_month", "case_id", "links"}

    async def test_is_refused_where_nobody_was_met(self, region: Region) -> None:
        """A meeting to come; and nothing has been drawn or said."""
        created = await region.coordinator.create(f"{region.of_case}/meetings", region.times("planned", hours=24))

        answer = await hand_out(region, created.headers["location"], printed=["adult"])

        assert (answer.status_code, answer.json()["type"]) == (409, "urn:problem:meeting-not-begun")
        assert await region.names_told() == ["MeetingScheduled"]
        assert await region.database.pool.fetchval("SELECT count(*) FROM feedback_contributions") == 0

    async def test_is_not_for_another_units_people(self, app: FastAPI, region: Region) -> None:
        """For them there is no such meeting."""
        meeting = await being_held(region)
        stranger = Caller(app, "coordinator", OTHER_UNIT_ID)

        answer = await stranger.http.post(f"{meeting}/feedback-links", json={"printed": ["adult"]})

        assert answer.status_code == 404

    async def test_asks_for_at_least_one_link(self, region: Region) -> None:
        """An empty request is a slip."""
        assert (await hand_out(region, await being_held(region))).status_code == 422

    async def test_needs_to_know_where_the_form_is(self, app: FastAPI, region: Region) -> None:
        """Better no link than one that leads nowhere."""
        app.state.ways = Ways()

        answer = await hand_out(region, await being_held(region), printed=["adult"])

        assert (answer.status_code, answer.json()["type"]) == (409, "urn:problem:form-has-no-address")


class TestMail:
    async def test_takes_each_link_to_one_person(self, region: Region, mail: Mailbox) -> None:
        """Sent at once, by the real protocol; the answer holds none of what was sent."""
        case = await family_with_mail(region)

        answer = await hand_out(
            region,
            await being_held(region, case),
            mailed=[{"place": 1, "kind": "adult"}, {"place": 3, "kind": "child"}],
            printed=["adult"],
        )

        assert [address for address, _ in mail.letters] == ["elli@family.example", "enni@family.example"]
        links = [text.split(ADDRESS)[1].split()[0] for _, text in mail.letters]
        published = await digests_told(region)
        assert hashlib.sha256(links[0].encode()).hexdigest() in published["adult"]
        assert hashlib.sha256(links[1].encode()).hexdigest() in published["child"]
        assert (answer.json()["mailed"], answer.json()["not_mailed"]) == (2, 0)
        assert all(link not in answer.text for link in links)

    async def test_that_was_not_taken_is_told_of(
        self, region: Region, mail: Mailbox, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing is tried again, and the log names nobody; whoever asked hands out another link."""
        case = await family_with_mail(region)
        mail.refuses.add("elli@family.example")

        answer = await hand_out(region, await being_held(region, case), mailed=[{"place": 1, "kind": "adult"}])

        assert (answer.json()["mailed"], answer.json()["not_mailed"]) == (0, 1)
        assert mail.letters == []
        logged = capsys.readouterr().out
        assert "mail_not_sent" in logged
        assert "family.example" not in logged

    async def test_goes_to_those_who_are_reached_by_it(self, region: Region, mail: Mailbox) -> None:
        """Nobody else gets any either: the request is whole or not at all."""
        case = await family_with_mail(region)

        answer = await hand_out(
            region,
            await being_held(region, case),
            mailed=[{"place": 1, "kind": "adult"}, {"place": 2, "kind": "adult"}],
        )

        assert (answer.status_code, answer.json()["type"]) == (422, "urn:problem:no-mail-address")
        assert mail.letters == []

    @pytest.mark.parametrize("address", ["esko;elli@family.example", "elli@[family.example", "(elli)@family.example"])
    async def test_goes_to_nobody_by_an_address_that_is_none(self, region: Region, mail: Mailbox, address: str) -> None:
        """One that was saved before such were refused; the others of the family get theirs all the same."""
        case = await family_with_mail(region)
        await region.database.pool.execute("UPDATE family_members SET address = $1 WHERE place = 1", address)

        answer = await hand_out(
            region,
            await being_held(region, case),
            mailed=[{"place": 1, "kind": "adult"}, {"place": 3, "kind": "child"}],
            printed=["adult"],
        )

        assert (answer.status_code, len(answer.json()["printed"])) == (200, 1)
        assert (answer.json()["mailed"], answer.json()["not_mailed"]) == (1, 1)
        assert [to for to, _ in mail.letters] == ["enni@family.example"]

    async def test_is_refused_where_there_is_none(self, region: Region) -> None:
        """A trial prints."""
        answer = await hand_out(region, await being_held(region), mailed=[{"place": 1, "kind": "adult"}])

        assert (answer.status_code, answer.json()["type"]) == (409, "urn:problem:no-mail-here")


class TestTheMailGateway:
    async def test_that_is_away_is_no_error_of_ours(self) -> None:
        """The links are handed out again when it is back."""
        with mailbox() as box:
            away = Smtp(host="127.0.0.1", port=box.port, sender="heijastin@region.example", security="none")

        assert not await away.send(to="elli@family.example", subject="Hei", text="Hei")

    async def test_gets_no_second_recipient_out_of_an_address(self) -> None:
        """A line break in an address would be another header."""
        with mailbox() as box:
            smtp = Smtp(host="127.0.0.1", port=box.port, sender="heijastin@region.example", security="none")

            assert not await smtp.send(to="elli@family.example\nBcc: all@x.example", subject="Hei", text="Hei")
            assert box.letters == []


class TestTime:
    async def test_makes_links_ahead_for_each_unit(self, region: Region) -> None:
        """Of both kinds, for this half-month and the next; a second look finds nothing to do."""
        async with region.database.transaction() as tx:
            assert await feedback.issue_booklets(tx, booklet_links=40) == 4
        async with region.database.transaction() as tx:
            assert await feedback.issue_booklets(tx, booklet_links=40) == 0

        facts = [fact for name, fact in await told(region.database, str(UNIT_ID)) if name == "FeedbackBookletIssued"]
        assert sorted(fact["kind"] for fact in facts) == ["adult", "adult", "child", "child"]
        assert [len(fact["digests"]) for fact in facts] == [40, 40, 40, 40]
        assert [fact["half_month"] for fact in facts] == sorted(fact["half_month"] for fact in facts)

    async def test_makes_them_one_process_at_a_time(self, region: Region) -> None:
        """Two would make each booklet twice."""
        async with region.database.transaction() as one, region.database.transaction() as other:
            assert await feedback.issue_booklets(one, booklet_links=40) == 4
            assert await feedback.issue_booklets(other, booklet_links=40) == 0

    async def test_tells_of_a_half_month_that_has_ended_and_forgets_it(self, region: Region, later: Later) -> None:
        """Three counts; then there is no link and no round left of it, and no family once the next has ended."""
        await printed(region, await being_held(region), "adult", "child")
        await printed(region, await being_held(region, await family_with_mail(region)), "adult", "adult", "child")
        async with region.database.transaction() as tx:
            assert await feedback.end_rounds(tx) == 0

        await later(timedelta(days=17))
        async with region.database.transaction() as tx:
            assert await feedback.end_rounds(tx) == 1

        [ended] = [fact for name, fact in await told(region.database, str(UNIT_ID)) if name == "FeedbackRoundEnded"]
        assert (ended["meetings"], ended["links"], ended["largest_family"]) == (2, 5, 3)
        for table in ("feedback_rounds", "feedback_links"):
            assert await region.database.pool.fetchval(f"SELECT count(*) FROM {table}") == 0

        async with region.database.transaction() as tx:
            await feedback.issue_booklets(tx, booklet_links=40)
        await later(timedelta(days=17))
        async with region.database.transaction() as tx:
            await feedback.end_rounds(tx)
        assert await region.database.pool.fetchval("SELECT count(*) FROM feedback_contributions") == 0

    async def test_counts_a_meeting_once_whose_links_are_handed_out_on_both_sides_of_a_boundary(
        self, region: Region, later: Later
    ) -> None:
        """Three links on the evening of the meeting, two by letter the day after: one family, which has five."""
        evening = replace(region, now=await the_last_evening(region, later))
        meeting = await being_held(evening)
        await printed(evening, meeting, "adult", "adult", "child")
        await later(timedelta(hours=12))
        close = {"agreed": "follow_up"} | evening.times("booked", hours=48)
        await region.social_worker.change(f"{meeting}/held", evening.times("held", hours=-0.01) | {"close": close})
        await printed(evening, meeting, "adult", "adult")

        await later(timedelta(days=17))
        async with region.database.transaction() as tx:
            await feedback.end_rounds(tx)

        facts = [fact for name, fact in await told(region.database, str(UNIT_ID)) if name == "FeedbackRoundEnded"]
        assert [fact["links"] for fact in facts] == [3, 2]
        assert [fact["meetings"] for fact in facts] == [1, 0]
        assert max(fact["largest_family"] for fact in facts) == 5

    async def test_tells_of_a_half_month_in_which_nothing_was_handed_out(self, region: Region, later: Later) -> None:
        """Its silence would keep a window waiting."""
        async with region.database.transaction() as tx:
            await feedback.issue_booklets(tx, booklet_links=40)
        await later(timedelta(days=33))
        async with region.database.transaction() as tx:
            assert await feedback.end_rounds(tx) == 2

        facts = [fact for name, fact in await told(region.database, str(UNIT_ID)) if name == "FeedbackRoundEnded"]
        assert [(fact["meetings"], fact["links"], fact["largest_family"]) for fact in facts] == [(0, 0, 0), (0, 0, 0)]
