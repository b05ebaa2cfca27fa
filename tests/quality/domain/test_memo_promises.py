"""The memo's two promises: recorded within three working days, and gone through with the family on the day agreed."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest

from services.quality.api import PolicyName
from services.quality.consumed import CASES, MEMOS, UNITS
from services.quality.domain.facts import Fact
from services.quality.domain.live import Line, judge_live
from services.quality.domain.policies import (
    MEMO_RECORDED_IN_THREE_DAYS,
    MEMO_REVIEWED_AS_AGREED,
    MET_WITHIN_A_MONTH,
    POLICIES,
    Policy,
    Topics,
)
from services.quality.domain.promise import Promise, Status, judge
from services.quality.domain.units import Rule, Unit
from tests.quality.builders import (
    ANOTHER_MEETING,
    MEETING,
    closed_case,
    facts,
    heard_until,
    held_follow_up,
    held_meeting,
    local,
    memo,
    planned_meeting,
    retracted_meeting,
    unit_of,
)

# A Heijastin of Tuesday 24 November 2026: three working days later is Friday the 27th.
CLOSE = "2026-11-24 14:35"
EXPIRY = local("2026-11-28 00:00")
LATER = local("2026-12-20 12:00")
EXPECTED = memo(CLOSE)
RECORDED, REVIEWED = MEMO_RECORDED_IN_THREE_DAYS, MEMO_REVIEWED_AS_AGREED


def promise(policy: Policy, *given: Fact, until: datetime = LATER, subject: UUID = MEETING) -> Promise:
    """Return the promise of a policy as it is at an instant."""
    return judge(policy, facts(*given), unit_of, until)[subject]


def rungs(policy: Policy, *given: Fact, at: str) -> str | None:
    """Return the rung that speaks when everything has been heard until a local time."""
    warning = (
        judge_live(POLICIES, facts(*given), unit_of, heard_until(local(at))).standings[policy.name, MEETING].warning
    )
    return warning.rung if warning else None


class TestTheMemo:
    def test_is_promised_when_it_is_asked_for(self) -> None:
        """Not by the Heijastin alone: after an import, or a late entry, nobody is."""
        assert judge(RECORDED, facts(held_meeting()), unit_of, LATER) == {}

        found = promise(RECORDED, held_meeting(), EXPECTED, until=EXPIRY)

        assert (found.status, found.due_on, found.expires_at) == (Status.OPEN, date(2026, 11, 27), EXPIRY)
        assert (found.opening.anchor_on, found.rule) == (date(2026, 11, 24), Rule())

    @pytest.mark.parametrize(
        "held, due",
        [
            ("2026-11-26 13:00", "2026-12-01"),  # Thursday: over the weekend
            ("2026-12-03 13:00", "2026-12-08"),  # Independence Day is a Sunday: nothing moves
            ("2026-12-22 13:00", "2026-12-29"),  # Christmas Eve and Day are none
            ("2027-03-25 13:00", "2027-04-01"),  # Good Friday and Easter Monday are none
            ("2026-11-28 13:00", "2026-12-02"),  # held on a Saturday
        ],
    )
    def test_is_due_on_the_third_day_on_which_people_work(self, held: str, due: str) -> None:
        """Calendar days of the country; no unit's closing days."""
        found = promise(RECORDED, held_meeting(held), memo(held), until=local(held) + timedelta(hours=3))

        assert found.due_on == date.fromisoformat(due)

    def test_lapses_at_the_midnight_after_the_third_day(self) -> None:
        """That instant is already too late."""
        given = held_meeting(), EXPECTED

        assert promise(RECORDED, *given, until=EXPIRY).status is Status.OPEN
        lapsed = promise(RECORDED, *given, until=EXPIRY + timedelta(microseconds=1))
        assert (lapsed.status, lapsed.in_breach_since) == (Status.LAPSED, EXPIRY)

    @pytest.mark.parametrize(
        "written, recorded, status, late",
        [
            ("2026-11-24", "2026-11-24 15:00", Status.KEPT, False),
            ("2026-11-27", "2026-11-27 23:59", Status.KEPT, False),
            ("2026-11-27", "2026-11-30 09:00", Status.KEPT, True),
            ("2026-11-28", "2026-11-28 09:00", Status.KEPT_LATE, False),
        ],
    )
    def test_goes_by_the_day_on_which_it_was_written(
        self,
        written: str,
        recorded: str,
        status: Status,
        late: bool,  # noqa: FBT001 - a part of the example
    ) -> None:
        """When it was said here only tells that it was recorded late."""
        found = promise(RECORDED, held_meeting(), EXPECTED, memo(recorded, version=2, written=written))

        assert (found.status, found.is_recorded_late) == (status, late)
        assert found.days_late == (1 if status is Status.KEPT_LATE else 0)

    def test_written_before_a_corrected_day_is_written(self) -> None:
        """It is there; that the Heijastin turns out to have been a day later does not undo it."""
        moved = held_meeting("2026-11-25 13:00", version=3, recorded="2026-11-26 09:00")
        written = memo("2026-11-24 16:00", version=2, written="2026-11-24")

        assert promise(RECORDED, held_meeting(), moved, EXPECTED, written).status is Status.KEPT

    def test_keeps_the_promise_of_its_own_heijastin_only(self) -> None:
        """And an encounter with the family keeps none: each promise by what it is about."""
        second = held_meeting("2026-11-25 13:00", meeting_id=ANOTHER_MEETING, version=1)
        written = memo("2026-11-26 09:00", version=2, written="2026-11-26", meeting_id=ANOTHER_MEETING)
        given = (held_meeting(), second, EXPECTED, memo(CLOSE, meeting_id=ANOTHER_MEETING), written,
                 held_follow_up("2026-11-26 10:00"))  # fmt: skip

        assert promise(RECORDED, *given).status is Status.LAPSED
        assert promise(RECORDED, *given, subject=ANOTHER_MEETING).status is Status.KEPT
        assert promise(MET_WITHIN_A_MONTH, *given).status is Status.KEPT

    def test_written_on_the_day_of_another_is_recorded_by_itself(self) -> None:
        """That one was said to be there at once does not excuse the other, which was said to be a week later."""
        given = (held_meeting(), held_meeting("2026-11-24 15:00", meeting_id=ANOTHER_MEETING),
                 EXPECTED, memo(CLOSE, meeting_id=ANOTHER_MEETING),
                 memo("2026-11-26 12:00", version=2, written="2026-11-26"),
                 memo("2026-12-03 12:00", version=2, written="2026-11-26", meeting_id=ANOTHER_MEETING))  # fmt: skip

        ours, other = (promise(RECORDED, *given, subject=subject) for subject in (MEETING, ANOTHER_MEETING))

        assert (ours.recording_delay_days, other.recording_delay_days) == (0, 7)
        assert ours.met
        assert ours.met.subject_id == MEETING

    def test_of_a_retracted_heijastin_is_void(self) -> None:
        """At once, before records has heard of it."""
        assert promise(RECORDED, held_meeting(), EXPECTED, retracted_meeting("2026-11-25 09:00")).status is Status.VOID

    def test_that_is_not_asked_for_after_all_is_void(self) -> None:
        """A correction made it a late entry."""
        given = held_meeting(), EXPECTED, memo("2026-11-25 09:00", version=2, is_expected=False)

        assert promise(RECORDED, *given).status is Status.VOID

    def test_is_owed_when_the_case_is_closed(self) -> None:
        """What was owed to a family is still owed."""
        assert promise(
            RECORDED, held_meeting(), EXPECTED, closed_case("2026-11-25", recorded="2026-11-25 10:00")
        ).status is (Status.LAPSED)

    def test_keeps_its_strict_day_where_the_months_would_move(self) -> None:
        """How a unit treats holidays is a rule about the month; the memo's day has none of it."""

        def rolling(_: UUID) -> Unit:
            return Unit(rules=(Rule(None, "roll_forward_150_1930", remote_counts=True),))

        given = facts(held_meeting(), EXPECTED, memo(CLOSE, version=2, review_due="2026-11-28"))
        for policy, due_on in ((REVIEWED, date(2026, 11, 28)), (RECORDED, date(2026, 11, 27))):
            found = judge(policy, given, rolling, LATER)[MEETING]
            assert (found.due_on, found.rule) == (due_on, Rule())

    def test_has_no_part_in_the_month(self) -> None:
        """Nor the month in it: the family's promise is judged as if there were no memo."""
        given = held_meeting(), held_follow_up("2026-12-15 10:00")

        assert promise(MET_WITHIN_A_MONTH, *given, EXPECTED) == promise(MET_WITHIN_A_MONTH, *given)

    def test_is_warned_of_the_day_before_and_in_the_morning(self) -> None:
        """In working hours; nothing is said of bookings, as nothing is booked."""
        given = held_meeting(), EXPECTED

        assert [
            rungs(RECORDED, *given, at=f"2026-11-{at}") for at in ("26 08:00", "26 08:01", "27 08:00", "27 08:01")
        ] == [
            None,
            "1_days_before",
            "1_days_before",
            "due_today",
        ]
        assert (
            rungs(RECORDED, *given, memo("2026-11-26 12:00", version=2, written="2026-11-26"), at="2026-11-27 09:00")
            is None
        )

    def test_is_warned_of_whatever_is_planned(self) -> None:
        """A Heijastin that lies ahead writes no memo of the last one, and goes through none."""
        planned = planned_meeting("2026-11-27 10:00", recorded="2026-11-25 10:00")
        agreed = memo(CLOSE, review_due="2026-11-27")

        for policy in (RECORDED, REVIEWED):
            assert rungs(policy, held_meeting(), agreed, planned, at="2026-11-26 10:00") == "1_days_before"

    def test_asked_for_late_is_known_as_late(self) -> None:
        """A records service that was away for a week makes no false alarm of what had passed."""
        found = promise(RECORDED, held_meeting(), memo("2026-12-03 09:00"), until=local("2026-12-03 09:01"))

        assert (found.status, found.is_late_entry) == (Status.LAPSED, True)
        assert found.in_breach_since == local("2026-12-03 09:00")


