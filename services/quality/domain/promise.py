"""
The judge: what is so of each promise of a case, by the facts recorded before an instant T.

A pure function of the set of facts and of T: neither the order in which facts came nor a clock of ours has a part in
it. There is no code for "a correction arrives after a retraction"; there is only judging again.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from services.quality.domain.calendar import local_date
from services.quality.domain.facts import CaseFacts
from services.quality.domain.policies import Encounter, Opening, Policy
from services.quality.domain.sight import Sight, Term, UnitOf
from services.quality.domain.units import Rule

LATE_ENTRY = timedelta(days=7)
"""Recorded later than this after it occurred, a fact changes state and figures, and starts nothing."""


class Status(StrEnum):
    """What is so of a promise; see the table of the promise's page."""

    OPEN = "open"
    KEPT = "kept"
    LAPSED = "lapsed"
    KEPT_LATE = "kept_late"
    ENDED_WITH_CASE = "ended_with_case"
    VOID = "void"


BREACHES = frozenset({Status.LAPSED, Status.KEPT_LATE})
_GOOD_ENDS = frozenset({Status.KEPT, Status.ENDED_WITH_CASE})
_AT_ONCE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Promise:
    """
    A promise as judged.

    `due_on` is the last day on which an encounter keeps it, after the holiday rule; `strict_due_on` before it;
    `expires_at` the local midnight that ends `due_on`, in UTC. `ended_on` is the day the case closed, where that ended
    it. `recording_delay_days`: local days from the encounter to its first record, None while nobody was met.
    `is_recorded_late`: a good end that was not known when the promise expired. `in_breach_since` is derived: the
    expiry, or when the fact was recorded that brought the breach about.
    """

    policy: str
    opening: Opening
    rule: Rule
    strict_due_on: date
    due_on: date
    expires_at: datetime
    status: Status
    met: Encounter | None = None
    recording_delay_days: int | None = None
    ended_on: date | None = None
    is_recorded_late: bool = False
    in_breach_since: datetime | None = None

    @property
    def is_in_breach(self) -> bool:
        """Tell whether a deviation is in force."""
        return self.status in BREACHES

    @property
    def days_late(self) -> int:
        """Return how many days after due the family was met; 0 when it was not, or was in time."""
        return (self.met.on - self.due_on).days if self.status is Status.KEPT_LATE and self.met else 0

    @property
    def is_late_entry(self) -> bool:
        """Tell whether its opening was recorded so late that nobody is warned of what has passed."""
        return local_date(self.opening.recorded_at) - self.opening.anchor_on > LATE_ENTRY


def judge(policy: Policy, facts: CaseFacts, unit_of: UnitOf, until: datetime) -> dict[UUID, Promise]:
    """Return the promises of *policy* by subject, as the facts recorded before *until* have them."""
    return assess(Sight.of(policy, policy.sees(facts).before(until), unit_of), until)


def assess(sight: Sight, until: datetime) -> dict[UUID, Promise]:
    """Return the promises that the facts in *sight* make at *until*, whenever those were recorded."""
    return {subject_id: _judged(sight, opening, until) for subject_id, opening in sight.openings.items()}


def _judged(sight: Sight, opening: Opening, until: datetime) -> Promise:
    term = sight.term_of(opening)
    met = sight.met(opening, term)
    status = status_of(sight, opening, term, met, until)
    is_recorded_late, in_breach_since, ended_on = False, None, None
    match status:
        case Status.LAPSED | Status.KEPT_LATE:
            in_breach_since = _in_breach_since(sight, opening, term, until)
        case Status.KEPT if met is not None:
            is_recorded_late = _was_recorded_late(sight, opening, term, status, met.recorded_at)
        case Status.ENDED_WITH_CASE if sight.case is not None:
            ended_on, met = sight.case.closed_on, None
            is_recorded_late = _was_recorded_late(sight, opening, term, status, sight.case.recorded_at)
        case _:
            met = None
    return Promise(
        sight.policy.name,
        opening,
        term.rule,
        term.strict_due_on,
        term.due_on,
        term.expires_at,
        status,
        met,
        None if met is None else (local_date(sight.first_recorded(met, term.rule)) - met.on).days,
        ended_on,
        is_recorded_late,
        in_breach_since,
    )


def status_of(sight: Sight, opening: Opening, term: Term, met: Encounter | None, until: datetime) -> Status:
    """Return the status at *until* of the promise that *opening* makes and *met*, if anything, has followed."""
    if opening.subject_id not in sight.standing_subjects:
        return Status.VOID
    if met is not None and met.on <= term.due_on:
        return Status.KEPT
    closed_on = sight.case.closed_on if sight.case else None
    if closed_on is not None and opening.anchor_on <= closed_on <= term.due_on:
        return Status.ENDED_WITH_CASE
    if term.expires_at >= until:
        return Status.OPEN
    return Status.LAPSED if met is None else Status.KEPT_LATE


def _was_recorded_late(sight: Sight, opening: Opening, term: Term, status: Status, known_at: datetime) -> bool:
    """
    Tell whether a good end was not known as such when the promise expired; *known_at* is when its own fact was.

    A promise known to be kept is not recorded late when its case turns out to have been closed too.
    """
    if known_at <= term.expires_at and opening.stated_at <= term.expires_at:
        return False
    at_expiry = _status_after(sight, opening.subject_id, term.expires_at)
    return at_expiry not in (_GOOD_ENDS if status is Status.ENDED_WITH_CASE else {Status.KEPT})


def _status_after(sight: Sight, subject_id: UUID, instant: datetime) -> Status:
    """Return the status just after *instant* by what was recorded until then; void if nothing was."""
    return _status_before(sight, subject_id, instant + _AT_ONCE)[0]


def _status_before(sight: Sight, subject_id: UUID, instant: datetime) -> tuple[Status, datetime]:
    """Return the status at *instant* by what was recorded before, void if nothing was, and the expiry known then."""
    then = sight.of_those_recorded_before(instant)
    opening = then.openings.get(subject_id)
    if opening is None:
        return Status.VOID, instant
    term = then.term_of(opening)
    return status_of(then, opening, term, then.met(opening, term), instant), term.expires_at


def _in_breach_since(sight: Sight, opening: Opening, term: Term, until: datetime) -> datetime:
    """
    Return when the breach that holds at *until* came into force.

    Its history is the same judgement after each fact that bears on the promise, with the dates as they were known then:
    a breach goes on when it turns out to have another due day.
    """
    sight = sight.bearing_on(opening.subject_id)
    turns = sorted({fact.recorded_at for fact in sight.known})
    since = term.expires_at
    was_in_breach = False
    for turn, end in pairwise([*turns, max(until, turns[-1] + _AT_ONCE)]):
        status, expires_at = _status_before(sight, opening.subject_id, end)
        is_in_breach = status in BREACHES
        if is_in_breach and (expires_at > turn or not was_in_breach):
            since = max(turn, expires_at)
        was_in_breach = is_in_breach
    return since
