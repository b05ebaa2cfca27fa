"""
Figures: how the promise was kept, by unit and by the month of its due day.

A promise belongs to the unit in which its meeting was held. Counted are promises whose due day has passed; imported
ones stand apart.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.quality.domain.promise import Status


@dataclass(frozen=True, slots=True)
class Counted:
    """What the figures need to know of one promise."""

    unit_id: UUID
    due_on: date
    status: Status
    is_undetermined: bool
    is_recorded_late: bool
    imported: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """
    The figures of one unit and one month (its first day), imports or the others.

    `due` are those that the strict rate is of: neither void, nor ended with the case, nor undetermined. `kept` were
    kept in time, `kept_recorded_late` of them not known to be when they expired; likewise `ended_recorded_late` of
    those that ended with the case. Due and still open is what has not been judged yet: it counts as undetermined.
    """

    unit_id: UUID
    month: date
    imported: bool
    due: int
    kept: int
    kept_recorded_late: int
    kept_late: int
    lapsed: int
    ended_with_case: int
    ended_recorded_late: int
    undetermined: int

    @property
    def strict_rate(self) -> float | None:
        """Return the share kept in time, 0 to 1; None when nothing was due."""
        return self.kept / self.due if self.due else None


def figures(promises: Iterable[Counted], *, as_of_day: date) -> list[Figures]:
    """Return the figures of all units and months, by unit, month, and imports last; *as_of_day* has begun there."""
    counts: dict[tuple[UUID, date, bool], Counter[str]] = {}
    for promise in promises:
        if promise.due_on >= as_of_day or promise.status is Status.VOID:
            continue
        key = (promise.unit_id, promise.due_on.replace(day=1), promise.imported)
        counts.setdefault(key, Counter()).update(_columns(promise))
    return [
        Figures(
            unit_id=unit_id,
            month=month,
            imported=imported,
            due=count["due"],
            kept=count["kept"],
            kept_recorded_late=count["kept_recorded_late"],
            kept_late=count["kept_late"],
            lapsed=count["lapsed"],
            ended_with_case=count["ended_with_case"],
            ended_recorded_late=count["ended_recorded_late"],
            undetermined=count["undetermined"],
        )
        for (unit_id, month, imported), count in sorted(counts.items(), key=lambda each: each[0])
    ]


def _columns(promise: Counted) -> list[str]:
    if promise.is_undetermined or promise.status is Status.OPEN:
        return ["undetermined"]
    if promise.status is Status.ENDED_WITH_CASE:
        return ["ended_with_case", *(["ended_recorded_late"] if promise.is_recorded_late else [])]
    if promise.status is Status.KEPT:
        return ["due", "kept", *(["kept_recorded_late"] if promise.is_recorded_late else [])]
    return ["due", promise.status.value]
