"""What quality answers, to whom, and only about their own units."""

from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.quality import api
from services.quality.domain.announcements import promise_id
from shared.derived import derived_id
from tests.quality.builders import CASE, MEETING, UNIT
from tests.quality.stream import Hearing, case_reassigned, follow_up_held, meeting_held
from tests.role_matrix import NOBODY, ROLES, let_in
from tests.scheduling.edge import TRUST, Caller

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

# Written down a second time, apart from the code, so that a slip there shows as a difference here.
MATRIX = {
    "GET /v1/promises": "CSRFLQ",
    "GET /v1/promises/{promise_id}": "CSRFLQ",
    "GET /v1/promises/{promise_id}/history": "CSRFLQ",
    "GET /v1/deviations": "LQ",
    "GET /v1/warnings": "CSRFLQ",
    "GET /v1/figures": "LQ",
    "GET /v1/as-of": "CSRFLQO",
}
ELSEWHERE = derived_id(CASE, "another unit")
PROMISE = promise_id("met_within_a_month", MEETING)
DECEMBER = "/v1/figures?from=2026-12-01&until=2027-01-01"


def case(number: int) -> UUID:
    """Return the id of one of many cases, and of its one meeting."""
    return derived_id(CASE, number)


@pytest.fixture(name="app")
def _app(hearing: Hearing) -> FastAPI:
    """The service's application."""
    return api.app(trust=TRUST, database=hearing.database)


@pytest.fixture(name="manager")
def _manager(app: FastAPI) -> Caller:
    """A quality manager of the one unit."""
    return Caller(app, "quality_manager", UNIT)


@pytest_asyncio.fixture(name="_january")
async def _january_fixture(hearing: Hearing) -> None:
    """
    It is the evening of 2 January 2027 by the line.

    A family was not met; one was met in time and that was recorded on New Year's Eve, after its deviation; one is open
    and warned of; and one belongs to another unit.
    """
    await hearing.hear(
        meeting_held(),
        meeting_held("2026-11-25 13:00", case_id=case(1), meeting_id=case(1)),
        meeting_held("2026-12-22 13:00", case_id=case(2), meeting_id=case(2)),
        meeting_held("2026-11-24 13:00", case_id=ELSEWHERE, meeting_id=ELSEWHERE, unit_id=ELSEWHERE),
    )
    await hearing.pass_gate("2026-12-31 10:00")
    await hearing.look_again()
    await hearing.hear(follow_up_held("2026-12-20 10:00", case_id=case(1), recorded="2026-12-31 12:00"))
    await hearing.pass_gate("2027-01-02 20:00")
    await hearing.look_again()


def meetings(page: dict[str, Any]) -> list[str]:
    """Return of which meetings the promises of a page are."""
    return [item["meeting_id"] for item in page["items"]]


class TestTheMatrix:
    async def test_names_every_route(self) -> None:
        """A new route is decided about here as well."""
        assert set(MATRIX) == set(api.RULES)

    async def test_is_what_the_edge_lets_through(self, app: FastAPI) -> None:
        """Every route with every role, and with none."""

        def client(role: str) -> httpx.AsyncClient:
            return Caller(app, role, UNIT).http

        found = await let_in(app, api.RULES, roles=ROLES.values(), client=client)

        assert found == {route: {ROLES[letter] for letter in letters} for route, letters in MATRIX.items()}
        assert not any(NOBODY in roles for roles in found.values())


