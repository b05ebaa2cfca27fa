"""Who finds a case, by relation, on every route that touches one; and what the access log has of it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.quality import events
from services.scheduling import api
from services.scheduling.domain.calendar import local_date
from shared import ids
from shared.database import Database
from shared.derived import subject_digest
from tests.role_matrix import on_record
from tests.scheduling.api.test_board import Quality
from tests.scheduling.builders import (
    COORDINATOR_ID,
    OTHER_TEAM_ID,
    OTHER_UNIT_ID,
    OTHER_WORKER_ID,
    TEAM_ID,
    UNIT_ID,
    WORKER_ID,
    agreed_before,
)
from tests.scheduling.conftest import Region
from tests.scheduling.edge import UNIT, WORKER, Caller

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

# Every role that works with families but the lead's, so that no route is closed and nothing but the relation decides.
CARE = "coordinator consulting_social_worker responsible_social_worker family_therapist"
THIRD_TEAM_ID, ME = UUID("00000000-0000-4000-8000-0000000000b3"), UUID("00000000-0000-4000-8000-0000000000d9")
HELD = {"held_from": "2026-11-24T09:00:00Z", "held_until": "2026-11-24T11:00:00Z"}
ENCOUNTER = HELD | {"family_present": True, "worker_present": True, "mode": "in_person"}
PLANNED = {"planned_from": "2036-11-24T09:00:00Z", "planned_until": "2036-11-24T11:00:00Z"}
BOOKED = {"booked_from": "2036-11-24T09:00:00Z", "booked_until": "2036-11-24T11:00:00Z"}
CLOSE = agreed_before().model_dump()
HANDS = {"unit_id": str(UNIT_ID), "team_id": str(TEAM_ID), "responsible_worker_ids": [str(WORKER_ID)]}

LISTS = ("GET /v1/cases", "GET /v1/board")
TOUCHING: dict[str, dict[str, Any] | None] = {
    "GET /v1/cases/{case_id}": None,
    "GET /v1/cases/{case_id}/family": None,
    "POST /v1/cases/{case_id}/reassigned": HANDS,
    "POST /v1/cases/{case_id}/closed": {"closed_on": "2026-11-24"},
    "POST /v1/cases/{case_id}/reopened": None,
    "GET /v1/cases/{case_id}/meetings": None,
    "POST /v1/cases/{case_id}/meetings": PLANNED,
    "GET /v1/meetings/{meeting_id}": None,
    "POST /v1/meetings/{meeting_id}/rescheduled": PLANNED,
    "POST /v1/meetings/{meeting_id}/cancelled": None,
    "POST /v1/meetings/{meeting_id}/deferred": {"review_on": "2036-11-24"},
    "POST /v1/meetings/{meeting_id}/confirmed": {},
    "POST /v1/meetings/{meeting_id}/feedback-links": {"printed": ["adult"]},
    "POST /v1/meetings/{meeting_id}/held": HELD | {"close": CLOSE},
    "POST /v1/meetings/{meeting_id}/corrected": HELD | {"close": CLOSE, "is_practice": False},
    "POST /v1/meetings/{meeting_id}/retracted": None,
    "GET /v1/cases/{case_id}/follow-ups": None,
    "POST /v1/cases/{case_id}/follow-ups": BOOKED,
    "POST /v1/cases/{case_id}/follow-ups/held": ENCOUNTER,
    "GET /v1/follow-ups/{follow_up_id}": None,
    "POST /v1/follow-ups/{follow_up_id}/rescheduled": BOOKED,
    "POST /v1/follow-ups/{follow_up_id}/cancelled": None,
    "POST /v1/follow-ups/{follow_up_id}/held": ENCOUNTER,
    "POST /v1/follow-ups/{follow_up_id}/corrected": ENCOUNTER,
    "POST /v1/follow-ups/{follow_up_id}/retracted": None,
}
"""Every route about one case, and a body that it takes."""
OPENING = "POST /v1/cases"
IMPORTING = ("GET /v1/imports", "POST /v1/imports")
"""For who leads the unit; what of a case in other hands is refused, the import's own tests tell."""
OF_NO_CASE = (
    "GET /v1/units",
    "GET /v1/units/{unit_id}",
    "GET /v1/teams",
    "GET /v1/teams/{team_id}",
    "GET /v1/workers",
    "GET /v1/workers/{worker_id}",
)
CHANGING_NO_CASE = (
    "PUT /v1/units/{unit_id}",
    "PUT /v1/teams/{team_id}",
    "PUT /v1/workers/{worker_id}",
    "PUT /v1/workers/{worker_id}/deputy",
)


