"""A consumer to try, what it hands its batches to, and what is sent to it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.clock import monotonic
from shared.consumer import Consumer, Record, State
from tests.architecture.tree import ROOT

STOPS_WITHIN_SECONDS = 6.0


class Ledger:
    """Takes batches and keeps book; a test may hold a batch in hand, or let the next ones fail."""

    def __init__(self) -> None:
        self.taken: list[Record] = []
        self.tried_at: list[float] = []
        self.fails = 0
        self.in_hand = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.gives_up: Callable[[], bool] = lambda: False

    async def take(self, records: tuple[Record, ...], gives_up: Callable[[], bool]) -> None:
        """Settle a batch, as an intake would."""
        self.tried_at.append(monotonic())
        self.in_hand.set()
        self.gives_up = gives_up
        await self.may_end.wait()
        if self.fails:
            self.fails -= 1
            raise ConnectionResetError
        self.taken += records

    @property
    def values(self) -> list[str]:
        """What was taken, in order."""
        return [(record.value or b"").decode() for record in self.taken]


class Sender(Protocol):
    """The part of aiokafka's producer, which brings no types, that is used here."""

    async def send(
        self,
        topic: str,
        *,
        value: bytes,
        partition: int | None = None,
        headers: list[tuple[str, bytes | None]] | None = None,
    ) -> Awaitable[object]:
        """Put a record on its way; the result is awaited for Kafka's answer."""
        ...


Join = Callable[..., Consumer]


async def send(producer: Sender, topic: str, *values: str, partition: int | None = None) -> None:
    """Send records and wait until Kafka has them."""
    await asyncio.gather(*[await producer.send(topic, value=value.encode(), partition=partition) for value in values])


async def committed(servers: str, group: str, topic: str, partition: int = 0) -> int:
    """Return the offset that the group has committed, 0 for none."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    found = offsets.get(TopicPartition(topic, partition))
    return max(found.offset, 0) if found else 0


def has(ledger: Ledger, count: int) -> Callable[[], Awaitable[bool]]:
    """Return a probe: so many records were taken."""

    async def probe() -> bool:
        return len(ledger.taken) >= count

    return probe


def is_in(consumer: Consumer, *states: State) -> Callable[[], Awaitable[bool]]:
    """Return a probe: the consumer is in one of *states*."""

    async def probe() -> bool:
        return consumer.state in states

    return probe


def send_unreadable_record(servers: str, topic: str, partition: int) -> None:
    """Send a record whose header has a name that is not UTF-8, which only the client's pure Python lets us do."""
    program = (
        "import asyncio, sys\n"
        "from aiokafka import AIOKafkaProducer\n"
        "class Odd(str):\n"
        "    def encode(self, *_): return b'\\xff'\n"
        "async def main():\n"
        "    async with AIOKafkaProducer(bootstrap_servers=sys.argv[1]) as producer:\n"
        "        headers = [(Odd('kind'), b'rye')]\n"
        "        await producer.send_and_wait(sys.argv[2], b'x', partition=int(sys.argv[3]), headers=headers)\n"
        "asyncio.run(main())\n"
    )
    environment = {**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"}
    command = [sys.executable, "-c", program, servers, topic, str(partition)]
    subprocess.run(command, env=environment, cwd=ROOT, check=True)