@pytest.mark.usefixtures("_january")
class TestPromises:
    async def test_are_listed_by_due_day(self, manager: Caller) -> None:
        """All of your units."""
        page = await manager.show("/v1/promises")
        assert meetings(page) == [str(MEETING), str(case(1)), str(case(2))]
        assert [item["status"] for item in page["items"]] == ["lapsed", "kept", "open"]
        assert page["next"] is None

    async def test_are_listed_page_by_page(self, manager: Caller) -> None:
        """Pages neither skip nor repeat."""
        first = await manager.show("/v1/promises?limit=2")
        second = await manager.show(f"/v1/promises?limit=2&cursor={first['next']}")
        assert meetings(first) + meetings(second) == [str(MEETING), str(case(1)), str(case(2))]
        assert second["next"] is None

    @pytest.mark.parametrize(
        "query,found",
        [
            (f"case_id={case(1)}", [case(1)]),
            ("status=lapsed", [MEETING]),
            ("status=void", []),
            (f"unit_id={UNIT}&status=open", [case(2)]),
            (f"unit_id={ELSEWHERE}", []),
            (f"case_id={ELSEWHERE}", []),
        ],
    )
    async def test_are_found_by_case_status_and_unit(self, manager: Caller, query: str, found: list[UUID]) -> None:
        """And what is in no unit of yours is not there."""
        assert meetings(await manager.show(f"/v1/promises?{query}")) == [str(each) for each in found]

    async def test_refuse_a_status_that_is_none(self, manager: Caller) -> None:
        """A misspelt filter must not look like an empty list."""
        assert (await manager.http.get("/v1/promises?status=late")).status_code == 422

    async def test_are_none_for_somebody_without_a_unit(self, app: FastAPI) -> None:
        """Deny by default."""
        assert meetings(await Caller(app, "quality_manager").show("/v1/promises")) == []

    async def test_are_shown_whole(self, manager: Caller) -> None:
        """As last said."""
        shown = await manager.show(f"/v1/promises/{PROMISE}")
        assert (shown["status"], shown["deviation_state"], shown["due_on"]) == ("lapsed", "open", "2026-12-24")

    async def test_are_shown_with_those_who_answer_for_the_case_now(self, hearing: Hearing, manager: Caller) -> None:
        """A reassigned case is no news about its promise, but who calls the family must not be the one who left."""
        await hearing.hear(case_reassigned("2027-01-02 12:00", team_id=ELSEWHERE, responsible_worker_ids=(ELSEWHERE,)))

        listed = (await manager.show(f"/v1/promises?case_id={CASE}"))["items"][0]
        for shown in (listed, await manager.show(f"/v1/promises/{PROMISE}")):
            assert (shown["team_id"], shown["responsible_worker_ids"]) == (str(ELSEWHERE), [str(ELSEWHERE)])
        assert await hearing.published() == ["PromiseMade", "DeviationRaised"]

    async def test_have_a_history(self, manager: Caller) -> None:
        """All that was said, in order, with its time."""
        of_late_record = promise_id("met_within_a_month", case(1))
        history = (await manager.http.get(f"/v1/promises/{of_late_record}/history")).json()
        assert [said["event_type"].split(".")[2] for said in history] == [
            "PromiseMade",
            "DeviationRaised",
            "PromiseKept",
            "DeviationWithdrawn",
        ]
        assert [said["state"]["version"] for said in history] == [1, 2, 3, 4]
        assert all(said["recorded_at"] for said in history)

    async def test_of_another_unit_are_not_there(self, manager: Caller, app: FastAPI) -> None:
        """404, neither yes nor no."""
        theirs = promise_id("met_within_a_month", ELSEWHERE)
        for path in (f"/v1/promises/{theirs}", f"/v1/promises/{theirs}/history"):
            assert (await manager.http.get(path)).status_code == 404
            assert (await Caller(app, "team_lead", ELSEWHERE).http.get(path)).status_code == 200
        unknown = await manager.http.get(f"/v1/promises/{CASE}")
        assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:problem:unknown-promise")


@pytest.mark.usefixtures("_january")
class TestDeviationsAndWarnings:
    @pytest.mark.parametrize(
        "query,found", [("", [MEETING, case(1)]), ("?state=open", [MEETING]), ("?state=withdrawn", [case(1)])]
    )
    async def test_deviations_are_listed_by_state(self, manager: Caller, query: str, found: list[UUID]) -> None:
        """In force or withdrawn; what never had one is no deviation."""
        assert meetings(await manager.show(f"/v1/deviations{query}")) == [str(each) for each in found]

    async def test_deviations_of_imports_are_listed_apart(self, hearing: Hearing, manager: Caller) -> None:
        """An import of past years is on no one's list until somebody asks for it."""
        await hearing.hear(
            meeting_held(case_id=case(3), meeting_id=case(3), imported=True, recorded="2027-01-02 12:00")
        )
        await hearing.look_again()

        assert str(case(3)) not in meetings(await manager.show("/v1/deviations"))
        assert meetings(await manager.show("/v1/deviations?imported=true")) == [str(case(3))]

    async def test_warnings_are_those_that_speak(self, manager: Caller) -> None:
        """Of open promises."""
        page = await manager.show("/v1/warnings")
        assert meetings(page) == [str(case(2))]
        assert page["items"][0]["warning"] == "nothing_booked"
        assert meetings(await manager.show(f"/v1/warnings?unit_id={ELSEWHERE}")) == []


