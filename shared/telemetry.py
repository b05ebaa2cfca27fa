"""Ties the metrics to where their values are kept: states of relay, intake, loops and pool, and the database itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared import clock, gate, metrics
from shared.database import Database
from shared.intake import IntakeState
from shared.loops import Loop, RunningLoop
from shared.metering import Metrics
from shared.relay import RelayState

_OLDEST_PARKED = "SELECT min(parked_at) FROM parked WHERE state = 'parked'"


def of_relay(counted: Metrics, state: RelayState) -> None:
    """Tell of a relay."""
    counted.ask(metrics.PUBLISHED, lambda: state.published)
    counted.ask(metrics.RELAY_PASSES, lambda: state.passes)
    counted.ask(metrics.RELAY_LEADER, lambda: state.is_leader)
    counted.ask(metrics.RELAY_EPOCH, lambda: state.epoch)
    counted.ask(
        metrics.OUTBOX_OLDEST_UNPUBLISHED,
        lambda: 0.0 if state.waiting_since is None else clock.monotonic() - state.waiting_since,
    )


def of_intake(counted: Metrics, state: IntakeState) -> None:
    """Tell of an intake."""
    counted.ask(metrics.FACTS, lambda: state.facts)
    counted.ask(metrics.DUPLICATES, lambda: state.duplicates)
    counted.ask(metrics.UNKNOWN_TYPES, lambda: state.unknown_types)
    counted.ask(metrics.GAPS, lambda: state.missing)
    counted.ask(metrics.PARKED, lambda: state.parked)
    counted.ask(metrics.FROM_THE_FUTURE, lambda: state.from_the_future)


def of_loops(counted: Metrics, loops: Sequence[RunningLoop]) -> None:
    """Tell of the loops at work."""
    counted.ask(metrics.LOOP_HEARTBEAT_AGE, lambda: {(loop.name,): loop.heartbeat_age_seconds() for loop in loops})


def of_pool(counted: Metrics, database: Database) -> None:
    """Tell of the pool."""
    pool = database.pool
    counted.ask(
        metrics.POOL_CONNECTIONS,
        lambda: {("idle",): pool.get_idle_size(), ("used",): pool.get_size() - pool.get_idle_size()},
    )


@dataclass(slots=True)
class _Measured:
    """What was found at the last look, as instants, so that ages grow until the next."""

    business_is_ahead_seconds: float = 0.0
    complete_until: float = math.nan
    oldest_parked: float = math.nan


def measuring(
    counted: Metrics,
    database: Database,
    *,
    every: timedelta,
    reads: Sequence[str] = (),
    relay: RelayState | None = None,
) -> Loop:
    """Return the loop that looks into the database for what is not known in the process; *reads* are topics."""
    found = _Measured()

    def age(instant: float) -> float:
        return clock.utc_now().timestamp() + found.business_is_ahead_seconds - instant

    async def look() -> None:
        async with database.reading() as connection:
            now = await clock.business_now(connection)
            complete_until = await gate.complete_until(connection, reads) if reads else None
            oldest_parked = await connection.fetchval(_OLDEST_PARKED)
        found.business_is_ahead_seconds = (now - clock.utc_now()).total_seconds()
        found.complete_until = complete_until.timestamp() if complete_until else math.nan
        found.oldest_parked = oldest_parked.timestamp() if oldest_parked else math.nan

    def watermark_age() -> float:
        if relay is None or not relay.is_leader or relay.announced_until is None:
            return math.nan
        return age(relay.announced_until.timestamp())

    counted.ask(metrics.GATE_AGE, lambda: age(found.complete_until))
    counted.ask(metrics.PARKED_OLDEST_AGE, lambda: 0.0 if math.isnan(found.oldest_parked) else age(found.oldest_parked))
    counted.ask(metrics.WATERMARK_AGE, watermark_age)
    return Loop(name="measuring", run_once=look, shortest_pause=every, longest_pause=every)
