"""
Parked facts: what could not be taken, with all later facts of its key, in the database and in order.

Not a topic: parking commits with the batch that it belongs to, can be queried and erased, and keeps the order of a key.
A key with parked facts is *disturbed*: what is known of it may be wrong until they are replayed or discarded.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from asyncpg import Record

from shared.database import Connection, Transaction
from shared.envelope import UnreadableEnvelope, from_headers
from shared.errors import Invalid, NotFound
from shared.inbox import StreamKey
from shared.records import Received, readable_key

State = Literal["parked", "replayed", "discarded"]

_PARK = """
    INSERT INTO parked (topic, partition, kafka_offset, key, sequence, event_type, headers, key_bytes, value_bytes,
                        reason, detail, parked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT ON CONSTRAINT one_parking_place_per_record DO NOTHING
"""

# Waits for whoever is settling a parked fact, and keeps one parked until this transaction has ended: so nothing is
# parked behind a fact that is just being replayed or given up, and nothing overtakes one that is not.
_BLOCKED = """
    SELECT touched.topic, touched.key
    FROM unnest($1::text[], $2::text[]) AS touched (topic, key)
    CROSS JOIN LATERAL (
        SELECT FROM parked
        WHERE parked.topic = touched.topic AND parked.key = touched.key AND parked.state = 'parked'
        LIMIT 1 FOR SHARE
    ) AS waiting
"""

_SEEN_BEFORE = """
    SELECT topic, partition, kafka_offset
    FROM parked JOIN unnest($1::text[], $2::int[], $3::bigint[]) AS place (topic, partition, kafka_offset)
         USING (topic, partition, kafka_offset)
"""

_TOUCHED = "JOIN unnest($1::text[], $2::text[]) AS touched (topic, key) USING (topic, key)"


def _since(which: str) -> str:
    """
    Return the query since when streams are disturbed, those of *which*.

    Facts that are parked wait for the first of them, so its time is theirs. Each gap is an accident of its own, and the
    newest counts: one that nobody can fill any more must not make those after it look old.
    """
    return f"""
        SELECT topic, key, max(since) AS since
        FROM (
            SELECT topic, key, min(parked_at) AS since
            FROM parked {which} WHERE state = 'parked' AND key IS NOT NULL GROUP BY topic, key
            UNION ALL
            SELECT topic, key, noticed_at FROM gaps {which} WHERE NOT is_quiet
        ) AS disturbances
        GROUP BY topic, key
    """


_DISTURBANCES = _since(_TOUCHED)

# A rebuild that was cut short and is begun again finds newer clocks than those it kept: the older ones stand.
_KEEP_CLOCKS = f"""
    INSERT INTO disturbed_before_rebuild (topic, key, since) {_since("")}
    ON CONFLICT (topic, key) DO UPDATE SET since = least(disturbed_before_rebuild.since, excluded.since)
"""

_SET_BACK = (
    """
    UPDATE parked SET parked_at = before.since FROM disturbed_before_rebuild AS before
    WHERE parked.topic = before.topic AND parked.key = before.key AND state = 'parked' AND parked_at > before.since
    """,
    """
    UPDATE gaps SET noticed_at = before.since FROM disturbed_before_rebuild AS before
    WHERE gaps.topic = before.topic AND gaps.key = before.key AND noticed_at > before.since
    """,
)

_FORGET_CLOCKS = "DELETE FROM disturbed_before_rebuild RETURNING topic, key"

_COLUMNS = """
    id, topic, partition, kafka_offset, key, sequence, event_type, headers, key_bytes, value_bytes, reason, detail,
    state, parked_at, settled_at, settled_because
"""

_LIST = f"""
    SELECT {_COLUMNS} FROM parked
    WHERE state = $1 AND ($2::text IS NULL OR key = $2) AND id > $3
    ORDER BY id LIMIT $4
"""

_SHOW = f"SELECT {_COLUMNS} FROM parked WHERE id = $1"

# In the order they came: a key lives in one partition, so its offsets are in order.
_NEXT_OF_KEY = f"""
    SELECT {_COLUMNS} FROM parked WHERE state = 'parked' AND topic = $1 AND key = $2
    ORDER BY partition, kafka_offset LIMIT 1 FOR UPDATE
"""

_SETTLE = "UPDATE parked SET state = $2, settled_at = $3, settled_because = $4 WHERE id = $1 AND state = 'parked'"


class NothingParked(NotFound):
    """Nothing is parked under that number or key; list what is parked to see the numbers."""


class ReasonMissing(Invalid):
    """A parked fact is discarded for good; say why, in a few words that name nobody."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A record on its way into the parking place; `key` None where none could be read."""

    topic: str
    partition: int
    offset: int
    key: str | None
    sequence: int | None
    event_type: str | None
    headers: str
    key_bytes: bytes | None
    value_bytes: bytes | None
    reason: str
    detail: str = ""

    @classmethod
    def of(cls, record: Received, reason: str, *, detail: str = "") -> Self:
        """Keep *record* as it came, bytes and all; *reason* is a coded word, *detail* names fields, never values."""
        try:
            envelope = from_headers(record.headers)
        except UnreadableEnvelope:
            envelope = None
        return cls(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=readable_key(record.key),
            sequence=envelope.sequence if envelope else None,
            event_type=envelope.event_type if envelope else None,
            headers=json.dumps([[name, (value or b"").decode("latin-1")] for name, value in record.headers]),
            key_bytes=record.key,
            value_bytes=record.value,
            reason=reason,
            detail=detail,
        )


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A parked record as it lies in the database; it can be taken again like any received one."""

    id: int
    topic: str
    partition: int
    offset: int
    stream_key: str | None
    sequence: int | None
    event_type: str | None
    headers: Sequence[tuple[str, bytes | None]]
    key: bytes | None
    value: bytes | None
    reason: str
    detail: str
    state: State
    parked_at: datetime
    settled_at: datetime | None
    settled_because: str | None


async def park(tx: Transaction, rows: Sequence[Parked]) -> None:
    """Park *rows*; one that came again from the same place in Kafka is passed over."""
    if rows:
        await tx.executemany(
            _PARK,
            [
                (
                    row.topic,
                    row.partition,
                    row.offset,
                    row.key,
                    row.sequence,
                    row.event_type,
                    row.headers,
                    row.key_bytes,
                    row.value_bytes,
                    row.reason,
                    row.detail,
                    tx.now,
                )
                for row in rows
            ],
        )


async def blocked(tx: Transaction, streams: Collection[StreamKey]) -> set[StreamKey]:
    """Return those of *streams* that have parked facts, so that later ones must wait behind them."""
    if not streams:
        return set()
    rows = await tx.fetch(_BLOCKED, *_columns(streams))
    return {(row["topic"], row["key"]) for row in rows}


async def keep_clocks(tx: Transaction) -> None:
    """Remember since when streams have been disturbed, before all of that is forgotten and found again."""
    await tx.execute(_KEEP_CLOCKS)


async def set_clocks_back(tx: Transaction) -> dict[StreamKey, datetime]:
    """Return the streams that are disturbed again, each since when it was before; their clocks say so from now on."""
    for statement in _SET_BACK:
        await tx.execute(statement)
    rows = await tx.fetch(_FORGET_CLOCKS)
    return await disturbances(tx, [(row["topic"], row["key"]) for row in rows])


async def seen_before(tx: Transaction, records: Collection[Received]) -> set[tuple[str, int, int]]:
    """Return the places (topic, partition, offset) of those *records* that were parked before, settled since or not."""
    if not records:
        return set()
    rows = await tx.fetch(
        _SEEN_BEFORE,
        [record.topic for record in records],
        [record.partition for record in records],
        [record.offset for record in records],
    )
    return {(row["topic"], row["partition"], row["kafka_offset"]) for row in rows}


async def disturbances(
    connection: Connection | Transaction, streams: Collection[StreamKey]
) -> dict[StreamKey, datetime]:
    """
    Return since when (business time) each of *streams* has parked facts or an open gap that is not quiet.

    Where several things went wrong, since the last of them did.
    """
    if not streams:
        return {}
    rows = await connection.fetch(_DISTURBANCES, *_columns(streams))
    return {(row["topic"], row["key"]): row["since"] for row in rows}


async def list_parked(
    connection: Connection, *, state: State = "parked", key: str | None = None, after_id: int = 0, limit: int = 100
) -> list[ParkedRow]:
    """Return parked records by number, at most *limit* beyond *after_id*."""
    return [_row(row) for row in await connection.fetch(_LIST, state, key, after_id, limit)]


async def show(connection: Connection, parked_id: int) -> ParkedRow:
    """
    Return one parked record, settled or not.

    Raises:
        NothingParked: no record has that number.
    """
    row = await connection.fetchrow(_SHOW, parked_id)
    if row is None:
        raise NothingParked
    return _row(row)


async def next_of(tx: Transaction, stream: "StreamKey") -> ParkedRow | None:
    """Return the first record still parked of a stream, and lock it."""
    row = await tx.fetchrow(_NEXT_OF_KEY, *stream)
    return None if row is None else _row(row)


async def settle(tx: Transaction, parked_id: int, state: Literal["replayed", "discarded"], *, because: str) -> None:
    """
    Mark a record as dealt with.

    Raises:
        ReasonMissing: *because* is blank for a discard.
        NothingParked: it is not parked (any more).
    """
    if state == "discarded" and not because.strip():
        raise ReasonMissing
    if await tx.execute(_SETTLE, parked_id, state, tx.now, because) != "UPDATE 1":
        raise NothingParked


def _row(row: Record) -> ParkedRow:
    return ParkedRow(
        id=row["id"],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["kafka_offset"],
        stream_key=row["key"],
        sequence=row["sequence"],
        event_type=row["event_type"],
        headers=tuple((name, value.encode("latin-1")) for name, value in json.loads(row["headers"])),
        key=row["key_bytes"],
        value=row["value_bytes"],
        reason=row["reason"],
        detail=row["detail"],
        state=row["state"],
        parked_at=row["parked_at"],
        settled_at=row["settled_at"],
        settled_because=row["settled_because"],
    )


def _columns(streams: Iterable[StreamKey]) -> tuple[list[str], list[str]]:
    listed = list(streams)
    return [topic for topic, _ in listed], [key for _, key in listed]
