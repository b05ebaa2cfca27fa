from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pytest

from services.scheduling.commands.follow_ups import (
    CorrectFollowUp,
    HoldFollowUp,
    RecordFollowUp,
    RescheduleFollowUp,
    ScheduleFollowUp,
)
from services.scheduling.domain import follow_ups
from services.scheduling.domain.calendar import NotYetHappened
from services.scheduling.domain.cases import CaseIsClosed
from services.scheduling.domain.follow_ups import (
    BookedInThePast,
    FollowUp,
    FollowUpAlreadyHeld,
    FollowUpNotHeld,
    FollowUpWasCancelled,
    FollowUpWasRetracted,
)
from tests.scheduling.builders import (
    CASE_ID,
    DAY,
    FOLLOW_UP_ID,
    HOUR,
    MEETING_ID,
    NOW,
    UNIT_ID,
    a_case,
    a_follow_up,
    a_held_follow_up,
    booked,
    held,
)

CLOSED = a_case(version=2, closed_on=date(2026, 11, 23))
RETRACTED = a_follow_up(version=3, status="retracted")
MET: dict[str, Any] = {"family_present": True, "worker_present": True, "mode": "remote"}


class TestSchedule:
    def test_books_a_time(self) -> None:
        """The fact carries the whole public state; nothing has been held."""
        follow_up, event = follow_ups.schedule(
            ScheduleFollowUp(**booked()), case=a_case(), follow_up_id=FOLLOW_UP_ID, meeting_id=MEETING_ID, now=NOW
        )

        assert follow_up == a_follow_up(
            meeting_id=MEETING_ID, booked_from=NOW + 14 * DAY, booked_until=NOW + 14 * DAY + HOUR
        )
        assert (event.case_id, event.case_code, event.unit_id) == (CASE_ID, "K7-4QX", UNIT_ID)
        assert (event.follow_up_id, event.meeting_id, event.version) == (FOLLOW_UP_ID, MEETING_ID, 1)
        assert (event.status, event.held, event.held_on, event.mode) == ("booked", False, None, None)
        assert (event.booked_from, event.booked_until) == (NOW + 14 * DAY, NOW + 14 * DAY + HOUR)

    def test_takes_a_time_that_is_running(self) -> None:
        """Somebody at the door is booked and met in one go."""
        command = ScheduleFollowUp(**booked(NOW - HOUR + timedelta(microseconds=1)))

        follow_up, _ = follow_ups.schedule(command, case=a_case(), follow_up_id=FOLLOW_UP_ID, now=NOW)

        assert follow_up.status == "booked"

    def test_refuses_a_time_that_has_passed(self) -> None:
        """A booking in the past is a slip of the date, or a follow-up that was held."""
        with pytest.raises(BookedInThePast):
            follow_ups.schedule(
                ScheduleFollowUp(**booked(NOW - HOUR)), case=a_case(), follow_up_id=FOLLOW_UP_ID, now=NOW
            )

    def test_refuses_a_closed_case(self) -> None:
        """Nobody would hold it."""
        with pytest.raises(CaseIsClosed):
            follow_ups.schedule(ScheduleFollowUp(**booked()), case=CLOSED, follow_up_id=FOLLOW_UP_ID, now=NOW)


class TestReschedule:
    def test_moves_a_booking(self) -> None:
        """Only the time changes."""
        follow_up, event = follow_ups.reschedule(
            a_follow_up(), RescheduleFollowUp(**booked(NOW + DAY)), case=a_case(), now=NOW
        )

        assert follow_up == a_follow_up(version=2, booked_from=NOW + DAY, booked_until=NOW + DAY + HOUR)
        assert (event.version, event.status, event.booked_from) == (2, "booked", NOW + DAY)

    def test_refuses_a_time_that_has_passed(self) -> None:
        """As when it is booked."""
        with pytest.raises(BookedInThePast):
            follow_ups.reschedule(a_follow_up(), RescheduleFollowUp(**booked(NOW - DAY)), case=a_case(), now=NOW)


class TestCancel:
    def test_says_that_it_will_not_be_held(self) -> None:
        """Readers learn that nothing may be booked any more."""
        follow_up, event = follow_ups.cancel(a_follow_up(), case=a_case())

        assert follow_up == a_follow_up(version=2, status="cancelled")
        assert (event.version, event.status, event.held) == (2, "cancelled", False)


@pytest.mark.parametrize(
    "follow_up, refusal",
    [
        (a_held_follow_up(), FollowUpAlreadyHeld),
        (a_follow_up(status="cancelled"), FollowUpWasCancelled),
        (RETRACTED, FollowUpWasRetracted),
    ],
    ids=["held", "cancelled", "retracted"],
)
class TestAFollowUpThatIsNotBooked:
    """Only a retraction undoes held; and what is cancelled or retracted has its own way back."""

    def test_cannot_be_rescheduled(self, follow_up: FollowUp, refusal: type[Exception]) -> None:
        """It has no time to come."""
        with pytest.raises(refusal):
            follow_ups.reschedule(follow_up, RescheduleFollowUp(**booked()), case=a_case(), now=NOW)

    def test_cannot_be_cancelled(self, follow_up: FollowUp, refusal: type[Exception]) -> None:
        """Cancelling what was held would break a promise that was kept."""
        with pytest.raises(refusal):
            follow_ups.cancel(follow_up, case=a_case())

    def test_cannot_be_held(self, follow_up: FollowUp, refusal: type[Exception]) -> None:
        """A second record would hide the first."""
        with pytest.raises(refusal):
            follow_ups.hold(follow_up, HoldFollowUp(**held(), **MET), case=a_case(), now=NOW)


