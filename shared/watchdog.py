"""
The watchdog: ends the process, so that something starts it again, when a part of it can no longer be trusted.

That is only when one of our own loops died, or hangs while everything that it needs answers; Kafka or the database
being away is weather, and waiting is right. A second guard, a thread, covers the case that the watchdog itself cannot
run because something blocks the whole process.
"""

import asyncio
import itertools
import os
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient

from shared import logs
from shared.loops import Dependency
from shared.trouble import ends_within

log = logs.get(__name__)

LOOK_EVERY_SECONDS = 5.0
BLOCKED_AFTER_SECONDS = 60.0
_ANSWERS_WITHIN_SECONDS = 5.0

Probe = Callable[[], Awaitable[bool]]


class Watched(Protocol):
    """What the watchdog looks after: a running loop, the consumer."""

    @property
    def name(self) -> str:
        """What it is called in the log."""
        ...

    @property
    def needs(self) -> frozenset[Dependency]:
        """What must answer before it may be called hanging."""
        ...

    def has_died(self) -> bool:
        """Tell whether it ended though nobody stopped it."""
        ...

    def hangs(self) -> bool:
        """Tell whether it is in one and the same thing for too long."""
        ...


async def watch(
    watched: Sequence[Watched],
    probes: Mapping[Dependency, Probe],
    *,
    look_every_seconds: float = LOOK_EVERY_SECONDS,
) -> str:
    """
    Look at all of *watched* for ever; return, as a sentence, why the process must end.

    A hang counts when it is still there at the second look, and every dependency answered both times: a process that
    was itself suspended for a while finds its loops late, but alive.
    """
    suspects: set[str] = set()
    while True:
        found: set[str] = set()
        for each in watched:
            if each.has_died():
                return f"{each.name} died"
            if each.hangs() and await _all_answer(each.needs, probes):
                if each.name in suspects:
                    return f"{each.name} hangs while {' and '.join(sorted(each.needs)) or 'nothing'} answers"
                found.add(each.name)
        suspects = found
        await asyncio.sleep(look_every_seconds)


async def _all_answer(needs: frozenset[Dependency], probes: Mapping[Dependency, Probe]) -> bool:
    return all([await probes[need]() for need in needs])


def database_probe(url: str) -> Probe:
    """Return a probe that asks over a connection of its own: the pool may be what hangs."""

    async def ask() -> None:
        connection = await asyncpg.connect(url, timeout=_ANSWERS_WITHIN_SECONDS)
        try:
            await connection.fetchval("SELECT 1")
        finally:
            await connection.close(timeout=1.0)

    return lambda: ends_within(_ANSWERS_WITHIN_SECONDS, ask())


def kafka_probe(servers: str, topics: Sequence[str]) -> Probe:
    """Return a probe that says yes only if every partition of *topics* has its leader and all of its replicas."""

    async def ask() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        try:
            await admin.start()
            described = await admin.describe_topics(list(topics))
            for part in itertools.chain(described, *(topic["partitions"] for topic in described)):
                # One replica less may already keep an idempotent producer waiting, which is weather too.
                if part["error_code"] or set(part.get("isr", ())) != set(part.get("replicas", ())):
                    raise ConnectionError
        finally:
            await admin.close()

    return lambda: ends_within(_ANSWERS_WITHIN_SECONDS, ask())


def exit_at_the_latest(exit_code: int, *, within_seconds: float) -> None:
    """End the process in that time whatever happens until then, even if what blocks it is the log."""
    last_resort = threading.Timer(within_seconds, os._exit, [exit_code])
    last_resort.daemon = True
    last_resort.start()


class BlockGuard(threading.Thread):
    """
    Ends the process when the event loop has not turned for *blocked_after_seconds*, and logs where it stands.

    It counts its own looks rather than the clock, so that a process which was suspended is not blamed for it.
    """

    def __init__(
        self, *, blocked_after_seconds: float = BLOCKED_AFTER_SECONDS, exit_code: int = os.EX_SOFTWARE
    ) -> None:
        super().__init__(name="block-guard", daemon=True)
        self._looks_left = self._looks = max(int(blocked_after_seconds), 1)
        self._exit_code = exit_code
        self._over = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._main = threading.get_ident()

    def run(self) -> None:
        """Look once a second."""
        while not self._over.wait(1.0):
            if self._looks_left <= 0:
                exit_at_the_latest(self._exit_code, within_seconds=2.0)
                blocked = sys._current_frames()[self._main]  # noqa: SLF001 - as documented: for debugging
                frames = [f"{at.name} {at.filename}:{at.lineno}" for at in traceback.extract_stack(blocked)]
                log.critical("process_ends", because="the event loop is blocked", frames=frames)
                os._exit(self._exit_code)
            self._looks_left -= 1
            self._loop.call_soon_threadsafe(self._turned)

    def stop(self) -> None:
        """Stop looking."""
        self._over.set()

    def _turned(self) -> None:
        self._looks_left = self._looks
