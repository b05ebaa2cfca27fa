"""Facts as they lie in Kafka, for whoever looks on: no consumer group, nothing is settled."""

import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Protocol, cast

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from deploy import kafka_topics
from deploy.clocks import HELSINKI
from deploy.trouble import ExitCode, Trouble
from shared.clock import monotonic
from shared.envelope import WATERMARK_LABEL, Envelope, UnreadableEnvelope, from_headers
from shared.trouble import ends_within

_WAIT_MS = 200
_QUIET_SECONDS = 10.0
_STOP_SECONDS = 3.0
_NEVER = datetime.max.replace(tzinfo=UTC)

Record = ConsumerRecord[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Told:
    """A fact as it lies in Kafka; `envelope` None where its headers are not ours."""

    record: Record
    envelope: Envelope | None

    @property
    def is_watermark(self) -> bool:
        """Whether it is none: only the publisher's word that all before it is there."""
        return self.envelope is not None and self._name == WATERMARK_LABEL

    @property
    def recorded_at(self) -> datetime | None:
        """Business time at which it was recorded."""
        return self.envelope.recorded_at if self.envelope else None

    @property
    def key(self) -> str:
        """The record's key, as far as it is text."""
        return (self.record.key or b"").decode(errors="backslashreplace")

    @property
    def kind(self) -> str:
        """The type without what is the same everywhere: `scheduling.MeetingHeld`."""
        return self.envelope.event_type.partition(".")[2].rpartition(".v")[0] if self.envelope else "(unreadable)"

    @property
    def payload(self) -> Any:
        """The body, or its text where it is no JSON."""
        value = self.record.value or b""
        try:
            return json.loads(value)
        except ValueError:
            return value.decode(errors="backslashreplace")

    @property
    def code(self) -> str:
        """The case's spoken code where the fact is about one."""
        payload = self.payload
        return str(cast("dict[str, object]", payload).get("case_code", "")) if isinstance(payload, dict) else ""

    @property
    def _name(self) -> str:
        return self.kind.rpartition(".")[2]

    def is_of(self, kind: str) -> bool:
        """Tell whether *kind* names it: `MeetingHeld`, `scheduling.*`, or the whole type; wildcards allowed."""
        whole = self.envelope.event_type if self.envelope else ""
        return any(fnmatchcase(name.lower(), kind.lower()) for name in (self._name, self.kind, whole))

    def is_about(self, case: str) -> bool:
        """Tell whether *case*, an id or a spoken code, is its case."""
        return case.lower() in {self.key.lower(), self.code.lower()}

    def line(self) -> str:
        """Return it for people: local time, type, key, code."""
        when = self.recorded_at.astimezone(HELSINKI).strftime("%Y-%m-%d %H:%M:%S") if self.recorded_at else "-" * 19
        return f"{when}  {self.kind:<34} {self.key}  {self.code}".rstrip()

    def as_json(self) -> str:
        """Return it for programs."""
        return json.dumps(
            {
                "recorded_at": self.recorded_at.isoformat() if self.recorded_at else None,
                "type": self.envelope.event_type if self.envelope else None,
                "topic": self.record.topic,
                "partition": self.record.partition,
                "offset": self.record.offset,
                "key": self.key,
                "sequence": self.envelope.sequence if self.envelope else None,
                "payload": self.payload,
            },
            ensure_ascii=False,
        )


async def facts(
    servers: str, topics: Iterable[str], *, from_beginning: bool, follow: bool, quiet_seconds: float = _QUIET_SECONDS
) -> AsyncGenerator[Told]:
    """
    Yield facts: first those that are there (*from_beginning*), by the time they were recorded, then each as it comes.

    Watermarks are left out. Ends unless told to *follow*; after *quiet_seconds* Kafka is asked if it is there.

    Raises:
        Trouble: no broker answers, or none any more; or a topic is missing.
    """
    async with _consumer(servers, list(topics)) as consumer:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        if from_beginning:
            past = await _until(consumer, ends)
            for told in sorted(
                past, key=lambda told: (told.recorded_at is None, told.recorded_at, told.record.timestamp)
            ):
                yield told
        else:
            for partition, end in ends.items():
                consumer.seek(partition, end)
        heard_at = monotonic()
        while follow:
            batch = await consumer.getmany(timeout_ms=_WAIT_MS)
            if batch:
                heard_at = monotonic()
            elif monotonic() - heard_at > quiet_seconds:  # a consumer never says that its brokers are gone
                async with kafka_topics.administrator(servers):
                    heard_at = monotonic()
            for told in _read(batch):
                yield told


def _read(batch: dict[TopicPartition, list[Record]]) -> list[Told]:
    told = [Told(record, _envelope(record)) for records in batch.values() for record in records]
    return [each for each in told if not each.is_watermark]


def _envelope(record: Record) -> Envelope | None:
    try:
        return from_headers(record.headers)
    except UnreadableEnvelope:
        return None


async def _until(consumer: "_Consumer", ends: dict[TopicPartition, int]) -> list[Told]:
    past: list[Told] = []
    await consumer.seek_to_beginning()
    while any([await consumer.position(partition) < end for partition, end in ends.items()]):
        past.extend(_read(await consumer.getmany(timeout_ms=_WAIT_MS)))
    return past


@asynccontextmanager
async def _consumer(servers: str, topics: list[str]) -> AsyncGenerator["_Consumer"]:
    partitions = await _partitions(servers, topics)
    kafka = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False, auto_offset_reset="earliest")
    consumer = cast("_Consumer", cast("object", kafka))
    try:
        await consumer.start()
        consumer.assign(partitions)
        yield consumer
    finally:
        await ends_within(_STOP_SECONDS, consumer.stop())  # where Kafka is gone it may hang, or end as cancelled


async def _partitions(servers: str, topics: list[str]) -> list[TopicPartition]:
    async with kafka_topics.administrator(servers) as admin:
        found: list[TopicPartition] = []
        for description in await admin.describe_topics(topics):
            topic, partitions = description["topic"], description["partitions"]
            if not partitions:
                what, cure = f"Kafka has no topic {topic}.", "heijastin topics apply"
                raise Trouble(what, cure=cure, exit_code=ExitCode.NOT_FOUND)
            found.extend(TopicPartition(topic, partition["partition"]) for partition in partitions)
        return found


class _Consumer(Protocol):
    """The part of aiokafka's consumer that we use; it brings no types."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def assign(self, partitions: list[TopicPartition]) -> None: ...
    def assignment(self) -> set[TopicPartition]: ...
    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]: ...
    async def seek_to_beginning(self) -> bool: ...
    def seek(self, partition: TopicPartition, offset: int) -> None: ...
    async def position(self, partition: TopicPartition) -> int: ...
    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[Record]]: ...
