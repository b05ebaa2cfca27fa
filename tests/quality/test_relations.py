"""Who finds a promise, by relation, on every route that touches one; and what the access log has of it."""

from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.quality import api
from services.quality.domain.announcements import promise_id
from services.quality.domain.calendar import local_date
from services.records.events import MemoExpected
from shared.derived import derived_id
from shared.intake import Batch
from tests.quality.builders import CASE, MEETING, UNIT, local
from tests.quality.conftest import NOW
from tests.quality.stream import Hearing, case_reassigned, meeting_held, memo_said
from tests.relations import CARE, People, Somebody
from tests.role_matrix import on_record
from tests.scheduling.edge import TRUST, Caller

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

TEAM, RESPONSIBLE = (derived_id(CASE, name) for name in ("team", "responsible"))
PROMISE = promise_id("met_within_a_month", MEETING)

LISTS = ("GET /v1/promises", "GET /v1/deviations", "GET /v1/warnings")
TOUCHING = ("GET /v1/promises/{promise_id}", "GET /v1/promises/{promise_id}/history")
OF_NO_CASE = ("GET /v1/figures", "GET /v1/as-of")

PEOPLE = People(unit=UNIT, team=TEAM, responsible=RESPONSIBLE, today=local_date(NOW), said_at=local("2026-11-01 09:00"))
OTHER_TEAM, OTHER_UNIT, ME, worker = PEOPLE.other_team, PEOPLE.other_unit, PEOPLE.me, PEOPLE.worker
RELATED = PEOPLE.related | {"oversight": PEOPLE.somebody(roles="quality_manager")}
UNRELATED = PEOPLE.unrelated


@pytest.fixture(name="app")
def _app(hearing: Hearing) -> FastAPI:
    return api.app(trust=TRUST, database=hearing.database)


@pytest_asyncio.fixture(name="_promise")
async def _promise_fixture(hearing: Hearing) -> None:
    """A family that was not met, and is warned of no more; of the team, with somebody responsible."""
    await hearing.hear(meeting_held(team_id=TEAM, responsible_worker_ids=(RESPONSIBLE,)))
    await hearing.pass_gate("2027-01-02 20:00")
    await hearing.look_again()


async def enter(hearing: Hearing, app: FastAPI, somebody: Somebody) -> Caller:
    """Let scheduling tell of somebody, and return them."""
    await hearing.hear(*somebody.said)
    return Caller(app, somebody.roles, *somebody.units, account="me")


async def answers(caller: Caller) -> dict[str, int]:
    """Return how each route about the promise answers."""
    found: dict[str, int] = {}
    for route in TOUCHING:
        path = route.removeprefix("GET ").format(promise_id=PROMISE)
        found[route] = (await caller.http.get(path)).status_code
    return found


async def listed(caller: Caller, path: str) -> list[str]:
    """Return the cases of which *path* lists promises."""
    return [each["case_id"] for each in (await caller.show(path))["items"]]


async def logged(hearing: Hearing) -> set[tuple[Any, ...]]:
    """Return what the access log has."""
    rows = await hearing.database.pool.fetch("SELECT route, did, object_id, ground FROM access_log")
    return {tuple(row.values()) for row in rows}


class TestEveryRoute:
    async def test_is_decided_about_here(self, app: FastAPI) -> None:
        """A new route is tried with every relation and is on record, or said to touch no case."""
        assert {*LISTS, *TOUCHING, *OF_NO_CASE} == set(api.RULES)
        assert on_record(app) == {*LISTS, *TOUCHING}


