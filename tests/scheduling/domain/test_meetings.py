from datetime import UTC, date, datetime

import pytest

from services.scheduling.commands.meetings import ConfirmMeeting, DeferMeeting, RescheduleMeeting, ScheduleMeeting
from services.scheduling.domain import meetings
from services.scheduling.domain.cases import CaseIsClosed
from services.scheduling.domain.meetings import (
    Meeting,
    MeetingAlreadyConfirmed,
    MeetingAlreadyHeld,
    MeetingIsDeferred,
    MeetingNotHeld,
    MeetingWasCancelled,
    MeetingWasRetracted,
    NothingToOverride,
    PreviousMemoNotReviewed,
    ReviewNotAhead,
)
from services.scheduling.events import (
    MeetingCancelled,
    MeetingHeld,
    MeetingRescheduled,
    MeetingScheduled,
    PreparationCompleted,
)
from tests.scheduling.builders import (
    CASE_ID,
    DAY,
    HOUR,
    MEETING_ID,
    NOW,
    TEAM_ID,
    UNIT_ID,
    WORKER_ID,
    a_case,
    a_held_meeting,
    a_meeting,
    planned,
)

TODAY = date(2026, 11, 24)
RESCHEDULE = RescheduleMeeting(**planned(NOW + DAY))
DEFER = DeferMeeting(review_on=date(2026, 12, 8))
CONFIRM = ConfirmMeeting()
OVERRIDE = ConfirmMeeting(override_reason="family_goes_on_without")


def confirm(
    meeting: Meeting, command: ConfirmMeeting = CONFIRM, *, is_memo_owed: bool = False
) -> tuple[Meeting, meetings.Facts]:
    """Confirm a meeting as the coordinator."""
    return meetings.confirm(meeting, command, case=a_case(), is_memo_owed=is_memo_owed, by="coordinator-1")


class TestSchedule:
    def test_gives_the_case_a_meeting(self) -> None:
        """The fact carries the case's context and the meeting's whole public state."""
        meeting, facts = meetings.schedule(ScheduleMeeting(**planned()), case=a_case(), meeting_id=MEETING_ID)

        assert meeting == a_meeting(planned_from=NOW + 7 * DAY, planned_until=NOW + 7 * DAY + 2 * HOUR)
        (event,) = facts
        assert isinstance(event, MeetingScheduled)
        assert (event.case_id, event.case_code, event.unit_id, event.team_id) == (CASE_ID, "K7-4QX", UNIT_ID, TEAM_ID)
        assert event.responsible_worker_ids == (WORKER_ID,)
        assert (event.meeting_id, event.version, event.status, event.held) == (MEETING_ID, 1, "scheduled", False)
        assert (event.planned_from, event.planned_until) == (NOW + 7 * DAY, NOW + 7 * DAY + 2 * HOUR)
        assert (event.held_on, event.next_agreed, event.review_on, event.imported) == (None, None, None, False)

    def test_takes_a_time_in_the_past(self) -> None:
        """What nobody had scheduled must still be recordable as held."""
        meeting, _ = meetings.schedule(ScheduleMeeting(**planned(NOW - 7 * DAY)), case=a_case(), meeting_id=MEETING_ID)

        assert meeting.planned_from == NOW - 7 * DAY

    def test_refuses_a_closed_case(self) -> None:
        """Nobody would hold it."""
        with pytest.raises(CaseIsClosed):
            meetings.schedule(ScheduleMeeting(**planned()), case=a_case(closed_on=TODAY), meeting_id=MEETING_ID)


class TestReschedule:
    def test_moves_the_meeting(self) -> None:
        """Only the time changes."""
        meeting, facts = meetings.reschedule(a_meeting(), RESCHEDULE, case=a_case())

        assert meeting == a_meeting(version=2, planned_from=NOW + DAY, planned_until=NOW + DAY + 2 * HOUR)
        (event,) = facts
        assert isinstance(event, MeetingRescheduled)
        assert (event.version, event.status, event.planned_from) == (2, "scheduled", NOW + DAY)

    def test_takes_up_a_deferred_meeting(self) -> None:
        """It is scheduled again and needs no review."""
        deferred = a_meeting(version=2, status="deferred", review_on=date(2026, 12, 8))

        meeting, facts = meetings.reschedule(deferred, RESCHEDULE, case=a_case())

        assert (meeting.status, meeting.review_on) == ("scheduled", None)
        assert (facts[0].status, facts[0].review_on) == ("scheduled", None)


