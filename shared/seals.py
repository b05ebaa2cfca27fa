"""
Seals on the access log: a chain of digests over batches of its lines, made by a timer and checked by an auditor.

A seal covers all lines whose transactions lie in a range that has ended, so no honest line can come to be in it later.
Its digest covers the digest before it: whoever alters a line has to make every seal anew from there on, and each was
written to the service's own log (`access_sealed`) when it was made.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import asyncpg

from shared import logs
from shared.database import Connection, Database
from shared.loops import Loop

log = logs.get(__name__)

_LOCK: Final = 0x5EA1ED
_NOTHING_BEFORE: Final = bytes(32)

_LAST = """
    SELECT number, until_xid::text, digest, until_xid > pg_snapshot_xmax(pg_current_snapshot()) AS is_of_another_server
    FROM access_seals ORDER BY number DESC LIMIT 1
"""
# Every transaction below this one has ended: what it wrote can be seen, and it writes no more.
_ENDED_UNTIL = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"

# The order of the columns, and of the lines, is what the digest means; never change it.
_LINES = """
    SELECT id, xid::text, at, subject, known_as, roles, route, request_id, did, object_id, ground
    FROM access_log WHERE xid >= $1::text::xid8 AND xid < $2::text::xid8 ORDER BY id
"""
_SEAL = """
    INSERT INTO access_seals (number, from_xid, until_xid, lines, content, digest)
    VALUES ($1, $2::text::xid8, $3::text::xid8, $4, $5, $6)
"""
_SEALS = "SELECT number, from_xid::text, until_xid::text, lines, content, digest FROM access_seals ORDER BY number"
_UNSEALED = "SELECT count(*) FROM access_log WHERE xid >= $1::text::xid8"


class SealsOfAnotherServer(Exception):
    """The last seal counts in transactions that this server has not reached: it came with a dump; see its decision."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What an audit of the seals found; `faults` is empty where nothing is wrong."""

    seals: int
    lines: int
    unsealed: int
    """Lines that wait for their seal: nothing can be said of them yet."""
    last: tuple[int, bytes] | None
    """Number and digest of the last seal, to compare with what was written down elsewhere."""
    faults: list[str] = field(default_factory=list[str])


def sealing(database: Database, *, every: timedelta) -> Loop:
    """Return the loop that seals what has been written since the last seal."""

    async def seal_once() -> int:
        async with database.transaction() as tx:
            return await seal(tx.connection)

    return Loop(name="sealing", run_once=seal_once, shortest_pause=every, longest_pause=every)


async def seal(connection: Connection) -> int:
    """
    Seal the lines of all transactions that have ended since the last seal; returns how many those were.

    Several processes may try: one of them does it.

    Raises:
        SealsOfAnotherServer: new lines would seem to have been sealed long ago.
    """
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
        return 0
    last = await connection.fetchrow(_LAST)
    if last is not None and last["is_of_another_server"]:
        raise SealsOfAnotherServer
    number, from_xid, previous = (last["number"] + 1, last["until_xid"], last["digest"]) if last else _FIRST
    until_xid: str = await connection.fetchval(_ENDED_UNTIL)
    lines, content = await _content(connection, from_xid, until_xid)
    if lines:
        digest = _digest(previous, number, from_xid, until_xid, lines, content)
        await connection.execute(_SEAL, number, from_xid, until_xid, lines, content, digest)
        log.info("access_sealed", number=number, lines=lines, digest=digest.hex())
    return lines


async def check(connection: Connection) -> Checked:
    """Read every line and every seal again, in one state of the database, and tell where they do not agree."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        number, from_xid, previous = _FIRST
        faults: list[str] = []
        all_lines, seals = 0, await connection.fetch(_SEALS)
        for each in seals:
            if each["number"] != number:
                faults.append(f"batch {number} is missing")
            elif each["from_xid"] != from_xid:
                faults.append(f"batch {number} does not begin where the one before it ends")
            number, from_xid = each["number"], each["from_xid"]
            lines, content = await _content(connection, from_xid, each["until_xid"])
            if content != each["content"]:
                faults.append(f"batch {number} {_what_happened(lines, each['lines'])}")
            parts = (number, from_xid, each["until_xid"], each["lines"], each["content"])
            if _digest(previous, *parts) != each["digest"]:
                faults.append(f"batch {number} does not follow from the one before it: the chain is broken")
            number, from_xid, previous, all_lines = number + 1, each["until_xid"], each["digest"], all_lines + lines
        last = (number - 1, previous) if seals else None
        return Checked(len(seals), all_lines, await connection.fetchval(_UNSEALED, from_xid), last, faults)


_FIRST: Final = (1, "0", _NOTHING_BEFORE)


async def _content(connection: Connection, from_xid: str, until_xid: str) -> tuple[int, bytes]:
    """Return how many lines the transactions in [from, until) wrote, and the digest of them all."""
    lines, whole = 0, hashlib.sha256()
    async for row in connection.cursor(_LINES, from_xid, until_xid, prefetch=1000):
        whole.update(hashlib.sha256(_canonical(row)).digest())
        lines += 1
    return lines, whole.digest()


def _canonical(row: asyncpg.Record) -> bytes:
    """Return a line as bytes: a JSON list of its columns, ids and times as strings."""
    return json.dumps([*row.values()], default=str, ensure_ascii=True).encode()


def _digest(previous: bytes, *parts: object) -> bytes:
    return hashlib.sha256(b"\n".join([previous.hex().encode(), *_bytes(parts)])).digest()


def _bytes(parts: Iterable[object]) -> Iterable[bytes]:
    return (part.hex().encode() if isinstance(part, bytes) else str(part).encode() for part in parts)


def _what_happened(found: int, sealed: int) -> str:
    match found - sealed:
        case 0:
            return "holds a line that was altered"
        case more if more > 0:
            return f"holds {more} line(s) more than were sealed: inserted"
        case fewer:
            return f"holds {-fewer} line(s) fewer than were sealed: removed"
