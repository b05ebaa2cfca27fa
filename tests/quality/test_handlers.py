"""What quality makes of a batch, of time, and of a question for figures, with its real database."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.quality import handlers, timers
from services.quality.consumed import CASES, UNITS, OfCase
from services.quality.domain.figures import Figures
from services.quality.domain.policies import MET_WITHIN_A_MONTH
from shared.derived import derived_id
from shared.events import Consumed
from shared.inbox import StreamKey
from shared.intake import Batch
from tests.quality.builders import ANOTHER_MEETING, CASE, UNIT, local
from tests.quality.conftest import NOW
from tests.quality.stream import (
    Hearing,
    case_closed,
    case_reassigned,
    follow_up_booked,
    follow_up_cancelled,
    follow_up_held,
    meeting_held,
    meeting_retracted,
    unit_configured,
)

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

EXPIRY = local("2026-12-25 00:00")
EXPIRED = "2026-12-25 00:01"
LONG_AFTER = "2027-06-01 12:00"
STREAM: StreamKey = (CASES, str(CASE))
BOOKED = follow_up_booked("2026-12-24 10:00", recorded="2026-11-24 14:30")


def another_case(number: int) -> UUID:
    """Return the id of one of many cases."""
    return derived_id(CASE, number)


class TestTakeIn:
    async def test_makes_a_promise_of_a_held_meeting(self, hearing: Hearing) -> None:
        """Good news at once, with the gate shut; and it continues the trace of the fact."""
        assert await hearing.hear(meeting_held()) == []

        assert await hearing.published() == ["PromiseMade"]
        row = await hearing.database.pool.fetchrow("SELECT correlation_id, causation_id FROM outbox")
        assert row
        assert tuple(row) == ("correlation-1", "event-1")

    async def test_ends_in_the_same_state_in_whatever_order_facts_come(self, hearing: Hearing) -> None:
        """One batch, one by one, backwards: the same promise."""
        said = [meeting_held(), BOOKED, follow_up_held(), follow_up_cancelled("2026-12-16 10:00"),
                follow_up_held("2026-12-17 10:00", version=10)]  # fmt: skip
        states: list[dict[str, Any]] = []
        for case_id, order in ((another_case(1), said), (another_case(2), said[::-1])):
            for fact, recorded_at in order:
                moved = type(fact).model_validate(
                    fact.model_dump() | {"case_id": case_id}
                    | ({"meeting_id": case_id} if fact is said[0][0] else {})
                )  # fmt: skip
                await hearing.hear((moved, recorded_at))
            states.append((await hearing.told(case_id))[-1][1])

        ours = [{key: state[key] for key in ("status", "met_on", "due_on", "deviation_state")} for state in states]
        assert ours[0] == ours[1]
        assert ours[0]["status"] == "kept"
        assert ours[0]["met_on"] == "2026-12-17"

    async def test_keeps_a_fact_of_a_case_never_heard_of(self, hearing: Hearing) -> None:
        """Topics arrive in any order: the follow-up first, and the promise is kept as soon as it is made."""
        assert await hearing.hear(follow_up_held()) == []
        assert await hearing.published() == []
        await hearing.hear(meeting_held())
        assert await hearing.published() == ["PromiseMade", "PromiseKept"]

    async def test_keeps_a_version_once(self, hearing: Hearing) -> None:
        """A fact that comes again under another number changes nothing."""
        await hearing.hear(meeting_held(), meeting_held())
        await hearing.hear(meeting_held())
        assert await hearing.published() == ["PromiseMade"]
        assert await hearing.database.pool.fetchval("SELECT count(*) FROM facts") == 1

    async def test_judges_several_cases_of_a_batch(self, hearing: Hearing) -> None:
        """Each by its own facts."""
        cases = [another_case(number) for number in range(3)]
        await hearing.hear(
            *(meeting_held(case_id=case_id, meeting_id=case_id) for case_id in cases),
            follow_up_held(case_id=cases[1]),
        )
        assert [await hearing.published(case_id) for case_id in cases] == [
            ["PromiseMade"], ["PromiseMade", "PromiseKept"], ["PromiseMade"],
        ]  # fmt: skip

    async def test_starts_nothing_of_what_was_imported(self, hearing: Hearing) -> None:
        """State and figures, but no warning."""
        await hearing.pass_gate("2026-12-20 10:00")
        await hearing.hear(meeting_held(imported=True))
        ((name, state),) = await hearing.told()
        assert (name, state["imported"], state["warning"]) == ("PromiseMade", True, None)

    async def test_publishes_the_context_of_the_newest_fact(self, hearing: Hearing) -> None:
        """The case has moved; the promise stays with the unit of its meeting."""
        held, reassigned = hearing.number(meeting_held(), case_reassigned("2026-12-01 10:00", team_id=ANOTHER_MEETING))
        await hearing.take(Batch((reassigned,)))
        await hearing.take(Batch((held,)))
        ((_, state),) = await hearing.told()
        assert (state["team_id"], state["unit_id"]) == (str(ANOTHER_MEETING), str(UNIT))

    async def test_says_nothing_of_a_case_without_a_promise(self, hearing: Hearing) -> None:
        """A case may be opened and closed again."""
        await hearing.hear(case_closed("2026-12-01", recorded="2026-12-01 10:00"))
        assert await hearing.published() == []

    async def test_passes_over_kinds_it_makes_nothing_of(self, hearing: Hearing) -> None:
        """A reader of more than it needs takes no harm."""
        (fact,) = hearing.number(meeting_held())
        context = OfCase.model_validate(fact.body.model_dump())
        assert await hearing.take(Batch((replace(fact, body=context), replace(fact, body=Consumed())))) == []
        assert await hearing.published() == []


class TestARefusedFact:
    async def test_is_given_back_with_its_reason_and_all_after_it(self, hearing: Hearing) -> None:
        """In their order; other cases go on."""
        elsewhere = another_case(1)
        refusals = await hearing.hear(
            meeting_held(held_on="2026-11-23"),
            follow_up_held(),
            meeting_held(case_id=elsewhere, meeting_id=elsewhere),
        )
        assert [(fact.key, fact.sequence, reason) for fact, reason in refusals] == [
            (str(CASE), 1, "date_contradicts_instant"),
            (str(CASE), 2, "behind_a_parked_fact"),
        ]
        assert await hearing.published(elsewhere) == ["PromiseMade"]
        assert await hearing.published() == []

    async def test_leaves_its_case_undetermined(self, hearing: Hearing) -> None:
        """What we cannot read may be what matters."""
        await hearing.hear(meeting_held())
        (refused,) = await hearing.hear(follow_up_held("2031-12-31 23:59", held_until=NOW + timedelta(days=1)))
        assert refused[1] == "in_the_future"
        assert await hearing.published() == ["PromiseMade", "PromiseUndetermined"]


class TestADisturbedCase:
    async def test_is_undetermined_until_it_is_mended(self, hearing: Hearing) -> None:
        """And then says again how it stands."""
        await hearing.hear(meeting_held(), BOOKED)
        await hearing.pass_gate(EXPIRED)
        since = {STREAM: local("2026-12-24 20:00")}
        await hearing.take(Batch((), frozenset([STREAM]), since))
        assert await hearing.look_again() == []
        assert await hearing.published() == ["PromiseMade", "PromiseUndetermined"]

        await hearing.take(Batch((), frozenset([STREAM])))

        assert (await hearing.published())[2:] == ["DeviationRaised"]

    async def test_is_judged_on_the_rest_after_a_day(self, hearing: Hearing) -> None:
        """By the sweep."""
        await hearing.take(Batch(hearing.number(meeting_held(), BOOKED), frozenset([STREAM]), {STREAM: EXPIRY}))
        await hearing.pass_gate(EXPIRY + timedelta(hours=24, seconds=1))
        await hearing.look_again()
        assert await hearing.published() == ["PromiseMade", "PromiseUndetermined", "DeviationRaised"]

    async def test_is_undetermined_anew_when_another_fact_goes_wrong(self, hearing: Hearing) -> None:
        """Judged on the rest since long, it has a day again for what is missing since now."""
        long_since = {STREAM: EXPIRY - timedelta(days=3)}
        await hearing.pass_gate(EXPIRED)
        await hearing.take(Batch(hearing.number(meeting_held(), BOOKED), frozenset([STREAM]), long_since))
        assert await hearing.published() == ["PromiseMade", "DeviationRaised"]

        refused = hearing.number(follow_up_held(held_on="2026-12-14"))
        assert len(await hearing.take(Batch(refused, frozenset(), long_since))) == 1

        assert (await hearing.published())[2:] == ["PromiseUndetermined"]

    @pytest.mark.parametrize("key", ["no uuid", str(another_case(9))])
    async def test_may_be_none_that_we_know(self, hearing: Hearing, key: str) -> None:
        """A poisoned record may have any key, and any topic."""
        streams = frozenset([(CASES, key), (UNITS, str(UNIT))])
        assert await hearing.take(Batch((), streams, dict.fromkeys(streams, EXPIRY))) == []
        assert await hearing.database.pool.fetchval("SELECT count(*) FROM cases") == 0


class TestAUnit:
    async def test_wakes_the_cases_that_have_promises_in_it(self, hearing: Hearing) -> None:
        """And no others."""
        elsewhere = another_case(1)
        await hearing.hear(
            meeting_held(), BOOKED, meeting_held(case_id=elsewhere, meeting_id=elsewhere, unit_id=elsewhere)
        )
        await hearing.pass_gate("2026-11-25 10:00")
        await hearing.look_again()
        unit = unit_configured("2026-11-25 11:00", holiday_policy="roll_forward_150_1930")
        await hearing.hear(unit)

        assert await hearing.look_again() == [0.0]
        assert await hearing.published() == ["PromiseMade", "PromiseRedated"]
        assert (await hearing.told())[-1][1]["due_on"] == "2026-12-28"

    async def test_heard_of_after_all_else_leaves_a_rebuild_nothing_to_say(self, hearing: Hearing) -> None:
        """Of a promise that is void by then too: its dates are those of its unit's rule, as read again."""
        said = [
            meeting_held(),
            meeting_retracted("2026-11-25 10:00"),
            unit_configured("2026-11-20 10:00", holiday_policy="roll_forward_150_1930"),
        ]
        for fact in said:
            await hearing.hear(fact)
        await hearing.pass_gate(EXPIRED)
        await hearing.look_again()
        before = await _promises(hearing)
        async with hearing.database.transaction() as tx:
            await handlers.forget(tx)
        await hearing.take(Batch(Hearing(hearing.database).number(*said)), muted=True)
        await timers.settle(hearing.database)

        assert await _promises(hearing) == before

    async def test_is_known_by_its_highest_version(self, hearing: Hearing) -> None:
        """Whatever came last."""
        await hearing.hear(
            unit_configured("2026-11-20 10:00", version=3, holiday_policy="roll_forward_150_1930"),
            unit_configured("2026-11-20 10:00", version=2),
        )
        await hearing.hear(unit_configured("2026-11-20 10:00", version=1))
        await hearing.hear(meeting_held())
        assert (await hearing.told())[0][1]["due_on"] == "2026-12-28"

    async def test_in_a_batch_with_its_case_is_known_when_that_is_judged(self, hearing: Hearing) -> None:
        """One transaction, one truth."""
        await hearing.hear(meeting_held(), unit_configured("2026-11-20 10:00", holiday_policy="roll_forward_150_1930"))
        assert (await hearing.told())[0][1]["due_on"] == "2026-12-28"


