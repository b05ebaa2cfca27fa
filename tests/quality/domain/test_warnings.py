"""The ladder of one promise: a Heijastin of Tuesday 24 November 2026, due on 24 December, last working day the 23rd."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from services.quality.domain.facts import Fact
from services.quality.domain.live import judge_live
from services.quality.domain.policies import MET_WITHIN_A_MONTH, POLICIES
from services.quality.domain.promise import UnitOf, judge
from services.quality.domain.sight import Sight
from services.quality.domain.units import OFFICE_HOURS, Rule, Unit
from services.quality.domain.warnings import rungs, warning_id, warnings
from tests.quality.builders import (
    ANOTHER_MEETING,
    FOLLOW_UP,
    MEETING,
    UNIT,
    booked_follow_up,
    closed_case,
    facts,
    heard_until,
    held_follow_up,
    held_meeting,
    local,
    no_follow_up,
    planned_meeting,
    unit_of,
)

CLOSE = "2026-11-24 14:30"
AT_THE_CLOSE = ("nothing_booked", local(CLOSE))
LADDER = [
    ("7_days_before", local("2026-12-16 08:00")),
    ("3_days_before", local("2026-12-18 08:00")),
    ("1_days_before", local("2026-12-22 08:00")),
]
BOOKED_IN_TIME = booked_follow_up("2026-12-17 10:00", recorded=CLOSE)


def ahead(*given: Fact, units: UnitOf = unit_of) -> list[tuple[str, datetime]]:
    """Return all that will be said of the promise as long as nothing changes."""
    known = facts(*given)
    promise = judge(MET_WITHIN_A_MONTH, known, units, max(fact.recorded_at for fact in known) + timedelta(seconds=1))
    return [(each.rung, each.since) for each in warnings(Sight.of(MET_WITHIN_A_MONTH, known, units), promise[MEETING])]


def speaking(*given: Fact, at: str) -> str | None:
    """Return the rung that speaks when the gate stands at a local time."""
    judgement = judge_live(POLICIES, facts(*given), unit_of, heard_until(local(at)))
    warning = judgement.standings["met_within_a_month", MEETING].warning
    return warning.rung if warning else None


class TestTheLadder:
    def test_climbs_from_the_close_to_the_day_before(self) -> None:
        """Nothing booked at the close; then 7, 3 and 1 days before the last working day, weekends moved back."""
        assert ahead(held_meeting()) == [AT_THE_CLOSE, *LADDER]

    def test_stands_on_the_very_days_where_people_work_on_them(self) -> None:
        """Due on a Friday: the Friday before, Tuesday and Thursday."""
        assert ahead(held_meeting("2026-10-20 13:00"))[1:] == [
            ("7_days_before", local("2026-11-13 08:00")),
            ("3_days_before", local("2026-11-17 08:00")),
            ("1_days_before", local("2026-11-19 08:00")),
        ]

    def test_speaks_from_the_moment_on_that_a_rung_is_reached(self) -> None:
        """Half-open like every period."""
        assert speaking(held_meeting(), at="2026-12-16 08:00") == "nothing_booked"
        assert speaking(held_meeting(), at="2026-12-16 08:01") == "7_days_before"
        assert speaking(held_meeting(), at=CLOSE) is None

    def test_lets_the_gravest_speak_alone_after_a_jump(self) -> None:
        """Who comes back from a long silence hears one thing."""
        assert speaking(held_meeting(), at="2026-12-24 12:00") == "1_days_before"

    def test_goes_by_the_strict_day_where_the_rule_rolls_forward(self) -> None:
        """Who plans for the rolled day has planned too late."""

        def rolling(_: UUID) -> Unit:
            return Unit(rules=(Rule(holiday_policy="roll_forward_150_1930"),))

        assert ahead(held_meeting(), units=rolling) == [AT_THE_CLOSE, *LADDER]

    def test_is_over_when_the_promise_is(self) -> None:
        """A deviation is no warning, and what is kept needs none."""
        assert ahead(held_meeting(), held_follow_up("2026-12-15 10:00")) == []
        assert speaking(held_meeting(), at="2026-12-25 00:01") is None
        assert ahead(held_meeting(), closed_case("2026-12-01", recorded="2026-12-01 10:00")) == []


class TestARung:
    def test_on_a_free_day_moves_back_to_a_working_day(self) -> None:
        """Three days before Tuesday 22 December is a Saturday: Friday it is."""
        assert rungs(Unit(), date(2026, 12, 22), (("three", 3),)) == (("three", local("2026-12-18 08:00")),)

    def test_counts_back_from_the_last_working_day(self) -> None:
        """Sunday 31 January: from Friday the 29th, so Thursday, Tuesday and Friday before."""
        assert rungs(Unit(), date(2027, 1, 31), (("one", 1), ("seven", 7), ("three", 3))) == (
            ("seven", local("2027-01-22 08:00")),
            ("three", local("2027-01-26 08:00")),
            ("one", local("2027-01-28 08:00")),
        )

    def test_moves_back_over_closing_days_too(self) -> None:
        """A unit that is closed that week is warned in the week before; rungs that meet are the gravest of them."""
        closed = frozenset(date(2026, 12, day) for day in range(16, 24))

        def units(_: UUID) -> Unit:
            return Unit(closing_days=closed)

        # The last working day is the 15th: three days before it is a Saturday, one day before it a Monday.
        assert ahead(held_meeting(), units=units) == [
            AT_THE_CLOSE,
            ("7_days_before", local("2026-12-08 08:00")),
            ("3_days_before", local("2026-12-11 08:00")),
            ("1_days_before", local("2026-12-14 08:00")),
        ]

    def test_goes_by_the_unit_of_the_meeting(self) -> None:
        """Not that of another one."""

        def units(unit_id: UUID) -> Unit:
            return Unit() if unit_id == UNIT else Unit(closing_days=frozenset({date(2026, 12, 16)}))

        assert ahead(held_meeting(), units=units) == [AT_THE_CLOSE, *LADDER]

    def test_that_meets_a_graver_one_gives_way(self) -> None:
        """A unit that works on Wednesdays only has all three on one day of the week, and two on the same day."""

        def wednesdays(_: UUID) -> Unit:
            return Unit(hours=(None, None, (time(10), time(12)), None, None, None, None))

        assert ahead(held_meeting(), units=wednesdays) == [
            ("nothing_booked", local("2026-11-25 10:00")),
            ("1_days_before", local("2026-12-16 10:00")),
        ]

    def test_speaks_when_the_unit_opens(self) -> None:
        """In its own hours."""

        def late_risers(_: UUID) -> Unit:
            return Unit(hours=((time(12), time(18)), *OFFICE_HOURS[1:]))

        assert rungs(late_risers(MEETING), date(2027, 1, 25), (("seven", 7),)) == (
            ("seven", local("2027-01-18 12:00")),
        )


class TestWorkingHours:
    def test_are_waited_for_after_an_evening_meeting(self) -> None:
        """Nobody is warned at night."""
        assert ahead(held_meeting("2026-11-27 17:00"))[0] == ("nothing_booked", local("2026-11-30 08:00"))

    def test_are_waited_for_when_a_booking_is_cancelled_at_night(self) -> None:
        """The rung was passed in silence; its ground came at night and speaks in the morning."""
        cancelled = no_follow_up("2026-12-16 22:00")
        assert ahead(held_meeting(), BOOKED_IN_TIME, cancelled)[0] == ("7_days_before", local("2026-12-17 08:00"))

    def test_are_waited_for_when_the_follow_up_is_retracted_at_night(self) -> None:
        """Kept until then."""
        held = held_follow_up("2026-12-15 10:00", version=2)
        gone = no_follow_up("2026-12-18 18:00")
        assert ahead(held_meeting(), BOOKED_IN_TIME, held, gone)[0] == ("3_days_before", local("2026-12-21 08:00"))

    def test_are_waited_for_when_a_correction_moves_the_due_day_at_night(self) -> None:
        """The rungs of another due day are other warnings."""
        corrected = held_meeting("2026-11-20 13:00", version=3, recorded="2026-12-15 20:00")
        assert ahead(held_meeting(), corrected)[0] == ("3_days_before", local("2026-12-16 08:00"))

    def test_silence_nothing_that_spoke_already(self) -> None:
        """What is recorded at night without changing the ground takes nothing back."""
        reassigned = closed_case(None, recorded="2026-12-17 22:00")
        too_late = booked_follow_up("2027-01-05 10:00", recorded="2026-12-17 22:00", follow_up_id=ANOTHER_MEETING)
        assert speaking(held_meeting(), reassigned, at="2026-12-17 23:00") == "7_days_before"
        assert speaking(held_meeting(), too_late, at="2026-12-17 23:00") == "7_days_before"
        missed = booked_follow_up("2026-12-10 10:00", recorded=CLOSE)
        assert speaking(held_meeting(), missed, reassigned, at="2026-12-17 23:00") == "7_days_before"


class TestABooking:
    def test_ahead_and_in_time_keeps_quiet_until_its_day_has_passed(self) -> None:
        """From the next working day on what has been reached speaks again: it was not recorded as held."""
        assert ahead(held_meeting(), BOOKED_IN_TIME) == [
            ("3_days_before", local("2026-12-18 08:00")),
            ("1_days_before", local("2026-12-22 08:00")),
        ]

    def test_whose_day_passes_between_two_rungs_lets_the_lower_one_speak(self) -> None:
        """Booked for the 15th, and the 16th has come."""
        booked = booked_follow_up("2026-12-14 10:00", recorded=CLOSE)
        assert ahead(held_meeting(), booked) == [("nothing_booked", local("2026-12-15 08:00")), *LADDER]

    def test_on_the_due_day_keeps_quiet_to_the_end(self) -> None:
        """Then it is kept, or a deviation."""
        assert ahead(held_meeting(), booked_follow_up("2026-12-24 18:00", recorded=CLOSE)) == []

    def test_beyond_the_due_day_is_warned_of_at_once(self) -> None:
        """That is known when it is booked."""
        too_late = booked_follow_up("2026-12-25 00:00", recorded="2026-11-26 09:00")
        assert ahead(held_meeting(), too_late) == [("booked_too_late", local("2026-11-26 09:00")), *LADDER]

    def test_beyond_the_due_day_is_warned_of_since_the_first(self) -> None:
        """Another late one says nothing new."""
        first = booked_follow_up("2026-12-28 10:00", recorded="2026-11-26 09:00")
        second = booked_follow_up("2026-12-29 10:00", recorded="2026-11-27 22:00", follow_up_id=ANOTHER_MEETING)
        assert ahead(held_meeting(), second, first)[0] == ("booked_too_late", local("2026-11-26 09:00"))

    def test_beyond_the_due_day_does_not_break_the_quiet_of_one_in_time(self) -> None:
        """It is the second date of a family that has a first one."""
        too_late = booked_follow_up("2026-12-28 10:00", recorded=CLOSE, follow_up_id=ANOTHER_MEETING)
        assert speaking(held_meeting(), BOOKED_IN_TIME, too_late, at="2026-12-17 12:00") is None

    def test_beyond_the_due_day_that_is_off_again_leaves_nothing_booked_since_then(self) -> None:
        """The label goes by the present ground, and since when that has been so without a break."""
        too_late = booked_follow_up("2026-12-28 10:00", recorded="2026-11-26 09:00")
        off = no_follow_up("2026-11-27 10:00", version=2)
        assert ahead(held_meeting(), too_late, off)[0] == ("nothing_booked", local("2026-11-27 10:00"))

    def test_of_two_in_time_keeps_quiet_until_the_day_of_the_second_has_passed(self) -> None:
        """A family that comes twice."""
        first = booked_follow_up("2026-12-10 10:00", recorded=CLOSE, follow_up_id=ANOTHER_MEETING)
        assert ahead(held_meeting(), BOOKED_IN_TIME, first) == ahead(held_meeting(), BOOKED_IN_TIME)

    def test_is_one_by_the_dates_as_they_were_known(self) -> None:
        """At first it was for the hour of the meeting itself; that something was missing then was no quiet."""
        same_hour = booked_follow_up("2026-11-24 13:00", recorded="2026-11-10 10:00")
        corrected = held_meeting("2026-11-24 12:30", version=3, recorded="2026-11-27 22:00")
        assert ahead(held_meeting(), corrected, same_hour)[0] == AT_THE_CLOSE

    def test_made_after_the_warning_clears_it(self) -> None:
        """What was wanted has been done."""
        booked = booked_follow_up("2026-12-20 10:00", recorded="2026-12-16 10:00")
        assert speaking(held_meeting(), booked, at="2026-12-16 11:00") is None

    def test_cancelled_with_the_end_of_its_case_speaks_when_the_case_goes_on(self) -> None:
        """Both are recorded at one instant; until the case goes on nobody is to be met, and then nothing is booked."""
        cancelled = no_follow_up("2026-11-30 10:00")
        closed = closed_case("2026-11-30", recorded="2026-11-30 10:00")
        assert ahead(held_meeting(), BOOKED_IN_TIME, cancelled, closed) == []

        reopened = closed_case(None, recorded="2026-12-02 10:00", version=3)
        assert ahead(held_meeting(), BOOKED_IN_TIME, cancelled, closed, reopened) == [
            ("nothing_booked", local("2026-12-02 10:00")),
            *LADDER,
        ]

    def test_cancelled_with_a_case_that_had_ended_before_the_meeting_speaks_at_once(self) -> None:
        """Such a closing ends no promise, so nobody may take the booking for one that will be held."""
        cancelled = no_follow_up("2026-11-30 10:00")
        closed = closed_case("2026-11-20", recorded="2026-11-30 10:00")
        assert ahead(held_meeting(), BOOKED_IN_TIME, cancelled, closed)[0] == (
            "nothing_booked",
            local("2026-11-30 10:00"),
        )

    def test_of_another_heijastin_is_as_good(self) -> None:
        """A later Heijastin keeps the promise too."""
        assert ahead(held_meeting(), planned_meeting("2026-12-24 13:00", recorded=CLOSE)) == []

    def test_before_the_meeting_began_is_none(self) -> None:
        """A follow-up planned for a day before the Heijastin, and never held."""
        before = booked_follow_up("2026-11-24 13:00", recorded="2026-11-10 10:00")
        assert ahead(held_meeting(), before) == [AT_THE_CLOSE, *LADDER]

    def test_made_before_the_meeting_counts_from_its_close(self) -> None:
        """Booked too late in advance: said when the meeting has been held."""
        too_late = booked_follow_up("2026-12-28 10:00", recorded="2026-11-10 10:00")
        assert ahead(held_meeting(), too_late)[0] == ("booked_too_late", local(CLOSE))

    def test_that_ended_unheld_between_leaves_no_quiet_behind(self) -> None:
        """A no-show is recorded by day: at once."""
        no_show = held_follow_up("2026-12-17 10:00", family_present=False)
        assert speaking(held_meeting(), BOOKED_IN_TIME, no_show, at="2026-12-17 12:00") == "7_days_before"


class TestLateEntry:
    def test_leaves_the_past_in_silence_and_climbs_what_lies_ahead(self) -> None:
        """Recorded ten days before due: the close and seven days are history."""
        entered = held_meeting(recorded="2026-12-17 10:00")
        assert ahead(entered) == LADDER[1:]

    def test_at_the_very_instant_of_a_rung_leaves_it_in_silence(self) -> None:
        """Ahead means after."""
        assert ahead(held_meeting(recorded="2026-12-18 08:00")) == LADDER[2:]

    def test_says_nothing_of_what_was_imported(self) -> None:
        """An import starts nothing, on no one's list."""
        assert ahead(held_meeting(imported=True)) == []


class TestAWarningsId:
    def test_depends_on_the_promise_the_rung_and_the_due_day(self) -> None:
        """Re-dating makes others and repeats none."""
        one = warning_id(MEETING, "7_days_before", date(2026, 12, 24))

        assert one == warning_id(MEETING, "7_days_before", date(2026, 12, 24))
        assert one != warning_id(MEETING, "7_days_before", date(2026, 12, 25))
        assert one != warning_id(MEETING, "3_days_before", date(2026, 12, 24))
        assert one != warning_id(FOLLOW_UP, "7_days_before", date(2026, 12, 24))
        assert one == UUID("9f3e3f4e-9fb5-533c-adad-f68f2711404c")