class TestTheReview:
    def test_is_promised_for_the_day_agreed(self) -> None:
        """It counts from the day of the agreement."""
        found = promise(REVIEWED, held_meeting(), memo("2026-11-25 09:00", review_due="2026-12-03"), until=EXPIRY)

        assert (found.status, found.opening.anchor_on, found.due_on) == (
            Status.OPEN,
            date(2026, 11, 25),
            date(2026, 12, 3),
        )

    def test_is_not_promised_before_anything_is_agreed(self) -> None:
        """A memo is there, and no day yet."""
        assert judge(REVIEWED, facts(held_meeting(), EXPECTED), unit_of, LATER) == {}

    def test_moves_with_what_records_says_is_due(self) -> None:
        """Another agreement, in time; the promise still counts from the first."""
        given = (held_meeting(), memo("2026-11-25 09:00", review_due="2026-12-03"),
                 memo("2026-12-01 09:00", version=2, review_due="2026-12-10"))  # fmt: skip

        found = promise(REVIEWED, *given, until=local("2026-12-08 09:00"))

        assert (found.status, found.opening.anchor_on, found.due_on) == (
            Status.OPEN,
            date(2026, 11, 25),
            date(2026, 12, 10),
        )

    @pytest.mark.parametrize(
        "reviewed, status", [("2026-12-03", Status.KEPT), ("2026-12-04", Status.KEPT_LATE), (None, Status.LAPSED)]
    )
    def test_is_kept_by_that_day(self, reviewed: str | None, status: Status) -> None:
        """Or late, or not."""
        agreed = memo("2026-11-25 09:00", review_due="2026-12-03")
        done = memo("2026-12-07 09:00", version=2, written="2026-11-25", review_due="2026-12-03", reviewed=reviewed)

        assert promise(REVIEWED, held_meeting(), agreed, done).status is status

    def test_is_void_without_its_heijastin(self) -> None:
        """Never heard of as held: nothing; retracted: void."""
        agreed = memo("2026-11-25 09:00", review_due="2026-12-03")

        assert judge(REVIEWED, facts(agreed), unit_of, LATER) == {}
        assert promise(REVIEWED, held_meeting(), agreed, retracted_meeting("2026-11-26 09:00")).status is Status.VOID

    @pytest.mark.parametrize("again, is_late", [("2026-12-02 09:00", False), ("2026-12-07 09:00", True)])
    def test_is_known_late_if_its_heijastin_was_told_of_again_too_late(self, again: str, *, is_late: bool) -> None:
        """Gone through in time; but when the day was over the Heijastin was retracted, so nothing was promised."""
        done = memo("2026-11-30 09:00", review_due="2026-12-03", reviewed="2026-11-30")
        gone = retracted_meeting("2026-12-01 09:00")

        found = promise(REVIEWED, held_meeting(), done, gone, held_meeting(recorded=again, version=4))
        assert (found.status, found.is_recorded_late) == (Status.KEPT, is_late)

    def test_belongs_to_the_unit_of_its_heijastin(self) -> None:
        """The highest version that was held, in whatever order they came; and an import is no excuse."""
        older = replace(held_meeting(imported=True), unit_id=ANOTHER_MEETING, version=1)
        agreed = memo("2026-11-25 09:00", review_due="2026-12-03")

        for given in ((older, held_meeting(), agreed), (held_meeting(), older, agreed)):
            found = promise(REVIEWED, *given)
            assert (found.opening.unit_id, found.opening.imported) == (held_meeting().unit_id, False)


class TestThePolicies:
    def test_can_be_asked_for_by_name(self) -> None:
        """The words of the API are their names."""
        assert get_args(PolicyName) == tuple(policy.name for policy in POLICIES)

    @pytest.mark.parametrize(
        "policy, believed_without",
        [(MET_WITHIN_A_MONTH, {MEMOS}), (RECORDED, set[str]()), (REVIEWED, set[str]())],
        ids=lambda each: each.name if isinstance(each, Policy) else "",
    )
    def test_lapse_when_all_that_they_need_has_been_heard(self, policy: Policy, believed_without: set[str]) -> None:
        """Without the units no rule is certain, without the memos no memo; a slow records delays no month."""
        given = facts(held_meeting(), memo(CLOSE, review_due="2026-12-03"))
        status_without: dict[str, Status] = {}
        for silent in (CASES, UNITS, MEMOS):

            def line_of(needs: Topics, silent: str = silent) -> Line:
                return Line(None if silent in needs else local("2027-01-20 12:00"))

            judged = judge_live(POLICIES, given, unit_of, line_of).standings[policy.name, MEETING]
            status_without[silent] = judged.promise.status

        assert {topic for topic, status in status_without.items() if status is Status.LAPSED} == believed_without
