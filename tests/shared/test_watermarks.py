import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import asyncpg
import pytest
import pytest_asyncio

from deploy.databases import Urls
from shared import outbox
from shared.database import Database, Transaction
from shared.ids import between
from shared.relay import Relay, _Leader
from tests.conftest import FreshTopics
from tests.probe import until
from tests.shared.bakery import Listen, Loaf, Told, bake, baking_in, facts_of, listening

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres, pytest.mark.kafka]

WRITERS, LINES, FACTS = 16, 20, 400

Append = Callable[[Transaction, Loaf], Awaitable[datetime]]


@dataclass(frozen=True, slots=True)
class Bakery:
    """What a test of watermarks needs."""

    database: Database
    urls: Urls
    kafka_servers: str
    baked: type[Loaf]

    def relay(self, kind: type[Relay] = Relay, *, interval_seconds: float = 0) -> Relay:
        """Return a relay that announces as often as it can."""
        topics = [self.baked.topic]
        return kind(self.urls.runtime, self.kafka_servers, topics, watermark_interval_seconds=interval_seconds)


@pytest_asyncio.fixture(name="bakery")
async def _bakery(database: Database, bakery_urls: Urls, kafka_servers: str, fresh_topics: FreshTopics) -> Bakery:
    return Bakery(database, bakery_urls, kafka_servers, baking_in(await fresh_topics("loaves", partitions=3)))


async def bake_slowly(bakery: Bakery, enough: asyncio.Event) -> int:
    """Bake until it is enough; some linger between beginning and writing, some between writing and commit."""
    turn = 0
    while not enough.is_set():
        turn += 1
        async with bakery.database.transaction() as tx:
            if turn % 3 == 0:
                await tx.execute("SELECT pg_sleep($1)", between(0.001, 0.01))
            await outbox.append(tx, bakery.baked(loaf=f"loaf-{int(between(0, 40))}", version=turn))
            if turn % 3 == 1:
                await tx.execute("SELECT pg_sleep($1)", between(0.001, 0.01))
    return turn


async def stress(bakery: Bakery, relay: Relay) -> list[Told]:
    """
    Bake and relay side by side until there are so many facts and lines, and return everything that was told.

    How often a line can be drawn depends on all who write on this server, other tests among them.
    """
    enough, lines = asyncio.Event(), set[datetime | None]()
    baking = asyncio.gather(*(bake_slowly(bakery, enough) for _ in range(WRITERS)))
    try:
        while len(lines) < LINES or relay.state.published < FACTS:
            await relay.run_once()
            lines.add(relay.state.announced_until)
        enough.set()
        facts = sum(await baking)
        while await relay.run_once():
            pass
    finally:
        enough.set()
        await relay.close()
    async with listening(bakery.kafka_servers, bakery.baked.topic, partitions=3) as listen:
        told = await listen()
    assert len(facts_of(told)) == facts
    return told


def below_their_line(told: Sequence[Told]) -> list[Told]:
    """Return the facts that stand below a watermark which says that everything recorded by then stands above."""
    late: list[Told] = []
    line: dict[int, datetime] = {}
    for each in told:
        if each.is_watermark:
            line[each.partition] = each.recorded_at
        elif each.partition in line and each.recorded_at < line[each.partition]:
            late.append(each)
    return late


class _TrustsItsClock(Relay):
    """A relay that believes that what it has published is everything until now."""

    async def _note_candidate(self, leader: _Leader) -> None:
        await super()._note_candidate(leader)
        self._candidate = replace(self._candidate, own_xid=0) if self._candidate else None


async def _when_begun(tx: Transaction, loaf: Loaf) -> datetime:
    """Take the time at which the transaction began for the time of recording."""
    tx.recorded_at = tx.now
    return await outbox.append(tx, loaf)


