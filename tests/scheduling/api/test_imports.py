"""Cases taken over from another system, through the edge: each whole or not at all, once, and told nowhere by name."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from services.scheduling.domain.calendar import local_date
from tests.probe import until
from tests.scheduling.builders import OTHER_TEAM_ID, OTHER_UNIT_ID, TEAM_ID, UNIT_ID, WORKER_ID
from tests.scheduling.conftest import Region
from tests.scheduling.edge import UNIT, Caller

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]


def a_case(region: Region, reference: str = "A-1", *, days_ago: float = 100, **different: Any) -> dict[str, Any]:
    """Return a case with one Heijastin and, a week later, a follow-up."""
    return {
        "reference": reference,
        "unit_id": str(UNIT_ID),
        "team_id": str(TEAM_ID),
        "opened_on": "2026-01-02",
        "meetings": [
            {
                "reference": f"{reference}-H1",
                "unit_id": str(UNIT_ID),
                **region.times("held", hours=-24 * days_ago, lasting_hours=2),
            }
        ],
        "follow_ups": [
            {
                "reference": f"{reference}-J1",
                "family_present": True,
                "worker_present": True,
                "mode": "in_person",
                **region.times("held", hours=-24 * (days_ago - 7)),
            }
        ],
    } | different


async def take(region: Region, *cases: dict[str, Any], **different: Any) -> dict[str, Any]:
    """Import *cases*."""
    answer = await region.lead.http.post("/v1/imports", json={"source": "cis", "cases": cases} | different)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def outcomes(region: Region, *cases: dict[str, Any], **different: Any) -> list[tuple[str, int]]:
    """Import *cases* and return what came of each, and how many facts that gave."""
    return [(each["outcome"], each["facts"]) for each in (await take(region, *cases, **different))["cases"]]


async def outbox(region: Region) -> list[str]:
    """Return the names of all facts about cases but the region's own, in the order of their streams."""
    rows = await region.database.pool.fetch(
        "SELECT event_type FROM outbox WHERE topic = 'heijastin.scheduling.cases.v1' AND key <> $1 ORDER BY id",
        region.case["case_id"],
    )
    return [row["event_type"].split(".")[2] for row in rows]


