import asyncio
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from shared import clock, outbox
from shared.database import Database, Trace
from shared.ids import between
from tests.shared.bakery import LoafBaked, bake, gather_all, until_waiting

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]


class _BurntBread(Exception):
    """Undoes a transaction."""


async def bake_badly(database: Database, loaf: str) -> None:
    """Append and roll back."""
    with suppress(_BurntBread):
        async with database.transaction() as tx:
            await outbox.append(tx, LoafBaked(loaf=loaf, grams=1))
            raise _BurntBread


async def bake_many(database: Database, *, times: int) -> None:
    """Bake two or three loaves at a time, out of few, lingering now and then; every fifth time the oven fails."""
    for turn in range(times):
        picked = [f"loaf-{int(between(0, 5))}" for _ in range(2 + turn % 2)]
        if turn % 5 == 4:
            await bake_badly(database, picked[0])
        linger = 0.01 if turn % 4 == 0 else 0
        await bake(database, *(LoafBaked(loaf=loaf, version=turn + 1) for loaf in picked), linger_seconds=linger)


class TestAppend:
    async def test_numbers_each_key_without_a_hole_however_many_write_at_once(self, database: Database) -> None:
        """A reader takes a missing number for a lost fact; ids and times go the way the numbers do."""
        await gather_all(*(bake_many(database, times=12) for _ in range(8)))

        rows = await database.pool.fetch("SELECT key, sequence, recorded_at, xid FROM outbox ORDER BY id")
        by_key = {row["key"]: [each for each in rows if each["key"] == row["key"]] for row in rows}
        assert len(rows) == 8 * 12 * 2.5
        for facts in by_key.values():
            assert [fact["sequence"] for fact in facts] == list(range(1, len(facts) + 1))
            assert all(one["recorded_at"] <= next_one["recorded_at"] for one, next_one in pairwise(facts))

    async def test_leaves_nothing_of_a_transaction_that_was_undone(self, database: Database) -> None:
        """A fact without its change would be a ghost; its number goes to the next."""
        with capture_logs() as lines:
            await bake_badly(database, "rye")
            await bake(database, LoafBaked(loaf="rye", grams=700))

        assert [(line["event"], line["sequence"]) for line in lines] == [("fact_appended", 1)]
        rows = await database.pool.fetch("SELECT sequence, convert_from(payload, 'UTF8') AS payload FROM outbox")
        assert [(row["sequence"], LoafBaked.model_validate_json(row["payload"]).grams) for row in rows] == [(1, 700)]

    async def test_keeps_the_order_given(self, database: Database) -> None:
        """Several facts of one change are told in the order in which they happened."""
        await bake(database, *(LoafBaked(loaf=loaf, version=turn) for turn in (1, 2, 3) for loaf in ("b", "a")))

        rows = await database.pool.fetch("SELECT key, sequence, subject_version FROM outbox ORDER BY id")
        assert [tuple(row) for row in rows] == [(loaf, turn, turn) for turn in (1, 2, 3) for loaf in ("b", "a")]

    async def test_gives_all_facts_of_a_transaction_one_time(self, database: Database) -> None:
        """A change is recorded at one instant, even when its facts are appended one by one."""
        async with database.transaction() as tx:
            first = await outbox.append(tx, LoafBaked(loaf="rye"), LoafBaked(loaf="wheat"))
            await tx.execute("SELECT pg_sleep(0.002)")
            second = await outbox.append(tx, LoafBaked(loaf="oat"))

        assert first == second
        assert await database.pool.fetchval("SELECT array_agg(DISTINCT recorded_at) FROM outbox") == [first]

    async def test_draws_the_time_when_its_streams_are_locked(self, database: Database) -> None:
        """Not when the transaction began: a watermark could be announced between that and the facts."""
        async with database.transaction() as early:
            await outbox.append(early, LoafBaked(loaf="b"))
            late = asyncio.create_task(bake(database, LoafBaked(loaf="a"), LoafBaked(loaf="b")))
            await until_waiting(database)
            before_the_lock_was_free = await clock.business_now(early.connection)

        assert await late > before_the_lock_was_free

    async def test_locks_streams_in_one_order(self, database: Database) -> None:
        """Two changes that touch the same loaves in different order must not wait for each other for ever."""
        loaves = [LoafBaked(loaf=loaf) for loaf in ("a", "b", "c")]
        async with database.transaction() as holder:
            await outbox.append(holder, LoafBaked(loaf="b"))
            there = asyncio.create_task(bake(database, *loaves))
            await until_waiting(database, sessions=1)
            and_back = asyncio.create_task(bake(database, *reversed(loaves)))
            await until_waiting(database, sessions=2)

        await asyncio.gather(there, and_back)
        assert await database.pool.fetchval("SELECT min(sequence) FROM streams") == 2

    async def test_says_nothing_when_muted(self, database: Database) -> None:
        """A rebuild works everything out again and must not tell anybody."""
        async with database.transaction() as tx:
            tx.is_muted = True
            recorded_at = await outbox.append(tx, LoafBaked(loaf="rye"))

        assert recorded_at == tx.now
        assert not database.appended.is_set()
        assert await database.pool.fetchval("SELECT count(*) FROM outbox") == 0
        assert await database.pool.fetchval("SELECT count(*) FROM streams") == 0

    async def test_refuses_what_could_not_be_sent(self, database: Database) -> None:
        """While the change can still be undone, and not when the relay is stuck on it."""
        with pytest.raises(outbox.FactTooLarge):
            await bake(database, LoafBaked(loaf="rye"), LoafBaked(loaf="r" * outbox.MAX_PAYLOAD_BYTES))

        assert await database.pool.fetchval("SELECT count(*) FROM outbox") == 0

    async def test_wakes_the_relay_once_the_facts_are_durable(self, database: Database) -> None:
        """Earlier it would look, find nothing, and wait for its tick."""
        async with database.transaction() as tx:
            await outbox.append(tx, LoafBaked(loaf="rye"))
            assert not database.appended.is_set()

        assert database.appended.is_set()

    async def test_follows_business_time(self, database: Database) -> None:
        """Everything that is reckoned in days goes by one clock."""
        async with database.transaction() as tx:
            recorded_at = await outbox.append(tx, LoafBaked(loaf="rye"))

        assert timedelta(0) < recorded_at - tx.now < timedelta(seconds=20)


class TestAppendEach:
    async def test_continues_the_trace_of_each_cause(self, database: Database) -> None:
        """In a batch the effects of different requests stand side by side."""
        traces = [Trace("order-1", "fact-1", "00-trace-1"), Trace("order-2")]
        async with database.transaction() as tx:
            await outbox.append_each(tx, [(LoafBaked(loaf="rye"), trace) for trace in traces])

        rows = await database.pool.fetch("SELECT correlation_id, causation_id, traceparent FROM outbox ORDER BY id")
        assert [Trace(*row) for row in rows] == traces
