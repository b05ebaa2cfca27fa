"""
Migrations: plain SQL files, applied once each, in order, by the owner's role.

Each folder is a series of its own (`0001_name.sql`, `0002_...`), named in the order given; several replicas may start
at once. A file runs in one transaction unless it begins with `-- no-transaction`; such a file is one statement that may
be run twice (`CREATE INDEX CONCURRENTLY IF NOT EXISTS`), since a crash may come before it is written down; an index
that was cut short has to be dropped by hand first. A file that was applied must never change again.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shared.database import Connection

_LOCK = 0x5C4E3A  # any number that nothing else in these databases locks
_LOCK_POLL_SECONDS = 0.05

_CREATE_LEDGER = """
    CREATE TABLE IF NOT EXISTS migrations (
        series text NOT NULL,
        name text NOT NULL,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (series, name)
    )
"""

_HALF_BUILT = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1 LIMIT 1"


class SchemaMismatch(Exception):
    """The database is not at the version that this program needs; the message says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of a series; `sha256` is of its bytes."""

    series: str
    name: str
    sql: str
    sha256: str


def read(*folders: Path) -> list[Migration]:
    """Return the migrations of *folders*, folder by folder, by name; a series is named by the folder's parent."""
    return [
        Migration(
            folder.parent.name,
            path.name,
            (text := path.read_text(encoding="utf-8")),
            hashlib.sha256(text.encode()).hexdigest(),
        )
        for folder in folders
        for path in sorted(folder.glob("[0-9]*.sql"))
    ]


async def migrate(owner_url: str, *folders: Path) -> list[str]:
    """
    Apply what is missing and return the names, `series/file`.

    Safe to run from several processes at once: they take turns by polling (a blocking advisory lock would deadlock
    with CREATE INDEX CONCURRENTLY).

    Raises:
        SchemaMismatch: an applied file has changed, or an index that was cut short must go first.
    """
    connection = await asyncpg.connect(owner_url, server_settings={"application_name": "migrate", "lock_timeout": "5s"})
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110 - see above
            await asyncio.sleep(_LOCK_POLL_SECONDS)
        await connection.execute(_CREATE_LEDGER)
        wanted = read(*folders)
        applied = await _applied(connection)
        _refuse_drift(wanted, applied)
        missing = [migration for migration in wanted if (migration.series, migration.name) not in applied]
        for migration in missing:
            await _apply(connection, migration)
        return [f"{migration.series}/{migration.name}" for migration in missing]
    finally:
        await connection.close()


async def check(connection: Connection, *folders: Path) -> None:
    """
    Do nothing if every migration of *folders* has been applied unchanged; needs only the runtime role.

    A database that is ahead is accepted: during a rolling upgrade the old program runs on the new schema.

    Raises:
        SchemaMismatch: something is missing or has changed.
    """
    try:
        applied = await _applied(connection)
    except asyncpg.UndefinedTableError:
        applied = {}
    wanted = read(*folders)
    _refuse_drift([migration for migration in wanted if (migration.series, migration.name) in applied], applied)
    for migration in wanted:
        if (migration.series, migration.name) not in applied:
            message = f"migration {migration.series}/{migration.name} is missing in this database; run the migrations"
            raise SchemaMismatch(message)


async def _applied(connection: Connection) -> dict[tuple[str, str], str]:
    rows = await connection.fetch("SELECT series, name, sha256 FROM migrations")
    return {(row["series"], row["name"]): row["sha256"] for row in rows}


def _refuse_drift(wanted: list[Migration], applied: dict[tuple[str, str], str]) -> None:
    for migration in wanted:
        known = applied.get((migration.series, migration.name))
        if known is not None and known != migration.sha256:
            message = f"{migration.series}/{migration.name} was changed after it was applied; add a new file instead"
            raise SchemaMismatch(message)


async def _refuse_half_built(connection: Connection) -> None:
    """An index whose building was cut short stays, invalid, and `IF NOT EXISTS` takes it for the one that is wanted."""
    half_built = await connection.fetchval(_HALF_BUILT)
    if half_built is not None:
        message = f"index {half_built} was cut short; DROP INDEX CONCURRENTLY {half_built}, then run the migrations"
        raise SchemaMismatch(message)


async def _apply(connection: Connection, migration: Migration) -> None:
    record = "INSERT INTO migrations (series, name, sha256) VALUES ($1, $2, $3)"
    if migration.sql.startswith("-- no-transaction"):
        await connection.execute(migration.sql)
        await _refuse_half_built(connection)
        await connection.execute(record, migration.series, migration.name, migration.sha256)
        return
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(record, migration.series, migration.name, migration.sha256)
