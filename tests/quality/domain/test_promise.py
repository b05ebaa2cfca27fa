"""The judge, sentence by sentence; most stories begin with a Heijastin of 24 November 2026, due on 24 December."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from services.quality.domain.facts import Fact
from services.quality.domain.policies import MET_WITHIN_A_MONTH
from services.quality.domain.promise import Promise, Status, UnitOf, judge
from services.quality.domain.units import Rule, Unit
from tests.quality.builders import (
    ANOTHER_MEETING,
    MEETING,
    UNIT,
    booked_follow_up,
    closed_case,
    facts,
    held_follow_up,
    held_meeting,
    local,
    no_follow_up,
    planned_meeting,
    retracted_meeting,
    unit_of,
)

IN_TIME, LATE = "2026-12-15 10:00", "2026-12-29 10:00"
EXPIRY = local("2026-12-25 00:00")
YEARS_LATER = "2030-01-01 00:00"


def promise(*given: Fact, until: str = YEARS_LATER, of: UUID = MEETING, units: UnitOf = unit_of) -> Promise:
    """Return the promise of one meeting as judged at a local time."""
    return judge(MET_WITHIN_A_MONTH, facts(*given), units, local(until))[of]


def status(*given: Fact, until: str = YEARS_LATER, of: UUID = MEETING, units: UnitOf = unit_of) -> Status:
    """Return its status."""
    return promise(*given, until=until, of=of, units=units).status


def with_rules(*rules: Rule) -> UnitOf:
    """Return a region in which every unit has these rules."""
    return lambda _: Unit(rules=rules)


REMOTE_COUNTS = Rule(remote_counts=True)
ROLLS = Rule(holiday_policy="roll_forward_150_1930")


class TestTheDueDay:
    def test_is_not_overdue(self) -> None:
        """The family may be met until its end."""
        assert status(held_meeting(), until="2026-12-24 23:59") is Status.OPEN

    def test_is_over_at_the_next_local_midnight(self) -> None:
        """That instant is already overdue; what was recorded before it is known a moment later."""
        assert promise(held_meeting()).expires_at == EXPIRY
        assert judge(MET_WITHIN_A_MONTH, facts(held_meeting()), unit_of, EXPIRY)[MEETING].status is Status.OPEN
        a_moment_later = EXPIRY + timedelta(microseconds=1)
        assert judge(MET_WITHIN_A_MONTH, facts(held_meeting()), unit_of, a_moment_later)[MEETING].status is (
            Status.LAPSED
        )

    def test_keeps_until_a_minute_to_midnight(self) -> None:
        """The date of the start judges, not how long it lasted or when it was recorded."""
        at_night = held_follow_up("2026-12-24 23:59", recorded="2026-12-25 09:00")
        assert status(held_meeting(), at_night) is Status.KEPT
        assert status(held_meeting(), held_follow_up("2026-12-25 00:00")) is Status.KEPT_LATE

    def test_of_a_meeting_over_midnight_counts_from_its_last_day(self) -> None:
        """An end at midnight belongs to the day before."""
        assert promise(held_meeting("2026-11-23 22:00", until="2026-11-24 00:30")).due_on == date(2026, 12, 24)
        assert promise(held_meeting("2026-11-23 22:00", until="2026-11-24 00:00")).due_on == date(2026, 12, 23)

    def test_moves_where_the_rule_rolls_forward(self) -> None:
        """Christmas eve to the Monday after; the strict day stays visible."""
        rolled = promise(held_meeting(), units=with_rules(ROLLS))

        assert (rolled.strict_due_on, rolled.due_on) == (date(2026, 12, 24), date(2026, 12, 28))
        assert rolled.expires_at == local("2026-12-29 00:00")
        assert status(held_meeting(), held_follow_up("2026-12-28 16:00"), units=with_rules(ROLLS)) is Status.KEPT


class TestAnEncounter:
    def test_on_the_anchors_day_counts_if_it_began_after_the_meeting_began(self) -> None:
        """The same instant does not count, nor anything earlier."""
        assert status(held_meeting(), held_follow_up("2026-11-24 13:01")) is Status.KEPT
        assert status(held_meeting(), held_follow_up("2026-11-24 13:00")) is Status.LAPSED
        assert status(held_meeting(), held_follow_up("2026-11-24 12:59")) is Status.LAPSED

    def test_on_the_first_day_of_a_meeting_over_midnight_does_not_count(self) -> None:
        """The anchor is its last day."""
        over_midnight = held_meeting("2026-11-23 22:00", until="2026-11-24 00:30")
        assert status(over_midnight, held_follow_up("2026-11-23 23:00")) is Status.LAPSED
        assert status(over_midnight, held_follow_up("2026-11-24 00:10")) is Status.KEPT

    def test_needs_family_and_worker(self) -> None:
        """A follow-up that is held alone is none."""
        assert status(held_meeting(), held_follow_up(IN_TIME, family_present=False)) is Status.LAPSED
        assert status(held_meeting(), held_follow_up(IN_TIME, worker_present=False)) is Status.LAPSED

    def test_counts_remotely_where_the_rule_of_the_anchor_says_so(self) -> None:
        """The rule that holds when the follow-up is held has no say."""
        remote = held_follow_up(IN_TIME, is_remote=True)
        from_december = Rule(date(2026, 12, 1), remote_counts=True)

        assert status(held_meeting(), remote) is Status.LAPSED
        assert status(held_meeting(), remote, units=with_rules(Rule(), from_december)) is Status.LAPSED
        assert status(held_meeting(), remote, units=with_rules(REMOTE_COUNTS)) is Status.KEPT

    def test_that_is_booked_only_keeps_nothing(self) -> None:
        """Held, not booked."""
        assert status(held_meeting(), booked_follow_up(IN_TIME, recorded="2026-11-24 15:00")) is Status.LAPSED

    def test_keeps_every_promise_whose_anchor_it_follows(self) -> None:
        """One encounter, two promises; the second meeting keeps the first one too."""
        second = held_meeting("2026-12-10 13:00", meeting_id=ANOTHER_MEETING)
        followed = held_follow_up("2026-12-15 10:00")

        met = promise(held_meeting(), second, followed).met
        assert met is not None
        assert met.subject_id == ANOTHER_MEETING
        assert status(held_meeting(), second, followed, of=ANOTHER_MEETING) is Status.KEPT
        late = held_follow_up("2027-01-05 10:00")
        assert status(held_meeting(), late) is Status.KEPT_LATE
        assert status(second, late, of=ANOTHER_MEETING) is Status.KEPT

    def test_that_is_earliest_is_the_one_that_counts(self) -> None:
        """Days late are counted to the first time the family was met."""
        first, second = held_follow_up(LATE), held_follow_up("2027-01-10 10:00", follow_up_id=ANOTHER_MEETING)

        judged = promise(held_meeting(), second, first)
        assert (judged.status, judged.days_late, judged.met and judged.met.on) == (
            Status.KEPT_LATE,
            5,
            date(2026, 12, 29),
        )
        assert promise(held_meeting(), held_follow_up(IN_TIME)).days_late == 0
        assert promise(held_meeting()).days_late == 0

    def test_of_one_day_is_the_earlier_one(self) -> None:
        """Which of two it was is the same whatever came first."""
        morning, evening = held_follow_up(IN_TIME), held_follow_up("2026-12-15 18:00", follow_up_id=ANOTHER_MEETING)
        met = promise(held_meeting(), evening, morning).met
        assert met is not None
        assert met.subject_id == morning.subject_id

    def test_is_the_same_one_of_two_that_began_together_whichever_came_first(self) -> None:
        """Siblings are met at the same hour; which of the two is named must not depend on the order of reading."""
        one, other = held_follow_up(IN_TIME), held_follow_up(IN_TIME, follow_up_id=ANOTHER_MEETING)
        assert promise(held_meeting(), one, other).met == promise(held_meeting(), other, one).met


class TestALaterHeijastin:
    def test_keeps_the_older_promise_and_opens_its_own(self) -> None:
        """The family was met."""
        second = held_meeting("2026-12-15 13:00", meeting_id=ANOTHER_MEETING)

        assert status(held_meeting(), second, until="2026-12-16 12:00") is Status.KEPT
        assert status(held_meeting(), second, until="2026-12-16 12:00", of=ANOTHER_MEETING) is Status.OPEN

    def test_counts_on_the_day_it_began(self) -> None:
        """Begun on the due day and ended after midnight, it was in time."""
        second = held_meeting("2026-12-24 22:00", until="2026-12-25 00:30", meeting_id=ANOTHER_MEETING)

        assert status(held_meeting(), second) is Status.KEPT
        assert promise(held_meeting(), second, of=ANOTHER_MEETING).due_on == date(2027, 1, 25)

    def test_that_is_only_planned_keeps_nothing(self) -> None:
        """As for a follow-up."""
        assert status(held_meeting(), planned_meeting("2026-12-15 13:00", recorded="2026-11-24 15:00")) is Status.LAPSED

    def test_is_not_kept_by_the_earlier_one(self) -> None:
        """No meeting keeps its own promise, nor one after it."""
        second = held_meeting("2026-11-24 16:00", meeting_id=ANOTHER_MEETING)

        assert status(held_meeting(), second, of=ANOTHER_MEETING) is Status.LAPSED
        assert status(held_meeting(), second) is Status.KEPT


class TestAClosing:
    @pytest.mark.parametrize(
        "closed,expected",
        [
            ("2026-11-23", Status.LAPSED),
            ("2026-11-24", Status.ENDED_WITH_CASE),
            ("2026-12-24", Status.ENDED_WITH_CASE),
            ("2026-12-25", Status.LAPSED),
        ],
    )
    def test_ends_a_promise_from_the_anchor_until_due(self, closed: str, expected: Status) -> None:
        """By the closing's date; before the anchor or after due it has no effect."""
        assert status(held_meeting(), closed_case(closed, recorded="2026-12-26 10:00")) is expected

    def test_ends_it_at_once_and_by_its_day(self) -> None:
        """It is told which day that was."""
        ended = promise(
            held_meeting(), closed_case("2026-12-08", recorded="2026-12-08 10:00"), until="2026-12-09 12:00"
        )
        assert (ended.status, ended.ended_on, ended.met) == (Status.ENDED_WITH_CASE, date(2026, 12, 8), None)

    def test_does_not_undo_a_meeting_in_time(self) -> None:
        """Also one after the closing."""
        closed = closed_case("2026-12-08", recorded="2026-12-08 10:00")
        assert status(held_meeting(), closed, held_follow_up(IN_TIME)) is Status.KEPT

    def test_stands_against_a_meeting_that_was_late(self) -> None:
        """The promise had ended by then."""
        closed = closed_case("2026-12-08", recorded="2026-12-08 10:00")
        assert status(held_meeting(), closed, held_follow_up(LATE)) is Status.ENDED_WITH_CASE

    def test_is_gone_when_the_case_is_reopened(self) -> None:
        """The highest version of the case stands."""
        closed = closed_case("2026-12-08", recorded="2026-12-08 10:00")
        reopened = closed_case(None, recorded="2026-12-09 10:00", version=3)
        assert status(held_meeting(), closed, reopened, until="2026-12-10 10:00") is Status.OPEN
        assert status(held_meeting(), reopened, closed) is Status.LAPSED

    def test_recorded_after_the_lapse_is_recorded_late(self) -> None:
        """It waits for another person's confirmation as a late record does."""
        judged = promise(held_meeting(), closed_case("2026-12-08", recorded="2026-12-28 10:00"))
        assert (judged.status, judged.is_recorded_late) == (Status.ENDED_WITH_CASE, True)


