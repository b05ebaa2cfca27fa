"""
What to say of a promise: the difference between what was last said and what is so now.

Whatever happened in between, saying the difference ends in the state that the judge found.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from services.quality.domain.live import Standing
from services.quality.domain.promise import BREACHES, Status
from services.quality.domain.warnings import warning_id
from services.quality.events import (
    DeviationRaised,
    DeviationReopened,
    DeviationState,
    DeviationWithdrawn,
    PromiseAtRisk,
    PromiseEndedWithCase,
    PromiseFact,
    PromiseKept,
    PromiseKeptLate,
    PromiseMade,
    PromiseRedated,
    PromiseReopened,
    PromiseUndetermined,
    PromiseVoided,
    WarningCleared,
)
from shared.derived import derived_id

_PROMISES = UUID("0f7a3c52-9d41-4c3e-8b2f-7a6d5e4c3b10")
_DEVIATIONS = UUID("1e6b2d41-8c30-4b2d-9a1e-6f5c4d3b2a11")


@dataclass(frozen=True, slots=True)
class Context:
    """The case as it is known now, for the context of what is said."""

    case_id: UUID
    case_code: str
    team_id: UUID
    responsible_worker_ids: tuple[UUID, ...]


@lru_cache(maxsize=16384)
def promise_id(policy: str, subject_id: UUID) -> UUID:
    """Return the one id of the promise that *subject_id* opens under *policy*."""
    return derived_id(_PROMISES, policy, subject_id)


@lru_cache(maxsize=16384)
def deviation_id(of_promise: UUID) -> UUID:
    """Return the one id of a promise's deviation."""
    return derived_id(_DEVIATIONS, of_promise)


def announce(said: PromiseFact | None, standing: Standing, context: Context) -> list[PromiseFact]:
    """
    Return what to publish, in order; nothing where nothing has changed.

    *said* is the last fact published about the promise. All that is returned carries the same whole state, each with
    the next version. Of a promise that was void before it was ever made nothing is said. While a promise is
    undetermined its state stays as it was last said; bad news that was said stays said while the gate is shut again.
    """
    if said is None and standing.promise.status is Status.VOID:
        return []
    if standing.is_undetermined:
        if said is not None:
            now = said.model_dump() | {"is_undetermined": True}
            return [] if said.is_undetermined else _facts([PromiseUndetermined], now, said)
        return _facts([PromiseMade, PromiseUndetermined], _state(None, _withheld(standing), context), None)
    if said is not None and standing.is_gate_shut and standing.promise.status is Status.OPEN and _is_bad(said):
        return []
    now = _state(said, standing, context)
    return _facts(list(_kinds(said, now)), now, said)


def _is_bad(said: PromiseFact) -> bool:
    return said.status in BREACHES or said.warning_id is not None


def _withheld(standing: Standing) -> Standing:
    """What is undetermined is never shown as overdue, nor warned of."""
    promise = standing.promise
    if promise.is_in_breach:
        promise = replace(promise, status=Status.OPEN, met=None, recording_delay_days=None, in_breach_since=None)
    return replace(standing, promise=promise, warning=None)


def _facts(kinds: Sequence[type[PromiseFact]], now: dict[str, Any], said: PromiseFact | None) -> list[PromiseFact]:
    version = said.version if said else 0
    return [kind.model_validate(now | {"version": version + place}) for place, kind in enumerate(kinds, start=1)]


def _kinds(said: PromiseFact | None, now: dict[str, Any]) -> Iterator[type[PromiseFact]]:
    """Yield the types of what has changed between *said* and *now*."""
    if said is None:
        yield PromiseMade
        if now["status"] in _STATUS_EVENTS and now["status"] != "open":
            yield _STATUS_EVENTS[now["status"]]
    else:
        if _differ(said, now, (*_DATES, *_TERMS)):
            yield PromiseRedated
        has_entered = now["status"] != said.status or said.is_undetermined
        if now["status"] in _STATUS_EVENTS and (has_entered or _differ(said, now, _SUBSTANCE)):
            yield _STATUS_EVENTS[now["status"]]
    yield from _kinds_of_deviation(said, now)
    warned = said.warning_id if said else None
    if now["warning_id"] != warned:
        yield WarningCleared if now["warning_id"] is None else PromiseAtRisk


