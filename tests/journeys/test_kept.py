"""A family that is met in time."""

from deploy.seed import booked
from tests.journeys.region import JOURNEY, LiveRegion, at, midnight_after, month_after
from tests.probe import until

pytestmark = JOURNEY


class TestAPromiseKept:
    async def test_is_kept_and_leaves_the_board(self, region: LiveRegion):
        """The heart of it: held, booked, met in time; nothing is raised, not even after midnight."""
        day = await region.monday()
        due = month_after(day)

        # A Heijastin is held, and a follow-up is booked in its close.
        family = await region.promised(day, booked(at(due, 13)))
        made = await region.promise(family)
        assert (made["status"], made["anchor_on"], made["due_on"]) == ("open", day.isoformat(), due.isoformat())

        # The worker's board has the family; nothing warns, as a time in the month is booked.
        async def is_on_the_board() -> bool:
            return family.id in await region.board()

        await until(is_on_the_board)

        # On the last day of the month they meet, and the worker records it.
        await region.advance(at(due, 14, 5))
        await region.meet(family, at(due, 13))
        kept = await region.told(family, "PromiseKept", status="kept")
        assert kept["met_on"] == due.isoformat()
        assert not kept["is_recorded_late"]

        async def has_left_the_board() -> bool:
            return family.id not in await region.board()

        await until(has_left_the_board)

        # Midnight passes, and nothing is said.
        await region.advance(midnight_after(due))
        await region.judged(midnight_after(due))
        assert await region.story(family) == ["PromiseMade", "PromiseKept"]
