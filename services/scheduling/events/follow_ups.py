"""
Facts about follow-ups: the meetings that keep the promise.

Per follow-up the highest `version` stands. Whether it counts is decided where it is recorded and travels as flags.
"""

from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime

from services.scheduling.events.case_stream import CancelledReason, CaseStream, example_context


class FollowUpFact(CaseStream, abstract=True):
    """
    The public state of a follow-up. All instants are UTC; periods are half-open.

    `meeting_id` is the Heijastin at whose close it was booked, if it was. A follow-up recorded as held without having
    been booked has no booked times. `held_on` is the local date (Europe/Helsinki) of its start. `family_present`: at
    least one of the family; `worker_present`: at least one of the case's own workers. All None or False unless held.
    `cancelled_reason` is set where it was cancelled because its case was closed.
    """

    follow_up_id: UUID
    meeting_id: UUID | None
    version: int
    status: Literal["booked", "cancelled", "held", "retracted"]
    booked_from: AwareDatetime | None
    booked_until: AwareDatetime | None
    held: bool
    held_from: AwareDatetime | None
    held_until: AwareDatetime | None
    held_on: date | None
    family_present: bool
    worker_present: bool
    mode: Literal["in_person", "remote"] | None
    cancelled_reason: CancelledReason | None
    imported: bool

    def subject(self) -> str:
        """Return the follow-up."""
        return f"follow-up/{self.follow_up_id}"

    def subject_version(self) -> int:
        """Return the follow-up's row version."""
        return self.version

    @classmethod
    def _example(cls, *, version: int, **different: Any) -> Self:
        state: dict[str, Any] = {
            "follow_up_id": UUID("7a3e9f15-2b6d-4c80-9e4f-5a1d8c7b6e05"),
            "meeting_id": UUID("4f8b2d6e-0c9a-4e37-a1f5-3d7c9b5e8a04"),
            "status": "booked",
            "booked_from": "2026-12-15T07:00:00Z",
            "booked_until": "2026-12-15T08:00:00Z",
            "held": False,
            "held_from": None,
            "held_until": None,
            "held_on": None,
            "family_present": False,
            "worker_present": False,
            "mode": None,
            "cancelled_reason": None,
            "imported": False,
        }
        return cls(**example_context(), version=version, **(state | different))

    @classmethod
    def _held_example(cls, *, version: int, **different: Any) -> Self:
        held: dict[str, Any] = {
            "status": "held",
            "held": True,
            "held_from": "2026-12-15T07:00:00Z",
            "held_until": "2026-12-15T07:50:00Z",
            "held_on": "2026-12-15",
            "family_present": True,
            "worker_present": True,
            "mode": "in_person",
        }
        return cls._example(version=version, **(held | different))


class FollowUpScheduled(FollowUpFact):
    """
    Emitted when a follow-up is booked, at the close of a Heijastin or later.

    Key: the case. Needed by quality: nothing booked, or booked beyond the due date, is a warning.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a follow-up booked at the close of a meeting."""
        return cls._example(version=1)


class FollowUpRescheduled(FollowUpFact):
    """
    Emitted when a booked follow-up gets another time.

    Key: the case. Needed by quality: the new time may lie beyond the due date, or within it again.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a follow-up moved by two days."""
        return cls._example(version=2, booked_from="2026-12-17T07:00:00Z", booked_until="2026-12-17T08:00:00Z")


class FollowUpCancelled(FollowUpFact):
    """
    Emitted when a booked follow-up will not be held; also at the end of its case, just before CaseClosed.

    Key: the case. Needed by quality: nothing may be booked any more.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a follow-up cancelled with the end of its case."""
        return cls._example(version=3, status="cancelled", cancelled_reason="case_closed")


class FollowUpHeld(FollowUpFact):
    """
    Emitted when a follow-up is recorded as held, booked or not.

    Key: the case. Needed by quality: if it counts, it keeps every open promise whose meeting it follows.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a follow-up held in person with the family."""
        return cls._held_example(version=2)


class FollowUpCorrected(FollowUpFact):
    """
    Emitted when the record of a held follow-up changes; after a retraction it makes the follow-up held again.

    Key: the case. Needed by quality: everything it kept is judged anew.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a follow-up that was in fact held remotely."""
        return cls._held_example(version=3, mode="remote")


class FollowUpRetracted(FollowUpFact):
    """
    Emitted when a follow-up recorded as held was not held. Its held times and flags are gone.

    Key: the case. Needed by quality: what it kept is open or lapsed again.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a follow-up that was recorded by mistake."""
        return cls._example(version=4, status="retracted")
