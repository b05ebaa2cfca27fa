"""The database of quality: facts in, promises as last said, and the cases that wait for time to pass."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import BaseModel

from services.quality.consumed import UnitConfigured
from services.quality.domain.announcements import Context
from services.quality.domain.facts import Case, CaseFacts, Fact, FollowUp, Meeting
from services.quality.domain.figures import Counted
from services.quality.domain.promise import Status
from services.quality.events import PromiseFact
from services.quality.relations import Whose, is_yours, parameters, sees
from shared.database import Connection, Transaction
from shared.errors import NotFound
from shared.sight import Sight

Source = Connection | Transaction


class PromiseState(PromiseFact, abstract=True):
    """The last fact published of a promise, without its type."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """
    A case as far as quality knows it.

    The context is that of the fact with the highest sequence in the case's stream. `look_again_at`: judge again once
    the gate has passed it.
    """

    context: Context
    context_sequence: int
    disturbed_since: datetime | None
    look_again_at: datetime | None = None


_CASE_COLUMNS = "case_id, case_code, team_id, responsible_worker_ids, context_sequence, disturbed_since, look_again_at"

# In the order of the ids, as everybody locks them.
_LOCK_CASES = f"SELECT {_CASE_COLUMNS} FROM cases WHERE case_id = ANY ($1::uuid[]) ORDER BY case_id FOR UPDATE"

# Passes over what somebody else is judging: it will be judged.
_CLAIM_CASES = f"""
    SELECT {_CASE_COLUMNS} FROM cases WHERE look_again_at < $1
    ORDER BY look_again_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""

_SAVE_CASES = """
    INSERT INTO cases (case_id, case_code, team_id, responsible_worker_ids, context_sequence, disturbed_since,
                       look_again_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (case_id) DO UPDATE SET
        case_code = excluded.case_code, team_id = excluded.team_id,
        responsible_worker_ids = excluded.responsible_worker_ids, context_sequence = excluded.context_sequence,
        disturbed_since = excluded.disturbed_since, look_again_at = excluded.look_again_at
"""

_SAVE_FACTS = """
    INSERT INTO facts (case_id, kind, subject_id, version, recorded_at, unit_id, booked_from, held_from, began_on,
                       held_on, family_present, worker_present, is_remote, imported, closed_on)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT (case_id, kind, subject_id, version) DO NOTHING
"""

_LOAD_FACTS = """
    SELECT case_id, kind, subject_id, version, recorded_at, unit_id, booked_from, held_from, began_on, held_on,
           family_present, worker_present, is_remote, imported, closed_on
    FROM facts WHERE case_id = ANY ($1::uuid[])
"""

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

_SAVE_UNITS = """
    INSERT INTO units (unit_id, version, configured) VALUES ($1, $2, $3)
    ON CONFLICT (unit_id) DO UPDATE SET version = excluded.version, configured = excluded.configured
    WHERE units.version < excluded.version
"""

# Its hours, free days or rules have changed: every case with a promise there is judged again as soon as may be.
_WAKE_CASES_OF_UNITS = """
    UPDATE cases SET look_again_at = 'epoch'
    WHERE case_id IN (SELECT case_id FROM promises WHERE unit_id = ANY ($1::uuid[]) AND status <> 'void')
"""


async def lock_cases(tx: Transaction, case_ids: Collection[UUID]) -> dict[UUID, CaseRow]:
    """Return those of *case_ids* that are known, locked in the order of their ids."""
    return _cases(await tx.fetch(_LOCK_CASES, list(case_ids)))


async def claim_cases(tx: Transaction, *, before: datetime, limit: int) -> dict[UUID, CaseRow]:
    """Return at most *limit* cases to be looked at again before an instant, locked; passes over locked ones."""
    return _cases(await tx.fetch(_CLAIM_CASES, before, limit))


async def save_cases(tx: Transaction, rows: Iterable[CaseRow]) -> None:
    """Save cases, new or known."""
    await tx.executemany(
        _SAVE_CASES,
        [
            (
                row.context.case_id,
                row.context.case_code,
                row.context.team_id,
                list(row.context.responsible_worker_ids),
                row.context_sequence,
                row.disturbed_since,
                row.look_again_at,
            )
            for row in rows
        ],
    )


async def forget(tx: Transaction) -> None:
    """Remove all facts, units and what is known of cases; promises, as last said, stay."""
    await tx.execute("DELETE FROM facts")
    await tx.execute("DELETE FROM units")
    await tx.execute("UPDATE cases SET context_sequence = 0, disturbed_since = NULL, look_again_at = NULL")


async def save_facts(tx: Transaction, facts: Iterable[tuple[UUID, Fact]]) -> None:
    """Keep facts with their case; a version that is there already stays as it is."""
    await tx.executemany(_SAVE_FACTS, [(case_id, *_columns_of(fact)) for case_id, fact in facts])


