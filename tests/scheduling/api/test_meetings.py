from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from services.scheduling.domain.calendar import last_day, local_date
from shared import ids
from tests.scheduling.builders import OTHER_UNIT_ID, UNIT_ID, WORKER_ID
from tests.scheduling.conftest import Region
from tests.scheduling.edge import Caller

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

NOBODY = "00000000-0000-4000-8000-000000000000"


async def scheduled(region: Region, **different: Any) -> str:
    """Return the path of a meeting planned for this morning."""
    body = region.times("planned", hours=-3) | different
    created = await region.coordinator.create(f"{region.of_case}/meetings", body)
    assert created.status_code == 201, created.text
    return created.headers["location"]


def held(region: Region, **different: Any) -> dict[str, Any]:
    """Return the record of this morning's meeting, that closed with a follow-up in a fortnight."""
    close = {"agreed": "follow_up"} | region.times("booked", hours=14 * 24)
    return region.times("held", hours=-3, lasting_hours=2) | {"close": close} | different


async def refused(region: Region, path: str, body: dict[str, Any]) -> tuple[int, str]:
    """Return status and kind of a refusal to change the thing above *path* as it now is; nothing has been said."""
    before = await region.told()
    shown = await region.social_worker.http.get(path.rpartition("/")[0])
    answer = await region.social_worker.http.post(path, json=body, headers={"if-match": shown.headers["etag"]})
    assert await region.told() == before
    return answer.status_code, answer.json()["type"].removeprefix("urn:problem:")


class TestBeforeItIsHeld:
    async def test_a_meeting_is_scheduled_moved_put_off_and_taken_up_again(self, region: Region) -> None:
        """Each step is one fact with one version more."""
        meeting = await scheduled(region)
        review = local_date(region.now + timedelta(days=14)).isoformat()

        await region.coordinator.change(f"{meeting}/rescheduled", region.times("planned", hours=24))
        deferred = await region.coordinator.change(f"{meeting}/deferred", {"review_on": review})
        again = await region.coordinator.change(f"{meeting}/rescheduled", region.times("planned", hours=48))

        assert (deferred["status"], deferred["review_on"]) == ("deferred", review)
        assert (again["status"], again["review_on"], again["version"]) == ("scheduled", None, 4)
        assert [(name, fact["version"], fact["status"]) for name, fact in await region.told()] == [
            ("MeetingScheduled", 1, "scheduled"),
            ("MeetingRescheduled", 2, "scheduled"),
            ("MeetingDeferred", 3, "deferred"),
            ("MeetingRescheduled", 4, "scheduled"),
        ]

    async def test_it_can_be_cancelled_once(self, region: Region) -> None:
        """What is cancelled stays so."""
        meeting = await scheduled(region)

        cancelled = await region.coordinator.change(f"{meeting}/cancelled")

        assert cancelled["status"] == "cancelled"
        assert await refused(region, f"{meeting}/cancelled", {}) == (409, "meeting-was-cancelled")
        assert await region.names_told() == ["MeetingScheduled", "MeetingCancelled"]


