"""
The live judgement: good news at once, bad news only from above the line.

T is the instant until which everything recorded has been read (the gate). Facts read ahead of T count at once for the
better; a breach or a warning is shown only if the facts below T say so by themselves too. Hence a slow relay delays
a verdict and never falsifies it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.quality.domain.facts import CaseFacts
from services.quality.domain.policies import Policy, Topics
from services.quality.domain.promise import Promise, Status, assess
from services.quality.domain.sight import Sight, UnitOf
from services.quality.domain.warnings import AtRisk, warnings

UNDETERMINED_FOR = timedelta(hours=24)
"""How long parked facts or a gap leave a case undetermined; after that it is judged on the rest, with an alarm."""
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What is so of one promise now: the promise, its warning if it has one, and whether that is all uncertain.

    While the gate is shut no bad news is known, neither that there is any nor that there is none.
    """

    promise: Promise
    warning: AtRisk | None
    is_undetermined: bool
    is_gate_shut: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """
    How far the topics that a policy needs have been heard: everything recorded before `until` (None: the gate is shut).

    `disturbed_since` is since when facts of the case are missing or parked on them; of several accidents the last.
    """

    until: datetime | None
    disturbed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What is so of a case now, by policy and subject, and when that may change by itself.

    `look_again_at`: by gate, judge again once it has passed the instant (strictly); where there is none, only a new
    fact can change anything.
    """

    standings: Mapping[tuple[str, UUID], Standing]
    look_again_at: Mapping[Topics, datetime]


def judge_live(
    policies: Iterable[Policy], facts: CaseFacts, unit_of: UnitOf, line_of: Callable[[Topics], Line]
) -> Judgement:
    """Judge all that is known of a case, each policy at the line of the topics that it needs."""
    standings: dict[tuple[str, UUID], Standing] = {}
    look_again_at: dict[Topics, datetime] = {}
    for policy in policies:
        seen = policy.sees(facts)
        if seen.is_empty:
            continue
        judged, look = _judge(policy, seen, unit_of, line_of(policy.needs))
        standings |= {(policy.name, subject_id): standing for subject_id, standing in judged.items()}
        if look is not None:
            look_again_at[policy.needs] = min(look, look_again_at.get(policy.needs, look))
    return Judgement(standings, look_again_at)


def _judge(
    policy: Policy, facts: CaseFacts, unit_of: UnitOf, line: Line
) -> tuple[dict[UUID, Standing], datetime | None]:
    """Return what is so under one policy, by subject, and when that may change by itself."""
    until = line.until or _BEFORE_ALL
    certain = all_known = _News.by(Sight.of(policy, facts, unit_of), until)
    if not all_known.promises:
        return {}, None
    looks = [*all_known.turns()]
    is_undetermined = False
    if line.disturbed_since is not None:
        is_undetermined = until <= line.disturbed_since + UNDETERMINED_FOR
        looks.append(line.disturbed_since + UNDETERMINED_FOR)
    if all_known.is_bad() and (ahead := [fact.recorded_at for fact in facts if fact.recorded_at >= until]):
        # Only bad news needs a second look, at what lies below the gate; and a third when the gate has moved on.
        certain = _News.by(Sight.of(policy, facts.before(until), unit_of), until)
        looks += [*certain.turns(), *ahead]
    standings = {
        subject_id: Standing(
            promise=_unless_held_back(promise, certain.promises.get(subject_id)),
            warning=all_known.warning(subject_id) if certain.warning(subject_id) else None,
            is_undetermined=is_undetermined,
            is_gate_shut=line.until is None,
        )
        for subject_id, promise in all_known.promises.items()
    }
    return standings, min((look for look in looks if look >= until), default=None)


def _unless_held_back(promise: Promise, certain: Promise | None) -> Promise:
    """Return *promise*, open while it is in breach only by facts that the gate has not passed."""
    if promise.is_in_breach and not (certain and certain.is_in_breach):
        return replace(promise, status=Status.OPEN, met=None, recording_delay_days=None, in_breach_since=None)
    return promise


@dataclass(frozen=True, slots=True)
class _News:
    """What some of the facts say at an instant: each promise, and in order the warnings that will speak for it."""

    until: datetime
    promises: Mapping[UUID, Promise]
    spoken: Mapping[UUID, list[AtRisk]]

    @classmethod
    def by(cls, sight: Sight, until: datetime) -> "_News":
        promises = assess(sight, until)
        return cls(until, promises, {subject_id: warnings(sight, each) for subject_id, each in promises.items()})

    def warning(self, subject_id: UUID) -> AtRisk | None:
        """Return the gravest warning whose time has come."""
        reached = [warning for warning in self.spoken.get(subject_id, ()) if warning.since < self.until]
        return reached[-1] if reached else None

    def is_bad(self) -> bool:
        """Tell whether any promise is in breach, or a warning speaks."""
        return any(promise.is_in_breach or self.warning(subject_id) for subject_id, promise in self.promises.items())

    def turns(self) -> Iterator[datetime]:
        """Yield the instants at which these facts will say something else by themselves."""
        for subject_id, promise in self.promises.items():
            if promise.status is Status.OPEN:
                yield promise.expires_at
            for warning in self.spoken[subject_id]:
                yield warning.since