async def load_facts(source: Source, case_ids: Collection[UUID]) -> dict[UUID, CaseFacts]:
    """Return all facts of each of *case_ids*."""
    facts: dict[UUID, list[Fact]] = {case_id: [] for case_id in case_ids}
    for row in await source.fetch(_LOAD_FACTS, list(case_ids)):
        facts[row["case_id"]].append(_fact_of(row))
    return {case_id: CaseFacts.of(of_case) for case_id, of_case in facts.items()}


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


async def save_units(tx: Transaction, units: Iterable[UnitConfigured]) -> None:
    """Keep the highest version of each unit, and have its cases judged again."""
    configured = sorted(units, key=lambda unit: unit.version)
    if configured:
        await tx.executemany(_SAVE_UNITS, [(unit.unit_id, unit.version, unit.model_dump_json()) for unit in configured])
        await tx.execute(_WAKE_CASES_OF_UNITS, [unit.unit_id for unit in configured])


async def load_units(source: Source) -> dict[UUID, UnitConfigured]:
    """Return all units that were heard of: a region has tens of them."""
    return {
        row["unit_id"]: UnitConfigured.model_validate_json(row["configured"])
        for row in await source.fetch("SELECT unit_id, configured FROM units")
    }


def _cases(rows: Iterable[asyncpg.Record]) -> dict[UUID, CaseRow]:
    return {
        row["case_id"]: CaseRow(
            Context(row["case_id"], row["case_code"], row["team_id"], tuple(row["responsible_worker_ids"])),
            row["context_sequence"],
            row["disturbed_since"],
            row["look_again_at"],
        )
        for row in rows
    }


def _columns_of(fact: Fact) -> tuple[Any, ...]:
    head = (fact.subject_id, fact.version, fact.recorded_at)
    match fact:
        case Meeting():
            times = (fact.unit_id, fact.booked_from, fact.held_from, fact.began_on, fact.held_on)
            return "meeting", *head, *times, False, False, False, fact.imported, None
        case FollowUp():
            times = (None, fact.booked_from, fact.held_from, None, fact.held_on)
            flags = (fact.family_present, fact.worker_present, fact.is_remote, fact.imported)
            return "follow_up", *head, *times, *flags, None
        case Case():
            return "case", *head, None, None, None, None, None, False, False, False, False, fact.closed_on


def _fact_of(row: asyncpg.Record) -> Fact:
    (_, kind, subject_id, version, recorded_at, unit_id, booked_from, held_from, began_on, held_on,
     family_present, worker_present, is_remote, imported, closed_on) = row  # fmt: skip
    match kind:
        case "meeting":
            return Meeting(
                subject_id, version, recorded_at, unit_id, booked_from, held_from, began_on, held_on, imported
            )
        case "follow_up":
            return FollowUp(
                subject_id,
                version,
                recorded_at,
                booked_from,
                held_from,
                held_on,
                family_present,
                worker_present,
                is_remote,
                imported,
            )
        case _:
            return Case(subject_id, version, recorded_at, closed_on)


class UnknownPromise(NotFound):
    """There is no such promise, or it is not yours to see."""


class Said(BaseModel):
    """One fact as it was published of a promise."""

    event_type: str
    recorded_at: datetime
    state: PromiseState


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which promises to list; None: whatever."""

    unit_id: UUID | None = None
    case_id: UUID | None = None
    status: str | None = None
    deviation_states: Sequence[str] | None = None
    is_warned: bool | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A promise as last said, with the context of its case now, and whose that is."""

    state: PromiseState
    whose: Whose


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
      AND {is_yours(9)}
    ORDER BY due_on, promise_id LIMIT $8
"""

_SHOW_PROMISE = f"SELECT {_CONTEXT} FROM {_PROMISES} WHERE promise_id = $1"

_LIST_SAID = """
    SELECT event_type, recorded_at, payload FROM outbox
    WHERE topic = $1 AND key = $2 AND subject = $3 ORDER BY sequence
"""

_COUNTED = """
    SELECT unit_id, due_on, status, is_undetermined, is_recorded_late, imported FROM promises
    WHERE unit_id = ANY ($1::uuid[]) AND due_on >= $2 AND due_on < $3
"""

# A promise may have been of another month, or another unit, before a correction: so every case of these units.
_CASES_OF_UNITS = """
    SELECT DISTINCT case_id FROM facts WHERE kind = 'meeting' AND held_on IS NOT NULL AND unit_id = ANY ($1::uuid[])
"""


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


async def list_counted(source: Source, units: frozenset[UUID], *, due_from: date, due_until: date) -> list[Counted]:
    """Return what the figures need of the promises of *units* due in [*due_from*, *due_until*), as last said."""
    return [
        Counted(row[0], row[1], Status(row[2]), row[3], row[4], row[5])
        for row in await source.fetch(_COUNTED, units, due_from, due_until)
    ]


async def list_cases_of_units(source: Source, units: frozenset[UUID]) -> list[UUID]:
    """Return every case that ever had a Heijastin held in one of *units*."""
    return [row["case_id"] for row in await source.fetch(_CASES_OF_UNITS, units)]
