"""What time does in scheduling: links for the family's form are made ahead, and counted when their half-month ends."""

from collections.abc import Sequence
from datetime import timedelta

from services.scheduling.handlers import feedback
from services.scheduling.settings import SchedulingSettings
from shared.loops import Loop
from shared.service import Parts


def loops(parts: Parts[SchedulingSettings]) -> Sequence[Loop]:
    """Return scheduling's loops. What has ended is told of first: a reader then knows it before what comes next."""

    async def rounds() -> int:
        async with parts.database.transaction() as tx:
            ended = await feedback.end_rounds(tx)
        # Apart: whoever hands links out locks a round before the unit's stream, and would wait for us in a circle.
        async with parts.database.transaction() as tx:
            return ended + await feedback.issue_booklets(tx, booklet_links=parts.settings.feedback_booklet_links)

    return [
        Loop(
            name="feedback_rounds",
            run_once=rounds,
            shortest_pause=timedelta(seconds=0.5),
            longest_pause=timedelta(seconds=5),
        )
    ]
