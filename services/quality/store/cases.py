"""Cases that quality has heard of, and when each is to be judged again."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.quality.domain.announcements import Context
from services.quality.store.rows import Source
from shared.database import Transaction


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
    SELECT {_CASE_COLUMNS} FROM cases WHERE look_again_at < $1 AND ($3::uuid IS NULL OR case_id = $3)
    ORDER BY look_again_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""

_LIST_DUE = "SELECT case_id FROM cases WHERE look_again_at < $1 ORDER BY look_again_at LIMIT $2"

_POSTPONE = "UPDATE cases SET look_again_at = $2 WHERE case_id = $1"

_SAVE_CASES = """
    INSERT INTO cases (case_id, case_code, team_id, responsible_worker_ids, context_sequence, disturbed_since,
                       look_again_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (case_id) DO UPDATE SET
        case_code = excluded.case_code, team_id = excluded.team_id,
        responsible_worker_ids = excluded.responsible_worker_ids, context_sequence = excluded.context_sequence,
        disturbed_since = excluded.disturbed_since, look_again_at = excluded.look_again_at
"""


async def lock_cases(tx: Transaction, case_ids: Collection[UUID]) -> dict[UUID, CaseRow]:
    """Return those of *case_ids* that are known, locked in the order of their ids."""
    return _cases(await tx.fetch(_LOCK_CASES, list(case_ids)))


async def claim_cases(
    tx: Transaction, *, before: datetime, limit: int, only: UUID | None = None
) -> dict[UUID, CaseRow]:
    """Return at most *limit* cases, or *only* one, to be looked at before an instant; passes over locked ones."""
    return _cases(await tx.fetch(_CLAIM_CASES, before, limit, only))


async def list_due(source: Source, *, before: datetime, limit: int) -> list[UUID]:
    """Return the first of the cases to be looked at again before an instant."""
    return [row["case_id"] for row in await source.fetch(_LIST_DUE, before, limit)]


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
                row.disturbed_since,
                row.look_again_at,
            )
            for row in rows
        ],
    )


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
