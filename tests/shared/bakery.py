"""A bakery to try the plumbing with: its facts, a reader of them, and records as Kafka would hand them over."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self, cast

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared import outbox, parking
from shared.database import Database, Trace, Transaction
from shared.envelope import Envelope, from_headers, source_of, to_headers
from shared.events import Consumed, Event
from shared.ids import new_id
from shared.intake import Batch, FactRefused, Intake, Refusals, Subscription, apply_in_order
from shared.parking import ParkedRow
from shared.records import Fact, Received
from tests.probe import until

TOPIC = "bakery.oven.loaves.v1"
LONG_AGO = datetime.fromisoformat("2026-03-29T01:00:00+00:00")

TABLES = """
    CREATE TABLE eaten (
        place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        topic text NOT NULL,
        key text NOT NULL,
        sequence bigint NOT NULL,
        grams integer NOT NULL CONSTRAINT only_bread_is_eaten CHECK (grams > 0)
    )
"""


class Loaf(Event, topic=TOPIC, abstract=True):
    """The state of a loaf; key: the loaf."""

    loaf: str
    version: int = 1
    grams: int = 500

    def stream_key(self) -> str:
        """One loaf, one order."""
        return self.loaf

    def subject(self) -> str:
        """A loaf."""
        return f"loaf/{self.loaf}"

    def subject_version(self) -> int:
        """Count changes of the loaf."""
        return self.version


class LoafBaked(Loaf):
    """A loaf came out of the oven."""


def baking_in(topic: str) -> type[Loaf]:
    """Return an event like `LoafBaked` whose facts stand in *topic*."""

    class LoafBaked(Loaf, topic=topic):
        """A loaf came out of another oven."""

    return LoafBaked


class SeenLoaf(Consumed):
    """What the eater looks at."""

    loaf: str
    grams: int


Listen = Callable[[], Awaitable["list[Told]"]]

BAKED = LoafBaked.wire_type()


@dataclass(frozen=True, slots=True)
class Delivered:
    """A record as the Kafka client hands it over."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def envelope(sequence: int, *, event_type: str = BAKED, recorded_at: datetime = LONG_AGO) -> Envelope:
    """Return the envelope of a loaf's fact."""
    return Envelope(
        event_id=str(new_id()),
        event_type=event_type,
        source=source_of(TOPIC),
        subject="loaf/any",
        recorded_at=recorded_at,
        sequence=sequence,
        subject_version=sequence,
        trace=Trace("order-1"),
    )


@dataclass(slots=True)
class Oven:
    """Makes records of one partition, one after the other."""

    partition: int = 0
    next_offset: int = 0

    def record(self, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> Delivered:
        """Return the next record of the partition, whatever is in it."""
        self.next_offset += 1
        return Delivered(TOPIC, self.partition, self.next_offset - 1, key, value, headers)

    def fact(self, loaf: str, sequence: int, **fields: Any) -> Delivered:
        """Return a fact about *loaf*; `grams`, `event_type`, `recorded_at`, `value` and `headers` may be given."""
        value = LoafBaked(loaf=loaf, version=sequence, grams=fields.pop("grams", 500)).model_dump_json().encode()
        value = fields.pop("value", value)
        headers = fields.pop("headers", None) or to_headers(envelope(sequence, **fields))
        return self.record(loaf.encode(), value, headers)


@dataclass(slots=True)
class Eater:
    """A reader whose fold eats loaves; what it refuses or chokes on can be changed while it runs."""

    refuses: set[int] = field(default_factory=set[int])
    """Weights that contradict themselves."""
    before: Callable[[Transaction, Batch], Awaitable[None]] | None = None
    """Awaited before each fold, to hold it up or to make it fail."""
    batches: list[Batch] = field(default_factory=list[Batch])

    async def fold(self, tx: Transaction, batch: Batch) -> Refusals:
        """Eat; a loaf of no weight breaks a rule of the database."""
        self.batches.append(batch)
        if self.before is not None:
            await self.before(tx, batch)
        eaten: list[tuple[str, str, int, int]] = []

        def eat(fact: Fact) -> None:
            assert isinstance(fact.body, SeenLoaf)
            if fact.body.grams in self.refuses:
                raise FactRefused("too_heavy")
            eaten.append((fact.topic, fact.key, fact.sequence, fact.body.grams))

        refusals = apply_in_order(batch.facts, eat)
        await tx.executemany("INSERT INTO eaten (topic, key, sequence, grams) VALUES ($1, $2, $3, $4)", eaten)
        return refusals

    def subscription(self, topic: str = TOPIC) -> Subscription:
        """Return what the eater listens to."""
        return Subscription("bakery.eater", (topic,), {BAKED: SeenLoaf}, self.fold)


async def take(database: Database, eater: Eater, records: Sequence[Delivered]) -> Intake:
    """Give *records* to a fresh intake, as after a restart."""
    intake = Intake(database, eater.subscription())
    await intake.take(records)
    return intake


async def parked_in(database: Database) -> list[ParkedRow]:
    """Return what is parked, by number."""
    async with database.reading() as connection:
        return await parking.list_parked(connection)


async def eaten_of(database: Database, loaf: str) -> list[int]:
    """Return the sequences of *loaf* in the order in which they took effect."""
    rows = await database.pool.fetch("SELECT sequence FROM eaten WHERE key = $1 ORDER BY place", loaf)
    return [row["sequence"] for row in rows]


async def bake(database: Database, *events: Event, linger_seconds: float = 0) -> datetime:
    """Append *events* in a transaction of their own, which may stay open a while; returns its `recorded_at`."""
    async with database.transaction() as tx:
        recorded_at = await outbox.append(tx, *events)
        if linger_seconds:
            await tx.execute("SELECT pg_sleep($1)", linger_seconds)
    return recorded_at


async def until_waiting(database: Database, *, sessions: int = 1) -> None:
    """Wait until so many sessions of this database wait for a lock that another holds."""

    async def waiting() -> bool:  # each time in a transaction of its own, or Postgres would answer from memory
        return sessions == await database.pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )

    await until(waiting)


