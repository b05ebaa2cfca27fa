"""
Warnings: when the team of an open promise is told that it may not be kept, early enough and while people work.

A promise has at most one warning at a time, the worst of what has been reached: after a long silence only that one
speaks. A booking that lies ahead, in time, keeps all of them quiet; once its day has passed without having been
recorded as held, they speak again.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from services.quality.domain.calendar import end_of, local_date
from services.quality.domain.facts import CaseFacts
from services.quality.domain.policies import Policy
from services.quality.domain.promise import Promise, Status
from services.quality.domain.units import Unit
from shared.derived import derived_id

_WARNINGS = UUID("6a0d2f3e-53c8-4b8a-9a0e-5d1e7c7f4b21")


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


def warnings(policy: Policy, promise: Promise, standing: CaseFacts, unit: Unit) -> list[AtRisk]:
    """
    Return all that will be said of an open *promise* as long as nothing changes, in the order it will be said.

    Imported promises start nothing; of one that was entered late only the rungs ahead of its recording speak.
    """
    opening = promise.opening
    if promise.status is not Status.OPEN or opening.imported:
        return []
    bookings = [booking for booking in policy.books(standing) if booking.at > opening.started_at]
    in_time = [day for booking in bookings if (day := local_date(booking.at)) <= promise.due_on]
    quiet_until = end_of(max(in_time)) if in_time else opening.recorded_at
    too_late = [booking.recorded_at for booking in bookings if local_date(booking.at) > promise.due_on]

    ladder: list[tuple[str, datetime]] = []
    if not promise.is_late_entry:
        grounds_at = max(too_late, default=opening.recorded_at)
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
