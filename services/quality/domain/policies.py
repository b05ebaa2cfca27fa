"""
The kinds of promises: what opens one, what keeps it, when it is due.

A policy is functions over the facts that stand; the engine (`promise.py`) knows no policy by name. How the month
promise is set (holidays, whether remote meetings count) is the unit's data, by the date of the anchor.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import UUID

from services.quality.consumed import CASES, MEMOS, UNITS
from services.quality.domain.calendar import end_of, local_date, month_later, working_days_later
from services.quality.domain.facts import CaseFacts, Fact, FollowUp, Meeting
from services.quality.domain.units import Rule, Unit

Moment = tuple[date, datetime]
"""A local day and an instant of it."""

Topics = tuple[str, ...]

_BEFORE_ALL: Moment = (date.min, datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Opening:
    """
    What opens a promise: the subject, the local day it counts from, the last day that keeps it, before any holiday.

    An encounter keeps it if it comes after `after`. `recorded_at` is when its subject first opened anything,
    `stated_at` when this version was recorded.
    """

    subject_id: UUID
    version: int
    anchor_on: date
    due_on: date
    after: Moment
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
    """What keeps a promise, that of the subject *about* (None: every one): on which local day, at what instant."""

    subject_id: UUID
    on: date
    at: datetime
    recorded_at: datetime
    about: UUID | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """What is planned and would keep a promise."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Policy:
    """
    A kind of promise.

    `needs` are the topics that must be complete before bad news is believed, and `sees` picks the facts that come on
    them and matter: a policy that sees the case ends with it. `opens`, `keeps` and `books` are asked of facts that
    stand (see `CaseFacts.standing`) and may answer in any order; `opens` and `keeps` also of all versions together.
    Whether an encounter follows an opening is the engine's question. `rungs` are names, and calendar days before the
    last working day until due; `warns_of_bookings`: also that nothing is booked, or too late.
    """

    name: str
    needs: Topics
    sees: Callable[[CaseFacts], CaseFacts]
    opens: Callable[[CaseFacts], Iterable[Opening]]
    keeps: Callable[[CaseFacts, Rule], Iterable[Encounter]]
    books: Callable[[CaseFacts], Iterable[Booking]]
    rule_of: Callable[[Unit, date], Rule]
    rungs: tuple[tuple[str, int], ...]
    warns_of_bookings: bool


# ---------------------------------------------------------------------------------------- met again within a month


def _all_but_memos(facts: CaseFacts) -> CaseFacts:
    return replace(facts, memos=()) if facts.memos else facts


def _held_meetings(facts: CaseFacts) -> Iterator[Opening]:
    for meeting in facts.meetings:
        if meeting.held_from is not None and meeting.held_on is not None:
            yield Opening(
                meeting.subject_id,
                meeting.version,
                meeting.held_on,
                month_later(meeting.held_on),
                (meeting.held_on, meeting.held_from),
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
    needs=(CASES, UNITS),
    sees=_all_but_memos,
    opens=_held_meetings,
    keeps=_encounters,
    books=_bookings,
    rule_of=Unit.rule_on,
    rungs=(("7_days_before", 7), ("3_days_before", 3), ("1_days_before", 1)),
    warns_of_bookings=True,
)

# ------------------------------------------------------------------------- the memo: recorded, and reviewed as agreed

MEMO_WORKING_DAYS = 3
_NOTHING = CaseFacts()


def _meetings_and_memos(facts: CaseFacts) -> CaseFacts:
    """Return what bears on memos: nothing while there is none, and never the case, whose end is not theirs."""
    return CaseFacts(meetings=facts.meetings, memos=facts.memos) if facts.memos else _NOTHING


def _expected_memos(facts: CaseFacts) -> Iterator[Opening]:
    """Yield held meetings of which a memo is asked for; it may be written whenever, also before its promise is made."""
    asked_at = _first_recorded(memo for memo in facts.memos if memo.is_expected)
    for opening in _held_meetings(facts):
        if opening.subject_id in asked_at:
            yield replace(
                opening,
                due_on=working_days_later(opening.anchor_on, MEMO_WORKING_DAYS),
                after=_BEFORE_ALL,
                recorded_at=max(opening.recorded_at, asked_at[opening.subject_id]),
            )


def _agreed_reviews(facts: CaseFacts) -> Iterator[Opening]:
    """Yield memos of held meetings on whose review somebody agreed; they count from the day of the first agreement."""
    agreed_at = _first_recorded(memo for memo in facts.memos if memo.review_due_on is not None)
    held: dict[UUID, Opening] = {}
    for opening in _held_meetings(facts):
        other = held.get(opening.subject_id)
        held[opening.subject_id] = opening if other is None else opening.joined_with(other)
    for memo in facts.memos:
        if memo.review_due_on is not None and memo.subject_id in held:
            meeting = held[memo.subject_id]
            yield Opening(
                memo.subject_id,
                memo.version,
                local_date(agreed_at[memo.subject_id]),
                memo.review_due_on,
                _BEFORE_ALL,
                meeting.unit_id,
                max(memo.recorded_at, meeting.recorded_at),
                max(memo.recorded_at, meeting.stated_at),
                imported=False,
            )


def _first_recorded(facts: Iterable[Fact]) -> Mapping[UUID, datetime]:
    first: dict[UUID, datetime] = {}
    for fact in facts:
        first[fact.subject_id] = min(fact.recorded_at, first.get(fact.subject_id, fact.recorded_at))
    return first


def _written_memos(facts: CaseFacts, _: Rule) -> Iterator[Encounter]:
    for memo in facts.memos:
        if memo.written_on is not None:
            yield _of_memo(memo.subject_id, memo.written_on, memo.recorded_at)


def _reviewed_memos(facts: CaseFacts, _: Rule) -> Iterator[Encounter]:
    for memo in facts.memos:
        if memo.reviewed_on is not None:
            yield _of_memo(memo.subject_id, memo.reviewed_on, memo.recorded_at)


def _of_memo(meeting_id: UUID, on: date, recorded_at: datetime) -> Encounter:
    return Encounter(meeting_id, on, end_of(on), recorded_at, about=meeting_id)


def _never(_: CaseFacts) -> tuple[Booking, ...]:
    """Nothing of a memo is booked."""
    return ()


def _strictly(_: Unit, anchor_on: date) -> Rule:
    """Units set nothing here: the strict day, whatever they decided about the month."""
    del anchor_on
    return Rule()


_MEMO_RUNGS = (("1_days_before", 1), ("due_today", 0))

MEMO_RECORDED_IN_THREE_DAYS = Policy(
    name="memo_recorded_in_three_days",
    needs=(CASES, UNITS, MEMOS),
    sees=_meetings_and_memos,
    opens=_expected_memos,
    keeps=_written_memos,
    books=_never,
    rule_of=_strictly,
    rungs=_MEMO_RUNGS,
    warns_of_bookings=False,
)
MEMO_REVIEWED_AS_AGREED = Policy(
    name="memo_reviewed_as_agreed",
    needs=(CASES, UNITS, MEMOS),
    sees=_meetings_and_memos,
    opens=_agreed_reviews,
    keeps=_reviewed_memos,
    books=_never,
    rule_of=_strictly,
    rungs=_MEMO_RUNGS,
    warns_of_bookings=False,
)

POLICIES = (MET_WITHIN_A_MONTH, MEMO_RECORDED_IN_THREE_DAYS, MEMO_REVIEWED_AS_AGREED)
GATES: tuple[Topics, ...] = tuple(dict.fromkeys(policy.needs for policy in POLICIES))
"""What must be complete, once each: policies that need the same are judged at the same line."""