class TestAnImport:
    async def test_takes_cases_over_with_all_their_rows(self, region: Region):
        """And says until when all of it was recorded, so that a reader's gate can be waited for."""
        answer = await take(region, a_case(region), a_case(region, "B-2", closed_on="2026-10-30"))

        assert [(each["outcome"], each["facts"]) for each in answer["cases"]] == [("opened", 3), ("opened", 4)]
        last = await region.database.pool.fetchval("SELECT max(recorded_at) FROM outbox")
        assert answer["recorded_until"] == last.isoformat().replace("+00:00", "Z")
        assert await outbox(region) == [
            *["CaseOpened", "MeetingHeld", "FollowUpHeld"],
            *["CaseOpened", "MeetingHeld", "FollowUpHeld", "CaseClosed"],
        ]

    async def test_gives_a_case_to_the_responsible_of_its_team(self, region: Region):
        """Unless somebody is named."""
        await take(region, a_case(region))

        cases = (await region.lead.show("/v1/cases"))["items"]
        [case] = [case for case in cases if case["case_id"] != region.case["case_id"]]
        assert str(WORKER_ID) in case["responsible_worker_ids"]

    async def test_a_second_time_changes_nothing(self, region: Region):
        """No fact, and not one row written."""
        cases = [a_case(region), a_case(region, "B-2")]
        await take(region, *cases)
        before = await region.database.pool.fetch("SELECT xmin::text, * FROM imported ORDER BY reference")

        assert await outcomes(region, *cases) == [("unchanged", 0), ("unchanged", 0)]

        assert len(await outbox(region)) == 6
        assert await region.database.pool.fetch("SELECT xmin::text, * FROM imported ORDER BY reference") == before

    async def test_corrects_what_the_source_says_otherwise(self, region: Region):
        """The case keeps its id, and nothing else of it is told again."""
        await take(region, a_case(region))

        assert await outcomes(region, a_case(region, days_ago=99)) == [("changed", 2)]

        assert (await outbox(region))[3:] == ["MeetingCorrected", "FollowUpCorrected"]

    async def test_names_responsible_workers_where_it_wants(self, region: Region):
        """They must exist."""
        named = a_case(region, responsible_worker_ids=[str(WORKER_ID)])
        nobody = a_case(region, "B-2", responsible_worker_ids=[str(OTHER_TEAM_ID)])
        nowhere = a_case(region, "C-3", team_id=str(OTHER_TEAM_ID))

        answer = await take(region, named, nobody, nowhere)

        assert answer["cases"][0]["outcome"] == "opened"
        reasons = [each["problems"][0]["reason"] for each in answer["cases"][1:]]
        assert reasons == ["named-worker-unknown", "named-team-unknown"]

    async def test_holds_back_a_bad_case_whole_and_takes_the_others(self, region: Region):
        """Each in a transaction of its own; what is wrong is named by place and field, never by what was sent."""
        ahead = a_case(region, "B-2", days_ago=-2)

        answer = await take(region, a_case(region), ahead, a_case(region, "C-3"))

        assert [each["outcome"] for each in answer["cases"]] == ["opened", "held_back", "opened"]
        first, second = answer["cases"][1]["problems"]
        assert (first["kind"], first["place"], first["field"]) == ("meeting", 0, "held_until")
        assert (second["kind"], second["place"], second["reason"]) == ("follow_up", 0, "not-yet-happened")
        assert "future" in first["message"]
        assert "B-2" not in json.dumps(answer)
        assert len(await outbox(region)) == 6

    async def test_dry_says_what_would_come_of_it_and_keeps_nothing(self, region: Region):
        """The same decision, and then nothing is written."""
        cases = [a_case(region), a_case(region, "B-2", days_ago=-2)]

        assert await outcomes(region, *cases, dry_run=True) == [("opened", 3), ("held_back", 0)]

        assert await outbox(region) == []
        assert await region.database.pool.fetchval("SELECT count(*) FROM imported") == 0

    async def test_at_the_same_time_takes_each_case_once(self, region: Region):
        """Two people who start it at once, or one whose first request still runs when it is sent again."""
        cases = [a_case(region, f"A-{number}") for number in range(10)]

        answers = await asyncio.gather(*(outcomes(region, *cases) for _ in range(4)))

        assert sorted(each for answer in answers for each in answer) == [("opened", 3)] * 10 + [("unchanged", 0)] * 30
        assert len(await outbox(region)) == 30

    async def test_at_the_same_time_gives_a_row_to_one_case_only(self, region: Region):
        """Two files name it in different cases: whoever is second is told so, as if the first had come long before."""
        pool = region.database.pool
        rivals = [a_case(region, name, meetings=[], follow_ups=a_case(region)["follow_ups"]) for name in ("A-1", "B-1")]

        async def both_wait() -> bool:
            waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'imported'::regclass AND NOT granted"
            return await pool.fetchval(waiting) == len(rivals)

        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE imported IN SHARE MODE")  # they may look, and not write yet
            answering = [asyncio.create_task(outcomes(region, rival)) for rival in rivals]
            await until(both_wait)
        answers = [outcome for task in answering for outcome, _ in await task]

        assert sorted(answers) == ["held_back", "opened"]
        assert await pool.fetchval("SELECT count(DISTINCT case_id) FROM imported") == 1

    async def test_of_another_source_is_another_case(self, region: Region):
        """The same number in two systems means two families."""
        await take(region, a_case(region))

        assert await outcomes(region, a_case(region), source="other-cis") == [("opened", 3)]

    async def test_tells_no_reference_to_anybody(self, region: Region, capsys: pytest.CaptureFixture[str]):
        """It may point at a person: it is in no fact and no log."""
        await take(region, a_case(region, "SECRET-1"), a_case(region, "SECRET-2", days_ago=-3))

        facts = await region.database.pool.fetch("SELECT to_json(outbox)::text AS row, payload FROM outbox")
        assert not any("SECRET" in fact["row"] or b"SECRET" in fact["payload"] for fact in facts)
        assert "SECRET" not in "".join(capsys.readouterr())

    async def test_of_a_unit_that_is_not_the_callers_is_held_back(self, app: FastAPI, region: Region):
        """Be it the case's or that of one of its meetings; one in whose token it is finds out that it is not there."""
        elsewhere = a_case(region, "B-2")
        elsewhere["meetings"][0]["unit_id"] = str(OTHER_UNIT_ID)

        answer = await take(region, a_case(region, unit_id=str(OTHER_UNIT_ID)), elsewhere)

        assert [each["problems"][0]["reason"] for each in answer["cases"]] == ["not-your-unit"] * 2
        caller = Caller(app, "team_lead", UNIT_ID, OTHER_UNIT_ID)
        told = (await caller.http.post("/v1/imports", json={"source": "cis", "cases": [elsewhere]})).json()
        assert [each["reason"] for each in told["cases"][0]["problems"]] == ["named-unit-unknown"]

    async def test_cannot_change_a_case_that_has_moved_away(self, app: FastAPI, region: Region):
        """It is another unit's by now."""
        await take(region, a_case(region))
        both = Caller(app, "team_lead", UNIT_ID, OTHER_UNIT_ID)
        await both.put(f"/v1/units/{OTHER_UNIT_ID}", UNIT)
        await both.put(f"/v1/teams/{OTHER_TEAM_ID}", {"unit_id": str(OTHER_UNIT_ID), "name": "Tiimi 2"})
        [row] = await region.database.pool.fetch("SELECT id FROM imported WHERE kind = 'case'")
        hands = {
            "unit_id": str(OTHER_UNIT_ID),
            "team_id": str(OTHER_TEAM_ID),
            "responsible_worker_ids": [str(WORKER_ID)],
        }
        await both.change(f"/v1/cases/{row['id']}/reassigned", hands)

        answer = await take(region, a_case(region, days_ago=99))

        assert answer["cases"][0]["problems"][0]["reason"] == "unknown-case"

    async def test_takes_a_large_case_in_one_piece(self, region: Region):
        """More than other requests may hold; a case cannot be cut in two."""
        case = a_case(region)
        case["meetings"] = [case["meetings"][0] | {"reference": f"{place:0200}"} for place in range(200)]
        case["follow_ups"] = [case["follow_ups"][0] | {"reference": f"{place:0200}"} for place in range(200)]

        assert await outcomes(region, case) == [("opened", 401)]

    async def test_of_which_nothing_was_held_yet_is_no_news(self, region: Region):
        """A case whose first Heijastin is only booked, as each export has some, is neither opened nor in the way."""
        ahead = a_case(region, "B-2", days_ago=-20, opened_on=local_date(region.now + timedelta(days=20)).isoformat())
        for row in (*ahead["meetings"], *ahead["follow_ups"]):
            row["held"] = False

        assert await outcomes(region, ahead) == [("unchanged", 0)]

        assert await outbox(region) == []

    async def test_of_a_row_that_is_anothers_is_on_record_as_refused(self, app: FastAPI, region: Region):
        """Whoever tries ids of other cases is seen, be it by the case's or by a row's."""
        await take(region, a_case(region))
        both = Caller(app, "team_lead", UNIT_ID, OTHER_UNIT_ID)
        await both.put(f"/v1/units/{OTHER_UNIT_ID}", UNIT)
        await both.put(f"/v1/teams/{OTHER_TEAM_ID}", {"unit_id": str(OTHER_UNIT_ID), "name": "Tiimi 2"})
        case_id = await region.database.pool.fetchval("SELECT id FROM imported WHERE kind = 'case'")
        tried = a_case(region) | {
            "reference": "B-2",
            "unit_id": str(OTHER_UNIT_ID),
            "team_id": str(OTHER_TEAM_ID),
            "meetings": [],
            "responsible_worker_ids": [str(WORKER_ID)],
        }
        stranger = Caller(app, "team_lead", OTHER_UNIT_ID)

        answer = await stranger.http.post("/v1/imports", json={"source": "cis", "dry_run": True, "cases": [tried]})

        assert answer.json()["cases"][0]["problems"][0]["reason"] == "row-of-another-case"
        lines = await region.database.pool.fetch("SELECT did FROM access_log WHERE object_id = $1 ORDER BY id", case_id)
        assert [line["did"] for line in lines] == ["written", "refused"]


