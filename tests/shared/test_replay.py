import asyncio
import json

import pytest

from shared import parking
from shared.database import Database, Transaction
from shared.intake import Batch, Intake
from shared.parking import NothingParked, ReasonMissing
from shared.replay import Replayed, discard, replay
from tests.shared.bakery import TOPIC, Delivered, Eater, Oven, eaten_of, gather_all, until_waiting

pytestmark = [pytest.mark.asyncio, pytest.mark.postgres]

RYE = (TOPIC, "rye")


async def take(database: Database, eater: Eater, *batch: Delivered) -> None:
    await Intake(database, eater.subscription()).take(batch)


async def states_in(database: Database) -> list[tuple[int, str]]:
    rows = await database.pool.fetch("SELECT sequence, state FROM parked ORDER BY id")
    return [(row["sequence"], row["state"]) for row in rows]


async def mend(database: Database, good: Delivered) -> None:
    """Let the reader understand the headers of what is parked, by giving it those of a *good* one."""
    headers = json.dumps([[name, (value or b"").decode("latin-1")] for name, value in good.headers])
    await database.pool.execute("UPDATE parked SET headers = $1 WHERE reason = 'unreadable_envelope'", headers)


def holding_up(loaf: str) -> tuple[Eater, asyncio.Event, asyncio.Event]:
    """Return an eater whose folds of *loaf* set the first event and wait for the second."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def wait(_tx: Transaction, batch: Batch) -> None:
        if any(fact.key == loaf for fact in batch.facts):
            begun.set()
            await may_end.wait()

    return Eater(before=wait), begun, may_end


class TestReplay:
    async def test_takes_the_parked_facts_of_a_key_in_order(self, database: Database) -> None:
        """With the fold that refused them, once it has been mended; the key is undisturbed from then on."""
        eater, oven = Eater(refuses={13}), Oven()
        await take(database, eater, oven.fact("rye", 1, grams=13), oven.fact("rye", 2), oven.fact("rye", 3))
        eater.refuses.clear()

        assert await replay(database, eater.subscription(), RYE) == Replayed(3, None)
        await take(database, eater, oven.fact("rye", 4))

        assert await eaten_of(database, "rye") == [1, 2, 3, 4]
        assert await states_in(database) == [(1, "replayed"), (2, "replayed"), (3, "replayed")]
        assert eater.batches[-2].disturbed == {RYE}
        assert eater.batches[-2].disturbed_since == eater.batches[-1].disturbed_since == {}

    async def test_continues_the_trace_of_the_fact(self, database: Database) -> None:
        """However long it lay there."""
        eater, oven = Eater(refuses={13}), Oven()
        await take(database, eater, oven.fact("rye", 1, grams=13))
        eater.refuses.clear()

        await replay(database, eater.subscription(), RYE)

        parked_fact, replayed_fact = (batch.facts[0] for batch in eater.batches)
        assert replayed_fact == parked_fact

    async def test_stops_where_a_fact_is_still_refused(self, database: Database) -> None:
        """And nothing overtakes it."""
        eater, oven = Eater(refuses={13}), Oven()
        batch = [oven.fact("rye", 1, grams=13), oven.fact("rye", 2), oven.fact("rye", 3, grams=17)]
        await take(database, eater, *batch, oven.fact("rye", 4))
        eater.refuses = {17}

        assert await replay(database, eater.subscription(), RYE) == Replayed(2, "too_heavy")

        assert await eaten_of(database, "rye") == [1, 2]
        assert await states_in(database) == [(1, "replayed"), (2, "replayed"), (3, "parked"), (4, "parked")]

    @pytest.mark.parametrize(
        "why, bad",
        [
            ("unreadable_body", {"value": b"{"}),
            ("unreadable_envelope", {"headers": [("x", b"\xff")]}),
            ("indigestible", {"grams": 0}),
        ],
    )
    async def test_says_what_stopped_it(
        self, database: Database, why: str, bad: dict[str, bytes | int | list[tuple[str, bytes]]]
    ) -> None:
        """So that the operator need not read a stack."""
        eater, oven = Eater(), Oven()
        await take(database, eater, oven.fact("rye", 1), oven.fact("rye", 2, **bad))

        assert await replay(database, eater.subscription(), RYE) == Replayed(0, why)

    async def test_passes_over_what_this_reader_does_not_read(self, database: Database) -> None:
        """It was parked for its place in the order only."""
        eater, oven = Eater(refuses={13}), Oven()
        news = oven.fact("rye", 2, event_type="bakery.oven.LoafAdmired.v1", value=b"?")
        await take(database, eater, oven.fact("rye", 1, grams=13))
        await take(database, eater, news, oven.fact("rye", 3))
        eater.refuses.clear()

        assert await replay(database, eater.subscription(), RYE) == Replayed(3, None)
        assert await eaten_of(database, "rye") == [1, 3]

    @pytest.mark.parametrize("place", [1, 2, 3])
    async def test_of_a_fact_whose_envelope_can_be_read_now_leaves_no_gap(self, database: Database, place: int) -> None:
        """Its number was unknown when it came, so the guard took it for missing; when it comes again it is known."""
        eater, oven = Eater(), Oven()
        good, bad = oven.fact("rye", place), {"headers": [("x", b"")]}
        batch = [oven.fact("rye", sequence, **bad if sequence == place else {}) for sequence in (1, 2, 3)]
        await take(database, eater, *batch)
        await mend(database, good)

        await replay(database, eater.subscription(), RYE)
        await take(database, eater, oven.fact("rye", place), oven.fact("rye", 4))

        assert await eaten_of(database, "rye") == [1, 2, 3, 4]
        assert eater.batches[-1].disturbed_since == {}

    async def test_takes_a_fact_once_that_came_again_and_could_be_read(self, database: Database) -> None:
        """A relay that begins again sends it at another place, where nothing knows that the first is the same."""
        eater, oven = Eater(), Oven()
        good = oven.fact("rye", 1)
        await take(database, eater, oven.fact("rye", 1, headers=[("x", b"")]), good)
        await mend(database, good)

        assert await replay(database, eater.subscription(), RYE) == Replayed(2, None)
        assert await eaten_of(database, "rye") == [1]

    async def test_has_nothing_to_do_where_nothing_is_parked(self, database: Database) -> None:
        """Who mistypes a key should notice."""
        with pytest.raises(NothingParked):
            await replay(database, Eater().subscription(), RYE)


class TestDiscard:
    async def test_lets_the_facts_behind_it_be_replayed(self, database: Database) -> None:
        """Its reason is kept with it; the fold is told that the key has changed."""
        eater, oven = Eater(), Oven()
        await take(database, eater, oven.fact("rye", 1, value=b"{"), oven.fact("rye", 2))

        await discard(database, eater.subscription(), 1, because="never was a loaf")

        assert eater.batches[-1].disturbed_since.keys() == {RYE}
        assert await replay(database, eater.subscription(), RYE) == Replayed(1, None)
        assert await eaten_of(database, "rye") == [2]
        async with database.reading() as connection:
            discarded = await parking.show(connection, 1)
        assert (discarded.state, discarded.settled_because) == ("discarded", "never was a loaf")

    async def test_needs_a_reason(self, database: Database) -> None:
        """Somebody will ask, years later."""
        eater, oven = Eater(), Oven()
        await take(database, eater, oven.fact("rye", 1, value=b"{"))

        with pytest.raises(ReasonMissing):
            await discard(database, eater.subscription(), 1, because=" ")
        assert await states_in(database) == [(1, "parked")]

    async def test_happens_once(self, database: Database) -> None:
        """The first reason stands."""
        eater, oven = Eater(), Oven()
        await take(database, eater, oven.fact("rye", 1, value=b"{"))
        await discard(database, eater.subscription(), 1, because="first")

        for parked_id in (1, 2):
            with pytest.raises(NothingParked):
                await discard(database, eater.subscription(), parked_id, because="second")


class TestARace:
    async def test_with_the_last_replay_lets_a_new_fact_wait_for_it(self, database: Database) -> None:
        """It comes after the replayed one, and is not left behind as parked."""
        oven = Oven()
        await take(database, Eater(refuses={13}), oven.fact("rye", 1, grams=13))
        slow, begun, may_end = holding_up("rye")

        replaying = asyncio.create_task(replay(database, slow.subscription(), RYE))
        await begun.wait()
        taking = asyncio.create_task(take(database, Eater(), oven.fact("rye", 2)))
        await until_waiting(database)
        may_end.set()
        await asyncio.gather(replaying, taking)

        assert await eaten_of(database, "rye") == [1, 2]
        assert await states_in(database) == [(1, "replayed")]

    async def test_lets_a_replay_wait_for_a_batch_that_parks_behind(self, database: Database) -> None:
        """And then take what it parked."""
        oven = Oven()
        await take(database, Eater(refuses={13}), oven.fact("rye", 1, grams=13))
        slow, begun, may_end = holding_up("oat")

        taking = asyncio.create_task(take(database, slow, oven.fact("rye", 2), oven.fact("oat", 1)))
        await begun.wait()
        replaying = asyncio.create_task(replay(database, Eater().subscription(), RYE))
        await until_waiting(database)
        may_end.set()
        await taking

        assert await replaying == Replayed(2, None)
        assert await eaten_of(database, "rye") == [1, 2]

    async def test_with_a_discard_lets_the_first_readable_fact_of_a_key_wait_for_it(self, database: Database) -> None:
        """Even when the guard has no row of that key yet to wait at."""
        oven = Oven()
        await take(database, Eater(), oven.record(b"rye", b"", []))
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def wait(_tx: Transaction, _batch: Batch) -> None:
            begun.set()
            await may_end.wait()

        discarding = asyncio.create_task(discard(database, Eater(before=wait).subscription(), 1, because="noise"))
        await begun.wait()
        taking = asyncio.create_task(take(database, Eater(), oven.fact("rye", 1)))
        await until_waiting(database)
        may_end.set()
        await asyncio.gather(discarding, taking)

        assert await eaten_of(database, "rye") == [1]
        assert await states_in(database) == [(None, "discarded")]

    async def test_leaves_nothing_stranded_and_nothing_out_of_order(self, database: Database) -> None:
        """Facts stream in while two operators replay the same key again and again."""
        oven, eater = Oven(), Eater()
        await take(database, Eater(refuses={13}), oven.fact("rye", 1, grams=13), oven.fact("rye", 2))
        is_streaming = True

        async def stream() -> None:
            nonlocal is_streaming
            for sequence in range(3, 43):
                await take(database, eater, oven.fact("rye", sequence))
            is_streaming = False

        async def operate() -> None:
            while is_streaming:
                try:
                    await replay(database, eater.subscription(), RYE)
                except NothingParked:
                    await asyncio.sleep(0)

        await gather_all(stream(), operate(), operate())

        assert "parked" not in {state for _, state in await states_in(database)}
        assert await eaten_of(database, "rye") == list(range(1, 43))