class TestCancel:
    def test_says_that_it_will_not_be_held(self) -> None:
        """Also of a deferred meeting, which then needs no review."""
        deferred = a_meeting(version=2, status="deferred", review_on=date(2026, 12, 8))

        meeting, facts = meetings.cancel(deferred, case=a_case())

        assert meeting == a_meeting(version=3, status="cancelled")
        (event,) = facts
        assert isinstance(event, MeetingCancelled)
        assert (event.version, event.status, event.review_on) == (3, "cancelled", None)


class TestDefer:
    def test_has_a_review_date_and_no_cause(self) -> None:
        """Why a family is not ready is in no event and in no field."""
        meeting, facts = meetings.defer(a_meeting(), DEFER, case=a_case(), now=NOW)

        assert meeting == a_meeting(version=2, status="deferred", review_on=date(2026, 12, 8))
        assert (facts[0].version, facts[0].status, facts[0].review_on) == (2, "deferred", date(2026, 12, 8))
        assert facts[0].not_agreed_reason is None

    def test_moves_the_review(self) -> None:
        """A family that is still not ready is looked at again, not forgotten."""
        deferred = a_meeting(version=2, status="deferred", review_on=date(2026, 11, 30))

        meeting, _ = meetings.defer(deferred, DEFER, case=a_case(), now=NOW)

        assert meeting.review_on == date(2026, 12, 8)

    def test_refuses_a_review_today(self) -> None:
        """Today in Helsinki, where it may already be tomorrow."""
        late = datetime(2026, 12, 7, 22, 0, tzinfo=UTC)

        with pytest.raises(ReviewNotAhead):
            meetings.defer(a_meeting(), DEFER, case=a_case(), now=late)


@pytest.mark.parametrize(
    "meeting, refusal",
    [
        (a_held_meeting(), MeetingAlreadyHeld),
        (a_meeting(status="cancelled"), MeetingWasCancelled),
        (a_meeting(status="retracted"), MeetingWasRetracted),
    ],
    ids=["held", "cancelled", "retracted"],
)
class TestAMeetingThatIsNotWaiting:
    """Only a retraction undoes held; a promise that was made must not vanish by another door."""

    def test_cannot_be_rescheduled(self, meeting: Meeting, refusal: type[Exception]) -> None:
        """It has no time to come."""
        with pytest.raises(refusal):
            meetings.reschedule(meeting, RESCHEDULE, case=a_case())

    def test_cannot_be_cancelled(self, meeting: Meeting, refusal: type[Exception]) -> None:
        """It was held, or it is gone already."""
        with pytest.raises(refusal):
            meetings.cancel(meeting, case=a_case())

    def test_cannot_be_deferred(self, meeting: Meeting, refusal: type[Exception]) -> None:
        """There is nothing to put off."""
        with pytest.raises(refusal):
            meetings.defer(meeting, DEFER, case=a_case(), now=NOW)


class TestRetract:
    def test_takes_the_record_back(self) -> None:
        """The others see neither times nor close; here the close is kept, should the record come back."""
        unsettled = {
            "next_agreed": "none",
            "not_agreed_reason": "calendars_open",
            "booking_owner_id": WORKER_ID,
            "book_by_on": TODAY,
        }

        meeting, facts = meetings.retract(a_held_meeting(**unsettled), case=a_case())

        assert meeting == a_held_meeting(version=3, status="retracted", held_from=None, held_until=None, **unsettled)
        (event,) = facts
        assert (event.version, event.status, event.held) == (3, "retracted", False)
        assert (event.held_from, event.held_until, event.held_on) == (None, None, None)
        assert (event.held_in_unit_id, event.next_agreed, event.not_agreed_reason) == (None, None, None)
        assert (event.booking_owner_id, event.book_by_on) == (None, None)

    @pytest.mark.parametrize("status", ["scheduled", "cancelled", "deferred", "retracted"])
    def test_refuses_what_is_not_recorded_as_held(self, status: str) -> None:
        """There is nothing to take back."""
        with pytest.raises(MeetingNotHeld):
            meetings.retract(a_meeting(status=status), case=a_case())