@dataclass(frozen=True)
class Somebody:
    """Who asks: as which worker (None: as none), of which units, and who named them as deputy for which days."""

    team_id: UUID | None = OTHER_TEAM_ID
    unit_id: UUID = UNIT_ID
    is_worker: bool = True
    is_active: bool = True
    is_responsible: bool = False
    deputy_days: tuple[int, int | None] | None = None
    roles: str = CARE
    units: tuple[UUID, ...] = field(default=(UNIT_ID,))


RELATED = {
    "crew": Somebody(team_id=TEAM_ID),
    "in_charge": Somebody(is_responsible=True),
    "in_charge elsewhere": Somebody(
        unit_id=OTHER_UNIT_ID, team_id=THIRD_TEAM_ID, is_responsible=True, units=(OTHER_UNIT_ID,)
    ),
    "stand_in today": Somebody(deputy_days=(0, 1)),
    "stand_in open-ended": Somebody(deputy_days=(-7, None)),
    "branch": Somebody(team_id=None),
    "lead": Somebody(is_worker=False, roles=f"{CARE} team_lead"),
}
"""Those for whom the case is there, by the ground that the log names."""
UNRELATED = {
    "other team": Somebody(),
    "other unit": Somebody(unit_id=OTHER_UNIT_ID, team_id=THIRD_TEAM_ID, units=(OTHER_UNIT_ID,)),
    "whole other unit": Somebody(unit_id=OTHER_UNIT_ID, team_id=None, units=(OTHER_UNIT_ID,)),
    "own team, but of no unit by the token": Somebody(team_id=TEAM_ID, units=()),
    "deputy from tomorrow": Somebody(deputy_days=(1, 7)),
    "deputy until today": Somebody(deputy_days=(-7, 0)),
    "has left": Somebody(team_id=TEAM_ID, is_active=False),
    "has left, and was responsible": Somebody(is_responsible=True, is_active=False),
    "has left, and leads": Somebody(is_active=False, roles=f"{CARE} team_lead"),
    "lead of another unit": Somebody(is_worker=False, roles=f"{CARE} team_lead", units=(OTHER_UNIT_ID,)),
    "nobody known": Somebody(is_worker=False),
}


@dataclass(frozen=True)
class House:
    """The region with a second team and a second unit; its case has a meeting and a follow-up."""

    region: Region
    app: FastAPI
    of_case: dict[str, str]

    async def enter(self, somebody: Somebody) -> Caller:
        """Let somebody work here, and return them."""
        account = f"somebody-{ids.new_id()}"
        lead = Caller(self.app, "team_lead", UNIT_ID, OTHER_UNIT_ID)
        if somebody.is_worker:
            body = WORKER | {"account": account, "unit_id": str(somebody.unit_id), "is_active": True}
            body["team_id"] = str(somebody.team_id) if somebody.team_id else None
            assert (await lead.put(f"/v1/workers/{ME}", body)).is_success
            if somebody.is_responsible:
                hands = HANDS | {"responsible_worker_ids": [str(WORKER_ID), str(ME)]}
                await lead.change(f"{self.region.of_case}/reassigned", hands)
            if not somebody.is_active:
                assert (await lead.put(f"/v1/workers/{ME}", body | {"is_active": False}, version=1)).is_success
        if somebody.deputy_days is not None:
            first, last = somebody.deputy_days
            days = {"from_on": self.day(first), "until_on": None if last is None else self.day(last)}
            set_deputy = await lead.put(f"/v1/workers/{WORKER_ID}/deputy", {"deputy_id": str(ME), **days}, version=1)
            assert set_deputy.is_success, set_deputy.text
        return Caller(self.app, somebody.roles, *somebody.units, account=account)

    def day(self, days: int) -> str:
        """Return a day so many days from today."""
        return (local_date(self.region.now) + timedelta(days=days)).isoformat()

    async def ask(self, caller: Caller, route: str, body: dict[str, Any] | None) -> httpx.Response:
        """Ask *route* about the case; a change is of a version that nobody has read, so that it changes nothing."""
        method, _, path = route.partition(" ")
        headers = {"if-match": '"99"', "idempotency-key": str(ids.new_id())} if method == "POST" else {}
        return await caller.http.request(method, path.format(**self.of_case), json=body, headers=headers)

    async def listed(self, caller: Caller) -> list[list[str]]:
        """Return the cases that each list shows."""
        board = f"/v1/board?team_id={TEAM_ID}"
        return [[each["case_id"] for each in (await caller.show(path))["items"]] for path in ("/v1/cases", board)]


