"""What is said of a promise: each event on entering, nothing twice, and everything again when it was uncertain."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.quality.domain.announcements import Context, announce, deviation_id, promise_id
from services.quality.domain.facts import Fact
from services.quality.domain.live import Standing, judge_live
from services.quality.domain.policies import POLICIES
from services.quality.domain.promise import UnitOf
from services.quality.domain.units import Rule, Unit
from services.quality.domain.warnings import warning_id
from services.quality.events import PromiseFact
from tests.quality.builders import (
    ANOTHER_MEETING,
    CASE,
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
    retracted_meeting,
    unit_of,
)

CONTEXT = Context(CASE, "K7-4QX", ANOTHER_MEETING, (UNIT,))
BOOKED = booked_follow_up("2026-12-24 10:00", recorded="2026-11-24 14:30")
EXPIRED = "2026-12-25 00:01"
KEPT = held_follow_up("2026-12-15 10:00")
LATE = held_follow_up("2026-12-29 10:00")
LATE_RECORD = held_follow_up("2026-12-15 10:00", recorded="2026-12-28 10:00")


def judged(*given: Fact, at: str | datetime | None, disturbed: str | None = None, units: UnitOf = unit_of) -> Standing:
    """Return what is so of the one promise with the gate at a local time; None: shut."""
    gate = local(at) if isinstance(at, str) else at
    since = local(disturbed) if disturbed else None
    return judge_live(POLICIES, facts(*given), units, heard_until(gate, since)).standings["met_within_a_month", MEETING]


@dataclass
class Story:
    """What was said so far."""

    said: list[PromiseFact] = field(default_factory=list[PromiseFact])

    def tell(self, *known: Fact, at: str | None, disturbed: str | None = None, units: UnitOf = unit_of) -> list[str]:
        """Judge what is *known* by now, say what is new, and return its names."""
        standing = judged(*known, at=at, disturbed=disturbed, units=units)
        news = announce(self.said[-1] if self.said else None, standing, CONTEXT)
        self.said += news
        return [type(fact).__name__ for fact in news]

    @property
    def last(self) -> PromiseFact:
        """What stands said."""
        return self.said[-1]


class TestAPromise:
    def test_is_made_once(self) -> None:
        """And its warning with it."""
        story = Story()
        assert story.tell(held_meeting(), BOOKED, at="2026-11-25 10:00") == ["PromiseMade"]
        assert story.tell(held_meeting(), BOOKED, at="2026-11-26 10:00") == []

    def test_carries_its_whole_state(self) -> None:
        """So that nobody has to ask back."""
        story = Story()
        story.tell(held_meeting(), at="2026-11-25 10:00")

        expected: dict[str, Any] = {
            "promise_id": promise_id("met_within_a_month", MEETING),
            "version": 2,
            "policy": "met_within_a_month",
            "meeting_id": MEETING,
            "case_id": CASE,
            "case_code": "K7-4QX",
            "unit_id": UNIT,
            "team_id": ANOTHER_MEETING,
            "responsible_worker_ids": (UNIT,),
            "status": "open",
            "is_undetermined": False,
            "anchor_on": date(2026, 11, 24),
            "due_on": date(2026, 12, 24),
            "expires_at": local("2026-12-25 00:00"),
            "holiday_policy": "strict",
            "remote_counts": False,
            "met_by_id": None,
            "met_on": None,
            "days_late": 0,
            "recording_delay_days": None,
            "ended_on": None,
            "is_recorded_late": False,
            "is_late_entry": False,
            "imported": False,
            "deviation_id": deviation_id(promise_id("met_within_a_month", MEETING)),
            "deviation_state": "none",
            "deviation_version": 0,
            "deviation_since": None,
            "warning": "nothing_booked",
        }
        assert story.last.model_dump(exclude={"warning_id"}) == expected
        assert story.last.warning_id == warning_id(story.last.promise_id, "nothing_booked", date(2026, 12, 24))

    def test_has_one_id_whatever_becomes_of_it(self) -> None:
        """From policy and meeting; and so has its deviation."""
        one = promise_id("met_within_a_month", MEETING)
        assert one == UUID("c61d29e2-1a8c-51e6-960e-e46aa7512b5e")
        assert one != promise_id("met_within_a_month", ANOTHER_MEETING)
        assert one != promise_id("another", MEETING)
        assert deviation_id(one) == UUID("8082bb6f-c237-5a17-aefb-05b8cd7f8532")

    def test_is_kept(self) -> None:
        """And says by what and when."""
        story = Story()
        story.tell(held_meeting(), BOOKED, at="2026-11-25 10:00")
        assert story.tell(held_meeting(), BOOKED, KEPT, at="2026-11-25 10:00") == ["PromiseKept"]
        assert (story.last.met_by_id, story.last.met_on) == (KEPT.subject_id, date(2026, 12, 15))

    def test_that_was_kept_when_it_became_known_is_made_and_kept(self) -> None:
        """Both events, so that whoever waits for one of them gets it; void before it was made it is nothing."""
        assert Story().tell(held_meeting(), KEPT, at=None) == ["PromiseMade", "PromiseKept"]
        assert Story().tell(held_meeting(), LATE, at="2027-01-01 10:00") == [
            "PromiseMade", "PromiseKeptLate", "DeviationRaised",
        ]  # fmt: skip
        assert Story().tell(held_meeting(), at=EXPIRED) == ["PromiseMade", "DeviationRaised"]
        assert Story().tell(held_meeting(), retracted_meeting("2026-11-25 10:00"), at=EXPIRED) == []

    def test_is_kept_anew_when_what_kept_it_changes(self) -> None:
        """The state is whole, so a correction of the follow-up's day is told."""
        story = Story()
        story.tell(held_meeting(), KEPT, at="2026-12-16 10:00")
        corrected = held_follow_up("2026-12-14 10:00", recorded="2026-12-16 09:00", version=3)
        assert story.tell(held_meeting(), KEPT, corrected, at="2026-12-16 10:00") == ["PromiseKept"]
        assert story.last.met_on == date(2026, 12, 14)

    def test_ends_with_its_case_and_is_reopened_with_it(self) -> None:
        """No deviation, no improvement."""
        story = Story()
        story.tell(held_meeting(), BOOKED, at="2026-11-25 10:00")
        closed = closed_case("2026-12-01", recorded="2026-12-01 10:00")
        assert story.tell(held_meeting(), BOOKED, closed, at="2026-12-02 10:00") == ["PromiseEndedWithCase"]
        assert story.last.ended_on == date(2026, 12, 1)
        reopened = closed_case(None, recorded="2026-12-03 10:00", version=3)
        assert story.tell(held_meeting(), BOOKED, closed, reopened, at="2026-12-04 10:00") == ["PromiseReopened"]
        assert story.last.ended_on is None

    def test_is_void_and_void_no_longer(self) -> None:
        """Retracted, and held again on another day: both are told."""
        story = Story()
        story.tell(held_meeting(), BOOKED, at="2026-11-25 10:00")
        retracted = retracted_meeting("2026-11-26 10:00")
        assert story.tell(held_meeting(), BOOKED, retracted, at="2026-11-26 11:00") == ["PromiseVoided"]
        again = held_meeting("2026-11-25 13:00", version=4, recorded="2026-11-27 10:00")
        assert story.tell(held_meeting(), BOOKED, retracted, again, at="2026-11-27 11:00") == [
            "PromiseRedated", "PromiseReopened",
        ]  # fmt: skip

    def test_is_redated_when_its_terms_change(self) -> None:
        """A due day, an anchor with the same due day, another rule, another unit."""
        story = Story()
        at = "2026-11-25 10:00"
        booked = booked_follow_up("2026-12-10 10:00", recorded="2026-11-24 14:30")
        story.tell(held_meeting(), booked, at=at)
        assert story.tell(held_meeting("2026-11-23 13:00"), booked, at=at) == ["PromiseRedated"]

        def remote(_: UUID) -> Unit:
            return Unit(rules=(Rule(remote_counts=True),))

        assert story.tell(held_meeting("2026-11-23 13:00"), booked, at=at, units=remote) == ["PromiseRedated"]
        assert story.last.remote_counts
        moved = replace(held_meeting("2026-11-23 13:00"), unit_id=CASE)
        assert story.tell(moved, booked, at=at, units=remote) == ["PromiseRedated"]
        assert story.last.unit_id == CASE
        month_end = Story()
        month_end.tell(held_meeting("2027-01-30 13:00"), at=None)
        assert month_end.tell(held_meeting("2027-01-31 13:00"), at=None) == ["PromiseRedated"]
        assert month_end.last.due_on == date(2027, 2, 28)


