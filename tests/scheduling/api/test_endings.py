"""Closing a case that has something ahead, through the edge: refused, cancelled with it, or kept."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.scheduling.commands.cases import CloseCase
from services.scheduling.commands.follow_ups import ScheduleFollowUp
from services.scheduling.domain.calendar import local_date
from services.scheduling.handlers.cases import close_case
from services.scheduling.handlers.follow_ups import schedule_follow_up
from tests.probe import until
from tests.scheduling.builders import UNIT_ID, sight_of
from tests.scheduling.conftest import Region

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

SOMEBODY_WAITS = """
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
"""
MET = {"family_present": True, "worker_present": True, "mode": "in_person"}
Later = Callable[[timedelta], Awaitable[None]]


def today(region: Region) -> str:
    """Return the day that it is in Helsinki."""
    return local_date(region.now).isoformat()


async def plan(region: Region, **different: Any) -> str:
    """Schedule a Heijastin in two days and return its path."""
    body = region.times("planned", hours=48) | different
    return (await region.coordinator.create(f"{region.of_case}/meetings", body)).headers["location"]


async def book(region: Region, *, hours: float = 24) -> str:
    """Book a follow-up so many hours from now and return its path."""
    body = region.times("booked", hours=hours)
    return (await region.coordinator.create(f"{region.of_case}/follow-ups", body)).headers["location"]


async def close(region: Region, **said: str) -> dict[str, Any]:
    """Close the case today and return it."""
    return await region.social_worker.change(f"{region.of_case}/closed", {"closed_on": today(region)} | said)


class TestClosingWithSomethingAhead:
    async def test_is_refused_with_what_that_is_until_it_is_said_what_becomes_of_it(self, region: Region) -> None:
        """By id and day, and nothing has happened."""
        meeting, follow_up = await plan(region), await book(region)
        told = await region.names_told()

        answer = await region.social_worker.http.post(
            f"{region.of_case}/closed", json={"closed_on": today(region)}, headers={"if-match": '"1"'}
        )

        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (409, "urn:problem:bookings-ahead")
        assert "`bookings_ahead`" in problem["title"]
        days = [local_date(region.now + timedelta(hours=hours)).isoformat() for hours in (24, 48)]
        assert f"follow-up {follow_up.rpartition('/')[2]} on {days[0]}" in problem["detail"]
        assert f"Heijastin {meeting.rpartition('/')[2]} on {days[1]}" in problem["detail"]
        assert await region.names_told() == told
        assert (await region.coordinator.show(region.of_case))["closed_on"] is None

    async def test_takes_no_other_word_for_it(self, region: Region) -> None:
        """A coded choice."""
        answer = await region.social_worker.http.post(
            f"{region.of_case}/closed",
            json={"closed_on": today(region), "bookings_ahead": "move"},
            headers={"if-match": '"1"'},
        )

        assert answer.status_code == 422

    async def test_cancels_all_of_it_in_one_go(self, region: Region) -> None:
        """Facts in the order of time, the closing last, all recorded at one instant; what is shown agrees."""
        deferred, meeting, follow_up = await plan(region), await plan(region), await book(region)
        in_a_week = local_date(region.now + timedelta(days=7)).isoformat()
        await region.coordinator.change(f"{deferred}/deferred", {"review_on": in_a_week})
        before = await region.names_told()

        await close(region, bookings_ahead="cancel")

        told = (await region.told())[len(before) :]
        assert [(name, fact.get("meeting_id")) for name, fact in told] == [
            ("FollowUpCancelled", None),
            ("MeetingCancelled", meeting.rpartition("/")[2]),
            ("MeetingCancelled", deferred.rpartition("/")[2]),
            ("CaseClosed", None),
        ]
        assert [fact["cancelled_reason"] for _, fact in told[:-1]] == ["case_closed"] * 3
        shown = [await region.coordinator.show(path) for path in (follow_up, meeting, deferred)]
        assert [each["version"] for each in shown] == [fact["version"] for _, fact in told[:-1]] == [2, 2, 3]
        assert {(each["status"], each["cancelled_reason"]) for each in shown} == {("cancelled", "case_closed")}
        recorded = await region.database.pool.fetchval(
            "SELECT count(DISTINCT recorded_at) FROM outbox WHERE key = $1 AND sequence > $2",
            region.case["case_id"],
            1 + len(before),
        )
        assert recorded == 1

    async def test_keeps_it_to_be_held(self, region: Region, later: Later) -> None:
        """A meeting in time after the closing keeps the promise."""
        follow_up = await book(region)
        await close(region, bookings_ahead="keep")
        assert (await region.coordinator.show(follow_up))["status"] == "booked"

        await later(timedelta(days=2))
        held = await region.social_worker.change(f"{follow_up}/held", region.times("held", hours=24) | MET)

        assert (held["status"], held["version"]) == ("held", 2)
        assert await region.names_told() == ["FollowUpScheduled", "CaseClosed", "FollowUpHeld"]

    async def test_leaves_practice_as_it_is(self, region: Region) -> None:
        """No family waits for it, and nobody outside knows of it."""
        practice = await plan(region, is_practice=True)

        await close(region)

        assert (await region.coordinator.show(practice))["status"] == "scheduled"
        assert await region.names_told() == ["CaseClosed"]


class TestReopening:
    async def test_brings_nothing_back_that_was_cancelled(self, region: Region) -> None:
        """The family was told that it is off; a new time is agreed and booked."""
        meeting, follow_up = await plan(region), await book(region)
        await close(region, bookings_ahead="cancel")

        await region.social_worker.change(f"{region.of_case}/reopened")

        assert [(await region.coordinator.show(path))["status"] for path in (meeting, follow_up)] == ["cancelled"] * 2
        answer = await region.coordinator.http.post(
            f"{follow_up}/rescheduled", json=region.times("booked", hours=30), headers={"if-match": '"2"'}
        )
        assert answer.json()["type"] == "urn:problem:follow-up-was-cancelled"
        await book(region, hours=30)
        assert await region.names_told() == [
            "MeetingScheduled",
            "FollowUpScheduled",
            "FollowUpCancelled",
            "MeetingCancelled",
            "CaseClosed",
            "CaseReopened",
            "FollowUpScheduled",
        ]


class TestAtTheSameMoment:
    async def test_a_booking_that_comes_first_is_cancelled_with_the_rest(self, region: Region) -> None:
        """The closing waits for the case's row, and sees then what was booked."""
        command = ScheduleFollowUp.model_validate(region.times("booked", hours=24))

        async with region.database.transaction() as tx:
            await schedule_follow_up(command, UUID(region.case["case_id"]), tx=tx, yours=sight_of(UNIT_ID))
            closing = asyncio.create_task(close(region, bookings_ahead="cancel"))
            await until(lambda: region.database.pool.fetchval(SOMEBODY_WAITS))
        await closing

        assert await region.names_told() == ["FollowUpScheduled", "FollowUpCancelled", "CaseClosed"]

    async def test_a_booking_that_comes_second_is_refused(self, region: Region) -> None:
        """It waits for the same row, and finds the case closed."""
        command = CloseCase(closed_on=local_date(region.now))

        async with region.database.transaction() as tx:
            await close_case(command, UUID(region.case["case_id"]), tx=tx, version=1, yours=sight_of(UNIT_ID))
            body = region.times("booked", hours=24)
            booking = asyncio.create_task(region.coordinator.create(f"{region.of_case}/follow-ups", body))
            await until(lambda: region.database.pool.fetchval(SOMEBODY_WAITS))
        refused = await booking

        assert (refused.status_code, refused.json()["type"]) == (409, "urn:problem:case-is-closed")
        assert await region.names_told() == ["CaseClosed"]