def _kinds_of_deviation(said: PromiseFact | None, now: dict[str, Any]) -> Iterator[type[PromiseFact]]:
    before = said.deviation_state if said else "none"
    match before, now["deviation_state"]:
        case "none", "open":
            yield DeviationRaised
        case "open", "withdrawn":
            yield DeviationWithdrawn
        case "withdrawn", "open":
            yield DeviationReopened
        case "open", "open" if said and _comes_again(said, now):
            yield DeviationReopened
        case "open", "open" if said and said.is_undetermined and now["status"] == "lapsed":
            yield DeviationRaised
        case _:
            pass


def _state(said: PromiseFact | None, standing: Standing, context: Context) -> dict[str, Any]:
    promise, opening = standing.promise, standing.promise.opening
    of_promise = promise_id(promise.policy, opening.subject_id)
    state: dict[str, Any] = {
        "promise_id": of_promise,
        "policy": promise.policy,
        "meeting_id": opening.subject_id,
        "case_id": context.case_id,
        "case_code": context.case_code,
        "unit_id": opening.unit_id,
        "team_id": context.team_id,
        "responsible_worker_ids": context.responsible_worker_ids,
        "status": promise.status.value,
        "is_undetermined": standing.is_undetermined,
        "anchor_on": opening.anchor_on,
        "due_on": promise.due_on,
        "expires_at": promise.expires_at,
        "holiday_policy": promise.rule.holiday_policy,
        "remote_counts": promise.rule.remote_counts,
        "met_by_id": promise.met.subject_id if promise.met else None,
        "met_on": promise.met.on if promise.met else None,
        "days_late": promise.days_late,
        "recording_delay_days": promise.recording_delay_days,
        "ended_on": promise.ended_on,
        "is_recorded_late": promise.is_recorded_late,
        "is_late_entry": promise.is_late_entry,
        "imported": opening.imported,
        "deviation_id": deviation_id(of_promise),
        "deviation_since": promise.in_breach_since,
        "warning_id": warning_id(of_promise, standing.warning.rung, promise.due_on) if standing.warning else None,
        "warning": standing.warning.rung if standing.warning else None,
    }
    state["deviation_state"], state["deviation_version"] = _deviation(said, state)
    return state


def _deviation(said: PromiseFact | None, now: dict[str, Any]) -> tuple[DeviationState, int]:
    """Return state and version of the deviation: a new version whenever it is raised, withdrawn, or moved in force."""
    before, version = (said.deviation_state, said.deviation_version) if said else ("none", 0)
    if now["status"] in BREACHES:
        is_same = said and before == "open" and not _differ(said, now, _DATES) and not _comes_again(said, now)
        return "open", version if is_same else version + 1
    return ("withdrawn", version + 1) if before == "open" else (before, version)


def _comes_again(said: PromiseFact, now: dict[str, Any]) -> bool:
    """Tell whether a breach that was said is another by now: it ended and began again unseen, or is met no longer."""
    return now["deviation_since"] != said.deviation_since or (now["status"] == "lapsed" and said.status != "lapsed")


def _differ(said: PromiseFact, now: dict[str, Any], fields: Iterable[str]) -> bool:
    return any(getattr(said, field) != now[field] for field in fields)


_DATES = ("anchor_on", "due_on", "expires_at")
_TERMS = ("unit_id", "holiday_policy", "remote_counts", "is_late_entry", "imported")
_SUBSTANCE = ("met_by_id", "met_on", "days_late", "recording_delay_days", "ended_on", "is_recorded_late")
# Entering `lapsed` is told by the deviation's own events.
_STATUS_EVENTS: Mapping[str, type[PromiseFact]] = {
    "open": PromiseReopened,
    "kept": PromiseKept,
    "kept_late": PromiseKeptLate,
    "ended_with_case": PromiseEndedWithCase,
    "void": PromiseVoided,
}
