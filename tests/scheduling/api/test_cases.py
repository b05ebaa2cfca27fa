import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from services.scheduling.commands.cases import ReassignCase
from services.scheduling.domain.calendar import local_date
from services.scheduling.handlers.cases import reassign_case
from shared import ids
from tests.probe import until
from tests.scheduling.builders import (
    OTHER_TEAM_ID,
    OTHER_UNIT_ID,
    OTHER_WORKER_ID,
    TEAM_ID,
    UNIT_ID,
    WORKER_ID,
    sight_of,
)
from tests.scheduling.conftest import Region
from tests.scheduling.edge import UNIT, Caller, told

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

NOBODY = "00000000-0000-4000-8000-000000000000"
SOMEBODY_WAITS = """
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
"""
BODY: dict[str, Any] = {
    "unit_id": str(UNIT_ID),
    "team_id": str(TEAM_ID),
    "responsible_worker_ids": [str(WORKER_ID)],
    "children_count": 1,
    "opened_on": "2026-11-02",
}


class TestOpenCase:
    async def test_gives_a_case_a_code_and_tells_the_others(self, region: Region) -> None:
        """The whole public state in the first fact of the stream."""
        ((name, fact),) = await told(region.database, region.case["case_id"])

        assert name == "CaseOpened"
        assert re.fullmatch("[A-Z][2-9]-[A-Z2-9]{3}", fact["case_code"])
        assert fact["case_code"] == region.case["code"]
        assert (fact["unit_id"], fact["children_count"], fact["status"]) == (str(UNIT_ID), 2, "open")

    async def test_says_where_the_case_is(self, region: Region) -> None:
        """Location and ETag, so that the next change needs no search."""
        answer = await region.coordinator.create("/v1/cases", BODY)

        assert answer.headers["location"] == f"/v1/cases/{answer.json()['case_id']}"
        assert answer.headers["etag"] == '"1"'
        assert await region.coordinator.show(answer.headers["location"]) == answer.json()

    async def test_keeps_the_people_of_the_family_to_itself(self, region: Region) -> None:
        """They are shown to who needs them, and stand in no fact and in no other answer."""
        assert await region.coordinator.show(f"{region.of_case}/family") == [
            {"display_name": "Aino Esimerkki (keksitty)", "channel": "phone", "address": "000 000"}
        ]
        everything = await region.database.pool.fetchval("SELECT string_agg(outbox::text, '') FROM outbox")
        assert b"Esimerkki".hex() not in everything
        assert "Esimerkki" not in everything
        assert "Esimerkki" not in str(region.case)

    async def test_has_its_effect_once(self, region: Region) -> None:
        """A client that heard no answer asks again with the same key and gets the same case."""
        key = str(ids.new_id())

        first = await region.coordinator.create("/v1/cases", BODY, key=key)
        again = await region.coordinator.create("/v1/cases", BODY, key=key)

        assert (again.status_code, again.json()) == (201, first.json())
        assert await region.database.pool.fetchval("SELECT count(*) FROM cases") == 2
        assert len(await told(region.database, first.json()["case_id"])) == 1

    async def test_needs_a_key(self, region: Region) -> None:
        """Without one, a repeated request would be a second case."""
        answer = await region.coordinator.http.post("/v1/cases", json=BODY)

        assert answer.status_code == 400

    @pytest.mark.parametrize(
        "different, slug",
        [
            ({"team_id": NOBODY}, "named-team-unknown"),
            ({"responsible_worker_ids": [str(WORKER_ID), NOBODY]}, "named-worker-unknown"),
            ({"opened_on": "2099-01-01"}, "not-yet-happened"),
        ],
        ids=["team", "worker", "day"],
    )
    async def test_refuses_what_it_does_not_know(self, region: Region, different: dict[str, Any], slug: str) -> None:
        """What the body names is told apart from what the path names: 422, not 404."""
        answer = await region.coordinator.create("/v1/cases", BODY | different)

        assert (answer.status_code, answer.json()["type"]) == (422, f"urn:problem:{slug}")

    async def test_refuses_a_unit_that_is_not_yours(self, app: FastAPI) -> None:
        """Scope comes with the token."""
        answer = await Caller(app, "coordinator", OTHER_UNIT_ID).create("/v1/cases", BODY)

        assert (answer.status_code, answer.json()["type"]) == (403, "urn:problem:not-your-unit")


class TestReassignCase:
    async def test_moves_the_case_to_another_unit_and_out_of_sight(self, region: Region, app: FastAPI) -> None:
        """Whoever has the case sees it; whoever had it does not."""
        there = Caller(app, "team_lead", OTHER_UNIT_ID)
        await there.put(f"/v1/units/{OTHER_UNIT_ID}", UNIT)
        await there.put(f"/v1/teams/{OTHER_TEAM_ID}", {"unit_id": str(OTHER_UNIT_ID), "name": "Toinen"})

        moved = await region.coordinator.change(
            f"{region.of_case}/reassigned",
            {
                "unit_id": str(OTHER_UNIT_ID),
                "team_id": str(OTHER_TEAM_ID),
                "responsible_worker_ids": [str(OTHER_WORKER_ID)],
            },
        )

        assert (moved["version"], moved["unit_id"], moved["team_id"]) == (2, str(OTHER_UNIT_ID), str(OTHER_TEAM_ID))
        assert await there.show(region.of_case) == moved
        assert (await region.coordinator.http.get(region.of_case)).status_code == 404
        ((name, fact),) = await region.told()
        assert (name, fact["unit_id"], fact["version"]) == ("CaseReassigned", str(OTHER_UNIT_ID), 2)
        assert fact["responsible_worker_ids"] == [str(OTHER_WORKER_ID)]

    async def test_lets_no_later_fact_of_the_case_name_the_old_hands(self, region: Region) -> None:
        """Whatever waits for the case's row sees it as it then is: the order of the facts is the order of the world."""
        await region.lead.put(f"/v1/teams/{OTHER_TEAM_ID}", {"unit_id": str(UNIT_ID), "name": "Tiimi 2"})
        command = ReassignCase(unit_id=UNIT_ID, team_id=OTHER_TEAM_ID, responsible_worker_ids=(OTHER_WORKER_ID,))

        async with region.database.transaction() as tx:
            await reassign_case(command, UUID(region.case["case_id"]), tx=tx, version=1, yours=sight_of(UNIT_ID))
            scheduling = asyncio.create_task(
                region.lead.create(f"{region.of_case}/meetings", region.times("planned", hours=24))
            )
            await until(lambda: region.database.pool.fetchval(SOMEBODY_WAITS))
        await scheduling

        assert [(name, fact["team_id"]) for name, fact in await region.told()] == [
            ("CaseReassigned", str(OTHER_TEAM_ID)),
            ("MeetingScheduled", str(OTHER_TEAM_ID)),
        ]


