"""How tests wait: for a thing to be so, never for a time to pass."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.clock import monotonic

T = TypeVar("T")


async def until(probe: Callable[[], Awaitable[T]], *, within_seconds: float = 20, every_seconds: float = 0.02) -> T:
    """
    Ask *probe* again and again until its answer is true, and return that answer.

    A probe may also fail with an AssertionError for "not yet"; at the deadline its last words are the test's failure.

    Raises:
        TimeoutError: it was not so in time.
    """
    deadline = monotonic() + within_seconds
    while True:
        try:
            answer = await probe()
        except AssertionError:
            if monotonic() > deadline:
                raise
        else:
            if answer:
                return answer
            if monotonic() > deadline:
                message = f"not so within {within_seconds:g} s; the last answer was {answer!r}"
                raise TimeoutError(message)
        await asyncio.sleep(every_seconds)
