"""
The live judgement: good news at once, bad news only from above the line.

T is the instant until which everything recorded has been read (the gate). Facts read ahead of T count at once for the
better; a breach or a warning is shown only if the facts below T say so by themselves too. Hence a slow relay delays
a verdict and never falsifies it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.quality.domain.facts import CaseFacts
from services.quality.domain.policies import Policy
from services.quality.domain.promise import Promise, Status, UnitOf, assess
from services.quality.domain.warnings import AtRisk, warnings

UNDETERMINED_FOR = timedelta(hours=24)
"""How long parked facts or a gap leave a case undetermined; after that it is judged on the rest, with an alarm."""
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is so of one promise now: the promise, its warning if it has one, and whether that is all uncertain."""

    promise: Promise
    warning: AtRisk | None
    is_undetermined: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What is so of a case now, by policy and subject, and when that may change by itself.

    `look_again_at`: judge again once the gate has passed it (strictly); None when only a new fact can change anything.
    """

    standings: Mapping[tuple[str, UUID], Standing]
    look_again_at: datetime | None


def judge_live(
    policies: Iterable[Policy],
    facts: CaseFacts,
    unit_of: UnitOf,
    gate: datetime | None,
    disturbed_since: datetime | None,
) -> Judgement:
    """Judge all that is known of a case with the gate at *gate* (None: shut, so no bad news at all)."""
    until = gate or _BEFORE_ALL
    newest = max((fact.recorded_at for fact in facts), default=_BEFORE_ALL)
    looks = [newest] if newest >= until else []
    is_undetermined = False
    if disturbed_since is not None:
        is_undetermined = until <= disturbed_since + UNDETERMINED_FOR
        looks.append(disturbed_since + UNDETERMINED_FOR)
    standings: dict[tuple[str, UUID], Standing] = {}
    below, known = facts.before(until), facts.standing()
    for policy in policies:
        certain = assess(policy, below, unit_of, until)
        for subject_id, promise in assess(policy, facts, unit_of, until).items():
            sure = certain.get(subject_id)
            if promise.is_in_breach and (sure is None or not sure.is_in_breach):
                promise = replace(promise, status=Status.OPEN, met=None, in_breach_since=None)  # noqa: PLW2901
            spoken = warnings(policy, promise, known, unit_of(promise.opening.unit_id))
            warning = _reached(spoken, until)
            if warning is not None and below is not facts:
                warning = warning if sure is not None and _would_warn(policy, sure, below, unit_of, until) else None
            standings[policy.name, subject_id] = Standing(promise, warning, is_undetermined)
            looks += [each.since for each in spoken]
            if promise.status is Status.OPEN:
                looks.append(promise.expires_at)
    return Judgement(standings, min((look for look in looks if look >= until), default=None))


def _reached(spoken: Iterable[AtRisk], until: datetime) -> AtRisk | None:
    """Return the gravest warning whose time has come."""
    return max(
        (warning for warning in spoken if warning.since < until), key=lambda warning: warning.since, default=None
    )


def _would_warn(policy: Policy, sure: Promise, below: CaseFacts, unit_of: UnitOf, until: datetime) -> bool:
    unit = unit_of(sure.opening.unit_id)
    return _reached(warnings(policy, sure, below.standing(), unit), until) is not None
