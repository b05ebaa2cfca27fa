"""Good news at once, bad news only from above the line; and uncertain for a day where facts are missing."""

from datetime import datetime, timedelta

from services.quality.domain.facts import Fact
from services.quality.domain.live import Judgement, Standing, judge_live
from services.quality.domain.policies import POLICIES
from services.quality.domain.promise import Status
from tests.quality.builders import (
    ANOTHER_MEETING,
    MEETING,
    alarm,
    booked_follow_up,
    closed_case,
    facts,
    heard_until,
    held_follow_up,
    held_meeting,
    local,
    no_follow_up,
    retracted_meeting,
    unit_of,
)

EXPIRY = local("2026-12-25 00:00")
MOMENT = timedelta(microseconds=1)


def judged(*given: Fact, gate: str | datetime | None, disturbed: str | None = None) -> Judgement:
    """Judge with the gate at a local time."""
    at = local(gate) if isinstance(gate, str) else gate
    return judge_live(POLICIES, facts(*given), unit_of, heard_until(at, local(disturbed) if disturbed else None))


def standing(*given: Fact, gate: str | datetime | None, disturbed: str | None = None) -> Standing:
    """Return what is so of the one promise."""
    return judged(*given, gate=gate, disturbed=disturbed).standings["met_within_a_month", MEETING]


class TestAShutGate:
    def test_lets_good_news_through(self) -> None:
        """Made, kept, void: nothing unread could be held against anybody."""
        assert standing(held_meeting(), gate=None).promise.status is Status.OPEN
        assert standing(held_meeting(), held_follow_up("2026-12-15 10:00"), gate=None).promise.status is Status.KEPT
        assert standing(held_meeting(), retracted_meeting("2026-12-15 10:00"), gate=None).promise.status is Status.VOID

    def test_keeps_bad_news_back(self) -> None:
        """Neither a lapse nor a warning, however old the facts are."""
        shut = standing(held_meeting("2020-01-01 10:00"), gate=None)
        assert (shut.promise.status, shut.warning, shut.is_gate_shut) == (Status.OPEN, None, True)
        assert not standing(held_meeting(), gate=EXPIRY).is_gate_shut

    def test_looks_again_as_soon_as_it_opens(self) -> None:
        """The first fact is the first line to pass."""
        assert alarm(judged(held_meeting(), gate=None)) == local("2026-11-24 14:30")


