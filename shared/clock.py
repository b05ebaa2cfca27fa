"""
The only home of the machine's clock.

Rules never read it. *Business time* comes from the database (`business_now()` over one row, see `migrations/`), so
that every process of a service agrees and a trial can play a month in a minute. Tokens, sessions, heartbeats and
Kafka use the machine's own clock, which never moves.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared.errors import Conflict

if TYPE_CHECKING:
    from shared.database import Connection


class ClockLocked(Conflict):
    """The clock of this database is locked at zero, as it must be in production."""


class ClockMovesForwardOnly(Conflict):
    """The clock can only be moved forward; choose a later time."""


def utc_now() -> datetime:
    """Return the machine's time, in UTC. For tokens and logs; never for a rule."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds that only ever grow, for measuring how long something took."""
    return time.monotonic()


async def business_now(connection: "Connection") -> datetime:
    """Return the business time of this database, in UTC."""
    return await connection.fetchval("SELECT business_now()")


async def advance(owner_connection: "Connection", *, to: datetime, when: datetime | None = None) -> timedelta:
    """
    Move the business time of this database forward to *to* (aware) and return the whole offset from real time.

    Needs the owner's role. Move every database of a system together, while no transaction is open, and from the same
    real time *when* (None: now), so that none of them is ahead of another.

    Raises:
        ClockLocked: the row says that this clock may not move.
        ClockMovesForwardOnly: *to* lies before the present business time.
    """
    async with owner_connection.transaction():
        row = await owner_connection.fetchrow(
            "SELECT is_locked, business_now() AS now, clock_timestamp() AS real FROM business_clock FOR UPDATE"
        )
        if row is None or row["is_locked"]:
            raise ClockLocked
        if to < row["now"]:
            raise ClockMovesForwardOnly
        ahead: timedelta = to - (when or row["real"])
        await owner_connection.execute("UPDATE business_clock SET ahead = $1", ahead)
        return ahead


async def unlock(owner_connection: "Connection") -> None:
    """Let the business time of this database be moved. For trials and tests only; needs the owner's role."""
    await owner_connection.execute("UPDATE business_clock SET is_locked = false")
