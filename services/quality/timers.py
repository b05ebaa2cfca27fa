"""What time does in quality: one sweep, over the cases whose time to be judged again has come."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

from services.quality import handlers
from services.quality.metrics import CASES_NOT_JUDGED, VERDICT_LATENESS
from services.quality.settings import QualitySettings
from shared import logs
from shared.database import Database, Transaction
from shared.intake import IntakePaused, may_take
from shared.loops import Loop
from shared.service import Parts
from shared.trouble import is_passing

log = logs.get(__name__)

SETTLED_AT_ONCE = 500


def loops(parts: Parts[QualitySettings]) -> Sequence[Loop]:
    """Return quality's loops: the sweep, woken whenever a watermark has moved the gate."""

    async def sweep() -> int:
        def not_judged(_case_id: UUID) -> None:
            parts.metrics.add(CASES_NOT_JUDGED)

        try:
            looked = await judge_due(
                parts.database, limit=parts.settings.sweep_cases, admit=may_take, not_judged=not_judged
            )
        except IntakePaused:
            return 0
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


async def settle(database: Database) -> int:
    """Judge a part of what a rebuild has heard; returns how many cases that was, 0 when all is judged."""
    return len(await judge_due(database, limit=SETTLED_AT_ONCE))


async def judge_due(
    database: Database,
    *,
    limit: int,
    admit: Callable[[Transaction], Awaitable[None]] | None = None,
    not_judged: Callable[[UUID], None] = lambda _: None,
) -> list[float]:
    """
    Judge at most *limit* of the cases that are due, in one transaction; returns how late each was, in seconds.

    After an error that is not passing each case has a transaction of its own, so that only the culprit waits: it is
    told to *not_judged* and looked at again later. *admit* may refuse each transaction by raising.
    """

    async def judge(only: UUID | None, limit: int) -> list[float]:
        async with database.transaction() as tx:
            if admit is not None:
                await admit(tx)
            return await handlers.look_again(tx, limit=limit, only=only)

    try:
        return await judge(None, limit)
    except Exception as trouble:
        if is_passing(trouble):
            raise
        log.exception("sweep_redone_one_by_one", error=type(trouble).__name__)
    async with database.transaction() as tx:
        due = await handlers.list_due(tx, limit=limit)
    lateness: list[float] = []
    for case_id in due:
        try:
            lateness += await judge(case_id, 1)
        except Exception as trouble:
            if is_passing(trouble):
                raise
            log.exception("case_not_judged", case_id=str(case_id), error=type(trouble).__name__)
            async with database.transaction() as tx:
                await handlers.postpone(tx, case_id)
            not_judged(case_id)
    return lateness