@pytest.mark.usefixtures("_promise")
class TestAPromise:
    @pytest.mark.parametrize("ground", RELATED)
    async def test_is_there_for_whoever_has_a_relation_to_it(self, hearing: Hearing, app: FastAPI, ground: str) -> None:
        """On every route, and the log says which."""
        caller = await enter(hearing, app, RELATED[ground])

        assert set((await answers(caller)).values()) == {200}
        assert await listed(caller, "/v1/promises") == [str(CASE)]
        on = ground.partition(" ")[0]
        assert await logged(hearing) == {
            *((route, "read", CASE, on) for route in TOUCHING),
            ("GET /v1/promises", "read", CASE, on),
        }

    @pytest.mark.parametrize("who", UNRELATED)
    async def test_is_not_there_for_anybody_else(self, hearing: Hearing, app: FastAPI, who: str) -> None:
        """Not found, and each attempt is on record, also the search for a case by its id."""
        caller = await enter(hearing, app, UNRELATED[who])

        assert set((await answers(caller)).values()) == {404}
        assert await listed(caller, "/v1/promises") == await listed(caller, f"/v1/promises?case_id={CASE}") == []
        assert await logged(hearing) == {
            *((route, "refused", CASE, None) for route in TOUCHING),
            ("GET /v1/promises", "read", None, None),
            ("GET /v1/promises", "refused", CASE, None),
        }

    async def test_is_in_no_list_of_anybody_else(self, hearing: Hearing, app: FastAPI) -> None:
        """Deviations and warnings are lists of promises."""
        caller = await enter(hearing, app, Somebody((worker(),), roles=f"{CARE} quality_manager", units=()))
        assert await listed(caller, "/v1/deviations") == await listed(caller, "/v1/warnings") == []
        lead = Caller(app, "team_lead", UNIT)
        assert await listed(lead, "/v1/deviations") == [str(CASE)]

    async def test_goes_with_its_case_to_other_hands(self, hearing: Hearing, app: FastAPI) -> None:
        """The new ones see it, the old ones no longer, and the figures of the unit that made it are still its own."""
        caller = await enter(hearing, app, Somebody((worker(unit_id=OTHER_UNIT),), units=(OTHER_UNIT,)))
        await hearing.hear(
            case_reassigned("2027-01-02 12:00", unit_id=OTHER_UNIT, team_id=OTHER_TEAM, responsible_worker_ids=(ME,))
        )

        assert await listed(caller, "/v1/promises") == [str(CASE)]
        assert await listed(Caller(app, "quality_manager", UNIT), "/v1/promises") == [str(CASE)]
        assert await listed(Caller(app, "quality_manager", OTHER_UNIT), "/v1/promises") == []
        assert await listed(Caller(app, "team_lead", OTHER_UNIT), "/v1/promises") == [str(CASE)]
        await hearing.hear(worker(RESPONSIBLE, team_id=TEAM), worker(version=2, account_digest=None))
        assert await listed(caller, "/v1/promises") == []

    async def test_of_a_case_without_one_is_sought_by_who_may(self, hearing: Hearing, app: FastAPI) -> None:
        """To find nothing of an own case is to have looked at it; of a case that nobody knows it is an attempt."""
        await hearing.hear(case_reassigned("2027-01-02 12:00", case_id=OTHER_TEAM, unit_id=UNIT, team_id=TEAM))
        caller = await enter(hearing, app, RELATED["crew"])
        for case_id in (OTHER_TEAM, OTHER_UNIT):
            assert await listed(caller, f"/v1/promises?case_id={case_id}") == []
        assert await logged(hearing) == {
            ("GET /v1/promises", "read", OTHER_TEAM, "crew"),
            ("GET /v1/promises", "refused", OTHER_UNIT, None),
        }


class TestFigures:
    @pytest.mark.usefixtures("_promise")
    async def test_are_told_to_nobody_who_has_left(self, hearing: Hearing, app: FastAPI) -> None:
        """They lead no unit any more, whatever their token says."""
        path = "/v1/figures?from=2026-12-01&until=2027-01-01"
        lead = await enter(hearing, app, PEOPLE.somebody(roles="team_lead"))
        before = (await lead.show(path))["figures"]
        await hearing.hear(worker(is_active=False))
        assert (len(before), (await lead.show(path))["figures"]) == (1, [])


class TestWhatIsHeard:
    async def test_of_a_case_again_and_late_changes_nothing(self, hearing: Hearing) -> None:
        """A rebuild hears of all the old hands once more, and nobody's door opens meanwhile."""
        old, new = (
            case_reassigned(
                "2027-01-02 12:00", unit_id=UNIT, team_id=team, responsible_worker_ids=(ME,), version=version
            )
            for team, version in ((OTHER_TEAM, 2), (TEAM, 3))
        )
        first, second = hearing.number(old, new)
        await hearing.take(Batch((second,)))
        await hearing.take(Batch((first,)))
        assert await _teams(hearing) == [TEAM]
        await hearing.database.pool.execute("UPDATE cases SET context_sequence = 0")
        await hearing.take(Batch((first,)), muted=True)
        assert await _teams(hearing) == [TEAM]

    async def test_of_a_case_at_second_hand_is_not_believed(self, hearing: Hearing) -> None:
        """A memo's fact may tell of the old hands, and its place in a stream of its own means nothing here."""
        mine = {"team_id": TEAM, "responsible_worker_ids": (ME,)}
        for version in (2, 3):
            await hearing.hear(case_reassigned("2027-01-02 12:00", version=version, **mine))
        told = memo_said(MemoExpected, "2027-01-02 12:00", team_id=OTHER_TEAM)
        await hearing.hear(told, told)
        assert await _teams(hearing) == [TEAM]

    async def test_of_a_case_that_is_refused_is_not_believed(self, hearing: Hearing) -> None:
        """It is parked, and heard when its cause is mended."""
        in_2040 = meeting_held("2040-01-01 13:00", team_id=TEAM)
        refusals = await hearing.hear(in_2040)
        assert len(refusals) == 1
        assert await _teams(hearing) == []


async def _teams(hearing: Hearing) -> list[UUID]:
    return [row["team_id"] for row in await hearing.database.pool.fetch("SELECT team_id FROM case_relations")]
