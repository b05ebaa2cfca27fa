"""What quality makes of memos, with its real database: judged apart from the month, at a gate of their own."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from services.quality import api, handlers
from services.quality.consumed import CASES, MEMOS, UNITS
from services.quality.domain.announcements import promise_id
from services.records.events import MemoExpected, MemoRecorded, MemoReviewAgreed, MemoReviewedWithFamily
from shared.inbox import StreamKey
from shared.intake import Batch
from tests.probe import until
from tests.quality.builders import CASE, MEETING, UNIT, local
from tests.quality.stream import Hearing, case_reassigned, follow_up_booked, meeting_held, memo_said
from tests.scheduling.edge import TRUST, Caller

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

MONTH, RECORDED, REVIEWED = "met_within_a_month", "memo_recorded_in_three_days", "memo_reviewed_as_agreed"
EXPECTED = memo_said(MemoExpected, "2026-11-24 14:35")
BOOKED = follow_up_booked("2026-12-24 10:00", recorded="2026-11-24 14:30")
MEMO_LAPSED = "2026-11-28 00:01"
MONTH_LAPSED = "2026-12-25 00:01"
SCHEDULING = (CASES, UNITS)


async def told(hearing: Hearing, policy: str) -> list[str]:
    """Return the names of what was published of one promise."""
    return [name for name, body in await hearing.told() if body["policy"] == policy]


async def last(hearing: Hearing, policy: str) -> dict[str, object]:
    """Return what was last published of one promise."""
    return [body for _, body in await hearing.told() if body["policy"] == policy][-1]


class TestAMemo:
    async def test_has_a_promise_of_its_own(self, hearing: Hearing) -> None:
        """Beside the month's, with its own id, and about the same Heijastin."""
        await hearing.hear(meeting_held(), BOOKED, EXPECTED)

        made = await last(hearing, RECORDED)
        assert (made["status"], made["due_on"], made["meeting_id"]) == ("open", "2026-11-27", str(MEETING))
        assert made["promise_id"] == str(promise_id(RECORDED, MEETING))
        assert await told(hearing, MONTH) == ["PromiseMade"]

    async def test_recorded_in_time_is_kept(self, hearing: Hearing) -> None:
        """As soon as it is heard."""
        await hearing.hear(meeting_held(), EXPECTED)
        await hearing.hear(memo_said(MemoRecorded, "2026-11-26 10:00", recorded_on="2026-11-26"))

        kept = await last(hearing, RECORDED)
        assert (kept["status"], kept["met_on"], kept["met_by_id"]) == ("kept", "2026-11-26", str(MEETING))
        assert await told(hearing, RECORDED) == ["PromiseMade", "PromiseKept"]

    async def test_not_recorded_is_a_deviation_at_midnight(self, hearing: Hearing) -> None:
        """By the sweep; recorded after that it is kept late, and the deviation stays."""
        await hearing.hear(meeting_held(), BOOKED, EXPECTED)
        await hearing.pass_gate(MEMO_LAPSED)
        await hearing.look_again()
        await hearing.hear(memo_said(MemoRecorded, "2026-11-30 10:00", recorded_on="2026-11-30"))

        assert await told(hearing, RECORDED) == ["PromiseMade", "DeviationRaised", "PromiseKeptLate"]
        kept_late = await last(hearing, RECORDED)
        assert (kept_late["days_late"], kept_late["deviation_state"]) == (3, "open")
        assert await told(hearing, MONTH) == ["PromiseMade"]

    async def test_heard_of_before_its_heijastin_waits_for_it(self, hearing: Hearing) -> None:
        """Topics arrive in any order; the case is then known by what scheduling says of it."""
        memo, meeting, moved = (
            memo_said(MemoExpected, "2026-11-24 14:35", case_code="B2-BBH"),
            meeting_held(),
            case_reassigned("2026-11-24 15:00", case_code="K7-4QX"),
        )
        await hearing.hear(memo)
        assert await hearing.published() == []
        await hearing.hear(meeting, moved)
        for version in (2, 3):
            again = memo_said(MemoExpected, "2026-11-25 10:00", version=version, case_code="B2-BBH")
            await hearing.hear(again)

        made = await last(hearing, RECORDED)
        assert (made["status"], made["case_code"]) == ("open", "K7-4QX")
        assert await hearing.database.pool.fetchval("SELECT case_code FROM cases") == "K7-4QX"

    async def test_that_says_it_will_have_been_is_refused(self, hearing: Hearing) -> None:
        """Recorded or reviewed on a day to come."""
        said: list[dict[str, Any]] = [{"recorded_on": "2033-01-01"}, {"recorded_on": None, "reviewed_on": "2033-01-01"}]
        for ahead in said:
            [(_, reason)] = await hearing.hear(memo_said(MemoRecorded, "2026-11-26 10:00", **ahead))
            assert reason == "in_the_future"

    async def test_reviewed_as_agreed_is_kept(self, hearing: Hearing) -> None:
        """The third promise: made by the agreement, kept by the review."""
        await hearing.hear(meeting_held(), EXPECTED)
        await hearing.hear(memo_said(MemoReviewAgreed, "2026-11-26 10:00"))
        await hearing.hear(memo_said(MemoReviewedWithFamily, "2026-12-03 10:00"))

        assert await told(hearing, REVIEWED) == ["PromiseMade", "PromiseKept"]
        kept = await last(hearing, REVIEWED)
        assert (kept["anchor_on"], kept["due_on"], kept["met_on"]) == ("2026-11-26", "2026-12-03", "2026-12-03")