@pytest_asyncio.fixture(name="house")
async def _house(region: Region, app: FastAPI) -> House:
    lead = Caller(app, "team_lead", UNIT_ID, OTHER_UNIT_ID)
    await lead.put(f"/v1/units/{OTHER_UNIT_ID}", UNIT)
    for team_id, unit_id in ((OTHER_TEAM_ID, UNIT_ID), (THIRD_TEAM_ID, OTHER_UNIT_ID)):
        await lead.put(f"/v1/teams/{team_id}", {"unit_id": str(unit_id), "name": "Tiimi"})
    meeting = await region.coordinator.create(f"{region.of_case}/meetings", PLANNED)
    follow_up = await region.coordinator.create(f"{region.of_case}/follow-ups", BOOKED)
    await Quality(region).says(events.PromiseMade)
    of_case = {
        "case_id": region.case["case_id"],
        "meeting_id": meeting.json()["meeting_id"],
        "follow_up_id": follow_up.json()["follow_up_id"],
    }
    return House(region, app, of_case)


async def logged(database: Database, caller: Caller) -> list[tuple[Any, ...]]:
    """Return what the access log has of a caller."""
    rows = await database.pool.fetch(
        "SELECT route, did, object_id::text, ground FROM access_log WHERE subject = $1 ORDER BY id",
        subject_digest(caller.account),
    )
    return [tuple(row.values()) for row in rows]


class TestEveryRoute:
    async def test_is_decided_about_here(self) -> None:
        """A new route is tried with every relation, or said to touch no case."""
        assert {*LISTS, *TOUCHING, OPENING, *IMPORTING, *OF_NO_CASE, *CHANGING_NO_CASE} == set(api.RULES)

    async def test_that_touches_a_case_or_changes_anything_is_on_record(self, app: FastAPI) -> None:
        """And none that does not: a log that is full of nothing is not read."""
        assert on_record(app) == {*LISTS, *TOUCHING, OPENING, *IMPORTING, *CHANGING_NO_CASE}


class TestACase:
    @pytest.mark.parametrize("ground", RELATED)
    async def test_is_there_for_whoever_has_a_relation_to_it(self, house: House, ground: str) -> None:
        """On every route, and the log says which."""
        caller = await house.enter(RELATED[ground])
        case_id = house.of_case["case_id"]

        answers = {route: (await house.ask(caller, route, body)).status_code for route, body in TOUCHING.items()}

        assert {route for route, status in answers.items() if status in {403, 404, 422}} == set(), answers
        assert await house.listed(caller) == [[case_id], [case_id]]
        of_case = [line for line in await logged(house.region.database, caller) if line[2] == case_id]
        assert {line[3] for line in of_case} == {ground.partition(" ")[0]}
        assert {line[0] for line in of_case} == {*TOUCHING, *LISTS}
        changed = {route for route, status in answers.items() if status in {200, 201} and route.startswith("POST")}
        assert {line[0] for line in of_case if line[1] == "written"} == changed

    @pytest.mark.parametrize("who", UNRELATED)
    async def test_is_not_there_for_anybody_else(self, house: House, who: str) -> None:
        """Not found, as if there were none; and each attempt is on record."""
        caller = await house.enter(UNRELATED[who])
        case_id = house.of_case["case_id"]
        told = len(await house.region.told())

        answers = {route: await house.ask(caller, route, body) for route, body in TOUCHING.items()}

        assert {route for route, answer in answers.items() if answer.status_code != 404} == set(), answers
        assert await house.listed(caller) == [[], []]
        lines = await logged(house.region.database, caller)
        assert {line[:3] for line in lines if line[1] == "refused"} == {
            (route, "refused", case_id) for route in answers
        }
        assert {line[:3] for line in lines if line[1] != "refused"} == {(route, "read", None) for route in LISTS}
        assert len(await house.region.told()) == told

    @pytest.mark.parametrize("kind", ["case", "meeting", "follow_up"])
    async def test_of_another_team_looks_like_one_that_nobody_has(self, house: House, kind: str) -> None:
        """Word for word, so that nobody learns that there is one."""
        caller = await house.enter(UNRELATED["other team"])
        route = f"GET /v1/{kind.replace('_', '-')}s/{{{kind}_id}}"
        theirs = (await house.ask(caller, route, None)).json()
        nobodys = (await caller.http.get(f"/v1/{kind.replace('_', '-')}s/{ids.new_id()}")).json()

        assert theirs.pop("trace_id") != nobodys.pop("trace_id")
        assert theirs == nobodys


