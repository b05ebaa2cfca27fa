"""From `POST /v1/meetings/{id}/held` to PromiseMade on its topic, through running services, at a steady rate."""

import asyncio
import json
import os
import statistics
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Protocol, cast

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy import clocks, seed, trial
from deploy.api import Answer
from deploy.seed import Region
from services.quality.events import PromiseMade
from shared import clock
from shared.envelope import from_headers
from shared.records import Received

_AT_ONCE = 4  # while meetings are being prepared
_WITHIN_SECONDS = 60


@dataclass(slots=True)
class Seen:
    """When (monotonic) things came about, by case."""

    asked: dict[str, float] = field(default_factory=dict[str, float])
    answered: dict[str, float] = field(default_factory=dict[str, float])
    made: dict[str, float] = field(default_factory=dict[str, float])
    more: asyncio.Event = field(default_factory=asyncio.Event)


async def measure(folder: Path, *, per_second: int, seconds: int) -> None:
    """Start the system, record so many meetings as held, and print how long it took to make the promises."""
    # A trial of our own, whether or not somebody has one running.
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    async with trial.started(trial.Wishes(any_ports=True), lambda _: None) as started:
        running = started.running
        await seed.plant(running, now=await clocks.now(running.databases.values()))
        now = await clocks.now(running.databases.values())
        async with seed.region(running) as region, _listening(running.kafka) as seen:
            meetings = await _prepare(region, now, per_second * seconds)
            await _hold_all(region, meetings, now, seen, per_second=per_second)
            await _until_all_made(seen)
    answered = [seen.answered[case] - asked for case, asked in seen.asked.items()]
    made = [seen.made[case] - asked for case, asked in seen.asked.items()]
    print(f"\nFrom POST held to PromiseMade: {len(made)} meetings at {per_second} requests/s")
    print(f"{'':44} {'p50':>9} {'p99':>9}")
    for name, times in (("the request is answered", answered), ("PromiseMade is read from its topic", made)):
        hundredths = statistics.quantiles(times, n=100)
        print(f"{name:44} {hundredths[49] * 1000:>6.1f} ms {hundredths[98] * 1000:>6.1f} ms", flush=True)


async def _prepare(region: Region, now: datetime, count: int) -> list[Answer]:
    """Schedule so many meetings, each of a case of its own, for two days ago."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def prepare(number: int) -> Answer:
        async with turn:
            case = await region.open_case(f"Perhe {number} (keksitty)", on=seed.at(now, days=-3))
            return await region.schedule(case, at=seed.at(now, days=-2))

    return await asyncio.gather(*map(prepare, range(count)))


async def _hold_all(region: Region, meetings: list[Answer], now: datetime, seen: Seen, *, per_second: int) -> None:
    """Send a request at each beat, whether or not the ones before it have been answered."""
    began = clock.monotonic()
    async with asyncio.TaskGroup() as requests:
        for place, meeting in enumerate(meetings):
            await asyncio.sleep(began + place / per_second - clock.monotonic())
            requests.create_task(_hold(region, meeting, now, seen))


async def _hold(region: Region, meeting: Answer, now: datetime, seen: Seen) -> None:
    case = meeting["case_id"]
    seen.asked[case] = clock.monotonic()
    await region.hold(meeting, at=seed.at(now, days=-2), close=seed.booked(seed.at(now, days=10)))
    seen.answered[case] = clock.monotonic()


async def _until_all_made(seen: Seen) -> None:
    async with asyncio.timeout(_WITHIN_SECONDS):
        while not seen.asked.keys() <= seen.made.keys():
            seen.more.clear()
            await seen.more.wait()


@asynccontextmanager
async def _listening(servers: str) -> AsyncGenerator[Seen]:
    """Yield what is seen, filled in the background for as long as the context is open."""
    seen = Seen()
    consumer = cast("_Consumer", AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="latest"))
    await consumer.start()
    consumer.assign([TopicPartition(PromiseMade.topic, partition) for partition in range(6)])
    await consumer.seek_to_end()

    async def listen() -> None:
        while True:
            fetched = await consumer.getmany(timeout_ms=1000)
            now = clock.monotonic()
            for record in chain(*fetched.values()):
                if from_headers(record.headers).event_type == PromiseMade.wire_type():
                    seen.made.setdefault(json.loads(record.value or b"")["case_id"], now)
            seen.more.set()

    listening = asyncio.create_task(listen())
    try:
        yield seen
    finally:
        listening.cancel()
        await asyncio.wait({listening})
        await consumer.stop()


class _Consumer(Protocol):
    """The part of AIOKafkaConsumer, whose types are incomplete, that is used here."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def assign(self, partitions: list[TopicPartition]) -> None: ...
    async def seek_to_end(self) -> bool: ...
    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[Received]]: ...
