import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import MessageSizeTooLargeError

from deploy import kafka, kafka_topics, processes
from deploy.databases import Urls
from shared import outbox
from shared.database import Database
from shared.ids import between, new_id
from shared.loops import Loop, RunningLoop
from shared.metering import Metrics
from shared.metrics import PLUMBING
from shared.relay import LeadershipLost, PlaceOfAnotherServer, Relay
from tests.conftest import FreshTopics
from tests.probe import until
from tests.shared.bakery import Loaf, bake, baking_in, facts_of, first_tellings, listening, written

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres, pytest.mark.kafka]

SELDOM = 3600.0  # seconds between watermarks where they are not the subject
MakeRelay = Callable[..., Relay]


@pytest_asyncio.fixture(name="baked")
async def _baked(fresh_topics: FreshTopics) -> type[Loaf]:
    """An event whose topic is this test's own."""
    return baking_in(await fresh_topics("loaves"))


@pytest_asyncio.fixture(name="make_relay")
async def _make_relay(bakery_urls: Urls, kafka_servers: str, baked: type[Loaf]) -> AsyncGenerator[MakeRelay]:
    """Return a function that makes one more relay of the bakery."""
    made: list[Relay] = []

    def make(*, chunk: int = 500, watermark_interval_seconds: float = SELDOM) -> Relay:
        made.append(
            Relay(
                *(bakery_urls.runtime, kafka_servers, [baked.topic]),
                chunk=chunk,
                watermark_interval_seconds=watermark_interval_seconds,
            )
        )
        return made[-1]

    yield make
    for relay in made:
        await relay.close()


@asynccontextmanager
async def running(relay: Relay, database: Database) -> AsyncGenerator[None]:
    """Keep *relay* relaying, as a service does."""
    loop = Loop(
        name="relay",
        run_once=relay.run_once,
        shortest_pause=timedelta(milliseconds=1),
        longest_pause=timedelta(milliseconds=50),
        wake=database.appended,
        needs=frozenset({"database", "kafka"}),
        close=relay.close,
    )
    relaying = RunningLoop(loop, Metrics("bakery", PLUMBING))
    try:
        yield
    finally:
        await relaying.stop(within_seconds=1)


async def until_published(relay: Relay, facts: int) -> None:
    async def published() -> bool:
        return relay.state.published >= facts

    await until(published)


async def bake_many(database: Database, baked: type[Loaf], *, times: int) -> int:
    """Bake one to three loaves at a time, out of few; every fifth time, linger before the commit."""
    for turn in range(times):
        loaves = [baked(loaf=f"loaf-{int(between(0, 12))}", version=turn + 1) for _ in range(1 + turn % 3)]
        await bake(database, *loaves, linger_seconds=between(0.002, 0.02) if turn % 5 == 0 else 0)
    return sum(1 + turn % 3 for turn in range(times))


