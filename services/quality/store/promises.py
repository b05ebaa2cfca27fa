"""Promises as they were last said, and what was said before that."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg
from pydantic import BaseModel

from services.quality.domain.figures import Counted
from services.quality.domain.promise import Status
from services.quality.events import PromiseFact
from services.quality.relations import Whose, is_yours, parameters, sees
from services.quality.store.rows import Source
from shared.database import Transaction
from shared.errors import NotFound
from shared.sight import Sight


class PromiseState(PromiseFact, abstract=True):
    """The last fact published of a promise, without its type."""


class UnknownPromise(NotFound):
    """There is no such promise, or it is not yours to see."""


class Said(BaseModel):
    """One fact as it was published of a promise."""

    event_type: str
    recorded_at: datetime
    state: PromiseState


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which promises of a policy to list; None: whatever."""

    policy: str
    unit_id: UUID | None = None
    case_id: UUID | None = None
    status: str | None = None
    deviation_states: Sequence[str] | None = None
    is_warned: bool | None = None
    imported: bool | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A promise as last said, with the context of its case now, and whose that is."""

    state: PromiseState
    whose: Whose


_LOAD_STATES = "SELECT case_id, state FROM promises WHERE case_id = ANY ($1::uuid[])"

_SAVE_PROMISES = """
    INSERT INTO promises (promise_id, case_id, unit_id, policy, version, due_on, status, is_undetermined,
                          is_recorded_late, imported, deviation_id, deviation_state, warning, state)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (promise_id) DO UPDATE SET
        unit_id = excluded.unit_id, version = excluded.version, due_on = excluded.due_on, status = excluded.status,
        is_undetermined = excluded.is_undetermined, is_recorded_late = excluded.is_recorded_late,
        imported = excluded.imported, deviation_state = excluded.deviation_state, warning = excluded.warning,
        state = excluded.state
"""

# A case that has moved on is shown with those who answer for it now; nothing new was said of its promises.
_CONTEXT = "state, case_code, case_id, whose.unit_id, whose.team_id, whose.responsible_worker_ids"
_PROMISES = "promises JOIN cases USING (case_id) JOIN case_relations AS whose USING (case_id)"

_LIST_PROMISES = f"""
    SELECT {_CONTEXT} FROM {_PROMISES}
    WHERE ($1::uuid IS NULL OR promises.unit_id = $1)
      AND ($2::uuid IS NULL OR case_id = $2)
      AND ($3::text IS NULL OR status = $3)
      AND ($4::text[] IS NULL OR deviation_state = ANY ($4))
      AND ($5::boolean IS NULL OR (warning IS NOT NULL) = $5)
      AND ($6::date IS NULL OR (due_on, promise_id) > ($6, $7::uuid))
      AND policy = $9
      AND ($10::boolean IS NULL OR imported = $10)
      AND {is_yours(11)}
    ORDER BY due_on, promise_id LIMIT $8
"""

_SHOW_PROMISE = f"SELECT {_CONTEXT} FROM {_PROMISES} WHERE promise_id = $1"

_LIST_SAID = """
    SELECT event_type, recorded_at, payload FROM outbox
    WHERE topic = $1 AND key = $2 AND subject = $3 ORDER BY sequence
"""

_COUNTED = """
    SELECT unit_id, due_on, status, is_undetermined, is_recorded_late, imported FROM promises
    WHERE unit_id = ANY ($1::uuid[]) AND due_on >= $2 AND due_on < $3 AND policy = $4
"""


async def load_states(source: Source, case_ids: Collection[UUID]) -> dict[UUID, dict[UUID, PromiseState]]:
    """Return what was last said, by case and promise."""
    states: dict[UUID, dict[UUID, PromiseState]] = {case_id: {} for case_id in case_ids}
    for row in await source.fetch(_LOAD_STATES, list(case_ids)):
        state = PromiseState.model_validate_json(row["state"])
        states[row["case_id"]][state.promise_id] = state
    return states


async def save_promises(tx: Transaction, said: Iterable[PromiseFact]) -> None:
    """Keep what has just been said of each promise."""
    await tx.executemany(
        _SAVE_PROMISES,
        [
            (
                fact.promise_id,
                fact.case_id,
                fact.unit_id,
                fact.policy,
                fact.version,
                fact.due_on,
                fact.status,
                fact.is_undetermined,
                fact.is_recorded_late,
                fact.imported,
                fact.deviation_id,
                fact.deviation_state,
                fact.warning,
                fact.model_dump_json(),
            )
            for fact in said
        ],
    )


async def list_promises(
    source: Source, yours: Sight, sought: Sought, *, after: tuple[date, UUID] | None, limit: int
) -> list[Shown]:
    """Return promises that the caller may see, by due day and id, from after *after*."""
    due_on, promise_id = after or (None, None)
    rows = await source.fetch(
        _LIST_PROMISES,
        sought.unit_id,
        sought.case_id,
        sought.status,
        sought.deviation_states,
        sought.is_warned,
        due_on,
        promise_id,
        limit,
        sought.policy,
        sought.imported,
        *parameters(yours),
    )
    return [_in_its_context(row) for row in rows]


async def load_promise(source: Source, promise_id: UUID, yours: Sight) -> PromiseState:
    """
    Return a promise as last said, with the context of its case now.

    Raises:
        UnknownPromise: there is none that the caller may see.
    """
    row = await source.fetchrow(_SHOW_PROMISE, promise_id)
    if row is None:
        raise UnknownPromise
    shown = _in_its_context(row)
    if not is_shown(shown, yours):
        raise UnknownPromise
    return shown.state


def is_shown(shown: Shown, yours: Sight) -> bool:
    """Tell whether the caller may see a promise, and note it."""
    return sees(yours, shown.whose, counts_for=shown.state.unit_id)


def _in_its_context(row: asyncpg.Record) -> Shown:
    state, case_code, *whose = row
    responsible_worker_ids = tuple(row["responsible_worker_ids"])
    context = {"case_code": case_code, "team_id": row["team_id"], "responsible_worker_ids": responsible_worker_ids}
    return Shown(PromiseState.model_validate_json(state).model_copy(update=context), Whose(*whose))


async def list_said(source: Source, promise: PromiseState) -> list[Said]:
    """Return all that was published of *promise*, in order."""
    rows = await source.fetch(_LIST_SAID, PromiseState.topic, promise.stream_key(), promise.subject())
    return [
        Said(
            event_type=row["event_type"],
            recorded_at=row["recorded_at"],
            state=PromiseState.model_validate_json(row["payload"]),
        )
        for row in rows
    ]


async def list_counted(
    source: Source, units: frozenset[UUID], *, policy: str, due_from: date, due_until: date
) -> list[Counted]:
    """Return what the figures need of a policy's promises of *units* due in [*due_from*, *due_until*), as last said."""
    return [
        Counted(row[0], row[1], Status(row[2]), row[3], row[4], row[5])
        for row in await source.fetch(_COUNTED, units, due_from, due_until, policy)
    ]
