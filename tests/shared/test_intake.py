import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from shared import gate, parking, records
from shared.database import Database, Transaction
from shared.envelope import to_headers
from shared.errors import Transient
from shared.ids import new_id
from shared.intake import Batch, Intake, IntakePaused
from shared.parking import ParkedRow
from shared.relay import watermark
from tests.probe import until
from tests.shared.bakery import BAKED, LONG_AGO, TOPIC, Delivered, Eater, Oven, eaten_of, envelope, until_waiting

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]

Bake = dict[str, Any]


def headers(**changed: bytes | None) -> list[tuple[str, bytes | None]]:
    """Return good headers but for those *changed*."""
    return list((dict[str, bytes | None](to_headers(envelope(2))) | changed).items())


UNREADABLE: dict[str, tuple[str, Bake]] = {
    "a body that is not JSON": ("unreadable_body", {"value": b"{nope"}),
    "a body that is not text": ("unreadable_body", {"value": b"\xff\x00"}),
    "a body that lacks a field": ("unreadable_body", {"value": b'{"loaf": "rye"}'}),
    "a body with a field of the wrong type": ("unreadable_body", {"value": b'{"loaf": "rye", "grams": "much"}'}),
    "no body": ("unreadable_body", {"value": None}),
    "beside its body a header that no text can hold": (
        "unreadable_body",
        {"value": b"", "headers": headers(x=b"\x00")},
    ),
    "no headers": ("unreadable_envelope", {"headers": [("x", b"")]}),
    "a header that is null": ("unreadable_envelope", {"headers": headers(ce_subject=None)}),
    "a header that is not ASCII": ("unreadable_envelope", {"headers": headers(ce_subject=b"\xff")}),
    "a header that no text can hold": ("unreadable_envelope", {"headers": headers(ce_id=b"a\x00b")}),
    "another specification": ("unreadable_envelope", {"headers": headers(ce_specversion=b"0.3")}),
    "a doubled attribute": ("unreadable_envelope", {"headers": [*headers(), ("ce_id", b"again")]}),
    "an enormous sequence": ("unreadable_envelope", {"headers": headers(ce_sequence=b"9" * 30)}),
    "a sequence of nought": ("unreadable_envelope", {"headers": headers(ce_sequence=b"0")}),
    "a time without a zone": ("unreadable_envelope", {"headers": headers(ce_time=b"2026-03-29T01:00:00")}),
    "a time before all times": ("unreadable_envelope", {"headers": headers(ce_time=b"0001-01-01T00:00:00+14:00")}),
}


async def take(database: Database, eater: Eater, records: Sequence[Delivered]) -> Intake:
    """Give *records* to a fresh intake, as after a restart."""
    intake = Intake(database, eater.subscription())
    await intake.take(records)
    return intake


async def parked_in(database: Database) -> list[ParkedRow]:
    async with database.reading() as connection:
        return await parking.list_parked(connection)


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


