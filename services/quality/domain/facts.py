"""
The facts that quality keeps of a case, every version of them, and what stands among them at an instant.

All instants are UTC, all days local (Europe/Helsinki). Of a subject the highest version stands.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Meeting:
    """
    A version of a Heijastin.

    `booked_from` is set while it is planned; `held_from`, `began_on` and `held_on` (its first and last local day) while
    it is held, in `unit_id`.
    """

    subject_id: UUID
    version: int
    recorded_at: datetime
    unit_id: UUID
    booked_from: datetime | None
    held_from: datetime | None
    began_on: date | None
    held_on: date | None
    imported: bool


@dataclass(frozen=True, slots=True)
class FollowUp:
    """
    A version of a follow-up.

    `booked_from` is set while it is booked; `held_from` and `held_on` (the local day of its start) while it is held,
    with who was there and how.
    """

    subject_id: UUID
    version: int
    recorded_at: datetime
    booked_from: datetime | None
    held_from: datetime | None
    held_on: date | None
    family_present: bool
    worker_present: bool
    is_remote: bool
    imported: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A version of the case itself; `closed_on` is None while it is open."""

    subject_id: UUID
    version: int
    recorded_at: datetime
    closed_on: date | None


@dataclass(frozen=True, slots=True)
class Memo:
    """
    A version of the memo of a Heijastin, whose id it has.

    `is_expected`: somebody is asked for it. On `written_on` it was recorded in the client information system, by
    `review_due_on` the family is to go through it as agreed, and on `reviewed_on` it did.
    """

    subject_id: UUID
    version: int
    recorded_at: datetime
    is_expected: bool
    written_on: date | None
    review_due_on: date | None
    reviewed_on: date | None


Fact = Meeting | FollowUp | Case | Memo
F = TypeVar("F", Meeting, FollowUp, Case, Memo)


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """All versions of all facts of one case, in any order."""

    meetings: tuple[Meeting, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    cases: tuple[Case, ...] = ()
    memos: tuple[Memo, ...] = ()

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> "CaseFacts":
        """Sort *facts* by what they are about."""
        listed = list(facts)
        return cls(
            tuple(fact for fact in listed if isinstance(fact, Meeting)),
            tuple(fact for fact in listed if isinstance(fact, FollowUp)),
            tuple(fact for fact in listed if isinstance(fact, Case)),
            tuple(fact for fact in listed if isinstance(fact, Memo)),
        )

    def __iter__(self) -> Iterator[Fact]:
        yield from self.meetings
        yield from self.follow_ups
        yield from self.cases
        yield from self.memos

    @property
    def is_empty(self) -> bool:
        """Tell whether there are none."""
        return not (self.meetings or self.follow_ups or self.cases or self.memos)

    def before(self, instant: datetime) -> "CaseFacts":
        """Return those recorded before *instant*."""
        if all(fact.recorded_at < instant for fact in self):
            return self
        return CaseFacts.of(fact for fact in self if fact.recorded_at < instant)

    def bearing_on(self, subject_id: UUID, *, first: date, last: date) -> "CaseFacts":
        """
        Return those that may have a part in whether anything happened from *first* to *last*, local days.

        All versions of *subject_id*, of what was ever said to be held then, and of a case ever said to be closed then.
        """
        subjects = {subject_id}
        subjects.update(f.subject_id for f in self.follow_ups if f.held_on and first <= f.held_on <= last)
        subjects.update(m.subject_id for m in self.meetings if m.began_on and first <= m.began_on <= last)
        subjects.update(c.subject_id for c in self.cases if c.closed_on and first <= c.closed_on <= last)
        return CaseFacts.of(fact for fact in self if fact.subject_id in subjects)

    def standing(self) -> "CaseFacts":
        """Return of each subject the highest version."""
        return CaseFacts(_highest(self.meetings), _highest(self.follow_ups), _highest(self.cases), _highest(self.memos))


def _highest(facts: Iterable[F]) -> tuple[F, ...]:
    highest: dict[UUID, F] = {}
    for fact in facts:
        known = highest.get(fact.subject_id)
        if known is None or known.version < fact.version:
            highest[fact.subject_id] = fact
    return tuple(highest.values())
