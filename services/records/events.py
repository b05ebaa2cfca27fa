"""What records publishes: how far each memo is. Topic `heijastin.records.memos.v1`, key: the case."""

from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from shared.events import Event

Awaited = Literal["memo", "agreement", "review"]


class MemoFact(Event, topic="heijastin.records.memos.v1", abstract=True):
    """
    The whole public state of a memo: dates and flags, no word of it and no reference to it.

    A memo belongs to one Heijastin, `meeting_id`; per memo the highest `version` stands. `meeting_held` is false when
    the Heijastin turned out not to have been held: then nothing is awaited, and what was recorded is kept. `expected`:
    a memo is asked for, which it is not after a Heijastin that was imported or recorded more than seven days late.
    `awaits` tells what comes next: the memo, the agreement when to go through it, or the review itself. `recorded_on`
    is the local day (Europe/Helsinki) on which the memo was recorded in the client information system, `review_on` the
    day agreed with the family, `review_due_on` the one that they were promised: a new agreement moves it only while it
    has not passed. `views_differ` is null until the memo was reviewed.
    """

    case_id: UUID
    case_code: str
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: tuple[UUID, ...]
    meeting_id: UUID
    version: int
    meeting_held: bool
    held_on: date | None
    expected: bool
    awaits: Awaited | None
    recorded_on: date | None
    review_on: date | None
    review_due_on: date | None
    reviewed_on: date | None
    family_present: bool
    child_present: bool
    worker_present: bool
    views_differ: bool | None

    def stream_key(self) -> str:
        """Order is kept per case."""
        return str(self.case_id)

    def subject(self) -> str:
        """Return the memo, named by its Heijastin."""
        return f"memo/{self.meeting_id}"

    def subject_version(self) -> int:
        """Return how many facts about this memo have been published, this one included."""
        return self.version

    @classmethod
    def _example(cls, *, version: int, **different: Any) -> Self:
        state: dict[str, Any] = {
            "case_id": UUID("5b1a7c1e-3f0e-4c1b-9a51-6c0b7d0f2a11"),
            "case_code": "K7-4QX",
            "unit_id": UUID("0d6f5a52-8a3c-4f5e-8d13-2f4b9c7e1a01"),
            "team_id": UUID("9c2e4b70-1d5f-4a86-b3e9-7f1c0a6d5b02"),
            "responsible_worker_ids": (UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a03"),),
            "meeting_id": UUID("4f8b2d6e-0c9a-4e37-a1f5-3d7c9b5e8a04"),
            "meeting_held": True,
            "held_on": "2026-11-24",
            "expected": True,
            "awaits": "memo",
            "recorded_on": None,
            "review_on": None,
            "review_due_on": None,
            "reviewed_on": None,
            "family_present": False,
            "child_present": False,
            "worker_present": False,
            "views_differ": None,
        }
        return cls(version=version, **(state | different))


class MemoExpected(MemoFact):
    """
    Emitted when a memo is asked for: its Heijastin was recorded as held, in time and not by an import.

    Key: the case. Needed by quality: the memo is to be recorded within three working days.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a memo that is awaited."""
        return cls._example(version=1)


class MemoRecorded(MemoFact):
    """
    Emitted when the memo is said to be in the client information system.

    Key: the case. Needed by quality: if that was in time, a promise is kept.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a memo recorded on the second day."""
        return cls._example(version=2, awaits="agreement", recorded_on="2026-11-26")


class MemoAmended(MemoFact):
    """
    Emitted when what was said of a memo changes: by a person, or because its Heijastin was corrected or retracted.

    Key: the case. Needed by quality, which judges anew, and by scheduling.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a memo whose Heijastin was not held after all."""
        return cls._example(
            version=3, meeting_held=False, held_on=None, expected=False, awaits=None, recorded_on="2026-11-26"
        )


class MemoReviewAgreed(MemoFact):
    """
    Emitted when a day is agreed on which the family goes through the memo with the workers, or another one is.

    Key: the case. Needed by quality: from now on the memo is to be reviewed by `review_due_on`.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a memo to be gone through in a week."""
        return cls._example(
            version=3,
            awaits="review",
            recorded_on="2026-11-26",
            review_on="2026-12-03",
            review_due_on="2026-12-03",
        )


class MemoReviewedWithFamily(MemoFact):
    """
    Emitted when the memo is said to have been gone through with the family, and again when that is put right.

    Key: the case. Needed by quality, and by scheduling: now the family's next Heijastin may be confirmed.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a memo that an adult, the child and a worker went through together."""
        return cls._example(
            version=4,
            awaits=None,
            recorded_on="2026-11-26",
            review_on="2026-12-03",
            review_due_on="2026-12-03",
            reviewed_on="2026-12-03",
            family_present=True,
            child_present=True,
            worker_present=True,
            views_differ=False,
        )
