"""What a reader makes of a Kafka record at first sight: a watermark, a fact, or something unreadable."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from shared import gate
from shared.database import Trace
from shared.envelope import WATERMARK_LABEL, Envelope, UnreadableEnvelope, from_headers
from shared.events import Consumed
from shared.inbox import StreamKey

MAX_KEY_BYTES = 500
"""Ours have 36; an entry of an index must stay below 2704."""


class Received(Protocol):
    """A record as the Kafka client hands it over."""

    @property
    def topic(self) -> str:
        """The topic."""
        ...

    @property
    def partition(self) -> int:
        """The partition of the topic."""
        ...

    @property
    def offset(self) -> int:
        """The place in the partition."""
        ...

    @property
    def key(self) -> bytes | None:
        """The record key."""
        ...

    @property
    def value(self) -> bytes | None:
        """The body; None is a tombstone."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """The headers, whatever a stranger put there."""
        ...


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of another service, read: its envelope's essentials and the reader's own view of its body."""

    topic: str
    key: str
    sequence: int
    event_type: str
    event_id: str
    subject_version: int
    recorded_at: datetime
    trace: Trace
    """What an effect of this fact continues: same correlation, caused by this fact."""
    body: Consumed

    @property
    def stream(self) -> StreamKey:
        """Topic and key."""
        return self.topic, self.key


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record whose envelope is not ours, in its place among the others."""

    record: Received
    stream: StreamKey
    problem: str


@dataclass(frozen=True, slots=True)
class Enveloped:
    """A record whose envelope was read; `reads` is None for a type that this reader does not know."""

    record: Received
    stream: StreamKey
    envelope: Envelope
    reads: type[Consumed] | None


@dataclass(slots=True)
class SortedOut:
    """The records of a batch by what can be made of them at first sight, in the order they came."""

    entries: list[Unreadable | Enveloped] = field(default_factory=list["Unreadable | Enveloped"])
    facts: list[Enveloped] = field(default_factory=list[Enveloped])
    watermarks: list[gate.Watermark] = field(default_factory=list[gate.Watermark])


def sort_out(records: Iterable[Received], reads: Mapping[str, type[Consumed]]) -> SortedOut:
    """Look at each of *records* once, in the order they came; bodies stay unread (see `fact_of`)."""
    sorted_out = SortedOut()
    for record in records:
        stream = (record.topic, readable_key(record.key) or "")
        try:
            envelope = from_headers(record.headers)
            if envelope.event_type.split(".")[-2:-1] == [WATERMARK_LABEL]:
                sorted_out.watermarks.append(_watermark_of(record))
                continue
            if not stream[1]:
                raise UnreadableEnvelope("key")  # noqa: TRY301 - the same end as any other missing attribute
        except UnreadableEnvelope as unreadable:
            sorted_out.entries.append(Unreadable(record, stream, str(unreadable)))
            continue
        entry = Enveloped(record, stream, envelope, reads.get(envelope.event_type))
        sorted_out.entries.append(entry)
        sorted_out.facts.append(entry)
    return sorted_out


def fact_of(entry: Enveloped) -> Fact:
    """Read the body of a record; raises ValidationError if it is not what its type says."""
    envelope, reads = entry.envelope, entry.reads
    assert reads is not None  # noqa: S101 - callers have passed over unknown types
    return Fact(
        topic=entry.stream[0],
        key=entry.stream[1],
        sequence=envelope.sequence,
        event_type=envelope.event_type,
        event_id=envelope.event_id,
        subject_version=envelope.subject_version,
        recorded_at=envelope.recorded_at,
        trace=Trace(envelope.trace.correlation_id, envelope.event_id, envelope.trace.traceparent),
        body=reads.model_validate_json(entry.record.value or b""),
    )


def explain(invalid: ValidationError) -> str:
    """Say which fields were wrong and how, without any of their values."""
    return "; ".join(
        f"{'.'.join(map(str, error['loc'])) or 'body'}: {error['type']}"
        for error in invalid.errors(include_url=False, include_context=False, include_input=False)[:5]
    )


def readable_key(key: bytes | None) -> str | None:
    """Return the key as text; None if there is none, or none that can be stored and indexed."""
    if not key or len(key) > MAX_KEY_BYTES or b"\x00" in key:
        return None
    try:
        return key.decode("utf-8")
    except UnicodeDecodeError:
        return None


class _Watermark(BaseModel):
    """The body of a watermark."""

    as_of: AwareDatetime
    partitions: int = Field(gt=0, lt=100_000)


def _watermark_of(record: Received) -> gate.Watermark:
    try:
        body = _Watermark.model_validate_json(record.value or b"")
    except ValidationError as malformed:
        raise UnreadableEnvelope("watermark") from malformed
    return gate.Watermark(record.topic, record.partition, body.partitions, body.as_of)