class TestARetraction:
    def test_makes_the_promise_void(self) -> None:
        """There was no Heijastin."""
        assert status(held_meeting(), retracted_meeting("2026-11-25 10:00")) is Status.VOID

    def test_is_undone_by_a_correction_after_it(self) -> None:
        """Void is not final, and the promise is the one it was, with its new date."""
        again = held_meeting("2026-11-26 13:00", version=4)
        judged = promise(held_meeting(), retracted_meeting("2026-11-25 10:00"), again, until="2026-11-27 12:00")
        assert (judged.status, judged.due_on) == (Status.OPEN, date(2026, 12, 26))

    def test_of_the_follow_up_opens_it_again(self) -> None:
        """What kept it did not happen."""
        held, gone = held_follow_up(IN_TIME), no_follow_up("2026-12-16 10:00")
        assert status(held_meeting(), held, gone, until="2026-12-17 10:00") is Status.OPEN
        assert status(held_meeting(), held, gone) is Status.LAPSED

    def test_does_not_forget_who_was_met_before_it_was_known(self) -> None:
        """The late way back from practice: held after all."""
        assert MEETING not in judge(
            MET_WITHIN_A_MONTH, facts(retracted_meeting("2026-11-25 10:00")), unit_of, local(YEARS_LATER)
        )