class TestAWatermark:
    async def test_stands_below_everything_recorded_before_it(self, bakery: Bakery) -> None:
        """Whoever has read up to it knows all that was recorded by then, however slowly it was committed."""
        assert below_their_line(await stress(bakery, bakery.relay())) == []

    async def test_would_be_false_if_the_relay_trusted_its_clock(self, bakery: Bakery) -> None:
        """Of what was recorded, and not committed, when it drew its line it knows nothing."""
        relay = bakery.relay(_TrustsItsClock)
        async with listening(bakery.kafka_servers, bakery.baked.topic, partitions=3) as listen:
            async with bakery.database.transaction() as slow:
                await outbox.append(slow, bakery.baked(loaf="slow"))
                await relay_until(relay, listen, marks=3)
            assert below_their_line(await relay_until(relay, listen, facts=1))
        await relay.close()

    async def test_stands_below_a_transaction_that_had_begun_and_written_nothing(self, bakery: Bakery) -> None:
        """What it writes is recorded when it is written."""
        assert below_their_line(await told_around_a_line(bakery, outbox.append)) == []

    async def test_would_be_false_if_a_fact_were_recorded_when_its_transaction_began(self, bakery: Bakery) -> None:
        """Such a time lies before a line that was drawn before the transaction wrote anything."""
        assert below_their_line(await told_around_a_line(bakery, _when_begun))

    async def test_never_goes_back(self, bakery: Bakery) -> None:
        """Not in any partition, and not when another relay takes over."""
        for _ in range(3):
            await stress_a_little(bakery)

        async with listening(bakery.kafka_servers, bakery.baked.topic, partitions=3) as listen:
            marks = [each for each in await listen() if each.is_watermark]
        by_partition = [[mark.recorded_at for mark in marks if mark.partition == partition] for partition in range(3)]
        assert by_partition[0] == by_partition[1] == by_partition[2]
        assert len(by_partition[0]) >= 3
        assert all(one < next_one for one, next_one in pairwise(by_partition[0]))

    async def test_waits_until_a_clock_that_was_behind_has_passed_the_last_one(self, bakery: Bakery) -> None:
        """After a failover to a machine whose clock is slow, a line that was drawn stays true."""
        owner = await asyncpg.connect(bakery.urls.owner)
        await owner.execute("UPDATE business_clock SET ahead = interval '1 hour'")
        await stress_a_little(bakery)
        await owner.execute("UPDATE business_clock SET ahead = interval '0'")
        relay = bakery.relay()
        async with listening(bakery.kafka_servers, bakery.baked.topic, partitions=3) as listen:
            told = list(await listen())
            await bake(bakery.database, bakery.baked(loaf="oat"))
            assert [await relay.run_once() for _ in range(3)] == [1, 0, 0]
            assert not any(each.is_watermark for each in (await listen())[len(told) :])

            await owner.execute("UPDATE business_clock SET ahead = interval '2 hours'")
            await relay_until(relay, listen, marks=sum(each.is_watermark for each in told) + 3)
        await relay.close()
        await owner.close()

    async def test_comes_to_every_partition_when_nothing_happens(self, bakery: Bakery) -> None:
        """A reader of a quiet stream must learn that nothing happened."""
        relay = bakery.relay(interval_seconds=3600)
        async with listening(bakery.kafka_servers, bakery.baked.topic, partitions=3) as listen:
            told = await relay_until(relay, listen, marks=3)
            assert [await relay.run_once() for _ in range(3)] == [0, 0, 0]

            assert sorted(each.partition for each in told) == [0, 1, 2]
            assert await listen() == told
        await relay.close()

    async def test_waits_for_a_transaction_that_was_open_when_its_time_was_noted(self, bakery: Bakery) -> None:
        """That one may yet commit something recorded earlier; facts of others go on meanwhile."""
        relay = bakery.relay()
        async with listening(bakery.kafka_servers, bakery.baked.topic, partitions=3) as listen:
            async with bakery.database.transaction() as slow:
                recorded_at = await outbox.append(slow, bakery.baked(loaf="slow"))
                for version in (1, 2, 3):
                    await bake(bakery.database, bakery.baked(loaf="quick", version=version))
                    assert await relay.run_once() == 1
                assert not any(each.is_watermark for each in await listen())
            told = await relay_until(relay, listen, marks=3)

        assert below_their_line(told) == []
        assert all(each.recorded_at > recorded_at for each in told if each.is_watermark)
        await relay.close()


async def stress_a_little(bakery: Bakery) -> None:
    """Bake one loaf and announce at least once, with a relay of its own."""
    await bake(bakery.database, bakery.baked(loaf="rye"))
    relay = bakery.relay()

    async def announced() -> bool:
        await relay.run_once()
        return relay.state.announced_until is not None

    await until(announced)
    await relay.close()


async def told_around_a_line(bakery: Bakery, append: Append) -> list[Told]:
    """Draw a line while a transaction has begun, let it append a fact, and return everything that was told."""
    relay = bakery.relay()
    async with listening(bakery.kafka_servers, bakery.baked.topic, partitions=3) as listen:
        async with bakery.database.transaction() as slow:
            await relay_until(relay, listen, marks=3)
            await append(slow, bakery.baked(loaf="slow"))
        told = await relay_until(relay, listen, facts=1)
    await relay.close()
    return told


async def relay_until(relay: Relay, listen: Listen, *, marks: int = 0, facts: int = 0) -> list[Told]:
    """Relay until so many watermarks and facts were told; another test's open transaction may hold them up."""

    async def is_told() -> bool:
        await relay.run_once()
        told = await listen()
        return sum(each.is_watermark for each in told) >= marks and len(facts_of(told)) >= facts

    await until(is_told)
    return list(await listen())