class TestLookAgain:
    async def test_does_nothing_while_the_gate_is_shut(self, hearing: Hearing) -> None:
        """No bad news, so nothing to look for."""
        await hearing.hear(meeting_held())
        assert await hearing.look_again() == []
        assert await hearing.published() == ["PromiseMade"]

    async def test_takes_only_what_the_gate_has_passed(self, hearing: Hearing) -> None:
        """To the instant."""
        await hearing.hear(meeting_held(), BOOKED)
        await hearing.pass_gate(EXPIRY)
        await hearing.look_again()
        assert await hearing.look_again() == []
        assert await hearing.published() == ["PromiseMade"]
        await hearing.pass_gate(EXPIRY + timedelta(microseconds=1))
        assert len(await hearing.look_again()) == 1
        assert await hearing.published() == ["PromiseMade", "DeviationRaised"]
        assert await hearing.look_again() == []

    async def test_says_how_late_it_looked(self, hearing: Hearing) -> None:
        """In business time, from the instant on which something turned."""
        await hearing.hear(meeting_held(), BOOKED)
        await hearing.pass_gate("2026-11-25 10:00")
        await hearing.look_again()
        await hearing.pass_gate(EXPIRED)
        (late,) = await hearing.look_again()
        since_expiry = (NOW - EXPIRY).total_seconds()
        assert since_expiry <= late < since_expiry + 600

    async def test_takes_no_more_than_its_limit(self, hearing: Hearing) -> None:
        """The next pass takes the rest, those first that have waited longest."""
        cases = [another_case(number) for number in range(3)]
        for day, case_id in enumerate(cases, start=24):
            await hearing.hear(meeting_held(f"2026-11-{day} 13:00", case_id=case_id, meeting_id=case_id))
        await hearing.pass_gate("2026-11-24 10:00")
        await hearing.look_again()
        await hearing.pass_gate(LONG_AFTER)

        assert len(await hearing.look_again(limit=2)) == 2
        assert [len(await hearing.published(case_id)) for case_id in cases] == [2, 2, 1]
        assert len(await hearing.look_again(limit=2)) == 1
        assert await hearing.look_again(limit=2) == []

    async def test_shares_the_cases_with_another_sweep(self, hearing: Hearing) -> None:
        """What somebody else is judging will be judged; nobody waits, and nothing is said twice."""
        cases = [another_case(number) for number in range(4)]
        for case_id in cases:
            await hearing.hear(meeting_held(case_id=case_id, meeting_id=case_id))
        await hearing.pass_gate(LONG_AFTER)

        async with hearing.database.transaction() as first:
            mine = await handlers.look_again(first, limit=3)
            async with asyncio.timeout(10):
                theirs = await hearing.look_again()

        assert (len(mine), len(theirs)) == (3, 1)
        assert [await hearing.published(case_id) for case_id in cases] == [["PromiseMade", "DeviationRaised"]] * 4

    async def test_tells_the_worst_of_what_a_jump_passed_over(self, hearing: Hearing) -> None:
        """One warning, not four."""
        await hearing.hear(meeting_held())
        await hearing.pass_gate("2026-12-23 10:00")
        await hearing.look_again()
        (_, warned) = (await hearing.told())[-1]
        assert await hearing.published() == ["PromiseMade", "PromiseAtRisk"]
        assert warned["warning"] == "1_days_before"


