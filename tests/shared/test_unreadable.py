import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from shared.database import Database, Transaction
from shared.envelope import to_headers
from shared.ids import new_id
from shared.intake import Batch
from tests.databases import in_one_database
from tests.shared.bakery import TOPIC, Eater, Oven, eaten_of, envelope, parked_in, take, until_waiting

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
    @in_one_database()
    async def test_cannot_stop_the_others_whatever_is_in_it(
        self, database: Database, key: bytes | None, value: bytes | None, changed: dict[str, bytes | None]
    ) -> None:
        """A batch that could not be settled would come again for ever, and everything behind it would wait."""
        oven, bread = Oven(next_offset=new_id().int >> 70), str(new_id())

        await take(database, Eater(), [oven.record(key, value, headers(**changed)), oven.fact(bread, 1)])

        assert await eaten_of(database, bread) == [1]