class TestADeviation:
    def test_is_raised_at_midnight(self) -> None:
        """By itself; it is in force since the expiry."""
        story = Story()
        story.tell(held_meeting(), BOOKED, at="2026-11-25 10:00")
        assert story.tell(held_meeting(), BOOKED, at=EXPIRED) == ["DeviationRaised"]
        assert (story.last.status, story.last.deviation_state, story.last.deviation_version) == ("lapsed", "open", 1)
        assert story.last.deviation_since == local("2026-12-25 00:00")

    def test_stays_when_the_family_is_met_late(self) -> None:
        """Kept late is told; the deviation is what it was."""
        story = Story()
        story.tell(held_meeting(), at=EXPIRED)
        assert story.tell(held_meeting(), LATE, at="2026-12-29 12:00") == ["PromiseKeptLate"]
        assert (story.last.days_late, story.last.deviation_state, story.last.deviation_version) == (5, "open", 1)

    def test_is_raised_too_when_only_a_late_meeting_is_left(self) -> None:
        """The one in time is retracted; there was no deviation before."""
        story = Story()
        in_time = held_follow_up("2026-12-15 10:00", follow_up_id=ANOTHER_MEETING)
        story.tell(held_meeting(), in_time, LATE, at="2026-12-29 12:00")
        gone = no_follow_up("2026-12-30 10:00", follow_up_id=ANOTHER_MEETING)
        assert story.tell(held_meeting(), in_time, gone, LATE, at="2026-12-30 12:00") == [
            "PromiseKeptLate",
            "DeviationRaised",
        ]
        assert story.last.deviation_version == 1

    def test_is_withdrawn_by_a_late_record(self) -> None:
        """Met in time after all."""
        story = Story()
        story.tell(held_meeting(), at=EXPIRED)
        assert story.tell(held_meeting(), LATE_RECORD, at="2026-12-28 12:00") == ["PromiseKept", "DeviationWithdrawn"]
        assert story.last.is_recorded_late
        assert (story.last.deviation_state, story.last.deviation_version, story.last.deviation_since) == (
            "withdrawn", 2, None,
        )  # fmt: skip
        assert story.tell(held_meeting(), LATE_RECORD, at="2026-12-29 12:00") == []

    def test_is_withdrawn_when_its_meeting_is(self) -> None:
        """No Heijastin, no promise, no deviation."""
        story = Story()
        story.tell(held_meeting(), at=EXPIRED)
        retracted = retracted_meeting("2026-12-28 10:00")
        assert story.tell(held_meeting(), retracted, at="2026-12-28 12:00") == ["PromiseVoided", "DeviationWithdrawn"]

    def test_is_withdrawn_when_the_date_was_wrong(self) -> None:
        """The month is not over yet by the right one."""
        story = Story()
        story.tell(held_meeting(), at=EXPIRED)
        corrected = held_meeting("2026-11-27 13:00", version=3, recorded="2026-12-26 10:00")
        assert story.tell(held_meeting(), corrected, BOOKED, at="2026-12-26 12:00") == [
            "PromiseRedated", "PromiseReopened", "DeviationWithdrawn",
        ]  # fmt: skip

    def test_is_withdrawn_when_the_case_had_closed(self) -> None:
        """Within the month, and recorded after it."""
        story = Story()
        story.tell(held_meeting(), at=EXPIRED)
        closed = closed_case("2026-12-20", recorded="2026-12-28 10:00")
        assert story.tell(held_meeting(), closed, at="2026-12-28 12:00") == [
            "PromiseEndedWithCase", "DeviationWithdrawn",
        ]  # fmt: skip
        assert story.last.is_recorded_late

    def test_is_reopened_when_the_late_record_is_retracted(self) -> None:
        """The same deviation, a new version."""
        story = Story()
        story.tell(held_meeting(), at=EXPIRED)
        one = story.last.deviation_id
        story.tell(held_meeting(), LATE_RECORD, at="2026-12-28 12:00")
        retracted = no_follow_up("2026-12-30 10:00")
        assert story.tell(held_meeting(), LATE_RECORD, retracted, at="2026-12-30 12:00") == ["DeviationReopened"]
        assert (story.last.deviation_id, story.last.deviation_version) == (one, 3)
        assert story.last.deviation_since == local("2026-12-30 10:00")

    def test_is_reopened_when_the_late_meeting_is_retracted(self) -> None:
        """Kept late is lapsed again: whoever closed it, closed it for a meeting that never was."""
        story = Story()
        story.tell(held_meeting(), LATE, at="2026-12-29 12:00")
        retracted = no_follow_up("2026-12-30 10:00")
        assert story.tell(held_meeting(), LATE, retracted, at="2026-12-30 12:00") == ["DeviationReopened"]
        assert (story.last.deviation_state, story.last.deviation_version) == ("open", 2)

    def test_is_reopened_when_it_was_withdrawn_and_came_again_unseen(self) -> None:
        """Both facts were read in one batch: what people did about the first breach is not about this one."""
        story = Story()
        story.tell(held_meeting(), at=EXPIRED)
        retracted = no_follow_up("2026-12-30 10:00")
        assert story.tell(held_meeting(), LATE_RECORD, retracted, at="2026-12-31 10:00") == ["DeviationReopened"]
        assert story.last.deviation_since == local("2026-12-30 10:00")
        assert story.last.deviation_version == 2

    def test_is_a_new_version_and_no_new_raising_when_it_is_redated(self) -> None:
        """Still in breach, by another day."""
        story = Story()
        story.tell(held_meeting(), at=EXPIRED)
        corrected = held_meeting("2026-11-20 13:00", version=3, recorded="2026-12-28 10:00")
        assert story.tell(held_meeting(), corrected, at="2026-12-28 12:00") == ["PromiseRedated"]
        assert (story.last.status, story.last.deviation_state, story.last.deviation_version) == ("lapsed", "open", 2)
        assert story.tell(held_meeting(), corrected, LATE, at="2026-12-29 12:00") == ["PromiseKeptLate"]
        assert story.last.days_late == 9

    def test_keeps_its_version_when_only_other_terms_change(self) -> None:
        """Another unit is no other breach."""
        story = Story()
        story.tell(held_meeting(), at=EXPIRED)
        assert story.tell(replace(held_meeting(), unit_id=CASE), at=EXPIRED) == ["PromiseRedated"]
        assert story.last.deviation_version == 1

    def test_stays_said_while_the_gate_is_shut_again(self) -> None:
        """A topic with a new partition is no news about a family."""
        story = Story()
        story.tell(held_meeting(), at=EXPIRED)
        assert story.tell(held_meeting(), at=None) == []
        assert story.tell(held_meeting(), LATE_RECORD, at=None) == ["PromiseKept", "DeviationWithdrawn"]

    def test_does_not_keep_a_shut_gate_from_telling_of_what_was_open(self) -> None:
        """It had said nothing bad."""
        story = Story()
        story.tell(held_meeting(), at=None)
        corrected = held_meeting("2026-11-20 13:00", version=3, recorded="2026-11-28 10:00")
        assert story.tell(held_meeting(), corrected, at=None) == ["PromiseRedated"]


