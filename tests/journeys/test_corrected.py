"""What was recorded turns out to be wrong: everything follows from judging again."""

from datetime import date, timedelta

from deploy.seed import encounter, period
from tests.journeys.region import JOURNEY, LiveRegion, at, midnight_after, month_after
from tests.probe import until

pytestmark = JOURNEY


class TestAMeeting:
    async def test_moves_its_promise_when_its_date_is_corrected_over_a_month_end(self, region: LiveRegion):
        """Due is the same day next month, clamped: 31st January and 1st March make very different months."""
        # It is the 1st of March; a Heijastin is recorded as held today ...
        first = date((await region.now()).year + 1, 3, 1)
        await region.advance(at(first, 9))
        family = await region.promised(first)
        made = await region.promise(family)
        assert made["due_on"] == first.replace(month=4).isoformat()

        # ... but it was on the last day of January, so its month has been over since last midnight.
        held_on = first.replace(month=1, day=31)
        last_of_february = first - timedelta(days=1)
        family.meeting = await region.people.scheduling["consulting_social_worker"].change(
            f"/v1/meetings/{family.meeting['meeting_id']}/corrected",
            {**period("held", at(held_on, 12), hours=3), "is_practice": False},
            version=family.meeting["version"],
        )
        redated = await region.told(family, "PromiseRedated")
        assert (redated["anchor_on"], redated["due_on"]) == (held_on.isoformat(), last_of_february.isoformat())
        await region.told(family, "DeviationRaised", status="lapsed")

        # Corrected once more, to the 28th of February (or the 29th): due at the end of March, and nothing is wrong.
        await region.people.scheduling["consulting_social_worker"].change(
            f"/v1/meetings/{family.meeting['meeting_id']}/corrected",
            {**period("held", at(last_of_february, 12), hours=3), "is_practice": False},
            version=family.meeting["version"],
        )
        due = last_of_february.replace(month=3)
        await region.told(family, "DeviationWithdrawn", status="open", due_on=due.isoformat())
        promise = await region.promise(family)
        assert (promise["due_on"], promise["deviation_state"]) == (due.isoformat(), "withdrawn")
        await region.story(family)

    async def test_takes_its_promise_along_when_it_is_retracted(self, region: LiveRegion):
        """A meeting recorded by mistake never promised anything: void, off the board, and silent at midnight."""
        day = await region.monday()
        family = await region.promised(day)

        await region.people.retract(family.meeting)
        await region.told(family, "PromiseVoided", status="void")

        async def has_left_the_board() -> bool:
            return family.id not in await region.board()

        await until(has_left_the_board)
        midnight = midnight_after(month_after(day))
        await region.advance(midnight)
        await region.judged(midnight)
        assert (await region.promise(family))["status"] == "void"
        assert "DeviationRaised" not in await region.story(family)


class TestAFollowUp:
    async def test_opens_the_promise_again_when_it_is_retracted(self, region: LiveRegion):
        """Kept only as long as it is said to have been: the family waits again, and is on the board again."""
        day = await region.monday()
        family = await region.promised(day)
        await region.advance(at(day + timedelta(days=2), 10))
        follow_up = await region.people.met(family.case, at=at(day + timedelta(days=1), 14))
        await region.told(family, "PromiseKept")

        await region.people.scheduling["responsible_social_worker"].change(
            f"/v1/follow-ups/{follow_up['follow_up_id']}/retracted", version=follow_up["version"]
        )
        await region.told(family, "PromiseReopened", status="open")

        async def is_on_the_board() -> bool:
            return family.id in await region.board()

        await until(is_on_the_board)
        await region.story(family)

    async def test_counts_only_with_the_family_there(self, region: LiveRegion):
        """A meeting of professionals keeps no promise to a family; corrected, it does."""
        day = await region.monday()
        family = await region.promised(day)
        await region.advance(at(day + timedelta(days=2), 10))
        worker = region.people.scheduling["responsible_social_worker"]
        met = encounter(at(day + timedelta(days=1), 14))
        follow_up = await worker.create(f"/v1/cases/{family.id}/follow-ups/held", {**met, "family_present": False})
        await region.judged(await region.now())
        assert (await region.promise(family))["status"] == "open"

        await worker.change(f"/v1/follow-ups/{follow_up['follow_up_id']}/corrected", met, version=follow_up["version"])
        await region.told(family, "PromiseKept", status="kept")
