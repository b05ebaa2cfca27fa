"""Reading everything again, from real topics: muted, whole or not at all, and never half with others going on."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, cast

import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from deploy import kafka_topics
from deploy.databases import Urls
from shared import outbox
from shared.database import Database, Transaction
from shared.intake import Batch, Intake, IntakePaused, may_take
from shared.producer import Producer, Record
from shared.rebuild import HistoryIncomplete, HistoryUnreadable, Rebuilding, Rebuilt, rebuild
from shared.relay import watermark
from tests.conftest import FreshTopics
from tests.probe import until
from tests.shared.bakery import LONG_AGO, Eater, LoafBaked, Oven, eaten_of
from tests.shared.consuming import send_unreadable_record

pytestmark = [pytest.mark.asyncio, pytest.mark.kafka, pytest.mark.postgres]


@dataclass(slots=True)
class Baker:
    """A reader that bakes a loaf of its own for each batch it eats, and can be made to stop half-way."""

    database: Database
    servers: str
    topic: str
    eater: Eater = field(default_factory=Eater)
    has_settled: bool = False
    breaks_off: bool = False

    async def hear(self, *loaves: str) -> None:
        """Publish a fact of each of *loaves*, and take them in as the service does."""
        oven = Oven()
        producer = await Producer.start(self.servers)
        facts = [oven.fact(loaf, 1) for loaf in loaves]
        for fact in facts:
            assert fact.value is not None
            headers = [(name, value or b"") for name, value in fact.headers]
            await producer.send([Record(self.topic, 0, fact.key, fact.value, headers)])
        await producer.abandon()
        intake = Intake(self.database, self.eater.subscription(self.topic))
        await intake.take([replace(fact, topic=self.topic) for fact in facts])

    async def rebuild(self) -> Rebuilt:
        """Do it."""
        self.has_settled = False
        wishes = Rebuilding(self.eater.subscription(self.topic), self._forget, self._settle)
        return await rebuild(self.database, self.servers, wishes, told=lambda _read, _there_are: None)

    async def _forget(self, tx: Transaction) -> None:
        await tx.execute("DELETE FROM eaten")

    async def _settle(self, _database: Database) -> int:
        if self.breaks_off:
            raise ConnectionResetError
        settled, self.has_settled = not self.has_settled, True
        return int(settled)


@pytest_asyncio.fixture(name="baker")
async def _baker(database: Database, kafka_servers: str, fresh_topics: FreshTopics) -> AsyncGenerator[Baker]:
    baker = Baker(database, kafka_servers, await fresh_topics("loaves", partitions=1))

    async def bake(tx: Transaction, batch: Batch) -> None:
        await outbox.append(tx, *[LoafBaked(loaf=fact.key) for fact in batch.facts])

    baker.eater.before = bake
    yield baker


async def published(database: Database) -> int:
    """Return how many facts were ever written to the outbox."""
    return await database.pool.fetchval("SELECT count(*) FROM outbox")


async def waits_for_the_lock(database: Database) -> list[datetime]:
    """Return since when sessions wait for the lock that a rebuild takes."""
    rows = await database.pool.fetch("""
        SELECT waitstart FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted AND waitstart IS NOT NULL
    """)
    return [row["waitstart"] for row in rows]


async def reads_on_with_all_it_knew(baker: Baker) -> None:
    """Demand that nothing was forgotten, and that the service does not stand still."""
    assert await eaten_of(baker.database, "rye") == [1]
    async with baker.database.transaction() as tx:
        await may_take(tx)


class Retention(Protocol):
    """The part of aiokafka's administrator, which brings no types, that is used here."""

    async def delete_records(self, records: dict[TopicPartition, RecordsToDelete]) -> object:
        """Forget what lies before an offset."""
        ...