class TestAWarning:
    def test_is_said_once_and_replaced_by_a_graver_one(self) -> None:
        """One speaks at a time."""
        story = Story()
        assert story.tell(held_meeting(), at="2026-11-25 10:00") == ["PromiseMade", "PromiseAtRisk"]
        assert story.tell(held_meeting(), at="2026-11-26 10:00") == []
        first = story.last.warning_id
        assert story.tell(held_meeting(), at="2026-12-16 09:00") == ["PromiseAtRisk"]
        assert story.last.warning == "7_days_before"
        assert story.last.warning_id != first

    def test_is_cleared_by_a_booking(self) -> None:
        """Its ground is gone."""
        story = Story()
        story.tell(held_meeting(), at="2026-11-25 10:00")
        booked = booked_follow_up("2026-12-10 10:00", recorded="2026-11-25 11:00")
        assert story.tell(held_meeting(), booked, at="2026-11-25 12:00") == ["WarningCleared"]
        assert (story.last.warning, story.last.warning_id) == (None, None)

    def test_is_cleared_by_what_settles_the_promise(self) -> None:
        """Kept, or too late to be warned of."""
        story = Story()
        story.tell(held_meeting(), at="2026-12-24 10:00")
        assert story.tell(held_meeting(), at=EXPIRED) == ["DeviationRaised", "WarningCleared"]
        another = Story()
        another.tell(held_meeting(), at="2026-11-25 10:00")
        assert another.tell(held_meeting(), KEPT, at="2026-12-15 12:00") == ["PromiseKept", "WarningCleared"]

    def test_is_said_anew_for_another_due_day(self) -> None:
        """The rung is the same, the warning is not."""
        story = Story()
        story.tell(held_meeting(), at="2026-12-17 10:00")
        corrected = held_meeting("2026-11-25 13:00", version=3, recorded="2026-12-17 10:30")
        assert story.tell(held_meeting(), corrected, at="2026-12-17 12:00") == ["PromiseRedated", "PromiseAtRisk"]

    def test_stays_said_while_the_gate_is_shut_again(self) -> None:
        """As a deviation does."""
        story = Story()
        story.tell(held_meeting(), at="2026-11-25 10:00")
        assert story.tell(held_meeting(), at=None) == []


