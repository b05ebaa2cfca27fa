"""What time does in quality: one sweep, over the cases whose time to be judged again has come."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from services.quality import handlers
from services.quality.metrics import VERDICT_LATENESS
from services.quality.settings import QualitySettings
from shared.intake import IntakePaused, may_take
from shared.loops import Loop
from shared.service import Parts


def loops(parts: Parts[QualitySettings]) -> Sequence[Loop]:
    """Return quality's loops: the sweep, woken whenever a watermark has moved the gate."""

    async def sweep() -> int:
        async with parts.database.transaction() as tx:
            try:
                await may_take(tx)
            except IntakePaused:
                return 0
            looked = await handlers.look_again(tx, limit=parts.settings.sweep_cases)
        for seconds in looked:
            parts.metrics.observe(VERDICT_LATENESS, seconds)
        return len(looked)

    return [
        Loop(
            name="sweep",
            run_once=sweep,
            shortest_pause=timedelta(seconds=0.05),
            longest_pause=timedelta(seconds=5),
            wake=parts.intake.moved if parts.intake else asyncio.Event(),
        )
    ]
