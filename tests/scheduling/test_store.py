"""What the database itself holds to, when everything before it fails to."""

from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest

from services.scheduling import store
from services.scheduling.store.cases import NoFreeCode
from services.scheduling.store.rows import CodeTaken
from shared import ids
from tests.scheduling.builders import (
    UNIT_ID,
    a_case,
    a_follow_up,
    a_held_follow_up,
    a_held_meeting,
    a_meeting,
    sight_of,
)
from tests.scheduling.conftest import Region

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]


class TestACode:
    async def test_is_drawn_again_when_all_drawn_are_taken(self, region: Region) -> None:
        """Passing trouble: the next draw differs."""
        with pytest.raises(NoFreeCode):
            async with region.database.reading() as reading:
                await store.find_free_codes(reading, [region.case["code"]], count=1)

    async def test_is_one_cases_only_also_at_the_same_moment(self, region: Region) -> None:
        """Two cases with one code would be mixed up aloud; the constraint's name says that a retry helps."""
        with pytest.raises(CodeTaken):
            async with region.database.transaction() as tx:
                await store.save_case(tx, a_case(case_id=ids.new_id(), code=region.case["code"]))


BROKEN_MEETINGS = [
    (a_held_meeting(held_from=None, held_until=None), "held_has_its_times"),
    (a_held_meeting(status="cancelled"), "held_has_its_times"),
    (a_held_meeting(held_in_unit_id=None), "held_was_in_a_unit"),
    (a_held_meeting(next_agreed=None), "a_held_heijastin_has_a_close"),
    (a_held_meeting(next_agreed="none"), "no_next_time_has_reason_owner_and_day"),
    (a_held_meeting(not_agreed_reason="case_ends"), "no_next_time_has_reason_owner_and_day"),
    (a_held_meeting(held_until=a_held_meeting().held_from), "held_took_a_time"),
    (a_meeting(planned_until=a_meeting().planned_from), "a_meeting_is_planned_for_a_time"),
    (a_meeting(status="deferred"), "deferred_has_a_review"),
    (a_meeting(confirmed=True, override_reason="family_goes_on_without"), "an_override_is_somebodys"),
    (a_meeting(override_reason="memo_out_of_reach", overridden_by="somebody"), "an_override_is_somebodys"),
    (a_meeting(confirmed=True, override_reason="other", overridden_by="somebody"), "an_override_has_a_code"),
    (a_meeting(cancelled_reason="case_closed"), "a_reason_is_of_what_was_cancelled"),
    (a_meeting(status="cancelled", cancelled_reason="other"), "a_reason_is_of_what_was_cancelled"),
]
BROKEN_FOLLOW_UPS = [
    (a_follow_up(status="held"), "held_has_its_times_and_mode"),
    (a_held_follow_up(mode=None), "held_has_its_times_and_mode"),
    (a_held_follow_up(held_until=a_held_follow_up().held_from), "held_took_a_time"),
    (a_follow_up(booked_from=None, booked_until=None), "booked_has_its_times"),
    (a_follow_up(booked_until=a_follow_up().booked_from), "booked_for_a_time"),
    (a_follow_up(family_present=True), "only_held_has_somebody_present"),
    (a_follow_up(cancelled_reason="case_closed"), "a_reason_is_of_what_was_cancelled"),
    (a_follow_up(status="cancelled", cancelled_reason="other"), "a_reason_is_of_what_was_cancelled"),
]


class TestARow:
    async def test_of_a_meeting_or_follow_up_that_is_whole_is_taken(self, region: Region) -> None:
        """The rules let the right ones through, and give them back as they were."""
        meeting = a_held_meeting(version=1, case_id=UUID(region.case["case_id"]))
        follow_up = a_held_follow_up(version=1, case_id=meeting.case_id)
        yours = sight_of(UNIT_ID)

        async with region.database.transaction() as tx:
            await store.save_meeting(tx, meeting)
            await store.save_follow_up(tx, follow_up)
            saved = [
                await store.load_meeting(tx, meeting.meeting_id, yours),
                await store.load_follow_up(tx, follow_up.follow_up_id, yours),
            ]

        assert saved == [meeting, follow_up]

    async def test_of_a_meeting_cannot_contradict_itself(self, region: Region) -> None:
        """A bug in the domain is stopped by name, and never becomes a promise."""
        for meeting, rule in BROKEN_MEETINGS:
            with pytest.raises(asyncpg.CheckViolationError) as violation:
                async with region.database.transaction() as tx:
                    await store.save_meeting(tx, replace(meeting, case_id=UUID(region.case["case_id"])))

            assert violation.value.constraint_name == rule

    async def test_of_a_follow_up_cannot_contradict_itself(self, region: Region) -> None:
        """As above: a follow-up that keeps a promise is whole."""
        for follow_up, rule in BROKEN_FOLLOW_UPS:
            with pytest.raises(asyncpg.CheckViolationError) as violation:
                async with region.database.transaction() as tx:
                    await store.save_follow_up(tx, replace(follow_up, case_id=UUID(region.case["case_id"])))

            assert violation.value.constraint_name == rule
