"""Facts that never came: which a reader misses, sent again out of the outbox of whoever wrote them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.database import Connection
from shared.producer import Producer
from shared.relay import FACT, record_of

_SENT_AT_ONCE = 500

_MISSING = """
    SELECT topic, key, from_sequence, until_sequence, noticed_at FROM gaps WHERE NOT is_quiet
    ORDER BY noticed_at, topic, key, from_sequence
"""

_WRITTEN = f"""
    SELECT {FACT}
    FROM outbox JOIN unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
                     AS missing (topic, key, from_sequence, until_sequence) USING (topic, key)
    WHERE sequence >= from_sequence AND sequence < until_sequence
    ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Missing:
    """Sequences [first, until) of a stream, which were passed over; noticed (business time, UTC) when a later came."""

    topic: str
    key: str
    first: int
    until: int
    noticed_at: datetime

    @property
    def facts(self) -> int:
        """Return how many are missing."""
        return self.until - self.first


async def missing_at(reader: Connection) -> list[Missing]:
    """Return what the *reader* of this database still waits for, the longest missing first."""
    return [Missing(*row) for row in await reader.fetch(_MISSING)]


async def send_again(writer: Connection, producer: Producer, missing: Sequence[Missing]) -> int:
    """
    Publish what the *writer* of this database wrote of *missing*, as it was: same ids, sequences and times.

    At least once, in order per key. The readers that have them drop them; the one that has not takes them late. Returns
    how many were sent; what the outbox does not hold is left out.

    Raises:
        KafkaError: not all are confirmed; doing it again is right.
    """
    columns = zip(*((each.topic, each.key, each.first, each.until) for each in missing), strict=True)
    sent = 0
    async with writer.transaction(isolation="repeatable_read", readonly=True):
        written = await writer.cursor(_WRITTEN, *map(list, columns))
        while facts := await written.fetch(_SENT_AT_ONCE):
            await producer.send([await record_of(producer, fact) for fact in facts])
            sent += len(facts)
    return sent
