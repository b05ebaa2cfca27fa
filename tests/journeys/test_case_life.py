"""A case changes hands, ends, and goes on: the promise was made to the family."""

from datetime import timedelta

import pytest

from deploy import seed
from deploy.seed import booked
from deploy.trouble import Trouble
from tests.journeys.region import CASES, JOURNEY, LiveRegion, at, midnight_after, month_after
from tests.probe import until

pytestmark = JOURNEY


class TestACase:
    async def test_takes_its_promise_to_the_new_worker(self, region: LiveRegion):
        """When the worker changes, the promise is on the board of the next one, with its due day."""
        day = await region.monday()
        family = await region.promised(day)
        lead = region.people.scheduling["consulting_social_worker"]

        family.case = await lead.change(
            f"/v1/cases/{family.id}/reassigned",
            {
                "unit_id": seed.UNIT,
                "team_id": seed.HEDGEHOGS,
                "responsible_worker_ids": [seed.worker("family_therapist")],
            },
            version=family.case["version"],
        )

        async def is_on_the_next_workers_board() -> bool:
            theirs = await region.people.scheduling["family_therapist"].get("/v1/board", limit="100")
            return family.id in {item["case_id"] for item in theirs["items"]}

        await until(is_on_the_next_workers_board)
        assert family.id not in await region.board()

        # What quality says from now on names the worker of now.
        midnight = midnight_after(month_after(day))
        await region.advance(midnight + timedelta(seconds=1))
        raised = await region.told(family, "DeviationRaised")
        assert raised["team_id"] == seed.HEDGEHOGS
        assert raised["responsible_worker_ids"] == [seed.worker("family_therapist")]

    async def test_ends_its_promise_and_owes_it_again_when_it_goes_on(self, region: LiveRegion):
        """Closing improves no rate: it has a column of its own; a case that goes on owes the meeting again."""
        day = await region.monday()
        due = month_after(day)
        family = await region.promised(day)
        worker = region.people.scheduling["responsible_social_worker"]
        before = await region.figures(due)

        # Closed within the month, unmet.
        await region.advance(at(day + timedelta(days=9), 10))
        family.case = await worker.change(
            f"/v1/cases/{family.id}/closed",
            {"closed_on": (day + timedelta(days=9)).isoformat()},
            version=family.case["version"],
        )
        ended = await region.told(family, "PromiseEndedWithCase", status="ended_with_case")
        assert ended["ended_on"] == (day + timedelta(days=9)).isoformat()

        async def has_left_the_board() -> bool:
            return family.id not in await region.board()

        await until(has_left_the_board)
        midnight = midnight_after(due)
        await region.advance(midnight + timedelta(hours=9))
        await region.judged(midnight)
        figures = await region.figures(due)
        assert [figures[name] - before[name] for name in ("due", "ended_with_case", "lapsed")] == [0, 1, 0]

        # It goes on after all: the month is over and nobody met them.
        family.case = await worker.change(f"/v1/cases/{family.id}/reopened", version=family.case["version"])
        await region.told(family, "DeviationRaised", status="lapsed")
        assert region.kinds(family, CASES)[-2:] == ["CaseClosed", "CaseReopened"]
        await region.story(family)

    async def test_does_not_leave_its_bookings_behind(self, region: LiveRegion):
        """What is booked is cancelled with the case, or kept; a case that goes on is warned of what is booked now."""
        day = await region.monday()
        due = month_after(day)
        off, kept = [await region.promised(day, booked(at(due, 13))) for _ in range(2)]
        worker = region.people.scheduling["responsible_social_worker"]
        await region.advance(at(day + timedelta(days=9), 10))
        ended_on = {"closed_on": (day + timedelta(days=9)).isoformat()}

        # Whoever closes a case hears what lies ahead of it, and says what becomes of that.
        [follow_up] = await region.people.follow_ups(off.case)
        with pytest.raises(Trouble, match=rf"follow-up {follow_up['follow_up_id']} on {due}; `cancel` that"):
            await worker.change(f"/v1/cases/{off.id}/closed", ended_on, version=off.case["version"])
        for family, choice in ((off, "cancel"), (kept, "keep")):
            family.case = await worker.change(
                f"/v1/cases/{family.id}/closed",
                ended_on | {"bookings_ahead": choice},
                version=family.case["version"],
            )
            await region.told(family, "PromiseEndedWithCase", status="ended_with_case")
        await region.told(off, "CaseClosed", topic=CASES)
        assert region.kinds(off, CASES)[-2:] == ["FollowUpCancelled", "CaseClosed"]
        assert region.kinds(kept, CASES)[-2:] == ["FollowUpScheduled", "CaseClosed"]

        # Both go on. One has a time in the calendar still; of the other quality warns that it has none.
        for family in (off, kept):
            family.case = await worker.change(f"/v1/cases/{family.id}/reopened", version=family.case["version"])
            await region.told(family, "PromiseReopened", status="open")
        await region.advance(at(due, 10))
        await region.told(off, "PromiseAtRisk", status="open")
        await region.judged(at(due, 10))
        assert await region.story(kept) == ["PromiseMade", "PromiseEndedWithCase", "PromiseReopened"]
        assert (await region.story(off))[-1] == "PromiseAtRisk"