class _Consumer(Protocol):
    """The part of AIOKafkaConsumer, whose types are incomplete, that is used here."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def assign(self, partitions: list[TopicPartition]) -> None: ...
    async def position(self, partition: TopicPartition) -> int: ...
    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]: ...
    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[Received]]: ...


@dataclass(frozen=True, slots=True)
class Told:
    """A record found in a topic."""

    partition: int
    offset: int
    key: str | None
    sequence: int
    event_id: str
    event_type: str
    recorded_at: datetime
    value: bytes | None

    @classmethod
    def of(cls, record: Received) -> Self:
        """Read the envelope."""
        about = from_headers(record.headers)
        key = record.key.decode() if record.key else None
        return cls(
            *(record.partition, record.offset, key),
            *(about.sequence, about.event_id, about.event_type, about.recorded_at, record.value),
        )

    @property
    def is_watermark(self) -> bool:
        """Tell whether this is no fact."""
        return self.key is None


@asynccontextmanager
async def listening(servers: str, topic: str, *, partitions: int = 6) -> AsyncGenerator[Listen]:
    """Yield a function that returns all records of *topic* so far, in order within each partition."""
    consumer = cast("_Consumer", AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest"))
    await consumer.start()
    heard: list[Told] = []
    places = [TopicPartition(topic, number) for number in range(partitions)]
    consumer.assign(places)

    async def listen() -> list[Told]:
        ends = await consumer.end_offsets(places)
        while [place for place in places if await consumer.position(place) < ends[place]]:
            fetched = await consumer.getmany(timeout_ms=100)
            heard.extend(Told.of(record) for records in fetched.values() for record in records)
        return heard

    try:
        yield listen
    finally:
        await consumer.stop()


def facts_of(told: Sequence[Told]) -> list[Told]:
    """Return the records that are facts."""
    return [each for each in told if not each.is_watermark]


def first_tellings(told: Sequence[Told]) -> dict[str, list[int]]:
    """Return for each key its sequences in the order in which they were told for the first time."""
    sequences: dict[str, list[int]] = {}
    for each in told:
        if each.key is not None and each.sequence not in (known := sequences.setdefault(each.key, [])):
            known.append(each.sequence)
    return sequences


async def written(database: Database) -> dict[str, list[int]]:
    """Return for each key the sequences that were committed, in order."""
    rows = await database.pool.fetch(
        "SELECT key, array_agg(sequence ORDER BY sequence) AS all FROM outbox GROUP BY key"
    )
    return {row["key"]: row["all"] for row in rows}


async def gather_all(*work: Coroutine[object, object, None]) -> None:
    """Do all of *work* at once; the first failure ends the rest."""
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)
