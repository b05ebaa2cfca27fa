"""What records makes of a batch, with its real database."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest

from shared.derived import derived_id
from shared.events import Consumed
from tests.records.builders import CASE, HELD_ON, MEETING, NOW
from tests.records.stream import Hearing, Wire, case_reassigned, meeting_corrected, meeting_held, meeting_retracted

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

ELSEWHERE = derived_id(CASE, "another unit")


class TestTakeIn:
    async def test_expects_the_memo_of_a_held_meeting(self, hearing: Hearing) -> None:
        """And continues the trace of what it heard."""
        assert await hearing.hear(meeting_held()) == []

        [(name, memo)] = await hearing.told()
        assert (name, memo["meeting_id"], memo["held_on"], memo["awaits"]) == (
            "MemoExpected",
            str(MEETING),
            HELD_ON.isoformat(),
            "memo",
        )
        row = await hearing.database.pool.fetchrow("SELECT correlation_id, causation_id, subject FROM outbox")
        assert row
        assert tuple(row) == ("correlation-1", "event-1", f"memo/{MEETING}")

    async def test_says_only_what_a_batch_has_changed_in_the_end(self, hearing: Hearing) -> None:
        """Held and retracted at once: nobody was asked for anything."""
        await hearing.hear(meeting_held(), meeting_retracted())

        assert await hearing.published() == []

    @pytest.mark.parametrize(
        "order",
        [*permutations([meeting_held(), meeting_corrected(held_on=HELD_ON - timedelta(days=1)), meeting_held()])],
    )
    async def test_ends_in_the_same_state_in_whatever_order_facts_come(
        self, hearing: Hearing, order: tuple[Wire, ...]
    ) -> None:
        """One by one, the newest first or last, and one of them twice."""
        for said in order:
            await hearing.hear(said)

        last = (await hearing.told())[-1][1]
        assert (last["held_on"], last["expected"]) == ((HELD_ON - timedelta(days=1)).isoformat(), True)

    async def test_follows_a_retraction_and_its_way_back(self, hearing: Hearing) -> None:
        """Not awaited, and awaited again."""
        await hearing.hear(meeting_held())
        await hearing.hear(meeting_retracted())
        await hearing.hear(meeting_corrected(version=5))

        assert [(name, memo["awaits"]) for name, memo in await hearing.told()] == [
            ("MemoExpected", "memo"),
            ("MemoAmended", None),
            ("MemoExpected", "memo"),
        ]

    async def test_keeps_whose_a_case_is_before_any_meeting_is_heard_of(self, hearing: Hearing) -> None:
        """A later fact about older hands changes nothing."""
        held, moved = hearing.number(meeting_held(), case_reassigned(unit_id=ELSEWHERE))
        await hearing.take(moved)
        await hearing.take(held)

        [(_, memo)] = await hearing.told()
        assert memo["unit_id"] == str(ELSEWHERE)

    async def test_asks_for_no_memo_of_an_import(self, hearing: Hearing) -> None:
        """Nor of what was entered late; it is kept all the same."""
        another: UUID = derived_id(MEETING, "another")
        await hearing.hear(meeting_held(imported=True))
        await hearing.hear(meeting_held(meeting_id=another, recorded_at=NOW + timedelta(days=6)))

        assert await hearing.published() == []
        assert await hearing.database.pool.fetchval("SELECT count(*) FROM memos") == 2

    async def test_refuses_a_held_meeting_without_its_day(self, hearing: Hearing) -> None:
        """It is parked with what follows of its case."""
        bad, good = hearing.number(meeting_held(held_on=None), meeting_corrected())

        assert await hearing.take(bad, good) == [(bad, "day_missing"), (good, "behind_a_parked_fact")]
        assert await hearing.published() == []

    async def test_passes_over_what_it_does_not_know(self, hearing: Hearing) -> None:
        """A view of something else has no part in it."""
        [fact] = hearing.number(meeting_held())

        assert await hearing.take(replace(fact, body=Consumed())) == []
