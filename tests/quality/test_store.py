"""What quality's database holds to by itself, and that it gives back what it was given."""

import asyncpg
import pytest

from services.quality import store
from services.quality.domain.announcements import Context
from services.quality.domain.facts import CaseFacts, Fact
from services.quality.events import DeviationRaised, PromiseFact, PromiseKept, PromiseMade
from services.quality.store import CaseRow
from shared.database import Database
from tests.quality.builders import (
    ANOTHER_MEETING,
    CASE,
    MEETING,
    UNIT,
    booked_follow_up,
    closed_case,
    held_follow_up,
    held_meeting,
    local,
    planned_meeting,
    retracted_meeting,
)

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

CONTEXT = Context(CASE, "K7-4QX", UNIT, (MEETING, UNIT))
ROW = CaseRow(CONTEXT, 3, local("2026-12-01 10:00"), local("2026-12-24 00:00"))
FACTS: list[Fact] = [
    held_meeting(imported=True),
    planned_meeting("2026-12-01 10:00", recorded="2026-11-24 10:00"),
    retracted_meeting("2026-12-01 10:00", meeting_id=CASE),
    held_follow_up("2026-12-15 10:00", is_remote=True),
    held_follow_up("2026-12-15 10:00", family_present=False, follow_up_id=MEETING),
    held_follow_up("2026-12-15 10:00", worker_present=False, follow_up_id=UNIT),
    booked_follow_up("2026-12-15 10:00", recorded="2026-11-24 10:00"),
    closed_case("2026-12-20", recorded="2026-12-20 10:00"),
    closed_case(None, recorded="2026-12-21 10:00", version=3),
]


class TestFacts:
    async def test_come_back_as_they_were_given(self, database: Database) -> None:
        """Every column of every kind."""
        async with database.transaction() as tx:
            await store.save_facts(tx, [(CASE, fact) for fact in FACTS])
            loaded = await store.load_facts(tx, [CASE, MEETING])

        assert set(loaded[CASE]) == set(FACTS)
        assert loaded[MEETING] == CaseFacts()

    async def test_are_append_only(self, database: Database) -> None:
        """A version that is there stays as it is, whatever is said of it later."""
        again = held_meeting("2026-11-25 13:00")
        async with database.transaction() as tx:
            await store.save_facts(tx, [(CASE, held_meeting()), (CASE, again)])
            await store.save_facts(tx, [(CASE, again)])
            assert list((await store.load_facts(tx, [CASE]))[CASE]) == [held_meeting()]


class TestACase:
    async def test_comes_back_as_it_was_given(self, database: Database) -> None:
        """And is saved over itself."""
        settled = CaseRow(Context(CASE, "K7-4QY", MEETING, ()), 4, None)
        async with database.transaction() as tx:
            await store.save_cases(tx, [ROW])
            assert await store.lock_cases(tx, [CASE, MEETING]) == {CASE: ROW}
            await store.save_cases(tx, [settled])
            assert await store.lock_cases(tx, [CASE]) == {CASE: settled}

    async def test_is_claimed_when_its_time_has_passed(self, database: Database) -> None:
        """Strictly; and one that waits for nothing never is."""
        idle = CaseRow(Context(MEETING, "K7-4QY", UNIT, ()), 1, None)
        assert ROW.look_again_at
        async with database.transaction() as tx:
            await store.save_cases(tx, [ROW, idle])
            assert await store.claim_cases(tx, before=ROW.look_again_at, limit=9) == {}
            assert set(await store.claim_cases(tx, before=local("2027-01-01 00:00"), limit=9)) == {CASE}


class TestAPromise:
    async def test_comes_back_as_last_said(self, database: Database) -> None:
        """Whole."""
        made = PromiseMade.example()
        async with database.transaction() as tx:
            await store.save_cases(tx, [ROW])
            await store.save_promises(tx, [made])
            await store.save_promises(tx, [PromiseKept.example()])
            states = await store.load_states(tx, [CASE, MEETING])

        assert states[MEETING] == {}
        assert states[CASE][made.promise_id].model_dump() == PromiseKept.example().model_dump()

    @pytest.mark.parametrize(
        "broken,rule",
        [
            (DeviationRaised.example().model_copy(update={"deviation_state": "none"}), "a_breach_is_a_deviation"),
            (PromiseMade.example().model_copy(update={"status": "lost"}), "promises_status_check"),
            (PromiseMade.example().model_copy(update={"deviation_state": "lost"}), "promises_deviation_state_check"),
        ],
    )
    async def test_cannot_contradict_itself(self, database: Database, broken: PromiseFact, rule: str) -> None:
        """A bug in the domain is stopped by name, and published by nobody."""
        with pytest.raises(asyncpg.CheckViolationError) as violation:
            await _save(database, broken)

        assert violation.value.constraint_name == rule

    async def test_has_a_deviation_of_its_own(self, database: Database) -> None:
        """One promise, one deviation id."""
        another = PromiseMade.example().model_copy(update={"promise_id": ANOTHER_MEETING})
        with pytest.raises(asyncpg.UniqueViolationError) as violation:
            await _save(database, PromiseMade.example(), another)

        assert violation.value.constraint_name == "one_deviation_per_promise"


async def _save(database: Database, *promises: PromiseFact) -> None:
    async with database.transaction() as tx:
        await store.save_cases(tx, [ROW])
        await store.save_promises(tx, promises)
