"""
Warnings: when the team of an open promise is told that it may not be kept, early enough and while people work.

A promise has at most one warning at a time, the worst of what has been reached: after a long silence only that one
speaks. A booking that lies ahead, in time, keeps all of them quiet; once its day has passed without having been
recorded as held, they speak again.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from services.quality.domain.calendar import end_of, local_date
from services.quality.domain.policies import Opening
from services.quality.domain.promise import Promise, Status, status_of
from services.quality.domain.sight import Sight
from services.quality.domain.units import Unit
from shared.derived import derived_id

_WARNINGS = UUID("6a0d2f3e-53c8-4b8a-9a0e-5d1e7c7f4b21")
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AtRisk:
    """
    A warning: its rung (`nothing_booked`, `booked_too_late`, or a name of the policy's) and since when it speaks.

    From mild to grave in that order; `since` lies in the unit's working hours.
    """

    rung: str
    since: datetime


def warning_id(promise_id: UUID, rung: str, due_on: date) -> UUID:
    """Return the one id of a warning; re-dating a promise makes others and repeats none."""
    return derived_id(_WARNINGS, promise_id, rung, due_on)


def warnings(sight: Sight, promise: Promise) -> list[AtRisk]:
    """
    Return all that will be said of an open *promise* as long as nothing changes, in the order it will be said.

    Imported promises start nothing; of one that was entered late only what lies ahead of its recording speaks.
    """
    opening = promise.opening
    if promise.status is not Status.OPEN or opening.imported:
        return []
    unit = sight.unit_of(opening.unit_id)
    exposed = _exposed(sight, promise)
    ladder = [(exposed.rung, exposed.rung_since)] if sight.policy.warns_of_bookings else []
    ladder += rungs(unit, promise.strict_due_on, sight.policy.rungs)
    if promise.is_late_entry:
        ladder = [(rung, at) for rung, at in ladder if at > opening.recorded_at]
    spoken = [AtRisk(rung, unit.working_instant_from(max(at, exposed.since))) for rung, at in ladder]
    # Of those that meet, only the gravest; and nothing that a graver one has overtaken.
    return [
        warning
        for place, warning in enumerate(spoken)
        if warning.since <= promise.expires_at and all(graver.since > warning.since for graver in spoken[place + 1 :])
    ]


class _Exposed(NamedTuple):
    """Since when nothing that is booked would keep a promise, and the rung that tells of that with its own instant."""

    since: datetime
    rung: str
    rung_since: datetime


def _exposed(sight: Sight, promise: Promise) -> _Exposed:
    """
    Return since when the open *promise* has had no booking ahead that would keep it; that may be a day to come.

    Found by looking back from fact to fact, so that a warning is neither told at the hour at which somebody cancels,
    nor taken back and told again because of a fact that leaves its ground as it was.
    """
    rung, quiet_until = _plan(sight, promise.opening, promise.due_on)
    turns = sorted({at for fact in sight.known if (at := fact.recorded_at) >= promise.opening.recorded_at})
    turn = turns.pop()
    since = rung_since = max(turn, quiet_until)
    has_same_rung = True
    while turns and since == turn:
        end, turn = turn, turns.pop()
        then = sight.of_those_recorded_before(end)
        opening = then.openings[promise.opening.subject_id]
        term = then.term_of(opening)
        status = status_of(then, opening, term, then.met(opening, term), _BEFORE_ALL)
        if status is not Status.OPEN or term.due_on != promise.due_on:
            break
        earlier_rung, quiet_until = _plan(then, opening, term.due_on)
        start = max(turn, quiet_until)
        if start >= end:
            break
        since = start
        has_same_rung = has_same_rung and earlier_rung == rung
        rung_since = since if has_same_rung else rung_since
    return _Exposed(since, rung, rung_since)


def _plan(sight: Sight, opening: Opening, due_on: date) -> tuple[str, datetime]:
    """Return the rung that tells what is wrong with the bookings, and until when one in time forbids to tell it."""
    days = [day for each in sight.policy.books(sight.standing) if (day := local_date(each.at), each.at) > opening.after]
    in_time = [day for day in days if day <= due_on]
    rung = "booked_too_late" if len(in_time) < len(days) else "nothing_booked"
    return rung, end_of(max(in_time)) if in_time else _BEFORE_ALL


@lru_cache(maxsize=4096)
def rungs(unit: Unit, strict_due_on: date, ladder: tuple[tuple[str, int], ...]) -> tuple[tuple[str, datetime], ...]:
    """
    Return name and instant of each rung of a *ladder*, from mild to grave: the fewer days are left.

    They are calendar days back from the last working day until due. A rung on a free day moves back to a working day,
    to the beginning of the unit's hours.
    """
    last = unit.working_day_until(strict_due_on)
    return tuple(
        (name, unit.hours_of(unit.working_day_until(last - timedelta(days=days)))[0])
        for name, days in sorted(ladder, key=lambda rung: -rung[1])
    )