class TestHold:
    async def test_books_the_follow_up_of_its_close_in_one_step(self, region: Region) -> None:
        """Both facts or neither, in the order in which they make sense."""
        meeting = await scheduled(region)

        answer = await region.social_worker.change(f"{meeting}/held", held(region))

        assert (answer["status"], answer["next_agreed"], answer["held_in_unit_id"]) == (
            "held",
            "follow_up",
            str(UNIT_ID),
        )
        (follow_up,) = (await region.coordinator.show(f"{region.of_case}/follow-ups"))["items"]
        assert (follow_up["status"], follow_up["meeting_id"]) == ("booked", answer["meeting_id"])
        (_, meeting_held), (name, booked) = (await region.told())[1:]
        assert meeting_held["held_on"] == last_day(region.now - timedelta(hours=1)).isoformat()
        assert (name, booked["follow_up_id"]) == ("FollowUpScheduled", follow_up["follow_up_id"])

    async def test_schedules_the_next_meeting_of_its_close(self, region: Region) -> None:
        """The next Heijastin is the next time."""
        meeting = await scheduled(region)
        close = {"agreed": "meeting"} | region.times("planned", hours=14 * 24)

        await region.social_worker.change(f"{meeting}/held", held(region, close=close))

        listed = (await region.coordinator.show(f"{region.of_case}/meetings"))["items"]
        assert [item["status"] for item in listed] == ["held", "scheduled"]
        assert await region.names_told() == ["MeetingScheduled", "MeetingHeld", "MeetingScheduled"]

    @pytest.mark.parametrize("kind, path", [("follow_up", "follow-ups"), ("meeting", "meetings")])
    async def test_finds_what_was_booked_before(self, region: Region, kind: str, path: str) -> None:
        """A calendar that already has the next time needs no second entry."""
        meeting = await scheduled(region)
        times = region.times("booked" if kind == "follow_up" else "planned", hours=24)
        await region.coordinator.create(f"{region.of_case}/{path}", times)

        answer = await region.social_worker.change(f"{meeting}/held", held(region, close={"agreed": "already_booked"}))

        assert answer["next_agreed"] == kind

    async def test_finds_no_practice_no_cancelled_and_no_earlier_time(self, region: Region) -> None:
        """None of them is a next time for the family; nor is the meeting itself."""
        meeting = await scheduled(region, **region.times("planned", hours=1))
        await scheduled(region, **region.times("planned", hours=24), is_practice=True)
        await scheduled(region, **region.times("planned", hours=-2))
        cancelled = await scheduled(region, **region.times("planned", hours=24))
        await region.coordinator.change(f"{cancelled}/cancelled")
        booked = await region.coordinator.create(f"{region.of_case}/follow-ups", region.times("booked", hours=24))
        await region.coordinator.change(f"{booked.headers['location']}/cancelled")

        body = held(region, close={"agreed": "already_booked"})

        assert await refused(region, f"{meeting}/held", body) == (422, "nothing-booked")

    async def test_takes_a_reason_with_who_books_and_by_when(self, region: Region) -> None:
        """The duty has an owner and a day."""
        meeting = await scheduled(region)
        by = local_date(region.now + timedelta(days=7)).isoformat()
        close = {
            "agreed": "none",
            "reason": "calendars_open",
            "booking_owner_id": str(WORKER_ID),
            "book_by_on": by,
        }

        await region.social_worker.change(f"{meeting}/held", held(region, close=close))

        _, fact = (await region.told())[-1]
        assert (fact["next_agreed"], fact["not_agreed_reason"]) == ("none", "calendars_open")
        assert (fact["booking_owner_id"], fact["book_by_on"]) == (str(WORKER_ID), by)

    async def test_refuses_an_owner_whom_nobody_knows(self, region: Region) -> None:
        """Nobody would book."""
        close = {
            "agreed": "none",
            "reason": "calendars_open",
            "booking_owner_id": NOBODY,
            "book_by_on": local_date(region.now).isoformat(),
        }
        meeting = await scheduled(region)

        assert await refused(region, f"{meeting}/held", held(region, close=close)) == (422, "named-worker-unknown")

    async def test_refuses_a_close_that_says_nothing(self, region: Region) -> None:
        """The close demands the next time, or why not."""
        meeting = await scheduled(region)

        assert await refused(region, f"{meeting}/held", held(region, close=None)) == (422, "close-missing")

    async def test_is_recorded_once(self, region: Region) -> None:
        """And then can be neither moved, nor cancelled, nor put off."""
        meeting = await scheduled(region)
        await region.social_worker.change(f"{meeting}/held", held(region))
        review = {"review_on": local_date(region.now + timedelta(days=14)).isoformat()}

        assert await refused(region, f"{meeting}/held", held(region)) == (409, "meeting-already-held")
        times = region.times("planned", hours=24)
        assert await refused(region, f"{meeting}/rescheduled", times) == (409, "meeting-already-held")
        assert await refused(region, f"{meeting}/cancelled", {}) == (409, "meeting-already-held")
        assert await refused(region, f"{meeting}/deferred", review) == (409, "meeting-already-held")


class TestCorrectAndRetract:
    async def test_change_the_record_take_it_back_and_restore_it(self, region: Region) -> None:
        """Only a retraction undoes held, and a correction makes it held again."""
        meeting = await scheduled(region)
        await region.social_worker.change(f"{meeting}/held", held(region))
        record = region.times("held", hours=-27) | {"is_practice": False}

        await region.social_worker.change(f"{meeting}/corrected", record)
        retracted = await region.social_worker.change(f"{meeting}/retracted")
        again = await region.social_worker.change(f"{meeting}/corrected", record)

        assert (retracted["status"], retracted["held_from"]) == ("retracted", None)
        assert (again["status"], again["next_agreed"], again["version"]) == ("held", "follow_up", 5)
        facts = [(name, fact["version"], fact["held"]) for name, fact in await region.told()]
        assert [fact for fact in facts if not fact[0].startswith("FollowUp")] == [
            ("MeetingScheduled", 1, False),
            ("MeetingHeld", 2, True),
            ("MeetingCorrected", 3, True),
            ("MeetingRetracted", 4, False),
            ("MeetingCorrected", 5, True),
        ]

    async def test_refuse_what_was_never_held(self, region: Region) -> None:
        """There is no record."""
        meeting = await scheduled(region)

        assert await refused(region, f"{meeting}/retracted", {}) == (409, "meeting-not-held")