class TestAGateThatShutsAgain:
    async def test_takes_no_bad_news_back(self, hearing: Hearing) -> None:
        """A topic has a partition more, whose first watermark is still to come."""
        await hearing.hear(meeting_held())
        await hearing.pass_gate(EXPIRED)
        await hearing.look_again()
        await hearing.database.pool.execute("UPDATE watermarks SET partitions = 2")
        await hearing.hear(case_reassigned("2026-12-25 10:00"))
        assert await hearing.published() == ["PromiseMade", "DeviationRaised"]


class TestARebuild:
    async def test_keeps_facts_and_publishes_nothing(self, hearing: Hearing) -> None:
        """Muted: heard, kept, and left to be judged when all has been heard."""
        await hearing.hear(meeting_held(), follow_up_held())
        before = await _promises(hearing)
        again = Hearing(hearing.database)
        async with hearing.database.transaction() as tx:
            await handlers.forget(tx)
        await again.take(Batch(again.number(meeting_held(), follow_up_held())), muted=True)
        await hearing.pass_gate(EXPIRED)
        assert [await timers.settle(hearing.database) for _ in range(2)] == [1, 0]

        assert await _promises(hearing) == before
        assert await hearing.published() == ["PromiseMade", "PromiseKept"]
        assert await hearing.database.pool.fetchval("SELECT count(*) FROM facts") == 2


