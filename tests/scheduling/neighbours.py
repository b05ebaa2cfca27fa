"""What other services say, as the records that their relays would leave on a topic."""

from dataclasses import dataclass
from datetime import datetime

from shared import ids
from shared.database import Trace
from shared.envelope import Envelope, Headers, source_of, to_headers
from shared.events import Event


@dataclass(frozen=True)
class Record:
    """A Kafka record."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Headers


def record_of(said: Event, *, sequence: int, recorded_at: datetime) -> Record:
    """Return the record of a fact, *sequence*th of its stream."""
    envelope = Envelope(
        event_id=str(ids.new_id()),
        event_type=said.wire_type(),
        source=source_of(said.topic),
        subject=said.subject(),
        recorded_at=recorded_at,
        sequence=sequence,
        subject_version=said.subject_version(),
        trace=Trace.begin(),
    )
    return Record(
        topic=said.topic,
        partition=0,
        offset=sequence,
        key=said.stream_key().encode(),
        value=said.model_dump_json().encode(),
        headers=to_headers(envelope),
    )
