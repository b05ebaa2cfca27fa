"""
Warnings: when the team of an open promise is told that it may not be kept, early enough and while people work.

A promise has at most one warning at a time, the worst of what has been reached: after a long silence only that one
speaks. A booking that lies ahead, in time, keeps all of them quiet; once its day has passed without having been
recorded as held, they speak again. Whatever takes that quiet away, at whatever hour, they wait for working hours.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from services.quality.domain.calendar import end_of, local_date
from services.quality.domain.facts import CaseFacts
from services.quality.domain.policies import Booking, Policy
from services.quality.domain.promise import Promise, Status, UnitOf, known_after
from services.quality.domain.units import Unit
from shared.derived import derived_id

_WARNINGS = UUID("6a0d2f3e-53c8-4b8a-9a0e-5d1e7c7f4b21")
_NEVER = datetime.min.replace(tzinfo=UTC)
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AtRisk:
    """
    A warning: its rung (`nothing_booked`, `booked_too_late`, or `7_days_before` and so on) and since when it speaks.

    From mild to grave in that order; `since` lies in the unit's working hours.
    """

    rung: str
    since: datetime


def warning_id(promise_id: UUID, rung: str, due_on: date) -> UUID:
    """Return the one id of a warning; re-dating a promise makes others and repeats none."""
    return derived_id(_WARNINGS, promise_id, rung, due_on)


def warnings(policy: Policy, promise: Promise, known: CaseFacts, unit_of: UnitOf) -> list[AtRisk]:
    """
    Return all that will be said of an open *promise* as long as nothing changes, in the order it will be said.

    Imported promises start nothing; of one that was entered late only the rungs ahead of its recording speak.
    """
    opening = promise.opening
    if promise.status is not Status.OPEN or opening.imported:
        return []
    unit = unit_of(opening.unit_id)
    quiet_until = _quiet_until(policy, promise, known, unit_of)
    too_late = [
        booking.recorded_at for booking in _ahead(policy, promise, known) if local_date(booking.at) > promise.due_on
    ]

    ladder: list[tuple[str, datetime]] = []
    if not promise.is_late_entry:
        grounds_at = min(too_late, default=opening.recorded_at)
        ladder.append(("booked_too_late" if too_late else "nothing_booked", grounds_at))
    ladder += [
        (f"{days}_days_before", at)
        for days, at in rungs(unit, promise.strict_due_on, policy.rungs_days)
        if not (promise.is_late_entry and at <= opening.recorded_at)
    ]
    spoken = [AtRisk(rung, unit.working_instant_from(max(at, quiet_until))) for rung, at in ladder]
    # Of those that meet, only the gravest; and nothing that a graver one has overtaken.
    return [
        warning
        for place, warning in enumerate(spoken)
        if warning.since <= promise.expires_at and all(graver.since > warning.since for graver in spoken[place + 1 :])
    ]


def _quiet_until(policy: Policy, promise: Promise, known: CaseFacts, unit_of: UnitOf) -> datetime:
    """Return from when on, by all that was recorded since the promise was, nothing has kept its warnings quiet."""
    recorded_at = promise.opening.recorded_at
    since, guarded_until = recorded_at, _NEVER
    for turn in [recorded_at, *sorted({fact.recorded_at for fact in known if fact.recorded_at > recorded_at})]:
        # What has guarded it until now, this turn may have ended; or it had ended by itself before.
        since = max(since, min(guarded_until, turn))
        then = known_after(policy, promise, known, unit_of, turn)
        has_these_warnings = then.status is Status.OPEN and then.due_on == promise.due_on
        guarded_until = _guarded_until(policy, then, known.through(turn)) if has_these_warnings else _FOR_EVER
    return max(since, guarded_until)


def _guarded_until(policy: Policy, promise: Promise, known: CaseFacts) -> datetime:
    in_time = [day for each in _ahead(policy, promise, known) if (day := local_date(each.at)) <= promise.due_on]
    return end_of(max(in_time)) if in_time else _NEVER


def _ahead(policy: Policy, promise: Promise, known: CaseFacts) -> list[Booking]:
    return [booking for booking in policy.books(known.standing()) if booking.at > promise.opening.started_at]


@lru_cache(maxsize=4096)
def rungs(unit: Unit, strict_due_on: date, rungs_days: tuple[int, ...]) -> tuple[tuple[int, datetime], ...]:
    """
    Return days and instant of each rung, counted in calendar days back from the last working day until due.

    A rung on a free day moves back to a working day, to the beginning of the unit's hours.
    """
    last = unit.working_day_until(strict_due_on)
    return tuple(
        (days, unit.hours_of(unit.working_day_until(last - timedelta(days=days)))[0])
        for days in sorted(rungs_days, reverse=True)
    )
