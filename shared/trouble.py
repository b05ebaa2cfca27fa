"""Passing trouble told from faults of our own, pauses between tries, and ends that must come in time."""

import asyncio
from collections.abc import Coroutine

import asyncpg
from aiokafka.errors import KafkaError

from shared import ids
from shared.errors import Transient

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0

# Connection lost; rolled back for another's sake; out of resources; in use; operator intervention; system error;
# a primary that has become a standby; a transaction that idled or took too long.
_PASSING_SQLSTATES = ("08", "40", "53", "55", "57", "58", "25006", "25P03", "25P04")


def is_passing(trouble: BaseException) -> bool:
    """Tell whether the same thing may well succeed a moment later: a dependency was away, or somebody in the way."""
    match trouble:
        case BaseExceptionGroup():
            return all(is_passing(each) for each in trouble.exceptions)
        case Transient() | OSError() | KafkaError() | asyncpg.InterfaceError():
            return True
        case asyncpg.PostgresError():
            return (trouble.sqlstate or "").startswith(_PASSING_SQLSTATES)
        case _:
            return False


def pause_seconds(failures: int) -> float:
    """Return how long to wait after so many failures in a row (from 1): doubled each time, bounded, out of step."""
    longest = min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 16), LONGEST_PAUSE_SECONDS)
    return ids.between(longest / 2, longest)


async def ends_within(seconds: float, work: Coroutine[object, object, object]) -> bool:
    """
    Do *work* for that time at most, and tell whether it ended by itself and well.

    Unlike `asyncio.wait_for` this does not wait for a cancelled task to agree, so it bounds those that swallow that.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
    return task.done() and not task.cancelled() and task.exception() is None
