"""What the process does by itself: links ahead of need, counts after the end."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from services.scheduling import timers
from services.scheduling.metrics import CATALOGUE
from services.scheduling.settings import SchedulingSettings
from shared.metering import Metrics
from shared.service import Parts
from tests.scheduling.builders import UNIT_ID
from tests.scheduling.conftest import Region
from tests.scheduling.edge import told

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]


class TestTheRounds:
    async def test_are_counted_and_provided_for(
        self, region: Region, later: Callable[[timedelta], Awaitable[None]]
    ) -> None:
        """A pass that did something says how much; what has ended is told of before what comes next."""
        settings = SchedulingSettings.model_construct(feedback_booklet_links=40)
        (loop,) = timers.loops(Parts(settings, region.database, Metrics("scheduling", CATALOGUE), None))
        assert [await loop.run_once(), await loop.run_once()] == [4, 0]

        await later(timedelta(days=33))

        assert [await loop.run_once(), await loop.run_once()] == [6, 0]
        names = [name for name, _ in await told(region.database, str(UNIT_ID)) if name.startswith("Feedback")]
        assert names == ["FeedbackBookletIssued"] * 4 + ["FeedbackRoundEnded"] * 2 + ["FeedbackBookletIssued"] * 4
