"""
What FastStream and aiokafka do not tell of a running consumer by their public names.

All reaching into their insides is in this file; the versions are pinned, and the tests run it against real Kafka.
"""

# ruff: noqa: SLF001 - reaching in is what this file is for

import asyncio
import dataclasses
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, cast

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError
from faststream.kafka import KafkaBroker, KafkaMessage

from shared import logs
from shared.trouble import ends_within

log = logs.get(__name__)

Record = ConsumerRecord[bytes, bytes]

_ABANDONED_WITHIN_SECONDS = 1.0


class _Coordinator(Protocol):
    coordinator_id: int | None
    _coordination_task: asyncio.Task[None]

    async def _stop_heartbeat_task(self) -> None: ...
    async def _stop_commit_offsets_refresh_task(self) -> None: ...


class _Cluster(Protocol):
    def partitions_for_topic(self, topic: str) -> set[int] | None: ...


class _Metadata(Protocol):
    cluster: _Cluster

    async def set_topics(self, topics: Sequence[str]) -> object: ...


class _Closable(Protocol):
    async def close(self) -> None: ...


class _Fetcher(_Closable, Protocol):
    _fetch_task: asyncio.Task[None]


class _Consumer(Protocol):
    _coordinator: _Coordinator | None
    _fetcher: _Fetcher | None
    _client: _Closable
    getmany: Callable[..., Awaitable[Mapping[TopicPartition, object]]]

    def assignment(self) -> set[TopicPartition]: ...
    async def position(self, partition: TopicPartition) -> int: ...
    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]: ...


class _Subscriber(Protocol):
    consumer: _Consumer | None
    tasks: Sequence[asyncio.Task[None]]


@dataclass(frozen=True, slots=True)
class Client:
    """The client inside a broker that has one subscriber."""

    subscriber: _Subscriber
    consumer: _Consumer | None
    _must_end: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def of(cls, broker: KafkaBroker) -> Self:
        """Return the client as it is now; it has no consumer before the broker's start has come that far."""
        (subscriber,) = cast("Sequence[_Subscriber]", broker.subscribers)
        return cls(subscriber, subscriber.consumer)

    def pass_over(self, unreadable: set[TopicPartition]) -> None:
        """
        Read all partitions but those of *unreadable*, and add one to them when a record cannot even be taken apart.

        A header's name that is not UTF-8 does that. By itself the client would try it again without a pause, and has
        lost what other partitions gave in the same call: so nothing more is handed over, and the next member begins
        where the last batch was settled. Call this when the broker has started.
        """
        if (consumer := self.consumer) is None:
            return
        getmany = consumer.getmany

        async def getmany_of_the_readable(**limits: int) -> Mapping[TopicPartition, object]:
            readable = consumer.assignment() - unreadable if unreadable else ()
            if unreadable and not readable:
                return {}
            try:
                return await getmany(*readable, **limits)
            except (KafkaError, ConsumerStoppedError):
                raise
            except Exception as error:
                culprit = partition_of(error)
                log.exception("partition_unreadable", topic=culprit.topic, partition=culprit.partition)
                unreadable.add(culprit)
                self._must_end.set()
                return await asyncio.get_running_loop().create_future()

        consumer.getmany = getmany_of_the_readable

    def beyond_recovery(self) -> str | None:
        """Return what inside has ended and will never begin again by itself, or None while all is well."""
        if self._must_end.is_set():
            return "an unreadable partition"
        if self.consumer is None or all(task.done() for task in self.subscriber.tasks):
            return "reading"
        coordinator, fetcher = self.consumer._coordinator, self.consumer._fetcher
        if coordinator is None or coordinator._coordination_task.done():
            return "coordination"
        if fetcher is None or fetcher._fetch_task.done():
            return "fetching"
        return None

    def knows_coordinator(self) -> bool:
        """Tell whether the group's coordinator answered last; it is forgotten as soon as a heartbeat fails."""
        coordinator = None if self.consumer is None else self.consumer._coordinator
        return coordinator is not None and coordinator.coordinator_id is not None

    async def positions_and_ends(self) -> tuple[Mapping[TopicPartition, int], Mapping[TopicPartition, int]]:
        """
        Return, for each partition assigned, the next offset to be handed over and the end as Kafka says now.

        Raises:
            KafkaError: it does not answer. May also wait long: bound it.
        """
        if self.consumer is None:
            return {}, {}
        assigned = self.consumer.assignment()
        ends = await self.consumer.end_offsets(assigned)
        return {at: await self.consumer.position(at) for at in assigned}, ends

    async def abandon(self) -> None:
        """Close what a stop that was cut short has left behind, without a word to Kafka."""
        if self.consumer is None:
            return
        if (coordinator := self.consumer._coordinator) is not None:
            coordinator._coordination_task.cancel()
            await ends_within(_ABANDONED_WITHIN_SECONDS, coordinator._stop_heartbeat_task())
            await ends_within(_ABANDONED_WITHIN_SECONDS, coordinator._stop_commit_offsets_refresh_task())
        if self.consumer._fetcher is not None:
            await ends_within(_ABANDONED_WITHIN_SECONDS, self.consumer._fetcher.close())
        await ends_within(_ABANDONED_WITHIN_SECONDS, self.consumer._client.close())


def partition_of(error: Exception) -> TopicPartition:
    """Return the partition that the client was reading when it failed, which only its own frame knows."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "fetched_records":
            return frame.f_locals["tp"]
    raise error


async def parse_safely(
    records: tuple[Record, ...], original: Callable[[tuple[Record, ...]], Awaitable[KafkaMessage]]
) -> KafkaMessage:
    """
    Wrap a batch in the framework's message without letting it look at the headers.

    One header that is null or not UTF-8 would make it drop the whole batch, and reading them all costs it more than
    the rest of its work. What is settled or rewound is `raw_message`.
    """
    message = await original((dataclasses.replace(records[0], headers=()),))
    message.raw_message = tuple(map(readable, records))
    return message


def readable(record: Record) -> Record:
    """Return *record* with ASCII headers only: null becomes nothing, other bytes are escaped by backslashes."""
    headers = cast("Sequence[tuple[str, bytes | None]]", record.headers)  # whatever its types say
    if all(value is not None and value.isascii() for _, value in headers):
        return record
    escaped = ((name, (value or b"").decode("ascii", "backslashreplace").encode()) for name, value in headers)
    return dataclasses.replace(record, headers=tuple(escaped))


async def decode_nothing(_message: KafkaMessage) -> None:
    """Decode nothing: each record is read once, by who knows what it is."""


async def partitions_of(consumer: object, topics: Sequence[str]) -> list[TopicPartition]:
    """Return all partitions of *topics*, of which a started *consumer* without a group knows nothing by itself."""
    client: _Metadata = cast("Any", consumer)._client
    await client.set_topics(topics)
    return [
        TopicPartition(topic, partition)
        for topic in topics
        for partition in sorted(client.cluster.partitions_for_topic(topic) or ())
    ]
