"""What the process does by itself: links ahead of need, counts after the end."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from services.scheduling import store, timers
from services.scheduling.domain.booklets import half_months_to_provide_for
from services.scheduling.events import FeedbackBookletIssued
from services.scheduling.metrics import CATALOGUE
from services.scheduling.settings import SchedulingSettings
from shared import outbox
from shared.loops import Loop
from shared.metering import Metrics
from shared.service import Parts
from tests.scheduling.builders import UNIT_ID
from tests.scheduling.conftest import Region
from tests.scheduling.edge import told
from tests.shared.bakery import until_waiting

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]


def rounds_of(region: Region) -> Loop:
    """Return the loop that looks after the rounds."""
    settings = SchedulingSettings.model_construct(feedback_booklet_links=40)
    (loop,) = timers.loops(Parts(settings, region.database, Metrics("scheduling", CATALOGUE), None))
    return loop


class TestTheRounds:
    async def test_are_counted_and_provided_for(
        self, region: Region, later: Callable[[timedelta], Awaitable[None]]
    ) -> None:
        """A pass that did something says how much; what has ended is told of before what comes next."""
        loop = rounds_of(region)
        assert [await loop.run_once(), await loop.run_once()] == [4, 0]

        await later(timedelta(days=33))

        assert [await loop.run_once(), await loop.run_once()] == [6, 0]
        names = [name for name, _ in await told(region.database, str(UNIT_ID)) if name.startswith("Feedback")]
        assert names == ["FeedbackBookletIssued"] * 4 + ["FeedbackRoundEnded"] * 2 + ["FeedbackBookletIssued"] * 4

    async def test_and_a_hand_out_that_makes_links_of_its_own_do_not_wait_in_a_circle(
        self, region: Region, later: Callable[[timedelta], Awaitable[None]]
    ) -> None:
        """A half-month has just ended, and somebody is handed the first links of the next."""
        loop = rounds_of(region)
        await loop.run_once()
        await later(timedelta(days=33))

        async with region.database.transaction() as handing_out:
            half_month, _ = half_months_to_provide_for(handing_out.now)
            await store.lock_round(handing_out, UNIT_ID, half_month)
            at_work = asyncio.ensure_future(loop.run_once())
            await until_waiting(region.database)
            booklet = FeedbackBookletIssued.example().model_copy(update={"unit_id": UNIT_ID})
            await outbox.append(handing_out, booklet)

        assert await at_work == 6
