import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from shared import gate, records
from shared.database import Database, Transaction
from shared.errors import Transient
from shared.intake import Batch, Intake, IntakePaused, followed_by
from shared.missing import missing_at
from shared.records import Fact
from shared.relay import watermark
from tests.probe import until
from tests.shared.bakery import BAKED, LONG_AGO, TOPIC, Eater, Oven, eaten_of, parked_in, take

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]


async def everything_in(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows that an intake may change."""
    return {
        table: [tuple(row) for row in await database.pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")]
        for table in ("eaten", "inbox", "gaps", "parked", "watermarks", "outbox", "streams")
    }


class TestABatch:
    async def test_is_folded_whole_and_in_order(self, database: Database) -> None:
        """One transaction, one call of the fold; each fact with what an effect of it continues."""
        eater, oven = Eater(), Oven()
        batch = [oven.fact("rye", 1), oven.fact("oat", 1), oven.fact("rye", 2)]

        intake = await take(database, eater, batch)

        [folded] = eater.batches
        assert [(fact.key, fact.sequence) for fact in folded.facts] == [("rye", 1), ("oat", 1), ("rye", 2)]
        assert {fact.trace.correlation_id for fact in folded.facts} == {"order-1"}
        assert all(fact.trace.causation_id == fact.event_id for fact in folded.facts)
        assert folded.disturbed == frozenset()
        assert intake.state.facts == 3

    async def test_that_comes_again_changes_nothing(self, database: Database) -> None:
        """Kafka's offsets are only a hint: after a crash, what was settled is handed over once more."""
        eater, oven = Eater(refuses={13}), Oven()
        mark = watermark(TOPIC, 0, as_of=LONG_AGO, partitions=1)
        batch = [
            *(oven.fact("rye", 1), oven.fact("oat", 1), oven.fact("oat", 2, value=b"{"), oven.fact("oat", 3)),
            *(oven.fact("spelt", 4), oven.fact("spelt", 6), oven.fact("corn", 1, grams=13), oven.fact("corn", 2)),
            *(oven.record(b"hay", b"", [("x", b"")]), oven.record(None, b"", []), oven.fact("hay", 1)),
            oven.record(None, mark.value, mark.headers),
        ]
        await take(database, eater, batch)
        before = await everything_in(database)

        for again in (batch, batch[3:], batch[:5]):
            intake = await take(database, eater, again)
            assert await everything_in(database) == before
            assert intake.state.parked == intake.state.facts == 0

    async def test_tells_of_gaps(self, database: Database) -> None:
        """Who decides by a key must know since when something of it is missing, and that it came."""
        eater, oven = Eater(), Oven()
        rye = (TOPIC, "rye")

        with capture_logs() as lines:
            await take(database, eater, [oven.fact("rye", 1), oven.fact("rye", 3)])
        await take(database, eater, [oven.fact("oat", 1), oven.fact("rye", 4)])
        await take(database, eater, [oven.fact("rye", 2)])

        gapped, later, closed = eater.batches
        assert gapped.disturbed == closed.disturbed == {rye}
        assert later.disturbed == frozenset()
        assert list(gapped.disturbed_since) == list(later.disturbed_since) == [rye]
        assert closed.disturbed_since == {}
        assert await eaten_of(database, "rye") == [1, 3, 4, 2]
        assert [line["event"] for line in lines] == ["gap_noticed"]

    async def test_tells_since_when_the_newest_of_several_gaps_is_open(self, database: Database) -> None:
        """One that nobody can fill any more makes no later one old."""
        eater, oven = Eater(), Oven()
        rye = (TOPIC, "rye")
        await take(database, eater, [oven.fact("rye", 1), oven.fact("rye", 3)])
        await database.pool.execute("UPDATE gaps SET noticed_at = $1", LONG_AGO)

        await take(database, eater, [oven.fact("rye", 6)])
        async with database.reading() as connection:
            [old, new] = await missing_at(connection)
        await take(database, eater, [oven.fact("rye", 5)])
        await take(database, eater, [oven.fact("rye", 4)])

        _, opened, smaller, closed = eater.batches
        assert old.noticed_at == LONG_AGO < new.noticed_at
        assert opened.disturbed_since == smaller.disturbed_since == {rye: new.noticed_at}
        assert closed.disturbed_since == {rye: LONG_AGO}

    async def test_passes_over_types_that_it_does_not_know(self, database: Database) -> None:
        """A new type must not stop old readers; it leaves no gap either."""
        eater, oven = Eater(), Oven()
        news = oven.fact("rye", 2, event_type="bakery.oven.LoafAdmired.v1", value=b"whatever")

        intake = await take(database, eater, [oven.fact("rye", 1), news, oven.fact("rye", 3)])

        assert await eaten_of(database, "rye") == [1, 3]
        assert intake.state.unknown_types == 1
        assert await parked_in(database) == []
        assert eater.batches[0].disturbed_since == {}

    async def test_says_so_when_facts_come_from_the_future(self, database: Database) -> None:
        """They are taken, but somebody's clock is wrong."""
        async with database.transaction() as tx:
            tomorrow = tx.now.replace(year=tx.now.year + 1, day=1)
        with capture_logs() as lines:
            intake = await take(database, Eater(), [Oven().fact("rye", 1, recorded_at=tomorrow)])

        assert intake.state.from_the_future == 1
        assert [line["event"] for line in lines] == ["facts_from_the_future"]

    async def test_moves_the_gate_and_wakes_who_waits_for_it(self, database: Database) -> None:
        """Only a watermark lets anything be decided by time."""
        mark = watermark(TOPIC, 0, as_of=LONG_AGO, partitions=1)
        oven = Oven()

        assert not (await take(database, Eater(), [oven.fact("rye", 1)])).moved.is_set()
        assert (await take(database, Eater(), [oven.record(None, mark.value, mark.headers)])).moved.is_set()
        async with database.reading() as connection:
            assert await gate.complete_until(connection, [TOPIC]) == LONG_AGO


class TestAFactThatTheFoldRefuses:
    async def test_is_parked_on_the_spot_with_the_rest_of_its_key(self, database: Database) -> None:
        """The batch is not done again for it: a refusal is an answer."""
        eater, oven = Eater(refuses={13}), Oven()
        batch = [oven.fact("rye", 1, grams=13), oven.fact("oat", 1), oven.fact("rye", 2)]

        await take(database, eater, batch)

        assert await eaten_of(database, "oat") == [1]
        assert [(row.sequence, row.reason) for row in await parked_in(database)] == [
            (1, "too_heavy"),
            (2, "behind_a_parked_fact"),
        ]
        assert len(eater.batches) == 1

    async def test_tells_since_when_its_key_waits_and_what_comes_behind_it_begins_no_other_wait(
        self, database: Database
    ) -> None:
        """Else a key of which there is news every day would be uncertain for ever."""
        eater, oven = Eater(refuses={13}), Oven()
        await take(database, eater, [oven.fact("rye", 1, grams=13)])
        await database.pool.execute("UPDATE parked SET parked_at = $1", LONG_AGO)

        await take(database, eater, [oven.fact("rye", 2)])

        assert eater.batches[-1].disturbed_since == {(TOPIC, "rye"): LONG_AGO}


class TestWhatFollowsAFold:
    async def test_is_given_what_was_not_refused(self, database: Database) -> None:
        """After the fold, in its transaction: what is refused is heard by nobody until its cause is mended."""
        eater, learnt = Eater(refuses={13}), list[int]()

        async def learn(tx: Transaction, facts: Sequence[Fact]) -> None:
            learnt.append(await tx.fetchval("SELECT count(*) FROM eaten"))
            learnt.extend(fact.sequence for fact in facts)

        subscription = replace(eater.subscription(), fold=followed_by(eater.fold, learn))
        oven = Oven()
        await Intake(database, subscription).take(
            [oven.fact("rye", 1), oven.fact("rye", 2, grams=13), oven.fact("rye", 3), oven.fact("oat", 7)]
        )

        assert learnt == [2, 1, 7]


class TestAFactThatTheFoldChokesOn:
    async def test_is_found_by_doing_the_batch_again_one_by_one(self, database: Database) -> None:
        """Only the culprit and what follows it wait; all others of the batch take effect."""
        eater, oven = Eater(), Oven()
        batch = [oven.fact("rye", 1), oven.fact("oat", 1, grams=0), oven.fact("oat", 2), oven.fact("rye", 2)]

        with capture_logs() as lines:
            intake = await take(database, eater, batch)

        assert await eaten_of(database, "rye") == [1, 2]
        parked = await parked_in(database)
        assert [(row.key, row.reason, row.detail) for row in parked] == [
            (b"oat", "indigestible", "CheckViolationError"),
            (b"oat", "behind_a_parked_fact", ""),
        ]
        assert (intake.state.facts, intake.state.parked, intake.state.batches) == (2, 2, 1)
        assert [line["event"] for line in lines] == ["batch_redone_one_by_one", "fact_parked", "fact_parked"]

    async def test_is_told_to_the_fold_as_a_disturbance(self, database: Database) -> None:
        """In the transaction that parks it, so that nothing is decided by a key with a hole."""
        eater, oven = Eater(), Oven()

        await take(database, eater, [oven.fact("oat", 1, grams=0)])

        told = eater.batches[-1]
        [parked] = await parked_in(database)
        assert (told.facts, told.disturbed) == ((), {(TOPIC, "oat")})
        assert told.disturbed_since == {(TOPIC, "oat"): parked.parked_at}

    async def test_is_parked_even_by_a_fold_that_cannot_bear_disturbances(self, database: Database) -> None:
        """A fold that raises whatever it is given must not stop the others for ever."""

        async def choke(_tx: Transaction, batch: Batch) -> None:
            if batch.disturbed or any(fact.key == "oat" for fact in batch.facts):
                raise ZeroDivisionError

        eater, oven = Eater(before=choke), Oven()

        await take(database, eater, [oven.fact("oat", 1), oven.fact("rye", 1), oven.fact("oat", 2)])

        assert await eaten_of(database, "rye") == [1]
        assert [row.reason for row in await parked_in(database)] == ["indigestible", "indigestible"]


class TestPassingTrouble:
    async def test_is_waited_out(self, database: Database) -> None:
        """The batch is not parked for it, and takes effect once."""
        failures = 2

        async def fail(_tx: Transaction, _batch: Batch) -> None:
            nonlocal failures
            failures -= 1
            if failures >= 0:
                raise Transient

        eater, oven = Eater(before=fail), Oven()
        with capture_logs() as lines:
            intake = await take(database, eater, [oven.fact("rye", 1)])

        assert await eaten_of(database, "rye") == [1]
        assert [line["event"] for line in lines] == ["batch_waits"]
        assert (intake.state.facts, len(eater.batches)) == (1, 3)

    async def test_is_waited_out_in_the_slow_way_too(self, database: Database) -> None:
        """What was done one by one before it does not take effect twice."""
        troubles = iter([ZeroDivisionError(), None, Transient()])

        async def fail(_tx: Transaction, _batch: Batch) -> None:
            if (trouble := next(troubles, None)) is not None:
                raise trouble

        eater, oven = Eater(before=fail), Oven()
        await take(database, eater, [oven.fact("rye", 1), oven.fact("rye", 2)])

        assert await eaten_of(database, "rye") == [1, 2]

    async def test_is_not_waited_out_while_partitions_are_taken_away(self, database: Database) -> None:
        """Who takes them over is waiting; nothing has happened, and the batch comes again there."""
        await database.pool.execute("UPDATE intake SET paused_since = now()")
        intake = Intake(database, Eater().subscription())

        with pytest.raises(IntakePaused):
            await intake.take([Oven().fact("rye", 1)], revoking=lambda: True)

        assert await database.pool.fetchval("SELECT count(*) FROM inbox") == 0

    async def test_keeps_a_batch_waiting_while_a_rebuild_goes_on(self, database: Database) -> None:
        """Facts taken meanwhile would be missing from what is rebuilt."""
        await database.pool.execute("UPDATE intake SET paused_since = now()")
        eater = Eater()
        with capture_logs() as lines:
            taking = asyncio.create_task(take(database, eater, [Oven().fact("rye", 1)]))

            async def waits() -> bool:
                return bool(lines)

            await until(waits)
            assert eater.batches == []
            await database.pool.execute("UPDATE intake SET paused_since = NULL")
            await taking

        assert [line["error"] for line in lines] == ["IntakePaused"]
        assert await eaten_of(database, "rye") == [1]


class TestEffects:
    async def test_are_counted_when_they_are_durable(self, database: Database) -> None:
        """A batch that is done again must not be counted, or alarmed of, twice."""
        failures = iter([Transient()])

        async def fail(_tx: Transaction, _batch: Batch) -> None:
            for trouble in failures:
                raise trouble

        eater, oven = Eater(refuses={13}, before=fail), Oven()
        intake = await take(database, eater, [oven.fact("rye", 1, grams=13), oven.fact("rye", 3)])

        assert len(eater.batches) == 2
        assert (intake.state.missing, intake.state.parked) == (1, 2)


async def test_a_body_is_read_by_its_type() -> None:
    """The reader's own view of it, and no more."""
    [entry] = records.sort_out([Oven().fact("rye", 1, grams=7)], {BAKED: Eater().subscription().reads[BAKED]}).facts

    assert records.fact_of(entry).body.model_dump() == {"loaf": "rye", "grams": 7}