class TestTheEndOfACase:
    async def test_that_people_have_booked_for_waits_until_they_close_it(self, region: Region):
        """The file cannot say what becomes of the booking; they can, and the same file is taken then."""
        await take(region, a_case(region))
        case_id = await region.database.pool.fetchval("SELECT id FROM imported WHERE kind = 'case'")
        path = f"/v1/cases/{case_id}"
        booked = await region.lead.create(f"{path}/follow-ups", region.times("booked", hours=24))
        planned = await region.lead.create(f"{path}/meetings", region.times("planned", hours=48))
        deferred = await region.lead.create(f"{path}/meetings", region.times("planned", hours=48))
        in_a_week = local_date(region.now + timedelta(days=7)).isoformat()
        await region.lead.change(f"{deferred.headers['location']}/deferred", {"review_on": in_a_week})
        before = await outbox(region)
        ended = a_case(region, closed_on=local_date(region.now).isoformat())

        [held_back] = (await take(region, ended))["cases"]

        [problem] = held_back["problems"]
        assert (held_back["outcome"], problem["kind"], problem["field"]) == ("held_back", "case", "closed_on")
        assert problem["reason"] == "booked-here"
        assert booked.json()["follow_up_id"] in problem["message"]
        assert planned.json()["meeting_id"] in problem["message"]
        assert deferred.json()["meeting_id"] in problem["message"]
        route = "SELECT did FROM access_log WHERE route = 'POST /v1/imports' AND object_id = $1 ORDER BY id"
        assert [line["did"] for line in await region.database.pool.fetch(route, case_id)] == ["written", "read"]

        await region.lead.change(f"{path}/closed", {"closed_on": ended["closed_on"], "bookings_ahead": "cancel"})
        assert await outcomes(region, ended) == [("unchanged", 0)]
        after = (await outbox(region))[len(before) :]
        assert after == ["FollowUpCancelled", "MeetingCancelled", "MeetingCancelled", "CaseClosed"]


