"""Facts through quality's intake, beside the plainest program with the same tables, and one message at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, Topic
from faststream.kafka.annotations import KafkaMessage

from benchmarks import plain, story
from benchmarks.databases import Fresh
from benchmarks.rounds import Program
from services.quality.subscriptions import SUBSCRIPTION
from shared import clock
from shared.consumer import Consumer
from shared.database import Database
from shared.ids import new_id
from shared.intake import Intake
from shared.metering import Metrics
from shared.metrics import PLUMBING

BATCH = 500
PLAIN, OURS = "plainest aiokafka + asyncpg, batches of 500", "quality's intake"
ONE_BY_ONE, OURS_ONE_BY_ONE = "FastStream one by one, plainest SQL", "FastStream one by one, quality's fold"
_SHARE_OF_THE_SLOW = 20  # they read one record in so many, or nobody would wait for them
_WITHIN_SECONDS = 180

Record = ConsumerRecord[bytes, bytes]
Records = Sequence[Record]


@dataclass(slots=True)
class Stopwatch:
    """Times what comes after the first batch, so that joining the group and warming up do not count."""

    records: int
    taken: int = 0
    counted: int = 0
    began: float = 0.0
    seconds: float = 0.0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, records: int) -> None:
        """Note that a batch of so many *records* is settled."""
        now = clock.monotonic()
        if self.taken:
            self.counted += records
            self.seconds = now - self.began
        else:
            self.began = now
        self.taken += records
        if self.taken >= self.records:
            self.done.set()

    async def rate(self) -> float:
        """Wait for the last batch, and return records per second."""
        async with asyncio.timeout(_WITHIN_SECONDS):
            await self.done.wait()
        return self.counted / self.seconds


def programs(fresh: Fresh, servers: str, *, cases: int, records: int) -> Mapping[str, Program]:
    """Return the programs by name; all read the same *records*, the slow ones only the first of them."""
    few = records // _SHARE_OF_THE_SLOW
    return {
        PLAIN: lambda: _measure(fresh, _plain, servers, cases=cases, records=records),
        OURS: lambda: _measure(fresh, _ours, servers, cases=cases, records=records),
        ONE_BY_ONE: lambda: _measure(fresh, _one_by_one, servers, cases=None, records=few),
        OURS_ONE_BY_ONE: lambda: _measure(fresh, _ours_one_by_one, servers, cases=None, records=few),
    }


async def _measure(
    fresh: Fresh,
    program: Callable[[str, str, Stopwatch], Awaitable[float]],
    servers: str,
    *,
    cases: int | None,
    records: int,
) -> float:
    async with fresh.database() as urls:
        rate = await program(urls.runtime, servers, Stopwatch(records))
        if cases is not None:
            await _demand_all(urls.owner, cases)
    return rate


async def _demand_all(url: str, cases: int) -> None:
    """Stop the benchmark if a program was quick because it lost something."""
    connection = await asyncpg.connect(url)
    found = await connection.fetchrow("""
        SELECT (SELECT count(*) FROM inbox) AS streams, (SELECT count(*) FROM facts) AS facts,
               (SELECT count(*) FROM promises WHERE status = 'kept' AND version = 2) AS kept,
               (SELECT count(*) FROM cases) AS cases, (SELECT count(*) FROM outbox) AS published,
               (SELECT count(*) FROM parked) AS parked, (SELECT count(*) FROM gaps) AS gaps
    """)
    await connection.close()
    assert found is not None
    wanted = {"streams": cases, "facts": 3 * cases, "kept": cases, "cases": cases, "published": 2 * cases}
    assert dict(found) == {**wanted, "parked": 0, "gaps": 0}, dict(found)


async def _ours(url: str, servers: str, watch: Stopwatch) -> float:
    database = await Database.open(url, application_name="bench")
    intake = Intake(database, replace(SUBSCRIPTION, group=_group()))

    async def take(records: tuple[Record, ...], revoking: Callable[[], bool]) -> None:
        await intake.take(records, revoking)
        watch.note(len(records))

    consumer = Consumer(
        servers=servers,
        group=intake.subscription.group,
        topics=intake.subscription.topics,
        take=take,
        metrics=Metrics("bench", PLUMBING),
    )
    consumer.start()
    try:
        return await watch.rate()
    finally:
        await consumer.stop(within_seconds=10)
        await database.close()


async def _plain(url: str, servers: str, watch: Stopwatch) -> float:
    connection = await asyncpg.connect(url)
    consumer = cast(
        "_Consumer",
        AIOKafkaConsumer(
            story.CASES,
            story.UNITS,
            bootstrap_servers=servers,
            group_id=_group(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        ),
    )
    await consumer.start()
    try:
        while not watch.done.is_set():
            fetched = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
            records = [record for of_partition in fetched.values() for record in of_partition]
            if records:
                await plain.take(connection, records)
                await consumer.commit()
                watch.note(len(records))
        return await watch.rate()
    finally:
        await consumer.stop()
        await connection.close()


async def _one_by_one(url: str, servers: str, watch: Stopwatch) -> float:
    connection = await asyncpg.connect(url)
    try:
        return await _read_one_by_one(servers, watch, lambda record: plain.take(connection, [record]))
    finally:
        await connection.close()


async def _ours_one_by_one(url: str, servers: str, watch: Stopwatch) -> float:
    database = await Database.open(url, application_name="bench")
    intake = Intake(database, SUBSCRIPTION)
    try:
        return await _read_one_by_one(servers, watch, lambda record: intake.take([record]))
    finally:
        await database.close()


async def _read_one_by_one(servers: str, watch: Stopwatch, take: Callable[[Record], Awaitable[None]]) -> float:
    """Read as FastStream is used by most: a handler per message, which commits its transaction, then the offset."""
    broker = KafkaBroker(servers, consumer_only=True, allow_auto_create_topics=False, logger=None)

    async def handle(message: KafkaMessage) -> None:
        if not watch.done.is_set():
            await take(cast("Record", message.raw_message))
            watch.note(1)

    subscriber = broker.subscriber(
        *(Topic(topic, declare=False) for topic in (story.CASES, story.UNITS)),
        group_id=_group(),
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        decoder=_decode_nothing,
    )
    subscriber(handle)
    await broker.start()
    try:
        return await watch.rate()
    finally:
        await broker.stop()


async def _decode_nothing(_message: Any) -> None:
    """The plain program reads the record itself."""


def _group() -> str:
    return f"bench.{new_id()}"


class _Consumer(Protocol):
    """The part of AIOKafkaConsumer, whose types are incomplete, that is used here."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def commit(self) -> None: ...
    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]: ...