class TestUndetermined:
    def test_freezes_what_was_said(self) -> None:
        """Nothing new is shown, least of all as overdue."""
        story = Story()
        story.tell(held_meeting(), BOOKED, at="2026-12-24 12:00")
        before = story.last
        assert story.tell(held_meeting(), BOOKED, at=EXPIRED, disturbed="2026-12-24 20:00") == ["PromiseUndetermined"]
        assert story.last.model_dump() == before.model_dump() | {"version": 2, "is_undetermined": True}
        assert story.tell(held_meeting(), BOOKED, KEPT, at=EXPIRED, disturbed="2026-12-24 20:00") == []

    def test_is_said_of_a_promise_that_is_new(self) -> None:
        """Made, and at once uncertain; neither overdue nor warned of."""
        story = Story()
        assert story.tell(held_meeting(), at=EXPIRED, disturbed="2026-12-24 20:00") == [
            "PromiseMade", "PromiseUndetermined",
        ]  # fmt: skip
        assert (story.last.status, story.last.deviation_state, story.last.warning) == ("open", "none", None)
        late = Story()
        late.tell(held_meeting(), LATE, at="2026-12-29 12:00", disturbed="2026-12-29 11:00")
        assert (late.last.status, late.last.met_by_id, late.last.deviation_since) == ("open", None, None)
        assert late.last.recording_delay_days is None
        warned = Story()
        warned.tell(held_meeting(), at="2026-12-20 10:00", disturbed="2026-12-20 09:00")
        assert (warned.last.status, warned.last.warning) == ("open", None)
        kept = Story()
        kept.tell(held_meeting(), KEPT, at="2026-12-20 10:00", disturbed="2026-12-20 09:00")
        assert (kept.last.status, kept.last.is_undetermined) == ("kept", True)

    def test_is_not_said_of_what_is_void_before_it_was_made(self) -> None:
        """There is no promise to be uncertain of."""
        retracted = retracted_meeting("2026-12-01 10:00")
        assert Story().tell(held_meeting(), retracted, at=None, disturbed="2026-12-01 10:00") == []

    def test_ends_with_the_event_of_the_status(self) -> None:
        """Whatever it is, changed or not."""
        for known, at, event in [
            ((held_meeting(), BOOKED), "2026-12-01 10:00", "PromiseReopened"),
            ((held_meeting(), KEPT), "2026-12-16 10:00", "PromiseKept"),
            ((held_meeting(), closed_case("2026-12-01", recorded="2026-12-01 10:00")), "2026-12-02 10:00",
             "PromiseEndedWithCase"),
            ((held_meeting(), LATE), "2026-12-29 12:00", "PromiseKeptLate"),
            ((held_meeting(),), EXPIRED, "DeviationRaised"),
        ]:  # fmt: skip
            story = Story()
            story.tell(*known, at=at)
            assert story.tell(*known, at=at, disturbed=at) == ["PromiseUndetermined"]
            assert story.tell(*known, at=at) == [event]
            assert not story.last.is_undetermined

    def test_that_ends_in_the_same_breach_is_the_same_raising(self) -> None:
        """Its deviation keeps its version, so nothing that people did about it is undone."""
        story = Story()
        story.tell(held_meeting(), at=EXPIRED)
        story.tell(held_meeting(), at=EXPIRED, disturbed=EXPIRED)
        story.tell(held_meeting(), at=EXPIRED)
        assert story.last.deviation_version == 1

    def test_that_ends_in_a_breach_raises_it(self) -> None:
        """What it was hiding."""
        story = Story()
        story.tell(held_meeting(), BOOKED, at="2026-12-24 12:00", disturbed="2026-12-24 10:00")
        assert story.tell(held_meeting(), BOOKED, at="2026-12-26 10:00") == ["DeviationRaised"]
