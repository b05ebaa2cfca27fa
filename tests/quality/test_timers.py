"""The sweep as the process runs it: woken by the gate, sparing with cases, and out of the way of a rebuild."""

from datetime import timedelta

import pytest

from services.quality import handlers, timers
from services.quality.metrics import CATALOGUE
from services.quality.settings import QualitySettings
from services.quality.subscriptions import SUBSCRIPTION
from shared.database import Database, Transaction
from shared.derived import derived_id
from shared.intake import Intake
from shared.loops import Loop
from shared.metering import Metrics
from shared.service import Parts
from tests.quality.builders import CASE
from tests.quality.conftest import NOW
from tests.quality.stream import Hearing, meeting_held

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

ANOTHER_CASE = derived_id(CASE, "another")


def sweep(database: Database, metrics: Metrics, *, intake: Intake | None = None, sweep_cases: int = 500) -> Loop:
    """Return the loop as the service's main has it."""
    settings = QualitySettings.model_construct(sweep_cases=sweep_cases)
    (loop,) = timers.loops(Parts(settings, database, metrics, intake))
    return loop


class TestTheSweep:
    async def test_judges_what_time_has_come_for_and_measures_how_late(self, hearing: Hearing) -> None:
        """A pass that did something says how much; the next one finds nothing."""
        metrics = Metrics("quality", CATALOGUE)
        loop = sweep(hearing.database, metrics)
        await hearing.hear(meeting_held())
        assert await loop.run_once() == 0
        await hearing.pass_gate("2026-12-25 00:01")

        assert await loop.run_once() == 1
        assert await loop.run_once() == 0

        assert await hearing.published() == ["PromiseMade", "DeviationRaised"]
        assert "quality_verdict_lateness_seconds_count 1.0" in metrics.exposition().decode()

    async def test_takes_no_more_cases_than_it_is_told(self, hearing: Hearing) -> None:
        """A transaction of half a region would hold its locks too long."""
        loop = sweep(hearing.database, Metrics("quality", CATALOGUE), sweep_cases=1)
        await hearing.hear(meeting_held())
        await hearing.hear(meeting_held(case_id=ANOTHER_CASE, meeting_id=ANOTHER_CASE))
        await hearing.pass_gate("2026-12-25 00:01")

        assert [await loop.run_once() for _ in range(3)] == [1, 1, 0]

    async def test_stands_still_while_a_rebuild_goes_on(self, hearing: Hearing) -> None:
        """Half of the facts would say that nobody was met."""
        loop = sweep(hearing.database, Metrics("quality", CATALOGUE))
        await hearing.hear(meeting_held())
        await hearing.pass_gate("2026-12-25 00:01")
        await hearing.database.pool.execute("UPDATE intake SET paused_since = business_now()")

        assert await loop.run_once() == 0
        assert await hearing.published() == ["PromiseMade"]

    async def test_puts_off_only_the_case_that_cannot_be_judged(self, hearing: Hearing) -> None:
        """A fault of ours about one family must not keep the promises of all others from being watched."""
        metrics = Metrics("quality", CATALOGUE)
        loop = sweep(hearing.database, metrics)
        await hearing.hear(meeting_held(), meeting_held(case_id=ANOTHER_CASE, meeting_id=ANOTHER_CASE))
        whole = await hearing.database.pool.fetchval("SELECT state FROM promises WHERE case_id = $1", CASE)
        await hearing.database.pool.execute("UPDATE promises SET state = '{}' WHERE case_id = $1", CASE)
        await hearing.pass_gate("2026-12-25 00:01")

        assert [await loop.run_once() for _ in range(2)] == [1, 0]

        assert await hearing.published(ANOTHER_CASE) == ["PromiseMade", "DeviationRaised"]
        assert await hearing.published() == ["PromiseMade"]
        assert "quality_cases_not_judged_total 1.0" in metrics.exposition().decode()
        # Mended, it is judged at its next turn without anybody doing anything.
        await hearing.database.pool.execute("UPDATE promises SET state = $1 WHERE case_id = $2", whole, CASE)
        await hearing.pass_gate(NOW + handlers.POSTPONED_BY + timedelta(minutes=1))
        assert await loop.run_once() == 1
        assert await hearing.published() == ["PromiseMade", "DeviationRaised"]

    async def test_leaves_passing_trouble_to_the_loop(self, hearing: Hearing) -> None:
        """A database that is away fails for all cases alike; nobody is put off for it."""
        await hearing.hear(meeting_held())
        await hearing.pass_gate("2026-12-25 00:01")

        async def away(_tx: Transaction) -> None:
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await timers.judge_due(hearing.database, limit=1, admit=away)
        assert await timers.judge_due(hearing.database, limit=1) != []

    async def test_is_woken_by_whatever_moves_the_gate(self, database: Database) -> None:
        """Not by a clock of ours."""
        intake = Intake(database, SUBSCRIPTION)
        metrics = Metrics("quality", CATALOGUE)

        assert sweep(database, metrics, intake=intake).wake is intake.moved
        assert not sweep(database, metrics).wake.is_set()