class TestPractice:
    async def test_is_never_published(self, region: Region) -> None:
        """Its whole life, held and corrected and retracted, says nothing to anybody."""
        practice = await scheduled(region, is_practice=True)
        await region.coordinator.change(f"{practice}/rescheduled", region.times("planned", hours=-4))
        await region.coordinator.change(
            f"{practice}/deferred", {"review_on": local_date(region.now + timedelta(days=2)).isoformat()}
        )
        record = region.times("held", hours=-4)
        await region.social_worker.change(f"{practice}/held", record)
        await region.social_worker.change(f"{practice}/corrected", record | {"is_practice": True})
        ended = await region.social_worker.change(f"{practice}/retracted")

        other = await scheduled(region, is_practice=True)
        await region.coordinator.change(f"{other}/cancelled")

        assert (ended["version"], ended["is_practice"]) == (6, True)
        assert await region.told() == []

    async def test_that_was_a_heijastin_is_held_late_and_the_other_way_round_retracted(self, region: Region) -> None:
        """A slip in the kind of meeting is mended in both directions."""
        practice = await scheduled(region, is_practice=True)
        record = region.times("held", hours=-4)
        await region.social_worker.change(f"{practice}/held", record)
        close = {"agreed": "follow_up"} | region.times("booked", hours=24)

        await region.social_worker.change(f"{practice}/corrected", record | {"is_practice": False, "close": close})
        await region.social_worker.change(f"{practice}/corrected", record | {"is_practice": True})

        assert [(name, fact.get("held"), fact["version"]) for name, fact in await region.told()] == [
            ("MeetingHeld", True, 3),
            ("FollowUpScheduled", False, 1),
            ("MeetingRetracted", False, 4),
        ]


class TestAMeeting:
    async def test_is_scheduled_once_for_one_key(self, region: Region) -> None:
        """Two meetings from one click are what people complain of elsewhere."""
        key = str(ids.new_id())
        body = region.times("planned", hours=24)

        first = await region.coordinator.create(f"{region.of_case}/meetings", body, key=key)
        again = await region.coordinator.create(f"{region.of_case}/meetings", body, key=key)

        assert first.json() == again.json()
        assert await region.names_told() == ["MeetingScheduled"]

    async def test_of_another_unit_is_not_there(self, region: Region, app: FastAPI) -> None:
        """Neither to read nor to change, nor one that does not exist."""
        meeting = await scheduled(region)
        stranger = Caller(app, "coordinator", OTHER_UNIT_ID)

        assert (await stranger.http.get(meeting)).json()["type"] == "urn:problem:unknown-meeting"
        cancelled = await stranger.http.post(f"{meeting}/cancelled", headers={"if-match": '"1"'})
        assert cancelled.status_code == 404
        missing = await region.coordinator.http.post(f"/v1/meetings/{NOBODY}/cancelled", headers={"if-match": '"1"'})
        assert missing.json()["type"] == "urn:problem:unknown-meeting"

    async def test_that_changed_meanwhile_is_not_changed(self, region: Region) -> None:
        """The version read is compared under the lock."""
        meeting = await scheduled(region)
        await region.coordinator.change(f"{meeting}/rescheduled", region.times("planned", hours=24))

        answer = await region.coordinator.http.post(f"{meeting}/cancelled", headers={"if-match": '"1"'})

        assert answer.status_code == 412


class TestListMeetings:
    async def test_goes_by_planned_time_page_by_page(self, region: Region) -> None:
        """Two at the same time are kept apart by their ids."""
        hours = [48, 24, 24, -24]
        expected = sorted([(await scheduled(region, **region.times("planned", hours=hour))) for hour in hours])

        listed: list[dict[str, Any]] = []
        page = await region.coordinator.show(f"{region.of_case}/meetings?limit=1")
        while page["next"]:
            listed += page["items"]
            page = await region.coordinator.show(f"{region.of_case}/meetings?limit=1&cursor={page['next']}")
        listed += page["items"]

        assert sorted(f"/v1/meetings/{meeting['meeting_id']}" for meeting in listed) == expected
        assert [meeting["planned_from"] for meeting in listed] == sorted(item["planned_from"] for item in listed)