class TestAnImportedMeeting:
    async def test_is_corrected_by_people_without_a_close(self, region: Region):
        """Nobody knows how it closed, and nobody is made to invent it."""
        await take(region, a_case(region))
        meeting_id: UUID = await region.database.pool.fetchval("SELECT id FROM imported WHERE kind = 'meeting'")
        again = region.times("held", hours=-24 * 100 + 1, lasting_hours=2)

        corrected = await region.social_worker.change(
            f"/v1/meetings/{meeting_id}/corrected", {**again, "is_practice": False}
        )

        assert (corrected["version"], corrected["imported"], corrected["next_agreed"]) == (2, True, None)

    async def test_that_people_corrected_stays_so(self, region: Region):
        """The same file again says nothing new."""
        await take(region, a_case(region))
        meeting_id = await region.database.pool.fetchval("SELECT id FROM imported WHERE kind = 'meeting'")
        await region.social_worker.change(f"/v1/meetings/{meeting_id}/retracted")

        assert await outcomes(region, a_case(region)) == [("unchanged", 0)]


class TestTheList:
    async def test_tells_what_a_source_has_as_held(self, region: Region):
        """Of a period, page by page: so that whoever has a file can see what is missing in it."""
        taken_back = a_case(region, "C-3")
        taken_back["meetings"][0]["held"] = False
        await take(region, a_case(region), a_case(region, "B-2", days_ago=30), taken_back)
        first = (region.now - timedelta(days=110)).date().isoformat()
        period = {"source": "cis", "from": first, "until": (region.now - timedelta(days=80)).date().isoformat()}

        listed: list[dict[str, Any]] = []
        page: dict[str, Any] = {"next": ""}
        while page["next"] is not None:
            cursor = {"cursor": page["next"]} if page["next"] else {}
            page = (await region.lead.http.get("/v1/imports", params={**period, "limit": "1", **cursor})).json()
            listed += page["items"]

        assert sorted((row["kind"], row["reference"], row["case_reference"]) for row in listed) == [
            ("follow_up", "A-1-J1", "A-1"),
            ("follow_up", "C-3-J1", "C-3"),
            ("meeting", "A-1-H1", "A-1"),
        ]

    async def test_puts_each_case_that_it_shows_on_record(self, region: Region):
        """
        What the other system calls a case may point at a person, and the day on which they were met does, too.

        Its rows come together, so that a long list, page by page, is one look at it and not many.
        """
        await take(region, a_case(region), a_case(region, "B-2"))
        cases = await region.database.pool.fetch("SELECT id FROM imported WHERE kind = 'case'")
        period = {"source": "cis", "from": "2020-01-01", "until": "2090-01-01", "limit": "2"}

        first = (await region.lead.http.get("/v1/imports", params=period)).json()
        rest = (await region.lead.http.get("/v1/imports", params={**period, "cursor": first["next"]})).json()

        lines = await region.database.pool.fetch(
            "SELECT did, object_id, ground FROM access_log WHERE route = 'GET /v1/imports'"
        )
        assert len(first["items"] + rest["items"]) == 4
        assert sorted(tuple(line.values()) for line in lines) == sorted(("read", case["id"], "lead") for case in cases)

    async def test_keeps_to_the_callers_units_and_to_the_source(self, app: FastAPI, region: Region):
        """What is in no unit of theirs is not there for them."""
        await take(region, a_case(region))
        period = {"from": "2020-01-01", "until": "2090-01-01"}
        stranger = Caller(app, "team_lead", OTHER_UNIT_ID)

        for caller, source in ((stranger, "cis"), (region.lead, "other-cis")):
            answer = await caller.http.get("/v1/imports", params={"source": source, **period})

            assert answer.json()["items"] == []
