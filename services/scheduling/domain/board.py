"""The board: what waits for the workers of a case. It empties itself as promises are settled."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.scheduling.consumed import MONTH_PROMISE, PromiseStated
from services.scheduling.domain.cases import Case

Standing = Literal["open", "at_risk", "month_over", "overdue", "undetermined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """
    A family to whom something is promised by `due_on`, in the hands that the case is in now.

    `standing`: `month_over` asks "did you meet?", `overdue` says the same of any other promise, and `deviation_id`
    names the deviation that was raised; `at_risk` has the `warning` that speaks; `undetermined` means that facts are
    missing: it is not to be shown as overdue.
    """

    promise_id: UUID
    policy: str
    case_id: UUID
    case_code: str
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: tuple[UUID, ...]
    meeting_id: UUID
    anchor_on: date
    due_on: date
    standing: Standing
    warning: str | None
    deviation_id: UUID | None


def newest(stated: Iterable[PromiseStated]) -> list[PromiseStated]:
    """Return of each promise what was said last, in the order of their ids."""
    last: dict[UUID, PromiseStated] = {}
    for promise in stated:
        known = last.get(promise.promise_id)
        if known is None or known.version < promise.version:
            last[promise.promise_id] = promise
    return sorted(last.values(), key=lambda promise: promise.promise_id)


def item(promise: PromiseStated, case: Case) -> Item:
    """Return what the board says of a *promise* that is open or lapsed, of this *case*."""
    standing = _standing(promise)
    return Item(
        promise_id=promise.promise_id,
        policy=promise.policy,
        case_id=case.case_id,
        case_code=case.code,
        unit_id=case.unit_id,
        team_id=case.team_id,
        responsible_worker_ids=case.responsible_worker_ids,
        meeting_id=promise.meeting_id,
        anchor_on=promise.anchor_on,
        due_on=promise.due_on,
        standing=standing,
        warning=promise.warning if standing == "at_risk" else None,
        deviation_id=promise.deviation_id if standing in {"month_over", "overdue"} else None,
    )


def _standing(promise: PromiseStated) -> Standing:
    if promise.is_undetermined:
        return "undetermined"
    if promise.status == "lapsed":
        return "month_over" if promise.policy == MONTH_PROMISE else "overdue"
    return "at_risk" if promise.warning else "open"