async def _promises(hearing: Hearing) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await hearing.database.pool.fetch("SELECT * FROM promises ORDER BY promise_id")]


class TestFigures:
    async def figures(
        self,
        hearing: Hearing,
        *,
        as_of: str | None = None,
        heard_until: str = LONG_AFTER,
        units: tuple[UUID, ...] = (UNIT,),
    ) -> list[Figures]:
        """Count December 2026."""
        async with hearing.database.reading() as reading:
            return await handlers.count(
                reading,
                frozenset(units),
                MET_WITHIN_A_MONTH,
                due_from=date(2026, 12, 1),
                due_until=date(2027, 1, 1),
                as_of=local(as_of) if as_of else None,
                heard_until=local(heard_until),
            )

    async def test_are_those_last_said_or_those_of_a_cut_off_day(self, hearing: Hearing) -> None:
        """A late record changes today's figures, and not those of a report before it."""
        await hearing.hear(meeting_held(), follow_up_held(recorded="2027-01-10 10:00"))
        await hearing.pass_gate(LONG_AFTER)
        await hearing.look_again()

        (now,) = await self.figures(hearing)
        (then,) = await self.figures(hearing, as_of="2027-01-01 12:00")
        (later,) = await self.figures(hearing, as_of="2027-02-01 12:00")

        assert (now.kept, now.kept_recorded_late, now.lapsed, now.strict_rate) == (1, 1, 0, 1.0)
        assert (then.kept, then.kept_recorded_late, then.lapsed, then.strict_rate) == (0, 0, 1, 0.0)
        assert later == now

    async def test_begin_with_the_day_after_the_due_day(self, hearing: Hearing) -> None:
        """However early a promise was kept: by what was known then, and until now."""
        await hearing.hear(meeting_held(), follow_up_held())
        assert await self.figures(hearing, as_of="2026-12-24 23:59") == []
        assert await self.figures(hearing, heard_until="2026-12-24 23:59") == []
        [then], [now] = (
            await self.figures(hearing, as_of="2026-12-25 00:00"),
            await self.figures(hearing, heard_until="2026-12-25 00:00"),
        )
        assert then == now
        assert (now.due, now.kept) == (1, 1)

    async def test_are_of_the_asked_units_and_due_days(self, hearing: Hearing) -> None:
        """The unit in which the meeting was held; the day it was due."""
        elsewhere = another_case(1)
        await hearing.hear(
            meeting_held(),
            meeting_held("2026-12-01 13:00", case_id=elsewhere, meeting_id=elsewhere),
            meeting_held("2026-10-31 13:00", case_id=elsewhere, meeting_id=another_case(2)),
            meeting_held("2026-11-01 13:00", case_id=elsewhere, meeting_id=another_case(3), unit_id=elsewhere),
        )
        await hearing.pass_gate(LONG_AFTER)
        await hearing.look_again()

        for as_of in (None, LONG_AFTER):
            assert [(each.unit_id, each.due) for each in await self.figures(hearing, as_of=as_of)] == [(UNIT, 1)]
            assert [
                (each.unit_id, each.due) for each in await self.figures(hearing, as_of=as_of, units=(UNIT, elsewhere))
            ] == sorted([(UNIT, 1), (elsewhere, 1)])
            assert await self.figures(hearing, as_of=as_of, units=()) == []
