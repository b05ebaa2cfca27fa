"""Cases that quality has heard of, and when each is to be judged again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from services.quality.consumed import CASES, MEMOS
from services.quality.domain.announcements import Context
from services.quality.domain.policies import GATES, Topics
from services.quality.store.rows import Source
from shared.database import Transaction

_Key = TypeVar("_Key", str, Topics)
_CONTEXTS = TypeAdapter(Sequence[Context])

Passed = Mapping[Topics, datetime | None]
"""How far each gate has come; None: it is shut."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """
    A case as far as quality knows it.

    The context is that of the fact with the highest sequence in the case's stream. `disturbed_since` tells by topic
    since when facts of it are missing. `look_again_at`, by gate: judge again once it has passed the instant.
    """

    context: Context
    context_sequence: int
    disturbed_since: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    look_again_at: Mapping[Topics, datetime] = field(default_factory=lambda: MappingProxyType({}))


_DISTURBED = (CASES, MEMOS)
"""Topics with a column of their own, in the order of the columns; so have the gates, in theirs."""

_CASE_COLUMNS = """
    case_id, case_code, team_id, responsible_worker_ids, context_sequence, disturbed_since, memos_disturbed_since,
    look_again_at, memos_look_again_at
"""

# Waits for whoever hears of the same case for the first time at this moment, on another topic.
_BEGIN_CASES = """
    INSERT INTO cases (case_id, case_code, team_id, responsible_worker_ids, context_sequence)
    SELECT case_id, case_code, team_id, responsible_worker_ids, 0
    FROM jsonb_populate_recordset(NULL::cases, $1) ORDER BY case_id
    ON CONFLICT (case_id) DO NOTHING
"""

# In the order of the ids, as everybody locks them.
_LOCK_CASES = f"SELECT {_CASE_COLUMNS} FROM cases WHERE case_id = ANY ($1::uuid[]) ORDER BY case_id FOR UPDATE"

_DUE = "(look_again_at < $1 OR memos_look_again_at < $2)"
_LONGEST_DUE_FIRST = "ORDER BY least(look_again_at, memos_look_again_at)"

# Passes over what somebody else is judging: it will be judged.
_CLAIM_CASES = f"""
    SELECT {_CASE_COLUMNS} FROM cases WHERE {_DUE} AND ($4::uuid IS NULL OR case_id = $4)
    {_LONGEST_DUE_FIRST} LIMIT $3 FOR UPDATE SKIP LOCKED
"""

_LIST_DUE = f"SELECT case_id FROM cases WHERE {_DUE} {_LONGEST_DUE_FIRST} LIMIT $3"

_COUNT_DUE = f"SELECT count(*) FROM cases WHERE {_DUE}"

_POSTPONE = "UPDATE cases SET look_again_at = $2, memos_look_again_at = NULL WHERE case_id = $1"

_SAVE_CASES = f"""
    INSERT INTO cases ({_CASE_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (case_id) DO UPDATE SET
        case_code = excluded.case_code, team_id = excluded.team_id,
        responsible_worker_ids = excluded.responsible_worker_ids, context_sequence = excluded.context_sequence,
        disturbed_since = excluded.disturbed_since, memos_disturbed_since = excluded.memos_disturbed_since,
        look_again_at = excluded.look_again_at, memos_look_again_at = excluded.memos_look_again_at
"""


async def begin_cases(tx: Transaction, contexts: Sequence[Context]) -> None:
    """
    See to it that each case has a row to be locked, with this context if it had none.

    In the order of their ids and before any case is locked, so that nobody waits in a circle.
    """
    if contexts:
        await tx.execute(_BEGIN_CASES, _CONTEXTS.dump_json(contexts).decode())


async def lock_cases(tx: Transaction, case_ids: Collection[UUID]) -> dict[UUID, CaseRow]:
    """Return those of *case_ids* that are known, locked in the order of their ids."""
    return _cases(await tx.fetch(_LOCK_CASES, list(case_ids)))


async def claim_cases(tx: Transaction, *, before: Passed, limit: int, only: UUID | None = None) -> dict[UUID, CaseRow]:
    """Return at most *limit* cases, or *only* one, that a gate has passed; passes over locked ones."""
    return _cases(await tx.fetch(_CLAIM_CASES, *(before[needs] for needs in GATES), limit, only))


async def list_due(source: Source, *, before: Passed, limit: int) -> list[UUID]:
    """Return the first of the cases that a gate has passed."""
    rows = await source.fetch(_LIST_DUE, *(before[needs] for needs in GATES), limit)
    return [row["case_id"] for row in rows]


async def count_due(source: Source, *, before: Passed) -> int:
    """Return how many cases a gate has passed that have not been judged since."""
    return await source.fetchval(_COUNT_DUE, *(before[needs] for needs in GATES))


async def postpone(tx: Transaction, case_id: UUID, *, until: datetime) -> None:
    """Have a case looked at again once the gate has passed *until*."""
    await tx.execute(_POSTPONE, case_id, until)


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
                *(row.disturbed_since.get(topic) for topic in _DISTURBED),
                *(row.look_again_at.get(needs) for needs in GATES),
            )
            for row in rows
        ],
    )


def _cases(rows: Iterable[asyncpg.Record]) -> dict[UUID, CaseRow]:
    return {
        row["case_id"]: CaseRow(
            Context(row["case_id"], row["case_code"], row["team_id"], tuple(row["responsible_worker_ids"])),
            row["context_sequence"],
            _set(_DISTURBED, row["disturbed_since"], row["memos_disturbed_since"]),
            _set(GATES, row["look_again_at"], row["memos_look_again_at"]),
        )
        for row in rows
    }


def _set(keys: tuple[_Key, ...], *instants: datetime | None) -> dict[_Key, datetime]:
    """Return the instants that are set, by their keys."""
    return {key: instant for key, instant in zip(keys, instants, strict=True) if instant is not None}
