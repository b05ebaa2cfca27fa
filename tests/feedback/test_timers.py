"""The decision as the process makes it: woken by the gate, and out of the way of a rebuild."""

import pytest

from services.feedback import timers
from services.feedback.metrics import CATALOGUE
from services.feedback.settings import FeedbackSettings
from services.feedback.subscriptions import SUBSCRIPTION
from shared.database import Database
from shared.intake import Intake
from shared.loops import Loop
from shared.metering import Metrics
from shared.service import Parts
from tests.feedback.builders import NOVEMBER_1
from tests.feedback.hearing import Hearing

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]


def windows(database: Database, *, intake: Intake | None = None) -> Loop:
    """Return the loop as the service's main has it."""
    parts = Parts(FeedbackSettings.model_construct(), database, Metrics("feedback", CATALOGUE), intake)
    (loop,) = timers.loops(parts)
    return loop


async def a_half_month_ended(hearing: Hearing) -> None:
    await hearing.links(NOVEMBER_1)
    await hearing.ended(NOVEMBER_1)
    async with hearing.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO watermarks VALUES ($1, 0, 1, '2026-11-16T10:00Z')",
            SUBSCRIPTION.topics[0],
        )


class TestTheWindows:
    async def test_are_decided_on_when_the_gate_has_passed(self, hearing: Hearing) -> None:
        """Once; the next pass finds nothing."""
        loop = windows(hearing.database)
        await a_half_month_ended(hearing)

        assert [await loop.run_once(), await loop.run_once()] == [1, 0]

    async def test_stand_still_while_a_rebuild_goes_on(self, hearing: Hearing) -> None:
        """As every timer does."""
        await a_half_month_ended(hearing)
        await hearing.database.pool.execute("UPDATE intake SET paused_since = business_now()")

        assert await windows(hearing.database).run_once() == 0

    async def test_are_looked_at_whenever_the_gate_has_moved(self, database: Database) -> None:
        """Not by a clock of ours."""
        intake = Intake(database, SUBSCRIPTION)

        assert windows(database, intake=intake).wake is intake.moved
        assert not windows(database).wake.is_set()