class TestTwoProcesses:
    @pytest.mark.parametrize("is_memo_first", [False, True])
    @pytest.mark.parametrize("is_known", [False, True])
    async def test_may_hear_of_a_case_at_once(self, hearing: Hearing, *, is_known: bool, is_memo_first: bool) -> None:
        """Each on its topic: the later judges with the facts of the other, and keeps its alarm."""
        if is_known:
            await hearing.hear(case_reassigned("2026-11-24 10:00"))
        topics = [hearing.number(meeting_held(), BOOKED), hearing.number(EXPECTED)]
        first, second = reversed(topics) if is_memo_first else topics
        async with hearing.database.transaction() as tx:
            await handlers.take_in(tx, Batch(first))
            other = asyncio.create_task(hearing.take(Batch(second)))

            async def waits_or_is_done() -> bool:
                return other.done() or await hearing.database.pool.fetchval(
                    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted)"
                )

            await until(waits_or_is_done)
        await other
        assert await told(hearing, MONTH) == await told(hearing, RECORDED) == ["PromiseMade"]

        await hearing.pass_gate(MONTH_LAPSED)
        await hearing.look_again()
        assert await told(hearing, MONTH) == await told(hearing, RECORDED) == ["PromiseMade", "DeviationRaised"]


class TestTheGates:
    async def test_of_the_month_does_not_wait_for_memos(self, hearing: Hearing) -> None:
        """Records may be away for weeks: the month is over all the same, and of the memo nothing bad is said."""
        await hearing.hear(meeting_held(), BOOKED, EXPECTED)
        await hearing.pass_gate("2026-11-25 10:00", topics=(MEMOS,))
        await hearing.pass_gate(MONTH_LAPSED, topics=SCHEDULING)

        assert len(await hearing.look_again()) == 1

        assert await told(hearing, MONTH) == ["PromiseMade", "DeviationRaised"]
        assert await told(hearing, RECORDED) == ["PromiseMade"]

    async def test_of_the_memo_ring_by_themselves(self, hearing: Hearing) -> None:
        """A case whose memo waits is not looked at again and again because the month's gate moves on."""
        await hearing.hear(meeting_held(), BOOKED, EXPECTED)
        await hearing.pass_gate("2026-11-25 10:00", topics=(MEMOS,))
        await hearing.pass_gate("2026-12-01 00:00", topics=SCHEDULING)

        assert await hearing.look_again() == []
        await hearing.pass_gate(MEMO_LAPSED, topics=(MEMOS,))
        [late] = await hearing.look_again()

        assert late > 0
        assert "DeviationRaised" in await told(hearing, RECORDED)
        assert await hearing.look_again() == []

    async def test_shut_for_memos_are_open_for_the_month(self, hearing: Hearing) -> None:
        """No watermark of records was ever seen."""
        await hearing.hear(meeting_held(), EXPECTED)
        await hearing.pass_gate(MONTH_LAPSED, topics=SCHEDULING)
        await hearing.look_again()

        assert "DeviationRaised" in await told(hearing, MONTH)
        assert await told(hearing, RECORDED) == ["PromiseMade"]


