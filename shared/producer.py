"""
A Kafka producer for the relay: idempotent, in order per partition, and thrown away after any failure.

After a failed send the producer's sequence numbers may be out of step with the broker's for good, so nobody mends one:
whoever gets an exception abandons it, starts another and sends everything unconfirmed again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self, cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2  # pyright: ignore[reportUnknownVariableType] - aiokafka brings no types

from shared.envelope import Headers

_STOP_SECONDS = 3.0
_MAX_BATCH_BYTES = 262_144
_KNOWN_KEYS = 50_000

_murmur2 = cast("_Hash", murmur2)


@dataclass(frozen=True, slots=True)
class Record:
    """A record on its way to one partition; `key` None only where order does not matter."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: Headers


@dataclass(slots=True)
class Producer:
    """A running producer; get one from `start`."""

    kafka: "_Kafka"
    partitions: dict[str, int] = field(default_factory=dict)
    partition_of_key: dict[tuple[str, bytes], int] = field(default_factory=dict)

    @classmethod
    async def start(cls, servers: str) -> Self:
        """
        Connect.

        Raises:
            KafkaError: no broker answers.
        """
        kafka = AIOKafkaProducer(
            bootstrap_servers=servers,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=_MAX_BATCH_BYTES,
            max_request_size=4 * _MAX_BATCH_BYTES,
        )
        producer = cls(cast("_Kafka", cast("object", kafka)))
        try:
            await kafka.start()
        except BaseException:
            await producer.abandon()
            raise
        return producer

    async def abandon(self) -> None:
        """Stop at once, whatever is unconfirmed; bounded in time even when Kafka is gone."""
        # The public stop() flushes, and an idempotent producer never gives a batch up: without this it would hang.
        self.kafka._message_accumulator.fail_all(KafkaError("abandoned"))  # noqa: SLF001
        for end in (self.kafka.stop, self.kafka.client.close):
            with contextlib.suppress(Exception):
                await asyncio.wait_for(end(), _STOP_SECONDS)

    async def partitions_of(self, topic: str) -> int:
        """Return how many partitions *topic* has."""
        known = self.partitions.get(topic)
        if known is None:
            known = self.partitions[topic] = len(await self.kafka.partitions_for(topic))
        return known

    async def partition_of(self, topic: str, key: bytes) -> int:
        """Return the partition that every Kafka client would choose for *key*; remembered, as hashing is slow here."""
        known = self.partition_of_key.get((topic, key))
        if known is None:
            known = (_murmur2(key) & 0x7FFFFFFF) % await self.partitions_of(topic)
            if len(self.partition_of_key) >= _KNOWN_KEYS:
                self.partition_of_key.clear()
            self.partition_of_key[topic, key] = known
        return known

    async def send(self, records: Iterable[Record]) -> None:
        """
        Send *records*, in order within each partition, and return when all are confirmed by all in-sync replicas.

        Raises:
            KafkaError: at least one is not confirmed; abandon this producer and send all of them again.
        """
        by_partition: dict[tuple[str, int], list[Record]] = {}
        for record in records:
            by_partition.setdefault((record.topic, record.partition), []).append(record)
        await asyncio.gather(*map(self._send_in_order, by_partition.values()))

    async def _send_in_order(self, records: Sequence[Record]) -> None:
        """Send the records of one partition so that no two batches of it are ever open together."""
        topic, partition = records[0].topic, records[0].partition
        batch = self.kafka.create_batch()
        for record in records:
            if batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers) is None:
                await (await self.kafka.send_batch(batch, topic, partition=partition))
                batch = self.kafka.create_batch()
                batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers)
        await (await self.kafka.send_batch(batch, topic, partition=partition))


class _Hash(Protocol):
    def __call__(self, data: bytes) -> int: ...


class _Batch(Protocol):
    def append(
        self, *, timestamp: float | None, key: bytes | None, value: bytes | None, headers: Headers
    ) -> object | None: ...


class _Accumulator(Protocol):
    def fail_all(self, exception: Exception) -> None: ...


class _Client(Protocol):
    async def close(self) -> None: ...


class _Kafka(Protocol):
    """The part of AIOKafkaProducer, which brings no types, that is used here."""

    client: _Client
    _message_accumulator: _Accumulator

    async def stop(self) -> None: ...
    async def partitions_for(self, topic: str) -> set[int]: ...
    def create_batch(self) -> _Batch: ...
    async def send_batch(self, batch: _Batch, topic: str, *, partition: int) -> Awaitable[object]: ...