class TestACorrection:
    def test_of_the_date_moves_the_due_day_over_a_month_end(self) -> None:
        """31 January and 1 February are a day apart, their due days too, by another month."""
        first = held_meeting("2027-01-31 13:00")
        corrected = held_meeting("2027-02-01 13:00", version=3)
        assert promise(first).due_on == date(2027, 2, 28)
        assert promise(first, corrected).due_on == date(2027, 3, 1)

    def test_chooses_the_rule_again(self) -> None:
        """By the date that stands, not the one that was first said."""
        rules = with_rules(Rule(), Rule(date(2026, 11, 24), "roll_forward_150_1930", remote_counts=True))
        corrected = held_meeting("2026-11-23 13:00", version=3, recorded="2026-11-30 10:00")

        assert promise(held_meeting(), units=rules).rule.remote_counts
        assert promise(held_meeting(), corrected, units=rules).rule == Rule()

    def test_goes_by_the_rules_of_the_unit_of_the_meeting(self) -> None:
        """Also after the case has moved."""

        def units(unit_id: UUID) -> Unit:
            return Unit(rules=(ROLLS,)) if unit_id == UNIT else Unit()

        assert promise(held_meeting(), units=units).due_on == date(2026, 12, 28)
        elsewhere = replace(held_meeting(), unit_id=ANOTHER_MEETING)
        assert promise(elsewhere, units=units).due_on == date(2026, 12, 24)

    def test_counts_only_above_the_line_asked_about(self) -> None:
        """What was recorded at the instant itself is not before it."""
        corrected = held_meeting("2026-11-26 13:00", version=3, recorded="2026-11-30 10:00")
        assert promise(held_meeting(), corrected, until="2026-11-30 10:00").opening.anchor_on == date(2026, 11, 24)
        assert promise(held_meeting(), corrected, until="2026-11-30 10:01").opening.anchor_on == date(2026, 11, 26)


