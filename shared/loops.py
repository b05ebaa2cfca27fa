"""
Background loops: a thin loop around `run_once`, which does one pass and returns what it did.

A failed pass is repeated after a pause, for ever: passing trouble is weather, and a fault in one loop must not take
the requests of the same process down with it. It is logged when it begins, when it changes and when it is over, not at
each try. A pass that never ends is the watchdog's business (`shared.watchdog`).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import structlog

from shared import clock, logs
from shared.metering import Metrics
from shared.metrics import LOOP_FAILURES, LOOP_PASSES
from shared.trouble import ends_within, is_passing, pause_seconds

log = logs.get(__name__)

Dependency = Literal["database", "kafka"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """
    Something to be done again and again.

    After a pass that did something comes the shortest pause, after idle ones (a falsy result) it doubles up to the
    longest; `wake` cuts it short. `hangs_after` is how long one pass may take while all that it `needs` answers.
    `close` is called once when the loop has stopped.
    """

    name: str
    run_once: Callable[[], Awaitable[object]]
    shortest_pause: timedelta
    longest_pause: timedelta
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    needs: frozenset[Dependency] = frozenset({"database"})
    hangs_after: timedelta = timedelta(minutes=5)
    close: Callable[[], Coroutine[object, object, None]] | None = None


class RunningLoop:
    """A loop at work, from the moment it is made; the first pass begins at once."""

    def __init__(self, loop: Loop, metrics: Metrics) -> None:
        self.loop = loop
        self._metrics = metrics
        self._stopping = asyncio.Event()
        self._turned_at = clock.monotonic()
        self._pass_since: float | None = None
        self._awaited: list[asyncio.Future[object]] = []
        self._task = asyncio.create_task(self._run(), name=f"loop-{loop.name}")

    @property
    def name(self) -> str:
        """The loop's own name."""
        return self.loop.name

    @property
    def needs(self) -> frozenset[Dependency]:
        """What must answer before a long pass may be called a hanging one."""
        return self.loop.needs

    def heartbeat_age_seconds(self) -> float:
        """Return the time since a pass last began or ended."""
        return clock.monotonic() - self._turned_at

    def has_died(self) -> bool:
        """Tell whether it ended though nobody stopped it."""
        return self._task.done() and not self._stopping.is_set()

    def hangs(self) -> bool:
        """Tell whether its pass has taken longer than it may."""
        since = self._pass_since
        return since is not None and clock.monotonic() - since > self.loop.hangs_after.total_seconds()

    async def next_pass(self) -> object:
        """Wait for the end of the next pass that begins from now on and ends well, and return what it did."""
        awaited = asyncio.get_running_loop().create_future()
        self._awaited.append(awaited)
        self.loop.wake.set()
        return await awaited

    async def stop(self, *, within_seconds: float) -> None:
        """Let a pass in progress end in that time, else cancel it; then close. May be called again, and at any time."""
        self._stopping.set()
        self.loop.wake.set()
        await asyncio.wait({self._task}, timeout=within_seconds)
        if not self._task.done():
            log.warning("loop_cancelled", loop=self.name)
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=1.0)
        if self.loop.close is not None:
            await ends_within(within_seconds, self.loop.close())

    async def _run(self) -> None:
        with structlog.contextvars.bound_contextvars(loop=self.name):
            pause = self.loop.shortest_pause
            failures = _Failures(self.loop, self._metrics)
            while not self._stopping.is_set():
                self.loop.wake.clear()
                awaited, self._awaited = self._awaited, []
                self._turned_at = self._pass_since = clock.monotonic()
                try:
                    did = await self.loop.run_once()
                except Exception as trouble:  # noqa: BLE001 - a fault in a pass ends the pass, not the loop
                    self._awaited += awaited
                    await _wait(self._stopping, failures.pause_after(trouble))
                    continue
                finally:
                    self._turned_at, self._pass_since = clock.monotonic(), None
                failures.end()
                self._metrics.add(LOOP_PASSES, loop=self.name)
                for each in awaited:
                    if not each.done():
                        each.set_result(did)
                pause = self.loop.shortest_pause if did else min(pause * 2, self.loop.longest_pause)
                await _wait(self.loop.wake, pause.total_seconds())


class _Failures:
    """The failed passes in a row of one loop: how long to wait, and what of it is worth a line."""

    def __init__(self, loop: Loop, metrics: Metrics) -> None:
        self._loop = loop
        self._metrics = metrics
        self._count = 0
        self._since = 0.0
        self._told: type[Exception] | None = None

    def pause_after(self, trouble: Exception) -> float:
        """Note a failed pass and return the pause in seconds; a line is written when the kind of trouble is new."""
        self._since = self._since if self._count else clock.monotonic()
        self._count += 1
        passing = is_passing(trouble)
        self._metrics.add(LOOP_FAILURES, loop=self._loop.name, kind="passing" if passing else "unexpected")
        if type(trouble) is not self._told:
            self._told = type(trouble)
            if passing:
                log.warning("loop_waits", error=type(trouble).__name__, message=str(trouble))
            else:
                log.error("loop_failed", exc_info=trouble)
        return pause_seconds(self._count)

    def end(self) -> None:
        """Note a pass that went well."""
        if self._count:
            log.info("loop_recovered", failures=self._count, seconds=round(clock.monotonic() - self._since, 3))
        self._count, self._told = 0, None


async def _wait(for_what: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(for_what.wait(), seconds)