@pytest.mark.usefixtures("_january")
class TestFigures:
    async def test_are_told_as_of_the_line(self, manager: Caller) -> None:
        """Kept, recorded late, lapsed: of your units, by month."""
        report = await manager.show(DECEMBER)
        assert report["as_of"] == "2027-01-02T18:00:00Z"
        assert report["figures"] == [
            {
                "unit_id": str(UNIT),
                "month": "2026-12-01",
                "imported": False,
                "due": 2,
                "kept": 1,
                "kept_recorded_late": 1,
                "kept_late": 0,
                "lapsed": 1,
                "ended_with_case": 0,
                "ended_recorded_late": 0,
                "undetermined": 0,
                "strict_rate": 0.5,
            }
        ]

    async def test_are_told_for_a_cut_off_instant(self, manager: Caller) -> None:
        """By what was known then."""
        report = await manager.show(f"{DECEMBER}&as_of=2026-12-31T10:00:00Z")
        (figures,) = report["figures"]
        assert report["as_of"] == "2026-12-31T10:00:00Z"
        assert (figures["due"], figures["kept"], figures["lapsed"], figures["strict_rate"]) == (2, 0, 2, 0.0)

    async def test_are_not_told_for_what_has_not_been_heard(self, manager: Caller) -> None:
        """A report of a later instant would count as missed what is still on its way."""
        refused = await manager.http.get(f"{DECEMBER}&as_of=2027-01-02T18:00:01Z")
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:problem:not-heard-yet")
        assert (await manager.show(f"{DECEMBER}&as_of=2027-01-02T18:00:00Z"))["figures"]

    @pytest.mark.parametrize(
        "query, pointer",
        [
            (f"{DECEMBER}&as_of=0001-01-01T00:00:00%2B14:00", "#/as_of"),
            (f"{DECEMBER}&as_of=20261231", "#/as_of"),
            ("/v1/figures?from=0&until=2027-01-01", "#/from"),
            ("/v1/figures?from=2026-12-01&until=2027-01", "#/until"),
        ],
        ids=["before all time", "a number of seconds", "a day as a number", "a month"],
    )
    async def test_are_asked_for_as_everywhere_else(self, manager: Caller, query: str, pointer: str) -> None:
        """A number would be taken for seconds since 1970, and the answer would be that nothing was ever promised."""
        refused = await manager.http.get(query)
        assert refused.status_code == 422
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]

    async def test_are_of_your_units_only(self, manager: Caller, app: FastAPI) -> None:
        """Asked for another one, there are none."""
        for as_of in ("", "&as_of=2027-01-02T18:00:00Z"):
            assert (await manager.show(f"{DECEMBER}&unit_id={ELSEWHERE}{as_of}"))["figures"] == []
            (theirs,) = (await Caller(app, "team_lead", ELSEWHERE).show(f"{DECEMBER}{as_of}"))["figures"]
            assert (theirs["unit_id"], theirs["due"]) == (str(ELSEWHERE), 1)


class TestAShutGate:
    async def test_tells_no_figures(self, hearing: Hearing, manager: Caller) -> None:
        """Nothing is known to be complete."""
        await hearing.hear(meeting_held())
        assert await manager.show(DECEMBER) == {"policy": "met_within_a_month", "as_of": None, "figures": []}
        assert (await manager.http.get(f"{DECEMBER}&as_of=2026-12-31T10:00:00Z")).status_code == 422
        assert await manager.show("/v1/as-of") == {"as_of": None, "to_judge": 0}

    async def test_says_until_when_when_it_opens(self, hearing: Hearing, app: FastAPI) -> None:
        """Also to operators."""
        await hearing.pass_gate("2027-01-02 20:00")
        assert await Caller(app, "ops").show("/v1/as-of") == {"as_of": "2027-01-02T18:00:00Z", "to_judge": 0}

    async def test_says_how_much_waits_to_be_judged(self, hearing: Hearing, manager: Caller) -> None:
        """Whoever waits for the figures of what they entered must know when those are in."""
        await hearing.hear(meeting_held())
        await hearing.pass_gate("2027-01-02 20:00")
        assert (await manager.show("/v1/as-of"))["to_judge"] == 1

        await hearing.look_again()

        assert (await manager.show("/v1/as-of"))["to_judge"] == 0
