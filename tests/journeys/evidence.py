"""
All that somebody can get hold of who has every database, topic and log of the region, and the mail that was sent.

A dump holds every row of every table with its place (`ctid`) and row version (`xmin`), in the order in which Postgres
gives them.
"""

import hashlib
import json
import re
from bisect import bisect
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol, TypeVar, overload

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy import topics
from tests.journeys.region import LiveRegion

T = TypeVar("T", bound="Item")


class Item(Protocol):
    """Something that was found, with everything in it as text."""

    @property
    def text(self) -> str:
        """What can be searched."""
        ...


class Searchable(Sequence[T]):
    """Things in their order; `naming` looks through all of them at once, and only once for the same words."""

    def __init__(self, items: Iterable[T]) -> None:
        """Put the text of all of them together."""
        self._items = list(items)
        self._ends = list(accumulate(len(item.text) + 1 for item in self._items))
        self._whole = "\n".join(item.text for item in self._items)
        self._found: dict[str, list[T]] = {}

    def naming(self, words: str) -> list[T]:
        """Return those in which *words* stand, in their order."""
        if words not in self._found:
            places = {bisect(self._ends, match.start()) for match in re.finditer(re.escape(words), self._whole)}
            self._found[words] = [self._items[place] for place in sorted(places)]
        return self._found[words]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        """Return one or some of them."""
        return self._items[place]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a dump: its table as `service.table`, its version and place, its columns, and all of them as text."""

    table: str
    xmin: int
    ctid: tuple[int, int]
    columns: Mapping[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Dump:
    """Every row of every table, and the letters (address and token, in the order of the mail) that were out by then."""

    rows: Searchable[Row]
    letters: Sequence[tuple[str, str]]

    def of(self, table: str) -> list[Row]:
        """Return the rows of a table."""
        return [row for row in self.rows if row.table == table]


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record, with everything the broker knows of it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log, without the backslashes by which JSON stands in JSON."""

    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was collected: the dumps, every record of every topic, and every line of every log."""

    dumps: tuple[Dump, Dump, Dump]
    records: Searchable[Record]
    lines: Searchable[Line]


def as_text(value: object) -> str:
    """Return a value of JSON as text, always the same for the same value."""
    return json.dumps(value, sort_keys=True)


def digest(token: str) -> bytes:
    """Return what feedback keeps of a token: an adversary can reckon it too."""
    return hashlib.sha256(token.encode()).digest()


async def dump(region: LiveRegion) -> Dump:
    """Read every table of every database, as its owner."""
    rows: list[Row] = []
    for service, urls in region.running.databases.items():
        owner = await asyncpg.connect(urls.owner)
        tables = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in (row["tablename"] for row in tables):
            rows += [
                _row(f"{service}.{table}", row)
                for row in await owner.fetch(f'SELECT xmin::text, ctid, t.* FROM "{table}" AS t')
            ]
        await owner.close()
    letters = [(address, text.split("/p/")[1].split()[0]) for address, text in region.mailbox.letters]
    return Dump(Searchable(rows), letters)


async def records(region: LiveRegion) -> Searchable[Record]:
    """Read every topic from its beginning, watermarks and headers included."""
    async with _reader(region.running.kafka) as reader:
        partitions = [
            TopicPartition(topic.name, partition)
            for topic in topics.load().values()
            for partition in range(topic.partitions)
        ]
        reader.assign(partitions)
        ends = await reader.end_offsets(partitions)
        await reader.seek_to_beginning()
        found: list[Record] = []
        while any([await reader.position(partition) < end for partition, end in ends.items()]):
            for batch in (await reader.getmany(timeout_ms=200)).values():
                found += [
                    Record(each.topic, each.partition, each.offset, each.timestamp, f"{each.headers} {each.value}")
                    for each in batch
                ]
        return Searchable(found)


def lines(region: LiveRegion) -> Searchable[Line]:
    """Read what every process has written."""
    logs = sorted(region.running.folder.glob("*.log"))
    return Searchable(Line(line.replace("\\", "")) for log in logs for line in log.read_text().splitlines())


def _row(table: str, row: "asyncpg.Record") -> Row:
    columns = {name: value for name, value in row.items() if name not in {"xmin", "ctid"}}
    text = " ".join(_text(value) for value in columns.values())
    return Row(table, int(row["xmin"]), row["ctid"], columns, text)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return f"{value.hex()} {value.decode(errors='replace')}"
    if isinstance(value, str) and value[:1] in {"{", "[", '"'}:
        return as_text(json.loads(value))
    return str(value)


@asynccontextmanager
async def _reader(servers: str) -> AsyncGenerator[Any]:
    reader: Any = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False, auto_offset_reset="earliest")
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()
