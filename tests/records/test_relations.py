"""Who finds a memo, by relation, on every route that touches one; and what the access log has of it."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from services.records import api
from tests.records.builders import CASE, MEETING, NOW, TEAM, TODAY, UNIT, WORKER
from tests.records.stream import Hearing, case_opened, meeting_held
from tests.relations import People, Somebody
from tests.role_matrix import on_record
from tests.scheduling.edge import Caller

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

AWAITED, OF_CASE = "GET /v1/awaited", "GET /v1/cases/{case_id}/memos"
REVIEW = {"family_present": True, "child_present": False, "worker_present": True, "views_differ": False}
TOUCHING: dict[str, dict[str, Any] | None] = {
    "GET /v1/memos/{meeting_id}": None,
    "POST /v1/memos/{meeting_id}/recorded": {"reference": "ASI-1", "recorded_on": "2032-01-14"},
    "POST /v1/memos/{meeting_id}/amended": {"reference": "ASI-2", "recorded_on": "2032-01-14"},
    "POST /v1/memos/{meeting_id}/review-agreed": {"review_on": "2032-01-20"},
    "POST /v1/memos/{meeting_id}/reviewed": {"reviewed_on": "2032-01-14", **REVIEW},
}
"""Every route about one memo, and a body that it takes."""

PEOPLE = People(unit=UNIT, team=TEAM, responsible=WORKER, today=TODAY, said_at=NOW)
OTHER_TEAM, OTHER_UNIT = PEOPLE.other_team, PEOPLE.other_unit
RELATED, UNRELATED = PEOPLE.related, PEOPLE.unrelated


async def enter(hearing: Hearing, app: FastAPI, somebody: Somebody) -> Caller:
    """Let a memo be awaited and scheduling tell of somebody, and return them."""
    await hearing.hear(meeting_held(), *somebody.said)
    return Caller(app, somebody.roles, *somebody.units, account="me")


async def answers(caller: Caller) -> dict[str, int]:
    """Return how each route about the memo answers; a change is of a version that nobody has read."""
    found: dict[str, int] = {}
    for route, body in TOUCHING.items():
        method, _, path = route.partition(" ")
        headers = {"if-match": '"99"'} if method == "POST" else {}
        path = path.format(meeting_id=MEETING)
        found[route] = (await caller.http.request(method, path, json=body, headers=headers)).status_code
    return found


async def listed(caller: Caller, route: str, case_id: UUID = CASE) -> list[str]:
    """Return the cases of which a list shows memos."""
    shown = await caller.show(route.removeprefix("GET ").format(case_id=case_id))
    return [each["case_id"] for each in shown["items"]]


async def logged(hearing: Hearing) -> set[tuple[Any, ...]]:
    """Return what the access log has."""
    rows = await hearing.database.pool.fetch("SELECT route, did, object_id, ground FROM access_log")
    return {tuple(row.values()) for row in rows}


class TestEveryRoute:
    async def test_is_decided_about_here(self, app: FastAPI) -> None:
        """A new route is tried with every relation, and is on record."""
        assert {AWAITED, OF_CASE, *TOUCHING} == set(api.RULES) == on_record(app)


class TestAMemo:
    @pytest.mark.parametrize("ground", RELATED)
    async def test_is_there_for_whoever_has_a_relation_to_its_case(
        self, hearing: Hearing, app: FastAPI, ground: str
    ) -> None:
        """On every route, and the log says which; a change that came to nothing is a look."""
        caller = await enter(hearing, app, RELATED[ground])

        found = await answers(caller)

        assert {route: status for route, status in found.items() if status not in {200, 412}} == {}
        assert await listed(caller, AWAITED) == await listed(caller, OF_CASE) == [str(CASE)]
        on = ground.partition(" ")[0]
        assert await logged(hearing) == {(route, "read", CASE, on) for route in (*TOUCHING, AWAITED, OF_CASE)}

    async def test_that_somebody_changes_is_on_record_as_changed(self, hearing: Hearing, app: FastAPI) -> None:
        """Who wrote it, and on what ground."""
        caller = await enter(hearing, app, RELATED["crew"])
        recorded = "POST /v1/memos/{meeting_id}/recorded"
        await caller.change(f"/v1/memos/{MEETING}/recorded", TOUCHING[recorded])
        assert (recorded, "written", CASE, "crew") in await logged(hearing)

    @pytest.mark.parametrize("who", UNRELATED)
    async def test_is_not_there_for_anybody_else(self, hearing: Hearing, app: FastAPI, who: str) -> None:
        """Not found, and each attempt is on record, also the search for a case by its id."""
        caller = await enter(hearing, app, UNRELATED[who])

        assert set((await answers(caller)).values()) == {404}
        assert await listed(caller, AWAITED) == await listed(caller, OF_CASE) == []
        assert await logged(hearing) == {
            *((route, "refused", CASE, None) for route in (*TOUCHING, OF_CASE)),
            (AWAITED, "read", None, None),
        }
        assert await hearing.published() == ["MemoExpected"]

    async def test_of_a_case_without_one_is_sought_by_who_may(self, hearing: Hearing, app: FastAPI) -> None:
        """To find nothing of an own case is to have looked at it, also before it has ever had a Heijastin."""
        caller = await enter(hearing, app, RELATED["crew"])
        await hearing.hear(case_opened(case_id=OTHER_TEAM, team_id=TEAM))
        assert await listed(caller, OF_CASE, OTHER_TEAM) == await listed(caller, OF_CASE, OTHER_UNIT) == []
        assert await logged(hearing) == {
            (OF_CASE, "read", OTHER_TEAM, "crew"),
            (OF_CASE, "refused", OTHER_UNIT, None),
        }