class TestADeputy:
    async def test_acts_from_the_moment_that_it_is_said_and_until_it_is_taken_back(self, house: House) -> None:
        """With the next request, though nobody signs in anew."""
        caller = await house.enter(UNRELATED["other team"])
        before = await house.ask(caller, "GET /v1/cases/{case_id}", None)
        body = {"deputy_id": str(ME), "from_on": house.day(0)}
        await house.region.lead.put(f"/v1/workers/{WORKER_ID}/deputy", body, version=1)
        during = await house.ask(caller, "GET /v1/cases/{case_id}", None)
        await house.region.lead.put(f"/v1/workers/{WORKER_ID}/deputy", {"deputy_id": None}, version=2)
        after = await house.ask(caller, "GET /v1/cases/{case_id}", None)

        assert [each.status_code for each in (before, during, after)] == [404, 200, 404]


class TestOpening:
    @pytest.mark.parametrize(
        "who, status", [("crew", 201), ("branch", 201), ("lead", 201), ("other team", 403)], ids=str
    )
    async def test_is_for_those_who_see_what_they_open(self, house: House, who: str, status: int) -> None:
        """Nobody puts a family into hands that they know nothing of."""
        caller = await house.enter((RELATED | UNRELATED)[who])
        body = HANDS | {"children_count": 1, "opened_on": house.day(0)}

        opened = await caller.create("/v1/cases", body)

        assert opened.status_code == status, opened.text
        [line] = await logged(house.region.database, caller)
        assert line[:2] == (OPENING, "written" if status == 201 else "refused")


class TestAList:
    async def test_notes_what_it_shows_page_by_page(self, house: House) -> None:
        """And not what it looked at to know that there is more."""
        for _ in range(2):
            body = HANDS | {"children_count": 1, "opened_on": house.day(0)}
            await house.region.coordinator.create("/v1/cases", body)
        caller = await house.enter(RELATED["crew"])

        page = await caller.show("/v1/cases?limit=2")

        shown = {("GET /v1/cases", "read", each["case_id"], "crew") for each in page["items"]}
        assert (len(shown), page["next"] is None) == (2, False)
        assert set(await logged(house.region.database, caller)) == shown


class TestAChangeToPeople:
    async def test_is_on_record_with_whom_it_was_about(self, house: House) -> None:
        """Whoever makes somebody a deputy opens a door."""
        await house.region.lead.put(
            f"/v1/workers/{OTHER_WORKER_ID}/deputy",
            {"deputy_id": str(COORDINATOR_ID), "from_on": house.day(0)},
            version=1,
        )
        lines = await logged(house.region.database, house.region.lead)
        assert lines[-1] == ("PUT /v1/workers/{worker_id}/deputy", "written", str(OTHER_WORKER_ID), "member")


class TestWhoeverHasLeft:
    async def test_sees_neither_units_nor_people(self, house: House) -> None:
        """A token that still works is of no use."""
        caller = await house.enter(UNRELATED["has left"])
        assert [(await caller.show(f"/v1/{kind}"))["items"] for kind in ("units", "teams", "workers")] == [[], [], []]