class TestARelay:
    async def test_publishes_every_fact_once_and_in_order_per_key_while_slow_writers_linger(
        self, database: Database, make_relay: MakeRelay, kafka_servers: str, baked: type[Loaf]
    ) -> None:
        """A cursor over ids would step over the slow ones, one over transaction ids would turn some round."""
        relay = make_relay(chunk=50)
        async with running(relay, database):
            facts = sum(await asyncio.gather(*(bake_many(database, baked, times=25) for _ in range(16))))
            await until_published(relay, facts)

        async with listening(kafka_servers, baked.topic) as listen:
            told = facts_of(await listen())
        assert len(told) == facts
        assert first_tellings(told) == await written(database)

    async def test_does_not_wait_for_a_transaction_that_stays_open(
        self, database: Database, make_relay: MakeRelay, kafka_servers: str, baked: type[Loaf]
    ) -> None:
        """One sleeping writer must not silence all others; its own facts come when it commits."""
        relay = make_relay()
        async with listening(kafka_servers, baked.topic) as listen:
            async with database.transaction() as slow:
                await outbox.append(slow, baked(loaf="slow"))
                for version in (1, 2):
                    await bake(database, baked(loaf="quick", version=version))
                    assert await relay.run_once() == 1
                assert first_tellings(await listen()) == {"quick": [1, 2]}
            assert await relay.run_once() == 1
            assert await relay.run_once() == 0

            assert first_tellings(await listen()) == {"quick": [1, 2], "slow": [1]}

    async def test_carries_the_fact_as_it_was_written(
        self, database: Database, make_relay: MakeRelay, kafka_servers: str, baked: type[Loaf]
    ) -> None:
        """Serialised once, when it was recorded; the same key always lies in the same partition."""
        loaf = baked(loaf="rye", version=3, grams=700)
        recorded_at = await bake(database, loaf, loaf)

        await make_relay().run_once()

        async with listening(kafka_servers, baked.topic) as listen:
            first, second = facts_of(await listen())
        assert first.partition == second.partition
        assert (first.key, first.sequence, second.sequence) == ("rye", 1, 2)
        assert (first.event_type, first.recorded_at) == (baked.wire_type(), recorded_at)
        assert baked.model_validate_json(first.value or b"") == loaf

    async def test_waits_while_kafka_is_away_and_loses_nothing(
        self, database: Database, bakery_urls: Urls, tmp_path: Path
    ) -> None:
        """Writing goes on meanwhile; when Kafka is back, everything arrives, in order."""
        baked, port = baking_in("bakery.oven.loaves.v1"), processes.free_port()
        relay = Relay(bakery_urls.runtime, f"127.0.0.1:{port}", [baked.topic], watermark_interval_seconds=SELDOM)
        async with running(relay, database):
            await bake(database, baked(loaf="rye", version=1))
            async with kafka.running(tmp_path / "kafka", port=port, keep=True) as broker:
                await make_topic(broker.servers, baked.topic)
                await until_published(relay, 1)
            for version in (2, 3, 4):
                await bake(database, baked(loaf="rye", version=version), baked(loaf="oat", version=version))
            assert relay.state.published == 1
            async with kafka.running(tmp_path / "kafka", port=port, keep=True) as broker:
                await until_published(relay, 7)
                async with listening(broker.servers, baked.topic, partitions=2) as listen:
                    assert first_tellings(await listen()) == {"rye": [1, 2, 3, 4], "oat": [1, 2, 3]}

    async def test_sends_again_with_another_producer_what_kafka_refused(
        self, database: Database, make_relay: MakeRelay, kafka_servers: str
    ) -> None:
        """After a failure a producer's numbers are out of step with the broker's, and nobody mends them."""
        baked = baking_in(f"bakery.t{new_id().hex[:12]}.narrow.v1")
        await make_topic(kafka_servers, baked.topic, largest_bytes=100)
        relay = make_relay()
        for version in (1, 2, 3):
            await bake(database, baked(loaf="rye", version=version))
        with pytest.raises(MessageSizeTooLargeError):
            await relay.run_once()
        await let_pass(kafka_servers, baked.topic, largest_bytes=1_000_000)

        async def sent() -> int:
            with suppress(MessageSizeTooLargeError):  # until the broker has taken notice
                return await relay.run_once()
            return 0

        assert await until(sent) == 3
        assert relay.state.dropped_producers >= 1
        async with listening(kafka_servers, baked.topic, partitions=2) as listen:
            assert [fact.sequence for fact in facts_of(await listen())] == [1, 2, 3]

    async def test_refuses_a_place_that_came_with_a_dump(self, database: Database, make_relay: MakeRelay) -> None:
        """Its transactions are another server's: everything new here would seem to have been published long ago."""
        await database.pool.execute("UPDATE relay SET confirmed_snapshot = '9000000000:9000000000:'")
        relay = make_relay()

        for _ in range(2):
            with pytest.raises(PlaceOfAnotherServer):
                await relay.run_once()

        assert not relay.state.is_leader


