"""The end of a process that is busy: in time, with nothing lost, also when Kafka is gone."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy import kafka
from deploy.processes import free_port
from tests.conftest import FreshTopics
from tests.probe import until
from tests.shared.bakehouse.running import ENDS_WITHIN_SECONDS, Bakehouse, Environment, Start

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]


def is_in(bakehouse: Bakehouse, *states: str) -> Callable[[], Awaitable[bool]]:
    """Return a probe: the bakehouse is ready and tells one of these states of Kafka."""

    async def probe() -> bool:
        return await bakehouse.kafka_state() in states

    return probe


async def loaves(environment: Environment) -> tuple[set[str], dict[str, int]]:
    """Return the loaves that were baked, and how often each was eaten."""
    connection = await asyncpg.connect(environment["BAKEHOUSE_DATABASE_URL"])
    baked = await connection.fetch("SELECT loaf_id::text FROM loaves")
    eaten = await connection.fetch("SELECT loaf_id::text, times FROM eaten")
    await connection.close()
    return {row["loaf_id"] for row in baked}, {row["loaf_id"]: row["times"] for row in eaten}


async def everything_is_eaten_once(environment: Environment, promised: list[str]) -> None:
    """Wait until every loaf was eaten; fail if one was promised and is not there, or was eaten twice."""

    async def all_eaten() -> bool:
        baked, eaten = await loaves(environment)
        return baked == set(eaten)

    await until(all_eaten, within_seconds=60)
    baked, eaten = await loaves(environment)
    assert set(promised) <= baked
    assert set(eaten.values()) == {1}


@asynccontextmanager
async def customers(bakehouse: Bakehouse, *, at_least: int = 100) -> AsyncGenerator[None]:
    """Keep eight customers busy, from the moment when they have got *at_least* so many loaves."""
    busy = [asyncio.create_task(bakehouse.bake_for_ever()) for _ in range(8)]

    await until(lambda: _has_answered(bakehouse, at_least), within_seconds=60)
    yield
    for each in busy:
        each.cancel()
    await asyncio.wait(busy)


async def _has_answered(bakehouse: Bakehouse, at_least: int) -> bool:
    return len(bakehouse.answered) >= at_least


@pytest.mark.kafka
class TestEndUnderLoad:
    async def test_comes_in_time_and_loses_nothing(
        self,
        start: Start,
        environment: Environment,
        kafka_servers: str,
        fresh_topics: FreshTopics,
    ) -> None:
        """Whoever was promised something has it, and what was told arrives once."""
        environment["BAKEHOUSE_KAFKA_SERVERS"] = kafka_servers
        environment["BAKEHOUSE_TOPIC"] = await fresh_topics("loaves")
        async with start() as bakehouse:
            await until(is_in(bakehouse, "consuming"))
            async with customers(bakehouse):
                seconds = await bakehouse.end()

        assert bakehouse.process.returncode == 0
        assert seconds < ENDS_WITHIN_SECONDS
        assert bakehouse.events()[-1] == "process_ended"
        async with start() as successor:
            await everything_is_eaten_once(environment, bakehouse.answered)
            await successor.end()

    @pytest.mark.fault
    @pytest.mark.slow
    @pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "frozen"])
    async def test_comes_in_time_when_kafka_is_gone(
        self, start: Start, environment: Environment, tmp_path: Path, blow: signal.Signals
    ) -> None:
        """Requests were answered all the while, and what they told arrives, once, when Kafka is back."""
        port = free_port()
        environment["BAKEHOUSE_KAFKA_SERVERS"] = f"127.0.0.1:{port}"
        environment["BAKEHOUSE_TOPIC"] = topic = "bakery.oven.loaves.v1"
        async with kafka.running(tmp_path / "kafka", port=port, keep=True) as server:
            await _create(server.servers, topic)
            async with start() as bakehouse:
                await until(is_in(bakehouse, "consuming"))
                async with customers(bakehouse):
                    os.kill(server.pid, blow)
                    before = len(bakehouse.answered)
                    await until(lambda: _has_answered(bakehouse, before + 100), within_seconds=60)
                    seconds = await bakehouse.end()
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGKILL)

        assert bakehouse.process.returncode == 0
        assert seconds < ENDS_WITHIN_SECONDS
        async with kafka.running(tmp_path / "kafka", port=port), start() as successor:
            await everything_is_eaten_once(environment, bakehouse.answered)
            await successor.end()


async def _create(servers: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 3, 1)])
    await admin.close()