class TestCloseAndReopen:
    async def test_end_the_case_and_let_it_go_on(self, region: Region) -> None:
        """Two facts; the state after both is that of before, two versions later."""
        today = local_date(region.now).isoformat()

        closed = await region.social_worker.change(f"{region.of_case}/closed", {"closed_on": today})
        reopened = await region.social_worker.change(f"{region.of_case}/reopened")

        assert (closed["version"], closed["closed_on"]) == (2, today)
        assert reopened == region.case | {"version": 3}
        assert [(name, fact["closed_on"]) for name, fact in await region.told()] == [
            ("CaseClosed", today),
            ("CaseReopened", None),
        ]

    async def test_refuse_tomorrow(self, region: Region) -> None:
        """By the business clock."""
        tomorrow = local_date(region.now + timedelta(hours=26)).isoformat()  # a day may have 25

        answer = await region.social_worker.http.post(
            f"{region.of_case}/closed", json={"closed_on": tomorrow}, headers={"if-match": '"1"'}
        )

        assert (answer.status_code, answer.json()["type"]) == (422, "urn:problem:not-yet-happened")
        assert await region.told() == []


class TestAVersion:
    async def test_must_be_stated(self, region: Region) -> None:
        """Whoever changes something says what they changed it from."""
        answer = await region.social_worker.http.post(f"{region.of_case}/closed", json={"closed_on": "2026-11-20"})

        assert answer.status_code == 428

    async def test_that_is_stale_is_refused(self, region: Region) -> None:
        """Somebody was faster; nothing is lost but the need to look again."""
        await region.social_worker.change(f"{region.of_case}/closed", {"closed_on": "2026-11-20"})

        answer = await region.social_worker.http.post(f"{region.of_case}/reopened", headers={"if-match": '"1"'})

        assert answer.status_code == 412
        assert await region.names_told() == ["CaseClosed"]

    async def test_lets_one_of_two_at_the_same_time_through(self, region: Region) -> None:
        """The row is the lock: the second sees what the first made of it."""
        answers = await asyncio.gather(
            *(
                region.social_worker.http.post(
                    f"{region.of_case}/closed", json={"closed_on": "2026-11-20"}, headers={"if-match": '"1"'}
                )
                for _ in range(2)
            )
        )

        assert sorted(answer.status_code for answer in answers) == [200, 412]
        assert await region.names_told() == ["CaseClosed"]


class TestAnUnknownCase:
    @pytest.mark.parametrize("path", ["", "/family", "/meetings", "/follow-ups"])
    async def test_is_not_found(self, region: Region, path: str) -> None:
        """Neither it nor anything of it."""
        answer = await region.coordinator.http.get(f"/v1/cases/{NOBODY}{path}")

        assert (answer.status_code, answer.json()["type"]) == (404, "urn:problem:unknown-case")

    async def test_cannot_be_changed(self, region: Region) -> None:
        """As above."""
        answer = await region.coordinator.create(f"/v1/cases/{NOBODY}/meetings", region.times("planned", hours=24))

        assert answer.status_code == 404


class TestListCases:
    async def test_goes_by_code_page_by_page(self, region: Region) -> None:
        """Neither skips nor repeats."""
        codes = {region.case["code"]}
        for _ in range(4):
            codes.add((await region.coordinator.create("/v1/cases", BODY)).json()["code"])

        listed: list[str] = []
        page = await region.coordinator.show("/v1/cases?limit=2")
        while page["next"]:
            listed += [case["code"] for case in page["items"]]
            page = await region.coordinator.show(f"/v1/cases?limit=2&cursor={page['next']}")
        listed += [case["code"] for case in page["items"]]

        assert listed == sorted(codes)

    async def test_shows_nothing_of_other_units(self, region: Region, app: FastAPI) -> None:
        """Scope is in the query."""
        assert (await region.coordinator.show("/v1/cases"))["items"] == [region.case]
        assert (await Caller(app, "coordinator", OTHER_UNIT_ID).show("/v1/cases"))["items"] == []
        assert (await Caller(app, "coordinator").show("/v1/cases"))["items"] == []


class TestAReader:
    async def test_who_has_the_version_is_told_so(self, region: Region) -> None:
        """A conditional GET is cheap for both."""
        answer = await region.coordinator.http.get(region.of_case, headers={"if-none-match": '"1"'})

        assert (answer.status_code, answer.content) == (304, b"")