class TestHold:
    def test_records_when_with_whom_and_how(self) -> None:
        """Whether it counts is decided from these flags, so they travel whole."""
        command = HoldFollowUp(**held(), family_present=True, worker_present=False, mode="in_person")

        follow_up, event = follow_ups.hold(a_follow_up(), command, case=a_case(), now=NOW)

        assert follow_up == a_held_follow_up(held_until=NOW - 2 * HOUR, worker_present=False)
        assert (event.version, event.status, event.held) == (2, "held", True)
        assert (event.held_from, event.held_until) == (NOW - 4 * HOUR, NOW - 2 * HOUR)
        assert (event.family_present, event.worker_present, event.mode) == (True, False, "in_person")
        assert event.imported is False

    def test_goes_by_the_local_day_of_its_start(self) -> None:
        """Half past eleven at night on the due date is in time, however long it takes."""
        start = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)

        _, event = follow_ups.hold(
            a_follow_up(), HoldFollowUp(**held(start, start + HOUR), **MET), case=a_case(), now=NOW
        )

        assert event.held_on == date(2026, 11, 23)

    def test_works_in_a_closed_case(self) -> None:
        """A meeting in time after the closing still keeps the promise, so it must be recordable."""
        _, event = follow_ups.hold(a_follow_up(), HoldFollowUp(**held(), **MET), case=CLOSED, now=NOW)

        assert event.held

    def test_refuses_what_has_not_ended(self) -> None:
        """Booked is not held."""
        command = HoldFollowUp(**held(NOW, NOW + HOUR), **MET)

        with pytest.raises(NotYetHappened):
            follow_ups.hold(a_follow_up(), command, case=a_case(), now=NOW)


class TestRecord:
    def test_needs_no_booking(self) -> None:
        """Met is met; the first version of the follow-up is already held."""
        follow_up, event = follow_ups.record(
            RecordFollowUp(**held(), **MET), case=CLOSED, follow_up_id=FOLLOW_UP_ID, now=NOW
        )

        assert follow_up == a_held_follow_up(
            version=1, booked_from=None, booked_until=None, held_until=NOW - 2 * HOUR, mode="remote"
        )
        assert (event.version, event.held, event.booked_from, event.meeting_id) == (1, True, None, None)

    def test_refuses_what_has_not_ended(self) -> None:
        """As when a booked one is held."""
        command = RecordFollowUp(**held(NOW, NOW + HOUR), **MET)

        with pytest.raises(NotYetHappened):
            follow_ups.record(command, case=a_case(), follow_up_id=FOLLOW_UP_ID, now=NOW)


class TestCorrect:
    @pytest.mark.parametrize("status", ["held", "retracted"])
    def test_replaces_the_record_and_makes_it_held(self, status: Literal["held", "retracted"]) -> None:
        """A correction after a retraction makes it held again."""
        before = a_held_follow_up() if status == "held" else RETRACTED

        follow_up, event = follow_ups.correct(before, CorrectFollowUp(**held(), **MET), case=a_case(), now=NOW)

        assert follow_up == a_held_follow_up(version=before.version + 1, held_until=NOW - 2 * HOUR, mode="remote")
        assert (event.version, event.status, event.mode) == (before.version + 1, "held", "remote")

    @pytest.mark.parametrize("status", ["booked", "cancelled"])
    def test_refuses_what_was_never_held(self, status: str) -> None:
        """Holding it is the first record."""
        with pytest.raises(FollowUpNotHeld):
            follow_ups.correct(a_follow_up(status=status), CorrectFollowUp(**held(), **MET), case=a_case(), now=NOW)

    def test_refuses_what_has_not_ended(self) -> None:
        """As when it is held."""
        command = CorrectFollowUp(**held(NOW, NOW + HOUR), **MET)

        with pytest.raises(NotYetHappened):
            follow_ups.correct(a_held_follow_up(), command, case=a_case(), now=NOW)


class TestRetract:
    def test_takes_the_whole_record_back(self) -> None:
        """Nobody was met, so neither times nor flags remain."""
        follow_up, event = follow_ups.retract(a_held_follow_up(), case=a_case())

        assert follow_up == RETRACTED
        assert (event.version, event.status, event.held) == (3, "retracted", False)
        assert (event.held_from, event.held_until, event.held_on) == (None, None, None)
        assert (event.family_present, event.worker_present, event.mode) == (False, False, None)

    @pytest.mark.parametrize("status", ["booked", "cancelled", "retracted"])
    def test_refuses_what_is_not_recorded_as_held(self, status: str) -> None:
        """There is nothing to take back."""
        with pytest.raises(FollowUpNotHeld):
            follow_ups.retract(a_follow_up(status=status), case=a_case())