class TestARebuild:
    async def test_hears_everything_again_and_says_nothing_of_it(self, baker: Baker) -> None:
        """What follows from a fact was published when it came for the first time."""
        await baker.hear("rye", "oat")
        assert await published(baker.database) == 2

        assert await baker.rebuild() == Rebuilt(records=2, settled=1)

        assert await published(baker.database) == 2
        assert [await eaten_of(baker.database, loaf) for loaf in ("rye", "oat")] == [[1], [1]]

    async def test_forgets_nothing_when_a_topic_has_lost_its_beginning(self, baker: Baker) -> None:
        """What retention has removed could never be heard again."""
        await baker.hear("rye", "oat")
        async with kafka_topics.administrator(baker.servers) as admin:
            first = {TopicPartition(baker.topic, 0): RecordsToDelete(before_offset=1)}
            await cast("Retention", admin).delete_records(first)

        with pytest.raises(HistoryIncomplete):
            await baker.rebuild()

        await reads_on_with_all_it_knew(baker)

    @pytest.mark.parametrize("lost", ["never made", "emptied"])
    async def test_forgets_nothing_when_a_topic_is_not_what_was_heard(
        self, baker: Baker, fresh_topics: FreshTopics, lost: str
    ) -> None:
        """Another Kafka, or a topic made anew: nothing heard again would say that nothing ever happened."""
        await baker.hear("rye", "oat")
        elsewhere = await fresh_topics("loaves") if lost == "emptied" else f"{baker.topic}.none"
        await baker.database.pool.execute("UPDATE inbox SET topic = $1", elsewhere)
        baker.topic = elsewhere

        with pytest.raises(HistoryIncomplete):
            await baker.rebuild()

        await reads_on_with_all_it_knew(baker)

    async def test_takes_no_watermark_for_what_was_heard(self, baker: Baker, fresh_topics: FreshTopics) -> None:
        """A topic made anew fills with them by itself, a record a minute, until there are as many as there were."""
        await baker.hear("rye", "oat")
        elsewhere = await fresh_topics("loaves", partitions=1)
        producer = await Producer.start(baker.servers)
        await producer.send([watermark(elsewhere, 0, as_of=LONG_AGO, partitions=1) for _ in range(5)])
        await producer.abandon()
        await baker.database.pool.execute("UPDATE inbox SET topic = $1", elsewhere)
        baker.topic = elsewhere

        with pytest.raises(HistoryIncomplete):
            await baker.rebuild()

        await reads_on_with_all_it_knew(baker)

    async def test_forgets_nothing_when_a_record_cannot_be_taken_apart(self, baker: Baker) -> None:
        """It would end half-way, each time that it is begun again, and the service would stand still."""
        await baker.hear("rye")
        await asyncio.to_thread(send_unreadable_record, baker.servers, baker.topic, 0)

        with pytest.raises(HistoryUnreadable, match=f"{baker.topic}/0"):
            await baker.rebuild()

        await reads_on_with_all_it_knew(baker)

    async def test_that_was_cut_short_keeps_the_service_still_until_it_is_run_again(self, baker: Baker) -> None:
        """Half of the facts would say that nothing happened."""
        await baker.hear("rye")
        baker.breaks_off = True
        with pytest.raises(ConnectionResetError):
            await baker.rebuild()
        async with baker.database.transaction() as tx:
            with pytest.raises(IntakePaused):
                await may_take(tx)

        baker.breaks_off = False
        await baker.rebuild()

        async with baker.database.transaction() as tx:
            await may_take(tx)
        assert await eaten_of(baker.database, "rye") == [1]

    async def test_waits_for_the_batch_in_hand(self, baker: Baker, bakery_urls: Urls) -> None:
        """However long that takes: nobody reads while everything is forgotten."""
        await baker.hear("rye")
        impatient = f"{bakery_urls.runtime}?lock_timeout=50ms"
        baker.database = await Database.open(impatient, application_name="bakery")
        async with baker.database.transaction() as batch:
            await may_take(batch)
            rebuilding = asyncio.create_task(baker.rebuild())
            waited_since: set[datetime] = set()

            async def waits_again_or_is_done() -> bool:
                waited_since.update(await waits_for_the_lock(baker.database))
                return len(waited_since) > 1 or rebuilding.done()

            await until(waits_again_or_is_done)
            assert not rebuilding.done()
            assert await eaten_of(baker.database, "rye") == [1]
        assert await rebuilding == Rebuilt(records=1, settled=1)
        await baker.database.close()

    async def test_lets_no_other_batch_begin_while_it_waits(self, baker: Baker) -> None:
        """Else batches that overlap would keep it waiting for ever."""
        await baker.hear("rye")
        async with baker.database.transaction() as batch:
            await may_take(batch)
            rebuilding = asyncio.create_task(baker.rebuild())

            async def waits() -> bool:
                return bool(await waits_for_the_lock(baker.database))

            await until(waits)
            async with baker.database.transaction() as next_batch:
                with pytest.raises(IntakePaused):
                    await may_take(next_batch)
        assert await rebuilding == Rebuilt(records=1, settled=1)
