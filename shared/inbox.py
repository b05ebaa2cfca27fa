"""
The guard: knows the last sequence seen per topic and key, so that a fact takes effect once however often it comes.

At or below the last is a duplicate and dropped. A gap is accepted, remembered and alarmed, and what comes late into it
is applied. Numbers below the first ever seen of a key (a stream that began before we listened) are remembered too, but
quietly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.database import Transaction

StreamKey = tuple[str, str]
"""Topic and key: the stream within which sequences are contiguous."""

# Locks the rows of all keys in one order and moves them on; PostgreSQL 18 tells what stood there before.
_ADVANCE = """
    INSERT INTO inbox (topic, key, last_sequence)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS seen (topic, key, last_sequence)
    ORDER BY topic, key
    ON CONFLICT (topic, key) DO UPDATE SET last_sequence = greatest(inbox.last_sequence, excluded.last_sequence)
    RETURNING topic, key, coalesce(old.last_sequence, 0) AS before
"""

_LOCK = "SELECT FROM inbox WHERE topic = $1 AND key = $2 FOR UPDATE"

_GAPS = """
    SELECT topic, key, from_sequence, until_sequence, is_quiet, noticed_at
    FROM gaps JOIN unnest($1::text[], $2::text[]) AS touched (topic, key) USING (topic, key)
    FOR UPDATE OF gaps
"""

_DROP_GAPS = """
    DELETE FROM gaps USING unnest($1::text[], $2::text[]) AS touched (topic, key)
    WHERE gaps.topic = touched.topic AND gaps.key = touched.key
"""

_SAVE_GAPS = """
    INSERT INTO gaps (topic, key, from_sequence, until_sequence, is_quiet, noticed_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""


@dataclass(slots=True)
class Gap:
    """Sequences [first, until) that were passed over."""

    first: int
    until: int
    is_quiet: bool
    noticed_at: datetime


@dataclass(slots=True)
class Guarded:
    """What the guard says of a batch."""

    duplicates: set[int] = field(default_factory=set[int])
    """Positions, in the batch, of the facts that have been seen before."""
    missing: int = 0
    """How many numbers were passed over, quiet ones aside."""
    disturbed: set[StreamKey] = field(default_factory=set[StreamKey])
    """Keys whose gaps opened, shrank or closed."""


async def guard(tx: Transaction, sequences: Sequence[tuple[StreamKey, int]]) -> Guarded:
    """
    Lock the streams of a batch, move their guards on, and tell which of its facts are fresh.

    *sequences* are stream and sequence of each fact, in the order they came. One statement in the ordinary case; the
    gaps are looked at only when a number is out of turn.
    """
    last: dict[StreamKey, int] = {}
    for stream, sequence in sequences:
        last[stream] = max(sequence, last.get(stream, 0))
    if not last:
        return Guarded()
    streams = sorted(last)
    rows = await tx.fetch(_ADVANCE, *_columns(streams), [last[stream] for stream in streams])
    before: dict[StreamKey, int] = {(row["topic"], row["key"]): row["before"] for row in rows}

    out_of_turn: set[StreamKey] = set()
    reached = dict(before)
    for stream, sequence in sequences:
        if sequence != reached[stream] + 1:
            out_of_turn.add(stream)
        reached[stream] = max(sequence, reached[stream])
    if not out_of_turn:
        return Guarded()
    gaps = await _load_gaps(tx, out_of_turn)
    guarded = _sort_out(sequences, before, gaps, now=tx.now)
    await _save_gaps(tx, {stream: gaps.get(stream, []) for stream in guarded.disturbed})
    return guarded


async def lock(tx: Transaction, stream: StreamKey) -> None:
    """Lock the guard of a stream before anything else of it, as a batch does, for who may have to move it on."""
    await tx.execute(_LOCK, *stream)


def _sort_out(
    sequences: Sequence[tuple[StreamKey, int]],
    before: dict[StreamKey, int],
    gaps: dict[StreamKey, list[Gap]],
    *,
    now: datetime,
) -> Guarded:
    """Decide fact by fact; changes *gaps* in place."""
    guarded = Guarded()
    reached = dict(before)
    for position, (stream, sequence) in enumerate(sequences):
        expected = reached[stream] + 1
        if sequence >= expected:
            if sequence > expected:
                never_seen = reached[stream] == 0
                gaps.setdefault(stream, []).append(Gap(expected, sequence, never_seen, now))
                guarded.disturbed.add(stream)
                guarded.missing += 0 if never_seen else sequence - expected
            reached[stream] = sequence
        elif _close(gaps.get(stream, []), sequence):
            guarded.disturbed.add(stream)
        else:
            guarded.duplicates.add(position)
    return guarded


def _close(gaps: list[Gap], sequence: int) -> bool:
    """Take *sequence* out of the gap that it falls into; False if it falls into none."""
    for place, gap in enumerate(gaps):
        if gap.first <= sequence < gap.until:
            parts = (
                Gap(gap.first, sequence, gap.is_quiet, gap.noticed_at),
                Gap(sequence + 1, gap.until, gap.is_quiet, gap.noticed_at),
            )
            gaps[place : place + 1] = [part for part in parts if part.first < part.until]
            return True
    return False


async def _load_gaps(tx: Transaction, streams: Iterable[StreamKey]) -> dict[StreamKey, list[Gap]]:
    gaps: dict[StreamKey, list[Gap]] = {}
    for row in await tx.fetch(_GAPS, *_columns(streams)):
        gaps.setdefault((row["topic"], row["key"]), []).append(
            Gap(row["from_sequence"], row["until_sequence"], row["is_quiet"], row["noticed_at"])
        )
    return gaps


async def _save_gaps(tx: Transaction, gaps: dict[StreamKey, list[Gap]]) -> None:
    await tx.execute(_DROP_GAPS, *_columns(gaps))
    await tx.executemany(
        _SAVE_GAPS,
        [
            (topic, key, gap.first, gap.until, gap.is_quiet, gap.noticed_at)
            for (topic, key), of_stream in gaps.items()
            for gap in of_stream
        ],
    )


def _columns(streams: Iterable[StreamKey]) -> tuple[list[str], list[str]]:
    listed = list(streams)
    return [topic for topic, _ in listed], [key for _, key in listed]
