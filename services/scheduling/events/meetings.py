"""
Facts about Heijastin meetings. A practice meeting is never among them.

Per meeting the highest `version` stands, whatever the type of the event; `held` says whether it took place, and only
a retraction takes that back.
"""

from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime

from services.scheduling.events.case_stream import CancelledReason, CaseStream, example_context


class MeetingFact(CaseStream, abstract=True):
    """
    The public state of a Heijastin. All instants are UTC; periods are half-open.

    `held_on` is the local date (Europe/Helsinki) of its last day. `held_in_unit_id` is the unit that had the case when
    the meeting was first recorded as held, and stays when the case moves. What was agreed at the close: `next_agreed`,
    or why nothing was (`not_agreed_reason`), who books then and by when. `review_on` is set while the meeting is
    deferred; why it was deferred is nobody's business here. `confirmed`: it was prepared, and is to take place at this
    time; `override_reason` tells why although the memo of the previous one had not been gone through with the family.
    `cancelled_reason` is set where it was cancelled because its case was closed.
    """

    meeting_id: UUID
    version: int
    status: Literal["scheduled", "cancelled", "deferred", "held", "retracted"]
    planned_from: AwareDatetime
    planned_until: AwareDatetime
    held: bool
    held_from: AwareDatetime | None
    held_until: AwareDatetime | None
    held_on: date | None
    held_in_unit_id: UUID | None
    next_agreed: Literal["follow_up", "meeting", "none"] | None
    not_agreed_reason: Literal["calendars_open", "family_confirms_later", "handed_over", "case_ends"] | None
    booking_owner_id: UUID | None
    book_by_on: date | None
    review_on: date | None
    confirmed: bool
    override_reason: Literal["reviewed_in_the_meeting", "family_goes_on_without", "memo_out_of_reach"] | None
    cancelled_reason: CancelledReason | None
    imported: bool

    def subject(self) -> str:
        """Return the meeting."""
        return f"meeting/{self.meeting_id}"

    def subject_version(self) -> int:
        """Return the meeting's row version; versions that were practice are missing from the stream."""
        return self.version

    @classmethod
    def _example(cls, *, version: int, **different: Any) -> Self:
        state: dict[str, Any] = {
            "meeting_id": UUID("4f8b2d6e-0c9a-4e37-a1f5-3d7c9b5e8a04"),
            "status": "scheduled",
            "planned_from": "2026-11-24T11:00:00Z",
            "planned_until": "2026-11-24T12:30:00Z",
            "held": False,
            "held_from": None,
            "held_until": None,
            "held_on": None,
            "held_in_unit_id": None,
            "next_agreed": None,
            "not_agreed_reason": None,
            "booking_owner_id": None,
            "book_by_on": None,
            "review_on": None,
            "confirmed": False,
            "override_reason": None,
            "cancelled_reason": None,
            "imported": False,
        }
        return cls(**example_context(), version=version, **(state | different))

    @classmethod
    def _held_example(cls, *, version: int, **different: Any) -> Self:
        held: dict[str, Any] = {
            "status": "held",
            "held": True,
            "held_from": "2026-11-24T11:05:00Z",
            "held_until": "2026-11-24T12:40:00Z",
            "held_on": "2026-11-24",
            "held_in_unit_id": example_context()["unit_id"],
            "next_agreed": "follow_up",
        }
        return cls._example(version=version, **(held | different))


class MeetingScheduled(MeetingFact):
    """
    Emitted when a Heijastin is given a time.

    Key: the case. Needed by the preparation, by calendars, and by quality to see what is planned.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a meeting planned for an hour and a half."""
        return cls._example(version=1)


class MeetingRescheduled(MeetingFact):
    """
    Emitted when a Heijastin that has not been held gets another time; also when a deferred one is taken up again.

    Key: the case. Needed by whoever reminds people of the old time.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a meeting moved by a day."""
        return cls._example(version=2, planned_from="2026-11-25T11:00:00Z", planned_until="2026-11-25T12:30:00Z")


class MeetingCancelled(MeetingFact):
    """
    Emitted when a Heijastin will not be held; also at the end of its case, just before CaseClosed.

    Key: the case. Needed by whoever prepares it or reminds of it.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a meeting cancelled with the end of its case."""
        return cls._example(version=3, status="cancelled", cancelled_reason="case_closed")


class MeetingDeferred(MeetingFact):
    """
    Emitted when a Heijastin is put off without a new time, to be looked at again on `review_on`. It has no cause.

    Key: the case. Needed by quality: a deferred family is reviewed, not forgotten.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a meeting to be looked at again in a fortnight."""
        return cls._example(version=2, status="deferred", review_on="2026-12-08")


class PreparationCompleted(MeetingFact):
    """
    Emitted when a Heijastin is confirmed: all is prepared, and it is to take place as planned.

    Key: the case. Needed by calendars and by those who invite; another time must be confirmed anew.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a meeting confirmed although the previous memo is only gone through in it."""
        return cls._example(version=2, confirmed=True, override_reason="reviewed_in_the_meeting")


class MeetingHeld(MeetingFact):
    """
    Emitted when a Heijastin is recorded as held; also, late, when a held practice meeting turns out to be a Heijastin.

    Key: the case. Needed by quality (a promise is made), by records (a memo is due), by the sending of form links.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a meeting that closed with a follow-up booked."""
        return cls._held_example(version=2)


class MeetingCorrected(MeetingFact):
    """
    Emitted when the record of a held Heijastin changes; after a retraction it makes the meeting held again.

    Key: the case. Needed by quality and records: date and due dates are counted anew.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a meeting whose hour was wrong, and that closed without a next time."""
        return cls._held_example(
            version=3,
            held_from="2026-11-24T12:05:00Z",
            held_until="2026-11-24T13:40:00Z",
            next_agreed="none",
            not_agreed_reason="calendars_open",
            booking_owner_id=example_context()["responsible_worker_ids"][0],
            book_by_on="2026-12-01",
        )


class MeetingRetracted(MeetingFact):
    """
    Emitted when a Heijastin recorded as held was not held, or was a practice meeting. Its held times are gone.

    Key: the case. Needed by quality and records: its promise is void, its memo is not awaited.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a meeting that was recorded by mistake."""
        return cls._example(version=4, status="retracted")
