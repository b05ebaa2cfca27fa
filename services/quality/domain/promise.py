"""
The judge: what is so of each promise of a case, by the facts recorded before an instant T.

A pure function of the set of facts and of T: neither the order in which facts came nor a clock of ours has a part in
it. There is no code for "a correction arrives after a retraction"; there is only judging again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.quality.domain.calendar import end_of, local_date, working_day_on_or_after
from services.quality.domain.facts import CaseFacts
from services.quality.domain.policies import Encounter, Opening, Policy
from services.quality.domain.units import Rule, Unit

LATE_ENTRY = timedelta(days=7)
"""Recorded later than this after it occurred, a fact changes state and figures, and starts nothing."""
_AT_ONCE = timedelta(microseconds=1)


class Status(StrEnum):
    """What is so of a promise; see the table of the promise's page."""

    OPEN = "open"
    KEPT = "kept"
    LAPSED = "lapsed"
    KEPT_LATE = "kept_late"
    ENDED_WITH_CASE = "ended_with_case"
    VOID = "void"


BREACHES = frozenset({Status.LAPSED, Status.KEPT_LATE})


@dataclass(frozen=True, slots=True)
class Promise:
    """
    A promise as judged.

    `due_on` is the last day on which an encounter keeps it, after the holiday rule; `strict_due_on` before it;
    `expires_at` the local midnight that ends `due_on`, in UTC. `ended_on` is the day the case closed, where that ended
    it. `is_recorded_late`: good news that was not known when it expired. `in_breach_since` is derived: the expiry, or
    when the fact was recorded that brought the breach about.
    """

    policy: str
    opening: Opening
    rule: Rule
    strict_due_on: date
    due_on: date
    expires_at: datetime
    status: Status
    met: Encounter | None = None
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


UnitOf = Callable[[UUID], Unit]


def judge(policy: Policy, facts: CaseFacts, unit_of: UnitOf, until: datetime) -> dict[UUID, Promise]:
    """Return the promises of *policy* by subject, as the facts recorded before *until* have them."""
    return assess(policy, facts.before(until), unit_of, until)


def assess(policy: Policy, known: CaseFacts, unit_of: UnitOf, until: datetime) -> dict[UUID, Promise]:
    """Return the promises that the facts *known* make at *until*, whenever those were recorded."""
    return {
        subject_id: _judged(policy, opening, known, unit_of, until)
        for subject_id, opening in _openings(policy, known).items()
    }


def _openings(policy: Policy, known: CaseFacts) -> dict[UUID, Opening]:
    """Return by subject the opening that stands, or stood last; recorded when its subject first opened anything."""
    openings: dict[UUID, Opening] = {}
    for opening in sorted(policy.opens(known), key=lambda opening: opening.version):
        earlier = openings.get(opening.subject_id)
        openings[opening.subject_id] = (
            opening if earlier is None else replace(opening, recorded_at=min(opening.recorded_at, earlier.recorded_at))
        )
    return openings


def _judged(policy: Policy, opening: Opening, known: CaseFacts, unit_of: UnitOf, until: datetime) -> Promise:
    promise = _met_or_not(_made(policy, opening, unit_of), policy, known.standing(), until)
    if promise.is_in_breach:
        return replace(promise, in_breach_since=_in_breach_since(policy, promise, known, unit_of))
    if promise.status in _GOOD_ENDS:
        at_expiry = known_after(policy, promise, known, unit_of, promise.expires_at)
        return replace(promise, is_recorded_late=at_expiry.status not in _GOOD_ENDS)
    return promise


def _made(policy: Policy, opening: Opening, unit_of: UnitOf) -> Promise:
    """Return the promise that *opening* makes, by the rule that its anchor's date chooses."""
    rule = unit_of(opening.unit_id).rule_on(opening.anchor_on)
    strict_due_on = policy.due(opening.anchor_on)
    due_on = strict_due_on if rule.holiday_policy == "strict" else working_day_on_or_after(strict_due_on)
    return Promise(
        policy=policy.name,
        opening=opening,
        rule=rule,
        strict_due_on=strict_due_on,
        due_on=due_on,
        expires_at=end_of(due_on),
        status=Status.OPEN,
    )


def _met_or_not(promise: Promise, policy: Policy, standing: CaseFacts, until: datetime) -> Promise:
    """Give *promise* its status at *until*, by the facts that stand."""
    opening = promise.opening
    if all(other.subject_id != opening.subject_id for other in policy.opens(standing)):
        return replace(promise, status=Status.VOID)
    met = min(
        (encounter for encounter in policy.keeps(standing, promise.rule) if _follows(encounter, opening)),
        key=lambda encounter: (encounter.on, encounter.at),
        default=None,
    )
    if met is not None and met.on <= promise.due_on:
        return replace(promise, status=Status.KEPT, met=met)
    for case in standing.cases:
        if case.closed_on is not None and opening.anchor_on <= case.closed_on <= promise.due_on:
            return replace(promise, status=Status.ENDED_WITH_CASE, ended_on=case.closed_on)
    if promise.expires_at >= until:
        return promise
    return replace(promise, status=Status.LAPSED if met is None else Status.KEPT_LATE, met=met)


def _follows(encounter: Encounter, opening: Opening) -> bool:
    """On the anchor's own day only what began after the opening did; the same instant does not count."""
    return encounter.on > opening.anchor_on or (encounter.on == opening.anchor_on and encounter.at > opening.started_at)


_GOOD_ENDS = frozenset({Status.KEPT, Status.ENDED_WITH_CASE})


def _in_breach_since(policy: Policy, promise: Promise, known: CaseFacts, unit_of: UnitOf) -> datetime:
    """Return the first turn from which on every turn found a breach, each by the facts recorded until then."""
    turns = [promise.expires_at, *sorted({f.recorded_at for f in known if f.recorded_at > promise.expires_at})]
    since = turns[-1]
    for turn in reversed(turns[:-1]):
        if not known_after(policy, promise, known, unit_of, turn).is_in_breach:
            break
        since = turn
    return since


def known_after(policy: Policy, promise: Promise, known: CaseFacts, unit_of: UnitOf, instant: datetime) -> Promise:
    """
    Return *promise* as it was known just after *instant*, with the opening as it was known then.

    Void if nothing was known of it; when it came to be in breach, or that it was recorded late, is not told.
    """
    known_then = known.through(instant)
    if known_then is known:
        return promise
    opening = _openings(policy, known_then).get(promise.opening.subject_id)
    if opening is None:
        return replace(promise, status=Status.VOID)
    return _met_or_not(_made(policy, opening, unit_of), policy, known_then.standing(), instant + _AT_ONCE)
