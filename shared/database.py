"""
A service's own database: its pool, and the transaction that every edge opens and every handler is given.

One request, one batch or one sweep is one transaction: opened at the edge, committed at the edge.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared import ids

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:  # they are generic in their stubs only
    Connection = asyncpg.Connection | PoolConnectionProxy


SESSION_SETTINGS = {"timezone": "UTC", "jit": "off"}
"""Our queries are short: a wrong estimate must not cost a compilation. Limits on time are set on the role."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a piece of work continues; carried from a request to the last effect in another service."""

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None

    @classmethod
    def begin(cls) -> Self:
        """Start a trace where none was handed in: a timer, a command line."""
        return cls(correlation_id=str(ids.new_id()))


@dataclass(slots=True)
class Transaction:
    """
    An open transaction and what belongs to it.

    `now` is business time (UTC) read once when it began: rules use it. `recorded_at` stays None until the first
    append draws it, see `shared.outbox`.
    """

    connection: Connection
    now: datetime
    trace: Trace
    recorded_at: datetime | None = None
    is_muted: bool = False
    after_commit: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    """What to do once all of it is durable, in order: to say so. It must not raise."""

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        """Return all rows."""
        return await self.connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        """Return the first row, or None."""
        return await self.connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        """Return the first column of the first row, or None."""
        return await self.connection.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement and return its status line."""
        return await self.connection.execute(query, *args)

    async def executemany(self, query: str, rows: Sequence[Sequence[object]]) -> None:
        """Run a statement once per row, pipelined in one go."""
        await self.connection.executemany(query, rows)


@dataclass(slots=True)
class Database:
    """
    The pool of one service.

    `appended` is set after each commit that wrote to the outbox, so that the relay need not wait for its tick.
    """

    pool: "asyncpg.Pool[asyncpg.Record]"
    appended: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    async def open(
        cls, url: str, *, application_name: str, min_size: int = 1, max_size: int = 10, timeout_seconds: float = 10
    ) -> Self:
        """
        Open a pool as the service's runtime role.

        Raises:
            OSError, asyncpg.PostgresError: the database cannot be reached or refuses us.
        """
        pool = await asyncpg.create_pool(
            url,
            min_size=min_size,
            max_size=max_size,
            timeout=timeout_seconds,
            server_settings={"application_name": application_name, **SESSION_SETTINGS},
            # Every connection of ours is handed back clean: no LISTEN, no session settings, no advisory locks in the
            # pool. The default reset costs a round trip a use.
            reset=_nothing_to_reset,
        )
        return cls(pool)

    async def close(self) -> None:
        """Wait for the connections in use, then close all."""
        await self.pool.close()

    @asynccontextmanager
    async def transaction(self, trace: Trace | None = None) -> AsyncGenerator[Transaction]:
        """
        Open a transaction on a connection of the pool; commit at the end, roll back on any exception.

        When this block has ended without an exception, what was written is durable.
        """
        async with self.pool.acquire() as connection, self.transaction_on(connection, trace) as tx:
            yield tx

    @asynccontextmanager
    async def transaction_on(self, connection: Connection, trace: Trace | None = None) -> AsyncGenerator[Transaction]:
        """Open a transaction on a *connection* that the caller holds, for loops that keep one of their own."""
        async with connection.transaction():
            now = await connection.fetchval("SELECT business_now()")
            tx = Transaction(connection=connection, now=now, trace=trace or Trace.begin())
            yield tx
        for each in tx.after_commit:
            each()
        if tx.recorded_at is not None:
            self.appended.set()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Connection]:
        """Open a read-only transaction in which all queries see one state."""
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    @asynccontextmanager
    async def reading_on_record(self, record: Callable[[Connection], Awaitable[None]]) -> AsyncGenerator[Connection]:
        """Open the same, and when the reading is over let *record* write, in this transaction, that it took place."""
        async with self.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            async with connection.transaction():  # Postgres holds to read-only until this inner one ends
                await connection.execute("SET TRANSACTION READ ONLY")
                yield connection
            await record(connection)


async def _nothing_to_reset(_connection: Connection) -> None:
    """Leave the connection as it is."""