class TestLeadership:
    async def test_is_held_by_one_relay_of_several(
        self, database: Database, make_relay: MakeRelay, kafka_servers: str, baked: type[Loaf]
    ) -> None:
        """Two that publish side by side would turn facts round; when the leader ends, the next one goes on."""
        first, second = make_relay(), make_relay()
        await bake(database, baked(loaf="rye", version=1))

        assert (await first.run_once(), await second.run_once()) == (1, 0)
        assert (first.state.is_leader, second.state.is_leader) == (True, False)
        await bake(database, baked(loaf="rye", version=2))
        assert await second.run_once() == 0
        await first.close()
        assert await until(second.run_once) == 1

        assert (first.state.is_leader, second.state.is_leader) == (False, True)
        assert second.state.epoch == first.state.epoch + 1
        async with listening(kafka_servers, baked.topic) as listen:
            assert [fact.sequence for fact in facts_of(await listen())] == [1, 2]

    async def test_once_lost_cannot_move_the_place(
        self, database: Database, make_relay: MakeRelay, kafka_servers: str, baked: type[Loaf]
    ) -> None:
        """A leader that was paused and replaced may say again what its successor says, and nothing more."""
        paused, successor = make_relay(), make_relay(watermark_interval_seconds=0)
        assert await paused.run_once() == 0
        await lose_the_lock(paused)
        await bake(database, baked(loaf="rye", version=1))
        assert await successor.run_once() == 1
        place = await database.pool.fetchrow("SELECT * FROM relay")

        with pytest.raises(LeadershipLost):
            await paused.run_once()

        assert await database.pool.fetchrow("SELECT * FROM relay") == place
        assert await paused.run_once() == 0
        assert not paused.state.is_leader
        await bake(database, baked(loaf="rye", version=2))
        assert await successor.run_once() == 1
        async with listening(kafka_servers, baked.topic) as listen:
            assert [fact.sequence for fact in facts_of(await listen())] == [1, 1, 2]

    async def test_is_taken_up_again_after_the_database_ended_the_session(
        self, database: Database, make_relay: MakeRelay, kafka_servers: str, baked: type[Loaf]
    ) -> None:
        """A restart of the database is weather."""
        relay = make_relay()
        async with running(relay, database):
            await bake(database, baked(loaf="rye", version=1))
            await until_published(relay, 1)
            await database.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'relay'"
            )
            await bake(database, baked(loaf="rye", version=2))
            await until_published(relay, 2)

        async with listening(kafka_servers, baked.topic) as listen:
            assert first_tellings(await listen()) == {"rye": [1, 2]}


class TestADyingRelay:
    @pytest.mark.fault
    @pytest.mark.parametrize(
        "dies_at, told_again",
        [("relay_sent", 10), ("relay_sent:2", 10), ("relay_confirmed:2", 0), ("relay_announced", 0)],
    )
    async def test_loses_nothing_and_its_successor_goes_on_where_it_was(
        self,
        database: Database,
        bakery_urls: Urls,
        make_relay: MakeRelay,
        kafka_servers: str,
        baked: type[Loaf],
        dies_at: str,
        told_again: int,
    ) -> None:
        """What was sent but not confirmed is said again; what was confirmed is not."""
        for version in range(25):
            await bake(database, baked(loaf=f"loaf-{version % 3}", version=version + 1))

        dying = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.shared.relaying", bakery_urls.runtime, kafka_servers, baked.topic),
            env={**os.environ, "FAILPOINTS": dies_at},
        )
        assert await dying.wait() == -signal.SIGKILL
        await bake(database, baked(loaf="loaf-0", version=26))
        successor = make_relay()
        await until_leading(successor)
        await successor.run_once()

        async with listening(kafka_servers, baked.topic) as listen:
            told = facts_of(await listen())
        assert len(told) == 26 + told_again
        assert first_tellings(told) == await written(database)


async def until_leading(relay: Relay) -> None:
    """Wait until the database has noticed that the former leader is gone."""

    async def leading() -> bool:
        await relay.run_once()
        return relay.state.is_leader

    await until(leading)


async def lose_the_lock(relay: Relay) -> None:
    """Take the leader's lock away while it does not look, as a failover does."""
    assert relay._connection is not None
    await relay._connection.execute("SELECT pg_advisory_unlock_all()")


async def let_pass(servers: str, topic: str, *, largest_bytes: int) -> None:
    """Let larger messages into *topic*."""
    async with kafka_topics.administrator(servers) as admin:
        configs = {"max.message.bytes": str(largest_bytes)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)])


async def make_topic(servers: str, topic: str, *, largest_bytes: int = 1_000_000) -> None:
    """Make *topic* with two partitions."""
    async with kafka_topics.administrator(servers) as admin:
        configs = {"max.message.bytes": str(largest_bytes)}
        await admin.create_topics([NewTopic(topic, 2, 1, topic_configs=configs)])
