"""
The outbox: the only way a fact leaves a service.

A fact is written in the transaction of the change it tells of, so neither exists without the other; the relay
publishes it later, at least once, in order per key. Append last: the locks taken here are the busiest.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from shared import ids, logs
from shared.database import Trace, Transaction
from shared.events import Event

log = logs.get(__name__)

MAX_PAYLOAD_BYTES = 200_000
"""Far below Kafka's default record limit of 1 MiB: what could never be sent is refused here, while it can be helped."""

# Locks the rows of all keys in one order (two transactions cannot wait for each other) and draws the time when a row is
# written, so after this transaction has its xid: see shared.relay for why the gate depends on that.
_DRAW_SEQUENCES = """
    INSERT INTO streams (topic, key, sequence)
    SELECT topic, key, facts FROM unnest($1::text[], $2::text[], $3::bigint[]) AS drawn (topic, key, facts)
    ORDER BY topic, key
    ON CONFLICT (topic, key) DO UPDATE SET sequence = streams.sequence + excluded.sequence
    RETURNING topic, key, sequence, business_now() AS recorded_at
"""

_INSERT_FACTS = """
    INSERT INTO outbox (topic, key, sequence, event_id, event_type, subject, subject_version, recorded_at,
                        correlation_id, causation_id, traceparent, payload)
    SELECT topic, key, sequence, event_id, event_type, subject, subject_version, $1,
           correlation_id, causation_id, traceparent, payload
    FROM unnest($2::text[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::bigint[],
                $9::text[], $10::text[], $11::text[], $12::bytea[]) WITH ORDINALITY
         AS fact (topic, key, sequence, event_id, event_type, subject, subject_version,
                  correlation_id, causation_id, traceparent, payload, place)
    ORDER BY place
"""


class FactTooLarge(ValueError):
    """A fact is larger than any reader should be sent; put less into it."""


async def append(tx: Transaction, *events: Event) -> datetime:
    """
    Write *events* to the outbox, continuing the transaction's own trace.

    Returns the one `recorded_at` (business time, UTC) that all facts of this transaction share. Each event gets the
    next sequence of its topic and key; events of one key keep the order given.
    """
    return await append_each(tx, [(event, tx.trace) for event in events])


async def append_each(tx: Transaction, events: Sequence[tuple[Event, Trace]]) -> datetime:
    """
    Write events that continue different traces, as a batch of facts from others does.

    Two statements however many events there are. Does nothing in a muted transaction (a rebuild).

    Raises:
        FactTooLarge: an event's payload exceeds `MAX_PAYLOAD_BYTES`.
    """
    if not events or tx.is_muted:
        return tx.recorded_at or tx.now
    streams = [(event.topic, event.stream_key()) for event, _ in events]
    facts_of_stream = Counter(streams)
    drawn = await tx.fetch(
        _DRAW_SEQUENCES,
        [topic for topic, _ in facts_of_stream],
        [key for _, key in facts_of_stream],
        list(facts_of_stream.values()),
    )
    # The latest: drawn when all streams were locked, so within each of them time goes the way the sequence does.
    recorded_at = tx.recorded_at = tx.recorded_at or max(row["recorded_at"] for row in drawn)
    next_sequence = {
        (row["topic"], row["key"]): row["sequence"] - facts_of_stream[row["topic"], row["key"]] + 1 for row in drawn
    }
    sequences: list[int] = []
    for stream in streams:
        sequences.append(next_sequence[stream])
        next_sequence[stream] += 1
    await tx.execute(
        _INSERT_FACTS,
        recorded_at,
        [topic for topic, _ in streams],
        [key for _, key in streams],
        sequences,
        [ids.new_id() for _ in events],
        [event.wire_type() for event, _ in events],
        [event.subject() for event, _ in events],
        [event.subject_version() for event, _ in events],
        [trace.correlation_id for _, trace in events],
        [trace.causation_id for _, trace in events],
        [trace.traceparent for _, trace in events],
        [_payload(event) for event, _ in events],
    )
    tx.after_commit.append(partial(_tell, events, sequences))
    return recorded_at


def _tell(events: Sequence[tuple[Event, Trace]], sequences: Sequence[int]) -> None:
    bound = log.bind()  # once, not once a line
    for (event, trace), sequence in zip(events, sequences, strict=True):
        bound.info(
            "fact_appended",
            event_type=event.wire_type(),
            subject=event.subject(),
            sequence=sequence,
            correlation_id=trace.correlation_id,
            causation_id=trace.causation_id,
        )


def _payload(event: Event) -> bytes:
    payload = event.model_dump_json().encode()
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise FactTooLarge(event.wire_type())
    return payload