class TestRecordedLate:
    def test_is_what_was_kept_and_not_known_to_be_when_it_expired(self) -> None:
        """The follow-up took place in time, somebody wrote it down after."""
        late_record = held_follow_up(IN_TIME, recorded="2026-12-25 00:01")
        judged = promise(held_meeting(), late_record)
        assert (judged.status, judged.is_recorded_late, judged.in_breach_since) == (Status.KEPT, True, None)

    def test_is_not_what_was_recorded_until_the_expiry(self) -> None:
        """To the instant."""
        assert not promise(held_meeting(), held_follow_up(IN_TIME, recorded="2026-12-25 00:00")).is_recorded_late
        assert not promise(held_meeting(), held_follow_up(IN_TIME)).is_recorded_late

    def test_is_not_what_was_only_corrected_after_it(self) -> None:
        """It was known to be kept at the expiry, by the version of then."""
        known = held_follow_up(IN_TIME, recorded="2026-12-25 00:00")
        corrected = held_follow_up("2026-12-16 10:00", recorded="2026-12-28 10:00", version=3)
        assert not promise(held_meeting(), known, corrected).is_recorded_late

    def test_is_no_closing_that_was_only_corrected_after_it(self) -> None:
        """It was known to have ended, or even to be kept, at the expiry."""
        known = closed_case("2026-12-08", recorded="2026-12-08 10:00")
        corrected = closed_case("2026-12-09", recorded="2026-12-28 10:00", version=3)
        assert not promise(held_meeting(), known, corrected).is_recorded_late
        gone = no_follow_up("2026-12-29 10:00")
        assert not promise(held_meeting(), held_follow_up(IN_TIME), gone, corrected).is_recorded_late

    def test_is_what_became_known_with_its_meeting(self) -> None:
        """Nobody knew of the promise when it expired."""
        unknown = held_meeting(recorded="2027-01-10 10:00")
        assert promise(unknown, held_follow_up(IN_TIME, recorded="2026-12-15 11:00")).is_recorded_late

    def test_is_no_property_of_other_states(self) -> None:
        """A late meeting recorded late is a breach like any other."""
        assert not promise(held_meeting(), held_follow_up(LATE, recorded="2027-02-01 10:00")).is_recorded_late

    def test_is_what_was_known_to_have_ended_with_the_case_and_turns_out_kept(self) -> None:
        """Kept, and not known to be kept at expiry."""
        closed = closed_case("2026-12-10", recorded="2026-12-10 12:00")
        assert promise(held_meeting(), closed, held_follow_up(IN_TIME, recorded="2027-01-05 10:00")).is_recorded_late

    def test_is_not_an_ending_after_what_was_known_to_be_kept(self) -> None:
        """There was no lapse that the closing could have come after."""
        kept, taken_back = held_follow_up(IN_TIME), no_follow_up("2027-01-05 10:00")
        closed = closed_case("2026-12-20", recorded="2027-01-05 10:00")
        judged = promise(held_meeting(), kept, taken_back, closed)
        assert (judged.status, judged.is_recorded_late) == (Status.ENDED_WITH_CASE, False)