class TestADisturbedMemo:
    async def test_leaves_the_month_as_it_is(self, hearing: Hearing) -> None:
        """Facts missing on one topic make uncertain what needs that topic, until they are there."""
        stream: StreamKey = (MEMOS, str(CASE))
        await hearing.hear(meeting_held(), BOOKED, EXPECTED)
        await hearing.pass_gate("2026-11-25 10:00")
        await hearing.take(Batch((), frozenset([stream]), {stream: local("2026-11-25 09:00")}))
        assert await told(hearing, RECORDED) == ["PromiseMade", "PromiseUndetermined"]
        assert await told(hearing, MONTH) == ["PromiseMade"]

        # What is said on the other topic does not mend it.
        await hearing.hear(case_reassigned("2026-11-25 10:00"))
        assert await told(hearing, RECORDED) == ["PromiseMade", "PromiseUndetermined"]

        await hearing.take(Batch((), frozenset([stream])))
        assert await told(hearing, RECORDED) == ["PromiseMade", "PromiseUndetermined", "PromiseReopened"]

    async def test_is_uncertain_for_a_day_whatever_else_has_been_missing_for_long(self, hearing: Hearing) -> None:
        """A case that is judged on the rest since long is no reason to believe what is missing since now."""
        case, memo = (CASES, str(CASE)), (MEMOS, str(CASE))
        since = {case: local("2026-11-01 10:00"), memo: local("2026-11-25 09:00")}
        await hearing.hear(meeting_held(), BOOKED, EXPECTED)
        await hearing.pass_gate("2026-11-25 10:00")
        await hearing.take(Batch((), frozenset([case, memo]), since))

        assert await told(hearing, RECORDED) == ["PromiseMade", "PromiseUndetermined"]
        assert await told(hearing, MONTH) == ["PromiseMade"]

    async def test_is_uncertain_when_the_case_is(self, hearing: Hearing) -> None:
        """Both need what scheduling says."""
        stream: StreamKey = (CASES, str(CASE))
        await hearing.hear(meeting_held(), EXPECTED)
        await hearing.take(Batch((), frozenset([stream]), {stream: local("2026-11-25 09:00")}))

        assert "PromiseUndetermined" in await told(hearing, RECORDED)
        assert "PromiseUndetermined" in await told(hearing, MONTH)


class TestARebuild:
    async def test_forgets_memos_and_hears_them_again(self, hearing: Hearing) -> None:
        """It ends where it was, and says nothing."""
        facts = hearing.number(meeting_held(), BOOKED, EXPECTED)
        await hearing.take(Batch(facts))
        before = await hearing.published()
        async with hearing.database.transaction() as tx:
            await handlers.forget(tx)
        assert await hearing.database.pool.fetchval("SELECT count(*) FROM memos") == 0

        await hearing.take(Batch(facts), muted=True)
        await hearing.pass_gate("2026-11-25 10:00", topics=SCHEDULING)
        assert await hearing.look_again() == [0.0]

        assert await hearing.published() == before
        assert await hearing.database.pool.fetchval("SELECT count(*) FROM memos") == 1


class TestTheAnswers:
    @pytest.fixture(name="manager")
    def _manager(self, hearing: Hearing) -> Caller:
        """A quality manager of the one unit."""
        app: FastAPI = api.app(trust=TRUST, database=hearing.database)
        return Caller(app, "quality_manager", UNIT)

    async def test_are_about_the_month_unless_another_promise_is_named(self, hearing: Hearing, manager: Caller) -> None:
        """Lists and figures never mix them."""
        await hearing.hear(meeting_held(), BOOKED, EXPECTED)
        await hearing.pass_gate(MEMO_LAPSED)
        await hearing.look_again()

        async def listed(path: str) -> list[str]:
            return [item["policy"] for item in (await manager.show(path))["items"]]

        assert await listed("/v1/promises") == [MONTH]
        assert await listed("/v1/deviations") == []
        assert await listed(f"/v1/promises?policy={RECORDED}") == [RECORDED]
        assert await listed(f"/v1/deviations?policy={RECORDED}") == [RECORDED]
        assert await listed(f"/v1/warnings?policy={RECORDED}") == []
        assert (await manager.http.get("/v1/promises?policy=another")).status_code == 422

    async def test_count_each_promise_by_itself(self, hearing: Hearing, manager: Caller) -> None:
        """A memo that is late is no family that was not met; as last said, and as known at an instant."""
        await hearing.hear(meeting_held(), BOOKED, EXPECTED)
        await hearing.pass_gate(MONTH_LAPSED)
        await hearing.look_again()
        path = "/v1/figures?from=2026-11-01&until=2027-01-01"

        month = await manager.show(path)
        memos = await manager.show(f"{path}&policy={RECORDED}")
        then = await manager.show(f"{path}&policy={RECORDED}&as_of=2026-11-29T00:00:00Z")

        assert (month["policy"], memos["policy"]) == (MONTH, RECORDED)
        assert [(each["month"], each["due"], each["lapsed"]) for each in month["figures"]] == [("2026-12-01", 1, 1)]
        assert [(each["month"], each["due"], each["lapsed"]) for each in memos["figures"]] == [("2026-11-01", 1, 1)]
        assert then["figures"] == memos["figures"]

    async def test_tell_how_far_each_has_been_heard(self, hearing: Hearing, manager: Caller) -> None:
        """The month's line is not the memo's."""
        await hearing.pass_gate("2026-12-01 00:00", topics=SCHEDULING)
        memos = f"/v1/as-of?policy={RECORDED}"
        assert (await manager.show(memos))["as_of"] is None
        assert (await manager.show(f"/v1/figures?from=2026-11-01&until=2027-01-01&policy={RECORDED}"))["as_of"] is None
        await hearing.pass_gate("2026-11-30 00:00", topics=(MEMOS,))

        assert (await manager.show("/v1/as-of"))["as_of"] == "2026-11-30T22:00:00Z"
        assert (await manager.show(memos))["as_of"] == "2026-11-29T22:00:00Z"
