"""
Facts on the wire: CloudEvents 1.0 in Kafka's binary mode.

The value is the data, attributes are `ce_` headers, the record key is the partition key.

Extensions of ours: `sequence` (contiguous per topic and key, from 1), `subjectversion`, `correlationid`,
`causationid`, and `traceparent` of the Distributed Tracing extension. `time` is when the fact was recorded.
All header values are ASCII.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.database import Trace

CONTENT_TYPE = b"application/json"
# A record of this type is not a fact: it says how far its partition is complete (see shared.relay, shared.gate).
WATERMARK_LABEL = "Watermark"

Headers = list[tuple[str, bytes]]

_REQUIRED = (
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_time",
    "ce_subject",
    "ce_sequence",
    "ce_subjectversion",
    "ce_correlationid",
)
_ATTRIBUTES = frozenset((*_REQUIRED, "ce_causationid", "ce_traceparent"))
_MAX_DIGITS = 18  # what certainly fits a bigint


class UnreadableEnvelope(ValueError):
    """A record's headers are not ours: an attribute is missing or malformed; the message is its name and no more."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of one fact; `recorded_at` is in UTC, numbers count from 1."""

    event_id: str
    event_type: str
    source: str
    subject: str
    recorded_at: datetime
    sequence: int
    subject_version: int
    trace: Trace


def source_of(topic: str) -> str:
    """Return the CloudEvents source of a topic's writer: `bakery.oven.loaves.v1` is written by `/oven`."""
    return "/" + topic.split(".")[1]


def to_headers(envelope: Envelope) -> Headers:
    """Return the record headers of *envelope*, in a fixed order."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("content-type", CONTENT_TYPE),
        ("ce_id", envelope.event_id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_type", envelope.event_type.encode()),
        ("ce_time", envelope.recorded_at.isoformat(timespec="microseconds").encode()),
        ("ce_subject", envelope.subject.encode()),
        ("ce_sequence", b"%d" % envelope.sequence),
        ("ce_subjectversion", b"%d" % envelope.subject_version),
        ("ce_correlationid", envelope.trace.correlation_id.encode()),
    ]
    if envelope.trace.causation_id is not None:
        headers.append(("ce_causationid", envelope.trace.causation_id.encode()))
    if envelope.trace.traceparent is not None:
        headers.append(("ce_traceparent", envelope.trace.traceparent.encode()))
    return headers


def from_headers(headers: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """
    Read the attributes back; headers that are not ours are passed over.

    Raises:
        UnreadableEnvelope: an attribute is missing, doubled, malformed or not plain ASCII.
    """
    attributes: dict[str, str] = {}
    for name, value in headers:
        if name in _ATTRIBUTES:
            if name in attributes:
                raise UnreadableEnvelope(name)
            attributes[name] = _text(name, value)
    for name in _REQUIRED:
        if name not in attributes:
            raise UnreadableEnvelope(name)
    if attributes["ce_specversion"] != "1.0":
        raise UnreadableEnvelope("ce_specversion")
    return Envelope(
        event_id=attributes["ce_id"],
        event_type=attributes["ce_type"],
        source=attributes["ce_source"],
        subject=attributes["ce_subject"],
        recorded_at=_instant("ce_time", attributes["ce_time"]),
        sequence=_count("ce_sequence", attributes["ce_sequence"]),
        subject_version=_count("ce_subjectversion", attributes["ce_subjectversion"]),
        trace=Trace(
            correlation_id=attributes["ce_correlationid"],
            causation_id=attributes.get("ce_causationid"),
            traceparent=attributes.get("ce_traceparent"),
        ),
    )


def _text(name: str, value: bytes | None) -> str:
    # A backslash stands where the consumer could not read a byte; no value of ours has one. A control character could
    # not even be stored.
    if not value or not value.isascii() or b"\\" in value or not (text := value.decode("ascii")).isprintable():
        raise UnreadableEnvelope(name)
    return text


def _instant(name: str, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        in_utc = instant.astimezone(UTC)
    except (ValueError, OverflowError) as malformed:
        raise UnreadableEnvelope(name) from malformed
    if instant.tzinfo is None:
        raise UnreadableEnvelope(name)
    return in_utc


def _count(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > _MAX_DIGITS or text.strip("0") == "":
        raise UnreadableEnvelope(name)
    return int(text)