class TestAGate:
    def test_lets_a_lapse_through_once_it_has_passed_the_expiry(self) -> None:
        """Not at it: what was recorded at that instant may still come."""
        assert standing(held_meeting(), gate=EXPIRY).promise.status is Status.OPEN
        assert standing(held_meeting(), gate=EXPIRY + MOMENT).promise.status is Status.LAPSED

    def test_that_is_slow_delays_a_lapse(self) -> None:
        """By our clock it is long January; the line says 24 December."""
        assert standing(held_meeting(), gate="2026-12-24 12:00").promise.status is Status.OPEN

    def test_lets_a_promise_be_kept_by_a_fact_ahead_of_it(self) -> None:
        """Read is read."""
        ahead = held_follow_up("2026-12-24 10:00", recorded="2026-12-26 10:00")
        live = standing(held_meeting(), ahead, gate="2026-12-25 10:00")
        assert (live.promise.status, live.promise.is_recorded_late) == (Status.KEPT, True)

    def test_holds_back_a_breach_that_only_facts_ahead_of_it_make(self) -> None:
        """Below the line the follow-up stands; its retraction may itself be undone by what is still to come."""
        kept, retracted = held_follow_up("2026-12-15 10:00"), no_follow_up("2027-01-05 10:00")
        before = standing(held_meeting(), kept, retracted, gate="2027-01-05 10:00").promise
        assert (before.status, before.met, before.in_breach_since) == (Status.OPEN, None, None)
        assert standing(held_meeting(), kept, retracted, gate="2027-01-05 10:01").promise.status is Status.LAPSED

    def test_names_no_late_meeting_before_the_month_is_over(self) -> None:
        """Read ahead of the line, it neither keeps the promise nor is it late yet."""
        open_yet = standing(held_meeting(), held_follow_up("2026-12-29 10:00"), gate="2026-12-20 10:00").promise
        assert (open_yet.status, open_yet.met) == (Status.OPEN, None)

    def test_holds_back_the_breach_of_a_meeting_ahead_of_it(self) -> None:
        """A Heijastin entered months late is open until the line has passed its record."""
        entered = held_meeting(recorded="2027-02-01 10:00")
        assert standing(entered, gate="2027-01-20 10:00").promise.status is Status.OPEN
        assert standing(entered, gate="2027-02-01 10:01").promise.status is Status.LAPSED
        met_late = standing(entered, held_follow_up("2026-12-29 10:00"), gate="2027-01-20 10:00").promise
        assert (met_late.status, met_late.met, met_late.recording_delay_days) == (Status.OPEN, None, None)

    def test_shows_a_breach_although_other_facts_lie_ahead_of_it(self) -> None:
        """A busy case is no less in breach; it is so below the line, and by all that is known."""
        busy = closed_case(None, recorded="2026-12-25 12:00")
        late = held_follow_up("2026-12-25 10:00", recorded="2026-12-25 12:00")
        assert standing(held_meeting(), busy, gate="2026-12-25 01:00").promise.status is Status.LAPSED
        assert standing(held_meeting(), late, gate="2026-12-25 01:00").promise.status is Status.KEPT_LATE

    def test_knows_of_a_breach_that_began_again_ahead_of_it(self) -> None:
        """Lapsed below; withdrawn and back again ahead: it is another one."""
        late_record = held_follow_up("2026-12-15 10:00", recorded="2026-12-28 10:00")
        live = standing(held_meeting(), late_record, no_follow_up("2026-12-30 10:00"), gate="2026-12-26 10:00")
        assert (live.promise.status, live.promise.in_breach_since) == (Status.LAPSED, local("2026-12-30 10:00"))

    def test_holds_back_a_warning_that_facts_ahead_of_it_answer_or_make(self) -> None:
        """Booked meanwhile: no warning. Cancelled meanwhile: not yet."""
        booked = booked_follow_up("2026-12-18 10:00", recorded="2026-11-26 10:00")
        assert standing(held_meeting(), booked, gate="2026-11-25 10:00").warning is None
        cancelled = no_follow_up("2026-11-27 10:00")
        assert standing(held_meeting(), booked, cancelled, gate="2026-11-27 09:00").warning is None
        assert standing(held_meeting(), booked, cancelled, gate="2026-11-27 10:01").warning is not None

    def test_holds_back_a_warning_that_a_late_entry_would_not_have(self) -> None:
        """Ahead of it the anchor moves within the month's end: no late entry any more, and the same due day."""
        entered_late = held_meeting("2027-01-29 10:00", recorded="2027-02-06 10:00")
        corrected = held_meeting("2027-01-31 10:00", recorded="2027-02-09 10:00", version=3)

        assert standing(entered_late, corrected, gate="2027-02-08 12:00").warning is None
        assert standing(entered_late, corrected, gate="2027-02-09 10:01").warning is not None

    def test_warns_above_it_of_what_is_graver_by_all_that_is_known(self) -> None:
        """Both say that a warning is due; which, all that is known decides."""
        too_late = booked_follow_up("2026-12-28 10:00", recorded="2026-11-25 09:00")
        warned = standing(held_meeting(), too_late, gate="2026-11-25 09:01").warning
        assert warned
        assert warned.rung == "booked_too_late"


class TestThePolicies:
    def test_are_judged_apart(self) -> None:
        """One that sees nothing of a case keeps no other from being judged, whichever comes first."""
        given = facts(held_meeting())
        line = heard_until(local("2026-12-25 00:01"))

        assert judge_live(POLICIES[::-1], given, unit_of, line) == judge_live(POLICIES, given, unit_of, line)


