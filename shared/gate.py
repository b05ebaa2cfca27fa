"""
The gate: until when a reader's knowledge is complete.

The publishers' relays write watermarks into their streams (see `shared.relay`); a reader keeps the latest of each
partition. Whatever was recorded before the least of them has been read, so what is missing did not happen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.database import Connection, Transaction

_RAISE = """
    INSERT INTO watermarks (topic, partition, partitions, complete_until)
    SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::timestamptz[])
             AS seen (topic, partition, partitions, complete_until)
    ORDER BY topic, partition
    ON CONFLICT (topic, partition) DO UPDATE
    SET partitions = excluded.partitions, complete_until = greatest(watermarks.complete_until, excluded.complete_until)
"""

# A partition that has never shown a watermark keeps the gate shut: each row says how many partitions there must be.
_COMPLETE_UNTIL = """
    SELECT topic, min(complete_until) AS complete_until
    FROM watermarks WHERE topic = ANY ($1::text[])
    GROUP BY topic HAVING count(*) = max(partitions)
"""


@dataclass(frozen=True, slots=True)
class Watermark:
    """Everything recorded before *complete_until* stands above this line; the topic has *partitions* of them."""

    topic: str
    partition: int
    partitions: int
    complete_until: datetime


async def raise_watermarks(tx: Transaction, seen: Iterable[Watermark]) -> None:
    """Keep the latest watermark of each partition; an earlier one changes nothing."""
    latest: dict[tuple[str, int], Watermark] = {}
    for mark in seen:
        known = latest.get((mark.topic, mark.partition))
        if known is None or known.complete_until < mark.complete_until:
            latest[mark.topic, mark.partition] = mark
    if latest:
        marks = list(latest.values())
        await tx.execute(
            _RAISE,
            [mark.topic for mark in marks],
            [mark.partition for mark in marks],
            [mark.partitions for mark in marks],
            [mark.complete_until for mark in marks],
        )


async def complete_until(connection: Connection, topics: Sequence[str]) -> datetime | None:
    """Return the least watermark over all partitions of *topics* (business time, UTC); None while the gate is shut."""
    return least(await complete_until_each(connection, topics), topics)


async def complete_until_each(connection: Connection, topics: Sequence[str]) -> dict[str, datetime]:
    """Return the same for each of *topics*; one whose gate is shut is not there."""
    rows = await connection.fetch(_COMPLETE_UNTIL, list(topics))
    return {row["topic"]: row["complete_until"] for row in rows}


def least(complete: Mapping[str, datetime], topics: Sequence[str]) -> datetime | None:
    """Return until when all of *topics* are complete; None if one of them is not in *complete*."""
    return min((complete[topic] for topic in topics), default=None) if complete.keys() >= set(topics) else None
