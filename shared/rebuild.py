"""
Reading everything again: a reader's knowledge made anew from the topics, with its outbox muted.

What was published stays as it was; only where the reader now finds something else to be so does it publish the
difference. Intake and timers of every process of the service stand still meanwhile: the lock keeps them out while the
rebuild lives, the row in `intake` should it die half-way; then it is started again.
"""

import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, cast

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared import parking
from shared.database import Connection, Database, Transaction
from shared.errors import Conflict
from shared.intake import INTAKE_LOCK, Batch, Intake, Subscription
from shared.kafka_client import Record, partition_of, partitions_of, readable

_READ_AT_ONCE = 500
_READ_PATIENCE_MS = 1_000

# What was given up stays given up; the rest is parked again if it must be.
_FORGET = (
    "DELETE FROM inbox",
    "DELETE FROM gaps",
    "DELETE FROM watermarks",
    "DELETE FROM parked WHERE state <> 'discarded'",
)


# Every fact that was heard stands in at least one record.
_HEARD = """
    SELECT topic, sum(last_sequence) - coalesce(
        (SELECT sum(until_sequence - from_sequence) FROM gaps WHERE gaps.topic = inbox.topic), 0
    ) AS facts
    FROM inbox WHERE topic = ANY ($1::text[]) GROUP BY topic
"""


class HistoryIncomplete(Conflict):
    """The topics do not hold all that was heard: read again, what is gone would be forgotten. Backfill first."""


class HistoryUnreadable(Conflict):
    """A record cannot even be taken apart: reading again would end there, half-way. Nothing has been forgotten."""


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
        HistoryIncomplete: a partition does not begin at its first record, or a topic is missing or holds less than was
            heard of it; nothing has been forgotten.
        HistoryUnreadable: a record cannot be taken apart; nothing has been forgotten.
        KafkaError, OSError, asyncpg.PostgresError: cut short; the service stands still until this is run again.
    """
    async with database.pool.acquire() as lock:
        await _keep_others_out(lock)
        try:
            async with _reader(kafka_servers) as reader:
                ends = await _whole_history(reader, database, rebuilding.subscription.topics)
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


async def _keep_others_out(lock: Connection) -> None:
    """Take the lock of the intake; while we stand in the queue for it, no further batch begins, so it comes to us."""
    is_ours = False
    while not is_ours:
        with contextlib.suppress(asyncpg.LockNotAvailableError):  # a batch may take longer than we may wait for a lock
            await lock.execute("SELECT pg_advisory_lock($1)", INTAKE_LOCK)
            is_ours = True


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


async def _whole_history(reader: "_Reader", database: Database, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """Set *reader* to all partitions of *topics*, and return where each ends now; refuses what is less than a whole."""
    partitions = await partitions_of(reader, topics)
    beginnings = await reader.beginning_offsets(partitions)
    ends = await reader.end_offsets(partitions)
    if any(beginnings.values()) or {partition.topic for partition in partitions} != set(topics):
        raise HistoryIncomplete
    reader.assign(partitions)
    there_are = Counter[str]()  # records that have a key, as every fact has and no watermark
    try:
        async for records in _records(reader, ends):
            there_are.update(record.topic for record in records if record.key is not None)
    except KafkaError:
        raise
    except Exception as error:
        culprit = partition_of(error)
        message = f"{HistoryUnreadable.sentence()} ({culprit.topic}/{culprit.partition})"
        raise HistoryUnreadable(message) from error
    heard = await database.pool.fetch(_HEARD, list(topics))
    if any(there_are[row["topic"]] < row["facts"] for row in heard):
        raise HistoryIncomplete
    return ends


async def _records(reader: "_Reader", ends: dict[TopicPartition, int]) -> AsyncGenerator[list[Record]]:
    """Yield all records below *ends*, from the beginning, in order within each partition."""
    await reader.seek_to_beginning(*ends)
    unread = {partition for partition, end in ends.items() if end > 0}
    while unread:
        by_partition = await reader.getmany(timeout_ms=_READ_PATIENCE_MS, max_records=_READ_AT_ONCE)
        yield [
            readable(record)
            for partition, of_partition in by_partition.items()
            for record in of_partition
            if record.offset < ends[partition]
        ]
        unread = {partition for partition in unread if await reader.position(partition) < ends[partition]}


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
    async for records in _records(reader, ends):
        if records:
            await intake.take(records)
            read += len(records)
            told(read, there_are)
    return read


class _Reader(Protocol):
    """The part of AIOKafkaConsumer, which brings no types, that is used here."""

    def assign(self, partitions: Sequence[TopicPartition]) -> None: ...
    async def seek_to_beginning(self, *partitions: TopicPartition) -> object: ...
    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]: ...
    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]: ...
    async def position(self, partition: TopicPartition) -> int: ...
    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]: ...