class TestTheAlarmClock:
    def test_rings_at_the_next_rung_and_at_the_expiry(self) -> None:
        """One per case, nothing to cancel."""
        assert alarm(judged(held_meeting(), gate="2026-11-25 10:00")) == local("2026-12-16 08:00")
        assert alarm(judged(held_meeting(), gate="2026-12-23 10:00")) == EXPIRY
        assert alarm(judged(held_meeting(), gate=EXPIRY)) == EXPIRY
        assert alarm(judged(held_meeting(), gate=EXPIRY + MOMENT)) is None

    def test_rings_for_the_earliest_of_all_promises(self) -> None:
        """A case with two."""
        second = held_meeting("2026-12-10 13:00", meeting_id=ANOTHER_MEETING)
        looked = alarm(judged(held_meeting(), second, gate="2027-01-09 10:00"))
        assert looked == local("2027-01-11 00:00")

    def test_rings_when_the_line_passes_a_fact(self) -> None:
        """What was held back may be shown then."""
        entered = held_meeting(recorded="2027-02-01 10:00")
        assert alarm(judged(entered, gate="2027-01-20 10:00")) == local("2027-02-01 10:00")

    def test_does_not_ring_for_what_only_the_facts_below_would_say(self) -> None:
        """A booking ahead of the line clears what below it would speak, and is not taken back by the line."""
        booked = booked_follow_up("2026-12-24 10:00", recorded="2026-12-17 10:00")
        assert alarm(judged(held_meeting(), booked, gate="2026-12-15 10:00")) == EXPIRY

    def test_rings_for_the_breach_that_the_facts_below_will_come_to_by_themselves(self) -> None:
        """By a correction above the line it is overdue already; by what lies below it will be at midnight."""
        corrected = held_meeting(version=3, recorded="2027-01-20 10:00")
        held = held_meeting("2026-11-26 13:00"), corrected
        assert standing(*held, gate="2026-12-26 12:00").promise.status is Status.OPEN
        assert alarm(judged(*held, gate="2026-12-26 12:00")) == local("2026-12-27 00:00")

    def test_does_not_ring_for_good_news_that_the_line_has_yet_to_pass(self) -> None:
        """Almost every fact is read ahead of the line; to look at all their cases twice would be half the work."""
        kept = held_follow_up("2026-12-15 10:00")
        assert alarm(judged(held_meeting(), kept, gate="2026-12-15 10:00")) is None


class TestUndetermined:
    def test_is_a_case_for_a_day_after_facts_went_missing(self) -> None:
        """By the line, like everything."""
        assert standing(held_meeting(), gate="2026-12-26 10:00", disturbed="2026-12-25 10:00").is_undetermined
        later = local("2026-12-26 10:00") + MOMENT
        assert not standing(held_meeting(), gate=later, disturbed="2026-12-25 10:00").is_undetermined

    def test_is_judged_on_the_rest_after_that(self) -> None:
        """With an alarm, but judged."""
        after = standing(held_meeting(), gate="2026-12-27 10:00", disturbed="2026-12-25 10:00")
        assert (after.promise.status, after.is_undetermined) == (Status.LAPSED, False)

    def test_rings_when_that_day_is_over(self) -> None:
        """Nothing else need happen."""
        judgement = judged(held_meeting(), gate="2026-12-25 10:00", disturbed="2026-12-25 09:00")
        assert alarm(judgement) == local("2026-12-26 09:00")
        ahead = closed_case(None, recorded="2026-12-27 12:00")
        judgement = judged(held_meeting(), ahead, gate="2026-12-25 10:00", disturbed="2026-12-25 09:00")
        assert alarm(judgement) == local("2026-12-26 09:00")

    def test_is_no_undisturbed_case(self) -> None:
        """The overlay is the exception."""
        assert not standing(held_meeting(), gate="2026-12-25 10:00").is_undetermined

    def test_is_a_disturbed_case_while_the_gate_is_shut(self) -> None:
        """Nothing is known of the day."""
        assert standing(held_meeting(), gate=None, disturbed="2026-11-01 10:00").is_undetermined
