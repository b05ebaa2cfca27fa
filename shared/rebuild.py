"""
Reading everything again: a reader's knowledge made anew from the topics, with its outbox muted.

What was published stays as it was; only where the reader now finds something else to be so does it publish the
difference. Intake and timers of every process of the service stand still meanwhile: the lock keeps them out while the
rebuild lives, the row in `intake` should it die half-way; then it is started again.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, cast

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared import parking
from shared.database import Database, Transaction
from shared.errors import Conflict
from shared.intake import INTAKE_LOCK, Batch, Intake, Subscription
from shared.kafka_client import Record, partitions_of, readable

_READ_AT_ONCE = 500
_LOCK_POLL_SECONDS = 0.05
_READ_PATIENCE_MS = 1_000

# What was given up stays given up; the rest is parked again if it must be.
_FORGET = (
    "DELETE FROM inbox",
    "DELETE FROM gaps",
    "DELETE FROM watermarks",
    "DELETE FROM parked WHERE state <> 'discarded'",
)


class HistoryIncomplete(Conflict):
    """The topics no longer begin at their first record: read again, what is gone would be forgotten. Backfill first."""


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """
    What a service adds to its own rebuild.

    `forget` removes what its fold will make again; `settle` is called once all has been read, until it returns 0, and
    says the differences in transactions of its own.
    """

    subscription: Subscription
    forget: Callable[[Transaction], Awaitable[None]]
    settle: Callable[[Database], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How much was read, and how much of it the service then settled."""

    records: int
    settled: int


async def rebuild(
    database: Database, kafka_servers: str, rebuilding: Rebuilding, *, told: Callable[[int, int], None]
) -> Rebuilt:
    """
    Forget, read all topics of the subscription from their beginning, and settle.

    *told* hears of the progress: records read, records there are.

    Raises:
        HistoryIncomplete: a partition does not begin at its first record; nothing has been forgotten.
        KafkaError, OSError, asyncpg.PostgresError: cut short; the service stands still until this is run again.
    """
    async with database.pool.acquire() as lock:
        while not await lock.fetchval("SELECT pg_try_advisory_lock($1)", INTAKE_LOCK):  # noqa: ASYNC110 - batches end
            await asyncio.sleep(_LOCK_POLL_SECONDS)
        try:
            async with _reader(kafka_servers) as reader:
                ends = await _whole_history(reader, rebuilding.subscription.topics)
                async with database.transaction() as tx:
                    await tx.execute("UPDATE intake SET paused_since = coalesce(paused_since, clock_timestamp())")
                    await parking.keep_clocks(tx)
                    for statement in _FORGET:
                        await tx.execute(statement)
                    await rebuilding.forget(tx)
                records = await _read_again(reader, ends, database, rebuilding.subscription, told)
            await _set_clocks_back(database, rebuilding.subscription)
            settled = 0
            while done := await rebuilding.settle(database):
                settled += done
            await lock.execute("UPDATE intake SET paused_since = NULL")
        finally:
            await lock.execute("SELECT pg_advisory_unlock($1)", INTAKE_LOCK)
    return Rebuilt(records, settled)


async def _set_clocks_back(database: Database, subscription: Subscription) -> None:
    """Let what is disturbed as it was before be so since then: its day of grace does not begin anew."""
    async with database.transaction() as tx:
        tx.is_muted = True
        since = await parking.set_clocks_back(tx)
        if since:
            await subscription.fold(tx, Batch((), frozenset(since), since))


@asynccontextmanager
async def _reader(kafka_servers: str) -> AsyncGenerator["_Reader"]:
    """Start a consumer that belongs to no group: what it reads moves nobody's offsets."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_servers, enable_auto_commit=False)
    try:
        await consumer.start()
        yield cast("_Reader", cast("object", consumer))
    finally:
        await consumer.stop()


async def _whole_history(reader: "_Reader", topics: Sequence[str]) -> dict[TopicPartition, int]:
    """Set *reader* to the beginning of all partitions of *topics*, and return where each ends now."""
    partitions = await partitions_of(reader, topics)
    beginnings = await reader.beginning_offsets(partitions)
    if any(beginnings.values()):
        raise HistoryIncomplete
    reader.assign(partitions)
    await reader.seek_to_beginning(*partitions)
    return await reader.end_offsets(partitions)


async def _read_again(
    reader: "_Reader",
    ends: dict[TopicPartition, int],
    database: Database,
    subscription: Subscription,
    told: Callable[[int, int], None],
) -> int:
    """Feed all records below *ends* to a muted intake; returns how many those were."""
    intake = Intake(database, subscription, is_rebuilding=True)
    read, there_are = 0, sum(ends.values())
    unread = {partition for partition, end in ends.items() if end > 0}
    while unread:
        by_partition = await reader.getmany(timeout_ms=_READ_PATIENCE_MS, max_records=_READ_AT_ONCE)
        records = [
            readable(record)
            for partition, of_partition in by_partition.items()
            for record in of_partition
            if record.offset < ends[partition]
        ]
        if records:
            await intake.take(records)
            read += len(records)
            told(read, there_are)
        unread = {partition for partition in unread if await reader.position(partition) < ends[partition]}
    return read


class _Reader(Protocol):
    """The part of AIOKafkaConsumer, which brings no types, that is used here."""

    def assign(self, partitions: Sequence[TopicPartition]) -> None: ...
    async def seek_to_beginning(self, *partitions: TopicPartition) -> object: ...
    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]: ...
    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]: ...
    async def position(self, partition: TopicPartition) -> int: ...
    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]: ...
