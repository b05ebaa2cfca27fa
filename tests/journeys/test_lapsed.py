"""Families that are not met in time, and those of whom it is learned too late that they were."""

from datetime import date, datetime, timedelta

import pytest

from deploy.seed import booked
from tests.journeys.region import JOURNEY, LiveRegion, at, midnight_after, month_after
from tests.probe import until

pytestmark = JOURNEY


class TestAPromiseBroken:
    @pytest.mark.timeout(180)
    async def test_is_warned_of_and_raised_at_midnight_once(self, region: LiveRegion):
        """Nothing booked: the ladder warns, and the deviation comes by itself at local midnight, exactly once."""
        day = await region.monday(such_that=_has_plain_rungs)
        due = month_after(day)
        family = await region.promised(day)
        await region.told(family, "PromiseAtRisk", warning="nothing_booked")

        # Each rung speaks on its working day, and the gravest one at a time.
        for days in (7, 3, 1):
            await region.advance(at(due - timedelta(days=days), 10))
            await region.told(family, "PromiseAtRisk", warning=f"{days}_days_before")

        # In the last minute of the last day the month is not over.
        await region.advance(at(due, 23, 59))
        await region.judged(at(due, 23, 59))
        assert (await region.promise(family))["status"] == "open"
        before = await region.figures(due)

        # At midnight it is, without anybody doing anything.
        await region.advance(midnight_after(due) + timedelta(seconds=1))
        raised = await region.told(family, "DeviationRaised", status="lapsed", deviation_state="open")
        assert datetime.fromisoformat(raised["deviation_since"]) == midnight_after(due)

        async def month_is_over_on_the_board() -> bool:
            return (await region.board())[family.id]["standing"] == "month_over"

        await until(month_is_over_on_the_board)

        # Quality is killed and started again, and days pass: nothing is raised twice.
        await region.kill("quality")
        await region.start("quality")
        await region.advance(midnight_after(due) + timedelta(days=3))
        await region.judged(midnight_after(due) + timedelta(days=3))
        assert (await region.story(family)).count("DeviationRaised") == 1
        after = await region.figures(due)
        assert (after["due"], after["lapsed"]) == (before["due"] + 1, before["lapsed"] + 1)

    async def test_is_warned_of_when_the_booking_is_too_late(self, region: LiveRegion):
        """A booking beyond the due day is no comfort; met then, the promise is kept late and the deviation stays."""
        day = await region.monday()
        due = month_after(day)
        late = due + timedelta(days=5)
        family = await region.promised(day, booked(at(late, 13)))
        await region.told(family, "PromiseAtRisk", warning="booked_too_late")

        await region.advance(midnight_after(due) + timedelta(seconds=1))
        await region.told(family, "DeviationRaised", status="lapsed")

        # They meet as booked, five days late.
        await region.advance(at(late, 14, 5))
        await region.meet(family, at(late, 13))
        kept = await region.told(family, "PromiseKeptLate", status="kept_late")
        assert (kept["days_late"], kept["deviation_state"]) == (5, "open")

        async def has_left_the_board() -> bool:
            return family.id not in await region.board()

        await until(has_left_the_board)
        assert "DeviationWithdrawn" not in await region.story(family)

    async def test_is_withdrawn_when_it_was_kept_and_recorded_late(self, region: LiveRegion):
        """The fact judges, not the day it was written down; but the figures tell how it came about."""
        day = await region.monday()
        due = month_after(day)
        family = await region.promised(day)
        before = await region.figures(due)
        await region.advance(midnight_after(due) + timedelta(seconds=1))
        await region.told(family, "DeviationRaised")

        # The next morning the worker records that they met on the last day.
        morning = at(due + timedelta(days=1), 9)
        await region.advance(morning)
        await region.people.met(family.case, at=at(due, 14))
        withdrawn = await region.told(family, "DeviationWithdrawn", status="kept", deviation_state="withdrawn")
        assert withdrawn["is_recorded_late"]

        await region.judged(morning)
        figures = await region.figures(due)
        told = ("due", "kept", "kept_recorded_late", "lapsed")
        assert [figures[name] - before[name] for name in told] == [1, 1, 1, 0]
        assert (await region.story(family)).count("DeviationWithdrawn") == 1


def _has_plain_rungs(day: date) -> bool:
    """Tell whether 7, 3 and 1 days before the due day are three working days: without holidays nearby, none moves."""
    due = month_after(day)
    return due.isoweekday() in {4, 5} and due.month in {2, 7, 8, 9, 10}