class TestTheRecordingDelay:
    def test_is_counted_in_local_days_from_the_encounter(self) -> None:
        """From the evening of one day to the small hours of the next is one."""
        at_once, after_midnight = held_follow_up(IN_TIME), held_follow_up(IN_TIME, recorded="2026-12-16 00:10")
        assert promise(held_meeting(), at_once).recording_delay_days == 0
        assert promise(held_meeting(), after_midnight).recording_delay_days == 1
        assert promise(held_meeting(), held_follow_up(LATE, recorded="2027-01-08 10:00")).recording_delay_days == 10

    def test_goes_by_the_first_record_of_that_day(self) -> None:
        """Who corrects something else later was not late; who moves the day has recorded that day only now."""
        corrected = held_follow_up("2026-12-15 14:00", version=3, recorded="2026-12-20 10:00")
        moved = held_follow_up("2026-12-16 10:00", version=3, recorded="2026-12-20 10:00")
        assert promise(held_meeting(), held_follow_up(IN_TIME), corrected).recording_delay_days == 0
        assert promise(held_meeting(), corrected, held_follow_up(IN_TIME)).recording_delay_days == 0
        assert promise(held_meeting(), held_follow_up(IN_TIME), moved).recording_delay_days == 4

    def test_is_none_while_nobody_was_met(self) -> None:
        """A closing is no encounter."""
        closed = closed_case("2026-12-10", recorded="2026-12-20 12:00")
        assert promise(held_meeting()).recording_delay_days is None
        assert promise(held_meeting(), closed, held_follow_up(LATE)).recording_delay_days is None


class TestLateEntry:
    @pytest.mark.parametrize("recorded,late", [("2026-12-01 23:59", False), ("2026-12-02 00:00", True)])
    def test_is_more_than_seven_days_after(self, recorded: str, late: bool) -> None:  # noqa: FBT001 - a table's column
        """Counted in local days from the anchor."""
        assert promise(held_meeting(recorded=recorded)).is_late_entry is late

    def test_goes_by_the_first_record(self) -> None:
        """A correction weeks later makes no late entry of what was known at once."""
        corrected = held_meeting(version=3, recorded="2026-12-20 10:00")
        assert not promise(held_meeting(), corrected).is_late_entry
        assert not promise(corrected, held_meeting()).is_late_entry


