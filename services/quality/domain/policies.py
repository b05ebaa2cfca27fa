"""
The kinds of promises: what opens one, what keeps it, when it is due.

A policy is functions over the facts that stand; the engine (`promise.py`) knows no policy by name. How a policy is set
(holidays, whether remote meetings count) is the unit's data, by the date of the anchor.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.quality.domain.calendar import month_later
from services.quality.domain.facts import CaseFacts, FollowUp, Meeting
from services.quality.domain.units import Rule

WARNING_RUNGS_DAYS = (7, 3, 1)


@dataclass(frozen=True, slots=True)
class Opening:
    """
    What opens a promise: the subject, the local day it counts from, the instant that an encounter must follow.

    `recorded_at` is when its subject first opened anything, `stated_at` when this version was recorded.
    """

    subject_id: UUID
    version: int
    anchor_on: date
    started_at: datetime
    unit_id: UUID
    recorded_at: datetime
    stated_at: datetime
    imported: bool

    def joined_with(self, other: "Opening") -> "Opening":
        """Return the higher version of two of one subject, recorded when the first of them was."""
        higher = self if self.version > other.version else other
        return replace(higher, recorded_at=min(self.recorded_at, other.recorded_at))


@dataclass(frozen=True, slots=True)
class Encounter:
    """What keeps a promise: on which local day and at what instant it began."""

    subject_id: UUID
    on: date
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Booking:
    """What is planned and would keep a promise."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Policy:
    """
    A kind of promise.

    `opens`, `keeps` and `books` are asked of facts that stand (see `CaseFacts.standing`) and may answer in any order;
    whether an encounter follows an opening is the engine's question. `due` is strict: holidays are the rule's affair.
    """

    name: str
    opens: Callable[[CaseFacts], Iterable[Opening]]
    keeps: Callable[[CaseFacts, Rule], Iterable[Encounter]]
    books: Callable[[CaseFacts], Iterable[Booking]]
    due: Callable[[date], date]
    rungs_days: tuple[int, ...]


def _held_meetings(facts: CaseFacts) -> Iterator[Opening]:
    for meeting in facts.meetings:
        if meeting.held_from is not None and meeting.held_on is not None:
            yield Opening(
                meeting.subject_id,
                meeting.version,
                meeting.held_on,
                meeting.held_from,
                meeting.unit_id,
                meeting.recorded_at,
                meeting.recorded_at,
                meeting.imported,
            )


def _encounters(facts: CaseFacts, rule: Rule) -> Iterator[Encounter]:
    """Yield follow-ups that count, and Heijastin meetings: a later one met the family too, on the day it began."""
    for follow_up in facts.follow_ups:
        if follow_up.held_from is not None and follow_up.held_on is not None and _counts(follow_up, rule):
            yield Encounter(follow_up.subject_id, follow_up.held_on, follow_up.held_from, follow_up.recorded_at)
    for meeting in facts.meetings:
        if meeting.held_from is not None and meeting.began_on is not None:
            yield Encounter(meeting.subject_id, meeting.began_on, meeting.held_from, meeting.recorded_at)


def _counts(follow_up: FollowUp, rule: Rule) -> bool:
    return follow_up.family_present and follow_up.worker_present and (rule.remote_counts or not follow_up.is_remote)


def _bookings(facts: CaseFacts) -> Iterator[Booking]:
    planned: tuple[FollowUp | Meeting, ...] = (*facts.follow_ups, *facts.meetings)
    for each in planned:
        if each.booked_from is not None:
            yield Booking(each.booked_from)


MET_WITHIN_A_MONTH = Policy(
    name="met_within_a_month",
    opens=_held_meetings,
    keeps=_encounters,
    books=_bookings,
    due=month_later,
    rungs_days=WARNING_RUNGS_DAYS,
)
POLICIES = (MET_WITHIN_A_MONTH,)
