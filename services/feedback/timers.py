"""What time does in feedback: at the end of a half-month, windows close or are carried on."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from services.feedback import handlers
from services.feedback.settings import FeedbackSettings
from shared.intake import IntakePaused, may_take
from shared.loops import Loop
from shared.service import Parts


def loops(parts: Parts[FeedbackSettings]) -> Sequence[Loop]:
    """Return feedback's loop, woken whenever a watermark has moved the gate."""

    async def decide() -> int:
        async with parts.database.transaction() as tx:
            try:
                await may_take(tx)
            except IntakePaused:
                return 0
            return await handlers.decide_windows(tx)

    return [
        Loop(
            name="windows",
            run_once=decide,
            shortest_pause=timedelta(seconds=0.05),
            longest_pause=timedelta(seconds=5),
            wake=parts.intake.moved if parts.intake else asyncio.Event(),
        )
    ]
