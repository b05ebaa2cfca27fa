"""What can be asked about a Heijastin, and what its close has to settle."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.scheduling.commands.fields import BookedTimes, HeldTimes, PlannedTimes
from shared.fields import Command, Day, YesNo

NotAgreedReason = Literal["calendars_open", "family_confirms_later", "handed_over", "case_ends"]
OverrideReason = Literal["reviewed_in_the_meeting", "family_goes_on_without", "memo_out_of_reach"]


class BookFollowUp(BookedTimes):
    """The close settled a follow-up, which is booked with it."""

    agreed: Literal["follow_up"]


class PlanNextMeeting(PlannedTimes):
    """The close settled the next Heijastin, which is scheduled with it."""

    agreed: Literal["meeting"]


class AlreadyBooked(Command):
    """The next time was in the calendar before the close."""

    agreed: Literal["already_booked"]


class NothingAgreed(Command):
    """The close settled no next time: why, who books one, and by when."""

    agreed: Literal["none"]
    reason: NotAgreedReason
    booking_owner_id: UUID
    book_by_on: Day


Close = Annotated[BookFollowUp | PlanNextMeeting | AlreadyBooked | NothingAgreed, Field(discriminator="agreed")]


class ScheduleMeeting(PlannedTimes):
    """Give a case a Heijastin, or a practice meeting that nobody outside this service hears of."""

    is_practice: YesNo = False


class RescheduleMeeting(PlannedTimes):
    """Give a meeting that has not been held another time."""


class DeferMeeting(Command):
    """Put a meeting off without a new time. There is no field for a cause, on purpose."""

    review_on: Day


class ConfirmMeeting(Command):
    """
    Say that a meeting is prepared and will take place as planned.

    `override_reason` lets a Heijastin be confirmed although the memo of the previous one has not been gone through with
    the family: it will be in the meeting itself, the family wants to go on without, or nobody can reach the memo.
    """

    override_reason: OverrideReason | None = None


class HoldMeeting(HeldTimes):
    """Record that a meeting took place. `close` is required unless it was practice."""

    close: Close | None = None


class CorrectMeeting(HeldTimes):
    """
    Replace the record of a meeting: it was held at these times, as a Heijastin or as practice.

    `close` replaces what was settled; without it, what was settled stands.
    """

    is_practice: YesNo
    close: Close | None = None
