"""A relay taken out of service without touching its process, for the tour: somebody else holds its leader's lock."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.state import Running
from shared.relay import LEADER_LOCK

_HOLDER = """
    SELECT pg_terminate_backend(pid)
    FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND objid::bigint = $1 AND datname = current_database() AND granted
          AND pid <> pg_backend_pid()
"""


@asynccontextmanager
async def stopped(running: Running, service: str) -> AsyncGenerator[None]:
    """Keep the relay of *service* from sending anything while the context is open; the service itself goes on."""
    parts = urlsplit(running.postgres)
    database = urlsplit(running.databases[service].runtime).path
    connection = await asyncpg.connect(urlunsplit(parts._replace(path=database)))
    try:
        # Whoever leads is shown the door; it will stand for leader again, and may be quicker than we are.
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
            await connection.fetch(_HOLDER, LEADER_LOCK)
        yield
    finally:
        await connection.close()
