"""An outbox through the relay, beside the plainest program that publishes in order and remembers where it was."""

from collections.abc import Mapping
from typing import cast

import asyncpg
from aiokafka import AIOKafkaProducer

from benchmarks import plain
from benchmarks.databases import Fresh
from benchmarks.rounds import Program
from deploy.databases import Urls
from services.quality.events import PromiseMade
from shared import clock, outbox
from shared.database import Database, Trace
from shared.derived import derived_id
from shared.relay import Relay

PLAIN, OURS = "plainest aiokafka + asyncpg, id cursor", "relay (snapshot diff)"
_AT_A_TIME = 500
_SELDOM = 3600.0


def programs(fresh: Fresh, servers: str, *, facts: int) -> Mapping[str, Program]:
    """Return the programs by name; each publishes an outbox of so many *facts*."""

    async def ours() -> float:
        async with fresh.database() as urls:
            await _fill(urls, facts)
            relay = Relay(urls.runtime, servers, [PromiseMade.topic], watermark_interval_seconds=_SELDOM)
            try:
                began = clock.monotonic()
                while relay.state.published < facts:
                    await relay.run_once()
                return facts / (clock.monotonic() - began)
            finally:
                await relay.close()

    async def plainly() -> float:
        async with fresh.database() as urls:
            await _fill(urls, facts)
            connection = await asyncpg.connect(urls.runtime)
            began = clock.monotonic()
            producer = AIOKafkaProducer(
                bootstrap_servers=servers, acks="all", enable_idempotence=True, max_batch_size=262_144
            )
            await producer.start()
            try:
                assert await plain.relay(connection, cast("plain.SendingProducer", producer)) == facts
                return facts / (clock.monotonic() - began)
            finally:
                await producer.stop()
                await connection.close()

    return {PLAIN: plainly, OURS: ours}


async def _fill(urls: Urls, facts: int) -> None:
    """Write so many facts of a tenth as many cases, as a busy intake would."""
    database = await Database.open(urls.runtime, application_name="bench")
    example = PromiseMade.example()
    events = [
        example.model_copy(update={"case_id": derived_id(example.case_id, number % (facts // 10))})
        for number in range(facts)
    ]
    for start in range(0, facts, _AT_A_TIME):
        async with database.transaction(Trace("order-1", "fact-1")) as tx:
            await outbox.append(tx, *events[start : start + _AT_A_TIME])
    await database.close()
