"""
Facts on the wire: CloudEvents 1.0 in Kafka's binary mode.

The value is the data, attributes are `ce_` headers, the record key is the partition key.

Extensions of ours: `sequence` (contiguous per topic and key, from 1), `subjectversion`, `correlationid`,
`causationid`, and `traceparent` of the Distributed Tracing extension. `time` is when the fact was recorded.
All header values are ASCII.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.database import Trace

CONTENT_TYPE = b"application/json"
# A record of this type is not a fact: it says how far its partition is complete (see shared.relay, shared.gate).
WATERMARK_LABEL = "Watermark"

Headers = list[tuple[str, bytes]]


class UnreadableEnvelope(ValueError):
    """A record's headers are not ours: an attribute is missing or malformed; the message names it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of one fact; `recorded_at` is aware."""

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
    Read the attributes back.

    Raises:
        UnreadableEnvelope: an attribute is missing, doubled, not ASCII or malformed.
    """
    attributes: dict[str, str] = {}
    for name, value in headers:
        if not name.startswith("ce_"):
            continue
        # A backslash stands where a byte could not be read; none of ours has one.
        if value is None or name in attributes or not value.isascii() or b"\\" in value:
            raise UnreadableEnvelope(name)
        attributes[name] = value.decode("ascii")
    try:
        if attributes["ce_specversion"] != "1.0":
            raise UnreadableEnvelope("ce_specversion")
        recorded_at = datetime.fromisoformat(attributes["ce_time"])
        sequence = int(attributes["ce_sequence"])
        if recorded_at.tzinfo is None:
            raise UnreadableEnvelope("ce_time")
        if sequence < 1:
            raise UnreadableEnvelope("ce_sequence")
        return Envelope(
            event_id=attributes["ce_id"],
            event_type=attributes["ce_type"],
            source=attributes["ce_source"],
            subject=attributes["ce_subject"],
            recorded_at=recorded_at,
            sequence=sequence,
            subject_version=int(attributes["ce_subjectversion"]),
            trace=Trace(
                correlation_id=attributes["ce_correlationid"],
                causation_id=attributes.get("ce_causationid"),
                traceparent=attributes.get("ce_traceparent"),
            ),
        )
    except KeyError as missing:
        raise UnreadableEnvelope(str(missing.args[0])) from missing
    except ValueError as malformed:
        raise UnreadableEnvelope(str(malformed)) from malformed
