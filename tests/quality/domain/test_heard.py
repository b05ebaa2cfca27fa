"""What others say becomes facts of ours; what contradicts itself is refused with a code."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from services.quality.consumed import CaseStated, FollowUpStated, MeetingStated, MemoStated, UnitConfigured
from services.quality.domain import heard
from services.quality.domain.facts import Case, FollowUp, Meeting, Memo
from services.quality.domain.units import OFFICE_HOURS, Rule
from tests.quality.builders import CASE, FOLLOW_UP, MEETING, UNIT, local

RECORDED = local("2026-11-24 15:00")
NOW = local("2026-11-24 15:01")
CONTEXT: dict[str, Any] = {
    "case_id": CASE,
    "case_code": "K7-4QX",
    "unit_id": UNIT,
    "team_id": UNIT,
    "responsible_worker_ids": (),
    "version": 2,
}


def meeting(**different: Any) -> MeetingStated:
    """Return a Heijastin that was held from one to half past two."""
    said: dict[str, Any] = {
        **CONTEXT,
        "meeting_id": MEETING,
        "status": "held",
        "planned_from": local("2026-11-24 13:00"),
        "held": True,
        "held_from": local("2026-11-24 13:00"),
        "held_until": local("2026-11-24 14:30"),
        "held_on": date(2026, 11, 24),
        "held_in_unit_id": UNIT,
        "imported": False,
    }
    return MeetingStated(**(said | different))


def follow_up(**different: Any) -> FollowUpStated:
    """Return a follow-up that was held an hour from one."""
    said: dict[str, Any] = {
        **CONTEXT,
        "follow_up_id": FOLLOW_UP,
        "status": "held",
        "booked_from": local("2026-11-24 12:00"),
        "held": True,
        "held_from": local("2026-11-24 13:00"),
        "held_until": local("2026-11-24 14:00"),
        "held_on": date(2026, 11, 24),
        "family_present": True,
        "worker_present": False,
        "mode": "in_person",
        "imported": True,
    }
    return FollowUpStated(**(said | different))


NOT_HELD: dict[str, Any] = {"held": False, "held_from": None, "held_until": None, "held_on": None}


class TestAContradiction:
    @pytest.mark.parametrize("missing", ["held_from", "held_until", "held_on"])
    @pytest.mark.parametrize("said", [meeting(), follow_up()])
    def test_is_held_without_its_times(self, said: MeetingStated | FollowUpStated, missing: str) -> None:
        """The instant judges; without one there is nothing to judge."""
        assert heard.contradiction(said.model_copy(update={missing: None}), now=NOW) == "times_missing"

    def test_is_a_day_that_is_not_that_of_the_instant(self) -> None:
        """Of a meeting the day of its end, of a follow-up that of its start."""
        over_midnight = {"held_from": local("2026-11-23 23:00"), "held_until": local("2026-11-24 00:30")}
        first, last = {"held_on": date(2026, 11, 23)}, {"held_on": date(2026, 11, 24)}

        assert heard.contradiction(meeting(**over_midnight, **last), now=NOW) is None
        assert heard.contradiction(meeting(**over_midnight, **first), now=NOW) == "date_contradicts_instant"
        assert heard.contradiction(follow_up(**over_midnight, **first), now=NOW) is None
        assert heard.contradiction(follow_up(**over_midnight, **last), now=NOW) == "date_contradicts_instant"

    @pytest.mark.parametrize("said", [meeting(), follow_up()])
    def test_is_what_lies_more_than_five_minutes_ahead(self, said: MeetingStated | FollowUpStated) -> None:
        """Clocks differ a little; nobody has been met tomorrow, nor has a meeting ended that goes on."""
        assert said.held_until
        almost = said.held_until - timedelta(minutes=5)
        assert heard.contradiction(said, now=almost) is None
        assert heard.contradiction(said, now=almost - timedelta(microseconds=1)) == "in_the_future"
        swapped = said.model_copy(update={"held_from": said.held_until, "held_until": said.held_from})
        assert heard.contradiction(swapped, now=almost - timedelta(microseconds=1)) == "in_the_future"

    def test_is_nothing_that_is_planned_or_about_the_case(self) -> None:
        """What is booked lies ahead by nature."""
        booked = follow_up(**NOT_HELD, booked_from=local("2027-01-01 12:00"))
        assert heard.contradiction(booked, now=NOW) is None
        assert heard.contradiction(CaseStated(**CONTEXT, closed_on=date(2026, 11, 24)), now=NOW) is None
        assert heard.contradiction(CaseStated(**CONTEXT, closed_on=None), now=NOW) is None

    def test_is_a_case_that_will_have_closed_tomorrow(self) -> None:
        """Else a closing could end a promise before it happened."""
        closed = CaseStated(**CONTEXT, closed_on=date(2026, 11, 25))
        assert heard.contradiction(closed, now=NOW) == "in_the_future"
        assert heard.contradiction(closed, now=local("2026-11-24 23:54")) == "in_the_future"
        assert heard.contradiction(closed, now=local("2026-11-24 23:55")) is None


class TestAFact:
    def test_of_a_held_meeting_has_its_days(self) -> None:
        """The first and the last, and the unit in which it was held."""
        overnight = meeting(held_from=local("2026-11-23 23:00"), unit_id=CASE)
        assert heard.fact_of(overnight, recorded_at=RECORDED) == Meeting(
            MEETING, 2, RECORDED, UNIT, None, overnight.held_from, date(2026, 11, 23), date(2026, 11, 24),
            imported=False,
        )  # fmt: skip

    def test_of_a_planned_meeting_has_its_plan_and_the_unit_of_the_case(self) -> None:
        """It may be met in time there."""
        planned = meeting(**NOT_HELD, status="scheduled", held_in_unit_id=None, imported=True)
        assert heard.fact_of(planned, recorded_at=RECORDED) == Meeting(
            MEETING, 2, RECORDED, UNIT, planned.planned_from, None, None, None, imported=True
        )

    @pytest.mark.parametrize("status", ["cancelled", "deferred", "retracted"])
    def test_of_a_meeting_that_is_not_held_has_nothing(self, status: str) -> None:
        """Times that were said before it was retracted are history."""
        gone = meeting(held=False, status=status)
        assert heard.fact_of(gone, recorded_at=RECORDED) == Meeting(
            MEETING, 2, RECORDED, UNIT, None, None, None, None, imported=False
        )

    def test_of_a_held_follow_up_has_its_flags(self) -> None:
        """Whether it counts was decided where it was recorded."""
        remote = follow_up(mode="remote")
        assert heard.fact_of(remote, recorded_at=RECORDED) == FollowUp(
            FOLLOW_UP, 2, RECORDED, None, remote.held_from, date(2026, 11, 24),
            family_present=True, worker_present=False, is_remote=True, imported=True,
        )  # fmt: skip

    def test_of_a_booked_follow_up_has_its_booking_only(self) -> None:
        """Nobody has been met."""
        booked = follow_up(status="booked", held=False, worker_present=True, imported=False)
        assert heard.fact_of(booked, recorded_at=RECORDED) == FollowUp(
            FOLLOW_UP, 2, RECORDED, booked.booked_from, None, None,
            family_present=True, worker_present=True, is_remote=False, imported=False,
        )  # fmt: skip

    def test_of_a_case_has_the_day_it_closed(self) -> None:
        """None while it is open."""
        closed = CaseStated(**CONTEXT, closed_on=date(2026, 11, 24))
        assert heard.fact_of(closed, recorded_at=RECORDED) == Case(CASE, 2, RECORDED, date(2026, 11, 24))


class TestAUnit:
    def configured(self, **different: Any) -> UnitConfigured:
        """Return a unit as scheduling tells of it."""
        said: dict[str, Any] = {
            "unit_id": UNIT,
            "version": 1,
            "hours": [
                {"weekday": 1, "opens": "09:00", "closes": "15:00"},
                {"weekday": 7, "opens": "08:00", "closes": "12:00"},
            ],
            "closing_days": ["2026-12-23"],
            "holiday_policy": "roll_forward_150_1930",
            "remote_counts": True,
            "rule_versions": [{"valid_from": "2027-01-01", "holiday_policy": "strict", "remote_counts": False}],
        }
        return UnitConfigured.model_validate(said | different)

    def test_works_in_its_hours(self) -> None:
        """Monday is the first day; what is not named is free."""
        hours = heard.unit_of(self.configured()).hours

        assert hours[0] == (time(9), time(15))
        assert hours[1:6] == (None,) * 5
        assert hours[6] == (time(8), time(12))
        assert len(hours) == 7

    def test_that_names_none_works_office_hours(self) -> None:
        """Else a warning would look for a time for ever."""
        assert heard.unit_of(self.configured(hours=[])).hours == OFFICE_HOURS

    def test_that_names_none_before_the_weekend_works_office_hours(self) -> None:
        """Nobody is warned on a Saturday, so one slip in a form would keep every warning looking for a time."""
        saturdays = [{"weekday": 6, "opens": "09:00", "closes": "15:00"}]
        assert heard.unit_of(self.configured(hours=saturdays)).hours == OFFICE_HOURS
        fridays = [{"weekday": 5, "opens": "09:00", "closes": "15:00"}]
        assert heard.unit_of(self.configured(hours=fridays)).hours[4] == (time(9), time(15))

    def test_has_its_free_days_and_rules(self) -> None:
        """Its own rule since ever, the versions from their day on."""
        unit = heard.unit_of(self.configured())

        assert unit.closing_days == {date(2026, 12, 23)}
        assert unit.rules == (
            Rule(None, "roll_forward_150_1930", remote_counts=True),
            Rule(date(2027, 1, 1), "strict", remote_counts=False),
        )
        version = {"valid_from": "2027-01-01", "holiday_policy": "strict", "remote_counts": True}
        assert heard.unit_of(self.configured(rule_versions=[version])).rules[1].remote_counts


def test_now_is_an_argument() -> None:
    """The reader's business time, not the machine's."""
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert heard.contradiction(meeting(), now=long_ago) == "in_the_future"


class TestAMemo:
    def said(self, **different: Any) -> MemoStated:
        """Return a memo that was recorded today and is to be gone through next week."""
        memo: dict[str, Any] = {
            **CONTEXT,
            "meeting_id": MEETING,
            "expected": True,
            "recorded_on": date(2026, 11, 24),
            "review_due_on": date(2026, 12, 1),
            "reviewed_on": None,
        }
        return MemoStated(**(memo | different))

    def test_is_kept_as_it_is_said(self) -> None:
        """A day to come may be agreed on."""
        assert heard.contradiction(self.said(), now=NOW) is None
        assert heard.fact_of(self.said(), recorded_at=RECORDED) == Memo(
            MEETING, 2, RECORDED, is_expected=True, written_on=date(2026, 11, 24), review_due_on=date(2026, 12, 1),
            reviewed_on=None,
        )  # fmt: skip
        reviewed = heard.fact_of(self.said(reviewed_on=date(2026, 11, 24)), recorded_at=RECORDED)
        assert isinstance(reviewed, Memo)
        assert reviewed.reviewed_on == date(2026, 11, 24)

    @pytest.mark.parametrize("ahead", ["recorded_on", "reviewed_on"])
    def test_cannot_have_been_recorded_or_reviewed_tomorrow(self, ahead: str) -> None:
        """But at five minutes to midnight our clock may be the late one."""
        said = self.said(**{ahead: date(2026, 11, 25)})

        assert heard.contradiction(said, now=NOW) == "in_the_future"
        assert heard.contradiction(said, now=local("2026-11-24 23:54")) == "in_the_future"
        assert heard.contradiction(said, now=local("2026-11-24 23:55")) is None
