"""What quality's database holds to by itself, and that it gives back what it was given."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import get_args

import asyncpg
import pytest

from services.quality import store
from services.quality.consumed import CASES, MEMOS
from services.quality.domain.announcements import Context
from services.quality.domain.facts import CaseFacts, Fact
from services.quality.domain.policies import GATES
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
    memo,
    planned_meeting,
    retracted_meeting,
)

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

CONTEXT = Context(CASE, "K7-4QX", UNIT, (MEETING, UNIT))
MONTH, MEMOS_TOO = GATES
NOON, ALARM = local("2026-12-01 12:00"), local("2026-12-24 00:00")
ROW = CaseRow(CONTEXT, 3, {CASES: local("2026-12-01 10:00"), MEMOS: NOON}, {MONTH: ALARM, MEMOS_TOO: NOON})
FACTS: list[Fact] = [
    held_meeting(imported=True),
    planned_meeting("2026-12-01 10:00", recorded="2026-11-24 10:00"),
    retracted_meeting("2026-12-01 10:00", meeting_id=CASE),
    held_follow_up("2026-12-15 10:00", is_remote=True),
    held_follow_up("2026-12-15 10:00", family_present=False, follow_up_id=MEETING),
    held_follow_up("2026-12-15 10:00", worker_present=False, follow_up_id=UNIT),
    replace(held_follow_up("2026-12-15 10:00", follow_up_id=ANOTHER_MEETING), imported=True),
    booked_follow_up("2026-12-15 10:00", recorded="2026-11-24 10:00"),
    closed_case("2026-12-20", recorded="2026-12-20 10:00"),
    closed_case(None, recorded="2026-12-21 10:00", version=3),
    memo("2026-11-25 10:00"),
    memo("2026-11-26 10:00", version=2, is_expected=False, written="2026-11-25", review_due="2026-12-01"),
    memo("2026-12-01 10:00", version=3, reviewed="2026-12-01"),
]


class TestFacts:
    async def test_come_back_as_they_were_given(self, database: Database) -> None:
        """Every column of every kind."""
        async with database.transaction() as tx:
            await store.save_facts(tx, [(CASE, fact) for fact in FACTS])
            loaded = await store.load_facts(tx, [CASE, MEETING])

        assert set(loaded[CASE]) == set(FACTS)
        assert loaded[MEETING] == CaseFacts()

    @pytest.mark.parametrize("kind", get_args(Fact))
    async def test_are_given_with_every_field_set(self, kind: type[Fact]) -> None:
        """Else a field that came later could be left out on its way to the database, and come back empty as it went."""
        given = [fact for fact in FACTS if isinstance(fact, kind)]

        assert {name.name for name in fields(kind) if not any(getattr(fact, name.name) for fact in given)} == set()

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
        settled = CaseRow(Context(CASE, "K7-4QY", MEETING, ()), 4)
        async with database.transaction() as tx:
            await store.save_cases(tx, [ROW])
            assert await store.lock_cases(tx, [CASE, MEETING]) == {CASE: ROW}
            await store.save_cases(tx, [settled])
            assert await store.lock_cases(tx, [CASE]) == {CASE: settled}

    async def test_is_claimed_when_its_time_has_passed(self, database: Database) -> None:
        """Strictly, by either gate; and one that waits for nothing never is."""
        idle = CaseRow(Context(MEETING, "K7-4QY", UNIT, ()), 1)
        moment = timedelta(microseconds=1)
        async with database.transaction() as tx:
            await store.save_cases(tx, [ROW, idle])
            for passed in (
                {MONTH: ALARM, MEMOS_TOO: NOON},
                {MONTH: ALARM, MEMOS_TOO: None},
                {MONTH: None, MEMOS_TOO: NOON},
            ):
                assert await store.claim_cases(tx, before=passed, limit=9) == {}
                assert await store.list_due(tx, before=passed, limit=9) == []
            for passed in ({MONTH: ALARM + moment, MEMOS_TOO: None}, {MONTH: ALARM, MEMOS_TOO: NOON + moment}):
                assert set(await store.claim_cases(tx, before=passed, limit=9)) == {CASE}
                assert await store.list_due(tx, before=passed, limit=9) == [CASE]

    async def test_that_cannot_be_judged_waits_at_both_gates(self, database: Database) -> None:
        """Else the other would bring it back at once."""
        later = ALARM + timedelta(minutes=15)
        async with database.transaction() as tx:
            await store.save_cases(tx, [ROW])
            await store.postpone(tx, CASE, until=later)
            assert (await store.lock_cases(tx, [CASE]))[CASE].look_again_at == {MONTH: later}


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