class TestInBreachSince:
    def test_is_the_expiry_when_nobody_was_met(self) -> None:
        """The midnight itself, whenever it was noticed."""
        assert promise(held_meeting()).in_breach_since == EXPIRY

    def test_is_the_expiry_also_when_the_family_was_met_late(self) -> None:
        """Kept late is the same breach."""
        judged = promise(held_meeting(), held_follow_up(LATE))
        assert (judged.status, judged.in_breach_since) == (Status.KEPT_LATE, EXPIRY)

    def test_is_when_the_follow_up_was_retracted(self) -> None:
        """Until then it was known as kept."""
        retracted = no_follow_up("2027-01-05 10:00")
        assert promise(held_meeting(), held_follow_up(IN_TIME), retracted).in_breach_since == local("2027-01-05 10:00")

    @pytest.mark.parametrize("day", ["2026-11-24", "2026-12-24"])
    def test_is_when_what_lay_on_the_first_or_last_day_was_taken_back(self, day: str) -> None:
        """The anchor's own day and the due day are days of the month like any other."""
        recorded, taken_back = "2026-12-24 20:00", "2027-01-05 10:00"
        met = held_follow_up(f"{day} 16:00", recorded=recorded)
        assert promise(held_meeting(), met, no_follow_up(taken_back)).in_breach_since == local(taken_back)
        second = held_meeting(f"{day} 16:00", recorded=recorded, meeting_id=ANOTHER_MEETING)
        gone = retracted_meeting(taken_back, meeting_id=ANOTHER_MEETING)
        assert promise(held_meeting(), second, gone).in_breach_since == local(taken_back)
        closed, reopened = closed_case(day, recorded=recorded), closed_case(None, recorded=taken_back, version=3)
        assert promise(held_meeting(), closed, reopened).in_breach_since == local(taken_back)

    def test_is_when_the_meeting_was_recorded_after_its_month(self) -> None:
        """Nobody could know before."""
        assert promise(held_meeting(recorded="2027-01-10 10:00")).in_breach_since == local("2027-01-10 10:00")

    def test_is_when_a_correction_brought_it_about(self) -> None:
        """By the first date the month was not over yet."""
        first = held_meeting("2026-11-26 13:00")
        corrected = held_meeting(version=3, recorded="2026-12-26 10:00")
        assert promise(first, corrected, until="2026-12-26 11:00").in_breach_since == local("2026-12-26 10:00")

    def test_is_the_last_time_it_came_into_force(self) -> None:
        """Lapsed, withdrawn by a late record, and the late record retracted: it begins again."""
        late_record = held_follow_up(IN_TIME, recorded="2026-12-28 10:00")
        retracted = no_follow_up("2026-12-30 10:00")
        unrelated = closed_case("2027-01-02", recorded="2027-01-02 10:00")

        judged = promise(held_meeting(), late_record, retracted, unrelated)

        assert judged.in_breach_since == local("2026-12-30 10:00")

    def test_does_not_move_with_what_changes_nothing(self) -> None:
        """A breach that stands stands since its beginning."""
        unrelated = closed_case("2027-01-02", recorded="2027-01-02 10:00")
        assert promise(held_meeting(), unrelated).in_breach_since == EXPIRY

    def test_goes_on_when_the_due_day_turns_out_to_have_been_earlier(self) -> None:
        """A change of due while in breach is a new version, not a new raising; in force it came by what was known."""
        second = held_meeting("2026-11-10 13:00", recorded="2027-01-05 10:00", version=3)
        assert promise(held_meeting(), second).in_breach_since == EXPIRY

    def test_goes_on_when_the_due_day_turns_out_to_have_been_later(self) -> None:
        """It was overdue by the date that stood then, and still is by the one that stands now."""
        second = held_meeting("2026-11-30 13:00", recorded="2027-01-05 10:00", version=3)
        assert promise(held_meeting(), second).in_breach_since == EXPIRY

    def test_begins_anew_when_the_later_due_day_has_yet_to_come(self) -> None:
        """Between the correction and the new expiry nothing was overdue."""
        second = held_meeting("2026-12-10 13:00", recorded="2027-01-05 10:00", version=3)
        assert promise(held_meeting(), second).in_breach_since == local("2027-01-11 00:00")

    def test_looks_at_whatever_kept_it_by_the_later_of_two_due_days(self) -> None:
        """Met in time by the first date; the corrected one makes it late, and the breach begins with the correction."""
        corrected = held_meeting("2026-11-10 13:00", version=3, recorded="2026-12-28 10:00")
        judged = promise(held_meeting(), held_follow_up("2026-12-20 10:00"), corrected)
        assert (judged.status, judged.in_breach_since) == (Status.KEPT_LATE, local("2026-12-28 10:00"))

    def test_looks_at_whatever_kept_it_by_the_earlier_of_two_anchors(self) -> None:
        """The follow-up turns out to have been before the meeting, so it kept nothing; until then it did."""
        corrected = held_meeting(version=3, recorded="2026-12-28 10:00")
        judged = promise(held_meeting("2026-11-10 13:00"), held_follow_up("2026-11-20 10:00"), corrected)
        assert (judged.status, judged.in_breach_since) == (Status.LAPSED, local("2026-12-28 10:00"))