class TestAFactThatCannotBeRead:
    @pytest.mark.parametrize("reason, bad", UNREADABLE.values(), ids=UNREADABLE)
    async def test_is_parked_with_the_rest_of_its_key(self, database: Database, reason: str, bad: Bake) -> None:
        """It and what follows it wait in order; other keys do not."""
        eater, oven = Eater(), Oven()
        batch = [oven.fact("rye", 1), oven.fact("rye", 2, **bad), oven.fact("rye", 3), oven.fact("oat", 1)]

        with capture_logs() as lines:
            intake = await take(database, eater, batch)
        await take(database, eater, [oven.fact("rye", 4), oven.fact("oat", 2)])

        assert await eaten_of(database, "rye") == [1]
        assert await eaten_of(database, "oat") == [1, 2]
        parked = await parked_in(database)
        assert [(row.offset, row.reason) for row in parked] == [
            (1, reason),
            (2, "behind_a_parked_fact"),
            (4, "behind_a_parked_fact"),
        ]
        assert parked[0].value == batch[1].value
        assert intake.state.parked == 2
        assert "fact_parked" in [line["event"] for line in lines]
        assert eater.batches[0].disturbed == eater.batches[1].disturbed == {(TOPIC, "rye")}
        assert eater.batches[1].disturbed_since == {(TOPIC, "rye"): parked[0].parked_at}

    @pytest.mark.parametrize("key", [None, b"", b"\xff", b"\x00", b"k" * 501], ids=repr)
    async def test_is_parked_alone_when_it_has_no_key(self, database: Database, key: bytes | None) -> None:
        """Nobody knows what it belongs to, so nothing can wait for it."""
        eater, oven = Eater(), Oven()
        batch = [oven.record(key, b"{}", to_headers(envelope(1))), oven.fact("rye", 1)]

        await take(database, eater, batch)

        assert await eaten_of(database, "rye") == [1]
        [parked] = await parked_in(database)
        assert (parked.stream_key, parked.key, parked.reason) == (None, key, "unreadable_envelope")

    async def test_names_the_fields_and_never_their_values(self, database: Database) -> None:
        """What is parked is looked at by people who may not see whom it is about."""
        oven = Oven()
        bad_time = headers(ce_time=b"secret")
        with capture_logs() as lines:
            await take(
                database,
                Eater(),
                [
                    oven.fact("rye", 1, value=b'{"loaf": "rye", "grams": "secret"}'),
                    oven.fact("oat", 1, headers=bad_time),
                ],
            )

        assert [row.detail for row in await parked_in(database)] == ["grams: int_parsing", "ce_time"]
        assert "secret" not in str(lines)

    async def test_given_up_stays_given_up_when_it_comes_again(self, database: Database) -> None:
        """It has no number for the guard to know it by; its place in Kafka tells."""
        eater, oven = Eater(), Oven()
        bad, good = oven.record(b"rye", b"", []), oven.fact("rye", 1)
        await take(database, eater, [bad])
        await database.pool.execute("UPDATE parked SET state = 'discarded', settled_because = 'nonsense'")

        await take(database, eater, [bad, good])

        assert await eaten_of(database, "rye") == [1]

    async def test_is_parked_once_by_two_that_take_it_at_the_same_time(self, database: Database) -> None:
        """While partitions move from one process to another, both may hold it for a moment."""
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def wait(_tx: Transaction, batch: Batch) -> None:
            if batch.facts:
                begun.set()
                await may_end.wait()

        oven = Oven()
        bad, other = oven.record(b"rye", b"", []), oven.fact("oat", 1)
        with capture_logs() as lines:
            first = asyncio.create_task(take(database, Eater(before=wait), [bad, other]))
            await begun.wait()
            second = asyncio.create_task(take(database, Eater(), [bad]))
            await until_waiting(database)
            may_end.set()
            await asyncio.gather(first, second)

        assert len(await parked_in(database)) == 1
        assert "batch_redone_one_by_one" not in [line["event"] for line in lines]

    @given(
        key=st.none() | st.binary(max_size=8) | st.just(b"rye"),
        value=st.none() | st.binary(max_size=30) | st.sampled_from([b"[" * 100_000, b'{"as_of": 1e999}', b"null"]),
        changed=st.dictionaries(
            st.sampled_from([name for name, _ in to_headers(envelope(1))]) | st.text(max_size=5),
            st.none()
            | st.binary(max_size=12)
            | st.sampled_from([b"9" * 18, b"9" * 5000, b"0001-01-01T00:00:00+14:00", b"bakery.oven.Watermark.v1"]),
            max_size=3,
        ),
    )
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    async def test_cannot_stop_the_others_whatever_is_in_it(
        self, database: Database, key: bytes | None, value: bytes | None, changed: dict[str, bytes | None]
    ) -> None:
        """A batch that could not be settled would come again for ever, and everything behind it would wait."""
        oven, bread = Oven(next_offset=new_id().int >> 70), str(new_id())

        await take(database, Eater(), [oven.record(key, value, headers(**changed)), oven.fact(bread, 1)])

        assert await eaten_of(database, bread) == [1]


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