class TestTell:
    def test_states_the_close_of_a_held_meeting(self) -> None:
        """Everything that was settled, so that no reader has to ask back."""
        meeting = a_held_meeting(
            next_agreed="none",
            not_agreed_reason="handed_over",
            booking_owner_id=WORKER_ID,
            book_by_on=date(2026, 12, 1),
            imported=True,
        )

        (event,) = meetings.tell(MeetingHeld, meeting, a_case())

        assert (event.held, event.held_from, event.held_until) == (True, NOW - 4 * HOUR, NOW - 2 * HOUR)
        assert (event.held_on, event.held_in_unit_id) == (TODAY, UNIT_ID)
        assert (event.next_agreed, event.not_agreed_reason) == ("none", "handed_over")
        assert (event.booking_owner_id, event.book_by_on) == (WORKER_ID, date(2026, 12, 1))
        assert event.imported

    def test_goes_by_the_last_local_day(self) -> None:
        """The month starts on the last day of the meeting; an end at midnight does not touch the next."""
        until_midnight = a_held_meeting(held_until=datetime(2026, 11, 23, 22, 0, tzinfo=UTC))

        assert meetings.tell(MeetingHeld, until_midnight, a_case())[0].held_on == date(2026, 11, 23)

    def test_says_nothing_of_practice(self) -> None:
        """A practice meeting is never published."""
        assert meetings.tell(MeetingHeld, a_held_meeting(is_practice=True), a_case()) == ()


class TestConfirm:
    def test_says_that_all_is_prepared(self) -> None:
        """Nothing else of the meeting changes."""
        meeting, facts = confirm(a_meeting())

        assert meeting == a_meeting(version=2, confirmed=True)
        (event,) = facts
        assert isinstance(event, PreparationCompleted)
        assert (event.version, event.status, event.confirmed, event.override_reason) == (2, "scheduled", True, None)

    def test_is_refused_while_the_previous_memo_is_owed(self) -> None:
        """The family goes through what was said before it is asked to say more."""
        with pytest.raises(PreviousMemoNotReviewed):
            confirm(a_meeting(), is_memo_owed=True)

    def test_is_possible_with_a_reason_that_somebody_answers_for(self) -> None:
        """The code is told, the account of who gave it stays here."""
        meeting, (event,) = confirm(a_meeting(), OVERRIDE, is_memo_owed=True)

        assert (meeting.override_reason, meeting.overridden_by) == ("family_goes_on_without", "coordinator-1")
        assert (event.confirmed, event.override_reason) == (True, "family_goes_on_without")
        assert "coordinator-1" not in event.model_dump_json()

    def test_needs_no_reason_where_nothing_is_owed(self) -> None:
        """An override that overrides nothing would be counted as one."""
        with pytest.raises(NothingToOverride):
            confirm(a_meeting(), OVERRIDE)

    def test_of_practice_has_no_gate_and_no_fact(self) -> None:
        """There is no family to owe anything to."""
        meeting, facts = confirm(a_meeting(is_practice=True), is_memo_owed=True)

        assert (meeting.confirmed, facts) == (True, ())
        with pytest.raises(NothingToOverride):
            confirm(a_meeting(is_practice=True), OVERRIDE, is_memo_owed=True)

    @pytest.mark.parametrize(
        "meeting, refusal",
        [
            (a_held_meeting(), MeetingAlreadyHeld),
            (a_meeting(status="cancelled"), MeetingWasCancelled),
            (a_meeting(status="retracted"), MeetingWasRetracted),
            (a_meeting(status="deferred", review_on=TODAY), MeetingIsDeferred),
            (a_meeting(confirmed=True), MeetingAlreadyConfirmed),
        ],
    )
    def test_is_refused_of_what_has_no_time_to_come(self, meeting: Meeting, refusal: type[Exception]) -> None:
        """Held, off, put off, or confirmed for this very time."""
        with pytest.raises(refusal):
            confirm(meeting)

    def test_is_for_one_time(self) -> None:
        """Another time must be confirmed anew, and so must one that was put off."""
        confirmed, _ = confirm(a_meeting(), OVERRIDE, is_memo_owed=True)

        moved, _ = meetings.reschedule(confirmed, RESCHEDULE, case=a_case())
        deferred, _ = meetings.defer(confirmed, DEFER, case=a_case(), now=NOW)

        for meeting in (moved, deferred):
            assert (meeting.confirmed, meeting.override_reason, meeting.overridden_by) == (False, None, None)

    def test_is_told_when_the_meeting_is_held(self) -> None:
        """Held after all that was prepared, or held without: facts are facts."""
        (event,) = meetings.tell(MeetingHeld, a_held_meeting(confirmed=True), a_case())

        assert event.confirmed
