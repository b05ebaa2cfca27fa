import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database import Database
from shared.ids import new_id
from shared.inbox import Gap, Guarded, StreamKey, _sort_out, guard
from tests.databases import in_one_database
from tests.shared.bakery import LONG_AGO, TOPIC, until_waiting


@dataclass(frozen=True, slots=True)
class Deliveries:
    """How the facts of a few keys reached a reader: batch by batch."""

    batches: list[list[tuple[str, int]]]

    def sent(self) -> set[tuple[str, int]]:
        """Return everything that came, once."""
        return {each for batch in self.batches for each in batch}


@st.composite
def deliveries(draw: st.DrawFn) -> Deliveries:
    """Facts 1..n of a few keys: some lost, some doubled, in any order, cut into batches anywhere."""
    facts = [(key, number) for key in ("a", "b") for number in range(draw(st.integers(1, 3)), draw(st.integers(1, 9)))]
    kept = [fact for fact in facts if draw(st.integers(0, 9)) > 0]
    doubled = [fact for fact in kept for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3))))]
    coming = draw(st.permutations(doubled)) if draw(st.booleans()) else doubled
    cuts = sorted(draw(st.lists(st.integers(0, len(coming)), max_size=4)))
    edges = [0, *cuts, len(coming)]
    return Deliveries([list(coming[start:end]) for start, end in pairwise(edges)])


@dataclass(slots=True)
class Reader:
    """A reader that keeps the guard's rows in memory and notes what took effect."""

    last: dict[StreamKey, int] = field(default_factory=dict[StreamKey, int])
    gaps: dict[StreamKey, list[Gap]] = field(default_factory=dict[StreamKey, list[Gap]])

    def take(self, batch: list[tuple[str, int]]) -> Guarded:
        """Decide about a batch as `guard` does."""
        sequences = [((TOPIC, key), number) for key, number in batch]
        before = {stream: self.last.get(stream, 0) for stream, _ in sequences}
        guarded = _sort_out(sequences, before, self.gaps, now=LONG_AGO)
        for stream, number in sequences:
            self.last[stream] = max(number, self.last.get(stream, 0))
        return guarded

    def missing(self) -> dict[str, set[int]]:
        """Return the numbers that stand in gaps."""
        return {key: {n for gap in gaps for n in range(gap.first, gap.until)} for (_, key), gaps in self.gaps.items()}


def fresh_of(batch: list[tuple[str, int]], guarded: Guarded) -> list[tuple[str, int]]:
    return [each for place, each in enumerate(batch) if place not in guarded.duplicates]


def holes_of(sent: set[tuple[str, int]]) -> dict[str, set[int]]:
    """Return for each key what is missing below the highest number that came."""
    holes: dict[str, set[int]] = {}
    for key in {key for key, _ in sent}:
        numbers = {number for of, number in sent if of == key}
        holes[key] = set(range(1, max(numbers))) - numbers
    return holes


class TestTheGuard:
    @given(deliveries())
    def test_lets_each_fact_take_effect_once_however_it_comes(self, came: Deliveries) -> None:
        """Lost, doubled, late or early: what came counts once, and the gaps say exactly what did not come."""
        reader = Reader()

        taken = [fact for batch in came.batches for fact in fresh_of(batch, reader.take(batch))]

        assert sorted(taken) == sorted(came.sent())
        assert {key: holes for key, holes in reader.missing().items() if holes} == {
            key: holes for key, holes in holes_of(came.sent()).items() if holes
        }

    def test_tells_of_a_gap_and_of_its_end(self) -> None:
        """Whoever decides by a key must know that it has a hole, and that it has none any more."""
        reader = Reader()

        assert reader.take([("a", 1)]) == Guarded()
        assert reader.take([("a", 4)]) == Guarded(missing=2, disturbed={(TOPIC, "a")})
        assert reader.take([("a", 3)]) == Guarded(disturbed={(TOPIC, "a")})
        assert reader.take([("a", 3), ("a", 5)]) == Guarded(duplicates={0})
        assert reader.gaps == {(TOPIC, "a"): [Gap(2, 3, is_quiet=False, noticed_at=LONG_AGO)]}

    def test_is_quiet_about_what_was_before_the_first_fact_seen(self) -> None:
        """A stream that began before we listened is no alarm; what comes of it later is taken all the same."""
        reader = Reader()

        assert reader.take([("a", 7)]) == Guarded(missing=0, disturbed={(TOPIC, "a")})
        assert [gap.is_quiet for gap in reader.gaps[TOPIC, "a"]] == [True]
        assert reader.take([("a", 3)]).duplicates == set()
        assert [(gap.first, gap.until, gap.is_quiet) for gap in reader.gaps[TOPIC, "a"]] == [(1, 3, True), (4, 7, True)]


@pytest.mark.asyncio
@pytest.mark.postgres
class TestTheGuardInTheDatabase:
    @given(came=deliveries())
    @in_one_database()
    async def test_decides_as_it_does_in_memory(self, came: Deliveries, database: Database) -> None:
        """Its rows carry everything that it must know from one batch to the next."""
        topic, reader = f"bakery.{new_id()}", Reader()
        for batch in came.batches:
            async with database.transaction() as tx:
                guarded = await guard(tx, [((topic, key), number) for key, number in batch])

            expected = reader.take(batch)
            assert guarded.duplicates == expected.duplicates
            assert guarded.missing == expected.missing
            assert {key for _, key in guarded.disturbed} == {key for _, key in expected.disturbed}

        rows = await database.pool.fetch("SELECT key, last_sequence FROM inbox WHERE topic = $1", topic)
        assert {(TOPIC, row["key"]): row["last_sequence"] for row in rows} == reader.last
        rows = await database.pool.fetch(
            "SELECT key, from_sequence, until_sequence, is_quiet FROM gaps WHERE topic = $1 ORDER BY 1, 2", topic
        )
        assert [tuple(row) for row in rows] == sorted(
            (key, gap.first, gap.until, gap.is_quiet) for (_, key), gaps in reader.gaps.items() for gap in gaps
        )

    async def test_makes_a_second_taker_wait_for_the_first(self, database: Database) -> None:
        """Two members of a group may hold the same records for a moment; one of them drops them."""
        facts = [((TOPIC, "rye"), 1), ((TOPIC, "oat"), 1)]

        async def take() -> Guarded:
            async with database.transaction() as tx:
                return await guard(tx, facts)

        async with database.transaction() as first:
            assert (await guard(first, facts)).duplicates == set()
            second = asyncio.create_task(take())
            await until_waiting(database)

        assert (await second).duplicates == {0, 1}
