"""On real Kafka: what a consumer does when what it needs is not there, or will never work again."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Protocol, cast

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker

from deploy import kafka
from deploy.processes import free_port
from shared import consumer as consumers
from shared.clock import monotonic
from shared.consumer import State
from shared.kafka_client import Client
from tests.conftest import FreshTopics
from tests.probe import until
from tests.shared.consuming import STOPS_WITHIN_SECONDS, Join, Ledger, Sender, has, is_in, send

pytestmark = [pytest.mark.asyncio, pytest.mark.kafka]


class TestRecovery:
    async def test_waits_for_a_topic_that_is_not_there_yet(
        self, join: Join, producer: Sender, kafka_servers: str, fresh_topics: FreshTopics
    ) -> None:
        """And makes none: one made by the way would have one partition and one replica."""
        topic = await fresh_topics("loaves", partitions=1)
        missing = topic.replace("loaves", "rolls")
        ledger = Ledger()
        await send(producer, topic, "rye")
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka_servers)
        await admin.start()

        consumer = join(ledger, missing, topic)
        before = await admin.list_topics()
        state = consumer.state
        await admin.create_topics([NewTopic(missing, 2, 1)])
        await until(has(ledger, 1))
        await admin.delete_topics([missing])
        await admin.close()

        assert missing not in before
        assert state is State.CONNECTING

    async def test_builds_a_member_anew_that_can_never_recover(
        self, join: Join, producer: Sender, fresh_topics: FreshTopics, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After an unexpected answer of the coordinator the client inside only raises, for ever."""
        monkeypatch.setattr(consumers, "LOOK_EVERY_SECONDS", 0.1)
        clients: list[Client] = []
        of = Client.of

        def remembered(broker: KafkaBroker) -> Client:
            clients.append(of(broker))
            return clients[-1]

        monkeypatch.setattr(Client, "of", remembered)
        topic = await fresh_topics("loaves", partitions=1)
        ledger = Ledger()
        consumer = join(ledger, topic)
        await until(is_in(consumer, State.CONSUMING))

        inside = clients[0].consumer
        assert inside is not None
        coordinator = cast("_Coordinator", inside._coordinator)
        monkeypatch.setattr(coordinator, "ensure_active_group", _surprise)
        coordinator.request_rejoin()
        await send(producer, topic, "rye")
        await until(has(ledger, 1))

        async def has_new_member() -> bool:
            return clients[-1].consumer is not inside

        await until(has_new_member)
        await until(is_in(consumer, State.CONSUMING))
        await send(producer, topic, "oat")
        await until(has(ledger, 2))

        assert not consumer.has_died()
        assert isinstance(coordinator._coordination_task.exception(), KafkaError)


class _Coordinator(Protocol):
    _coordination_task: "asyncio.Task[None]"

    def request_rejoin(self) -> None: ...


async def _surprise(*_: object) -> None:
    raise RuntimeError


@pytest.mark.fault
@pytest.mark.slow
class TestWithoutKafka:
    @pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "frozen"])
    async def test_stopping_returns_in_time(
        self, join: Join, tmp_path: Path, blow: signal.Signals, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By itself the framework waits for a Kafka that is gone, for ever."""
        monkeypatch.setattr(consumers, "LOOK_EVERY_SECONDS", 0.2)
        async with kafka.running(tmp_path / "kafka") as server:
            topic = await _topic(server.servers)
            ledger = Ledger()
            consumer = join(ledger, topic, servers=server.servers)
            await until(is_in(consumer, State.CONSUMING))

            os.kill(server.pid, blow)
            await until(is_in(consumer, State.AWAY))
            began = monotonic()
            await consumer.stop(within_seconds=STOPS_WITHIN_SECONDS)

            assert monotonic() - began < STOPS_WITHIN_SECONDS + 1

    async def test_reading_goes_on_by_itself_when_kafka_is_back(
        self, join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An outage is weather; nobody restarts anything."""
        monkeypatch.setattr(consumers, "LOOK_EVERY_SECONDS", 0.2)
        port, ledger = free_port(), Ledger()
        async with kafka.running(tmp_path / "kafka", port=port, keep=True) as server:
            topic = await _topic(server.servers)
            consumer = join(ledger, topic, servers=server.servers)
            await _send_to(server.servers, topic, "before")
            await until(has(ledger, 1))
        await until(is_in(consumer, State.AWAY))

        async with kafka.running(tmp_path / "kafka", port=port) as server:
            await _send_to(server.servers, topic, "after")
            await until(has(ledger, 2), within_seconds=60)

            assert ledger.values == ["before", "after"]
            await consumer.stop(within_seconds=STOPS_WITHIN_SECONDS)


async def _topic(servers: str) -> str:
    topic = "bakery.oven.loaves.v1"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    return topic


async def _send_to(servers: str, topic: str, value: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        await send(cast("Sender", producer), topic, value)
