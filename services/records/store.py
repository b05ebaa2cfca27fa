"""The database of records: the memos, and whose the cases are to which they belong."""

from collections.abc import Collection, Iterable
from dataclasses import astuple, fields
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.records.domain.cases import Case
from services.records.domain.memos import Memo
from services.records.relations import Source, is_yours, sees
from shared.database import Transaction
from shared.errors import NotFound, Stale
from shared.sight import Sight

Kept = tuple[Memo, Case]
"""A memo and the case to which it belongs."""


class UnknownMemo(NotFound):
    """No Heijastin of yours with this id has been heard of; if it was recorded just now, try again in a moment."""


def _upsert(table: str, kind: type, key: str) -> str:
    """Return the statement that saves a value of *kind*, whose fields are the columns."""
    columns = [field.name for field in fields(kind)]
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns if column != key)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) ON CONFLICT ({key}) DO UPDATE SET {changes}"


_SAVE_CASES = _upsert("cases", Case, "case_id")
_SAVE_MEMOS = _upsert("memos", Memo, "meeting_id")

# In the order of the ids, as everybody locks them.
_LOCK_CASES = "SELECT * FROM cases WHERE case_id = ANY ($1::uuid[]) ORDER BY case_id FOR UPDATE"

_LOAD_MEMO = """
    SELECT memos AS memo, cases AS of_case FROM memos JOIN cases USING (case_id)
    WHERE meeting_id = $1
"""

_LIST_OF_CASE = f"""
    SELECT memos AS memo, cases AS of_case FROM memos JOIN cases USING (case_id)
    WHERE case_id = $1 AND {is_yours(4)}
      AND ($2::uuid IS NULL OR meeting_id > $2)
    ORDER BY meeting_id LIMIT $3
"""

# The same as `Memo.awaits`; the index memos_awaited has these and no others.
_LIST_AWAITED = f"""
    SELECT memos AS memo, cases AS of_case FROM memos JOIN cases USING (case_id)
    WHERE meeting_held AND reviewed_on IS NULL AND (expected OR review_on IS NOT NULL)
      AND ($1::uuid IS NULL OR team_id = $1)
      AND ($2::uuid IS NULL OR responsible_worker_ids @> ARRAY[$2])
      AND ($3::date IS NULL OR (held_on, meeting_id) > ($3, $4::uuid))
      AND {is_yours(6)}
    ORDER BY held_on, meeting_id LIMIT $5
"""


async def lock_cases(tx: Transaction, case_ids: Collection[UUID]) -> dict[UUID, Case]:
    """Return those of *case_ids* that are known, locked in the order of their ids."""
    return {row["case_id"]: _case(row) for row in await tx.fetch(_LOCK_CASES, list(case_ids))}


async def load_memos(tx: Transaction, meeting_ids: Collection[UUID]) -> dict[UUID, Memo]:
    """Return those of *meeting_ids* that are known; their cases are locked."""
    rows = await tx.fetch("SELECT * FROM memos WHERE meeting_id = ANY ($1::uuid[])", list(meeting_ids))
    return {row["meeting_id"]: Memo(**row) for row in rows}


async def save_cases(tx: Transaction, cases: Iterable[Case]) -> None:
    """Save cases, new or known."""
    await tx.executemany(_SAVE_CASES, [astuple(case) for case in cases])


async def save_memos(tx: Transaction, memos: Iterable[Memo]) -> None:
    """Save memos, new or known, whose cases are locked."""
    await tx.executemany(_SAVE_MEMOS, [astuple(memo) for memo in memos])


async def lock_memo(tx: Transaction, meeting_id: UUID, yours: Sight, *, version: int) -> tuple[Case, Memo]:
    """
    Return a memo of the *version* that the caller read, and its case, whose row is the lock.

    Raises:
        UnknownMemo: there is none that the caller may see.
        Stale: it is another version by now.
    """
    _, case = await load_memo(tx, meeting_id, yours)
    await lock_cases(tx, [case.case_id])
    # Read after the lock is ours: whoever had it before may have changed the memo, or moved the case.
    memo, case = await load_memo(tx, meeting_id, yours)
    if memo.version != version:
        raise Stale
    return case, memo


async def load_memo(source: Source, meeting_id: UUID, yours: Sight) -> Kept:
    """
    Return a memo and its case.

    Raises:
        UnknownMemo: there is none that the caller may see.
    """
    row = await source.fetchrow(_LOAD_MEMO, meeting_id)
    if row is None:
        raise UnknownMemo
    memo, case = _kept(row)
    if not sees(yours, case):
        raise UnknownMemo
    return memo, case


async def list_of_case(source: Source, case_id: UUID, yours: Sight, *, after: UUID | None, limit: int) -> list[Kept]:
    """Return the memos of a case in the order of their meetings' ids, from the one after *after*."""
    rows = await source.fetch(_LIST_OF_CASE, case_id, after, limit, *yours.relations.parameters)
    return [_kept(row) for row in rows]


async def note_search(source: Source, case_id: UUID, yours: Sight) -> None:
    """Note that the caller looked for a case of which nothing was found, and whether it would have been theirs."""
    row = await source.fetchrow("SELECT * FROM cases WHERE case_id = $1", case_id)
    if row is None:
        yours.notes.refuse(case_id)
    else:
        sees(yours, _case(row))


async def list_awaited(
    source: Source,
    yours: Sight,
    *,
    team_id: UUID | None,
    worker_id: UUID | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[Kept]:
    """Return what of the caller's is awaited from a team, a worker or both (None: anybody), oldest meeting first."""
    held_on, meeting_id = after or (None, None)
    sought = (team_id, worker_id, held_on, meeting_id)
    rows = await source.fetch(_LIST_AWAITED, *sought, limit, *yours.relations.parameters)
    return [_kept(row) for row in rows]


def _kept(row: asyncpg.Record) -> Kept:
    return Memo(**row["memo"]), _case(row["of_case"])


def _case(row: asyncpg.Record) -> Case:
    values: dict[str, Any] = {**row, "responsible_worker_ids": tuple(row["responsible_worker_ids"])}
    return Case(**values)
