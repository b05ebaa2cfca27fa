"""The database of records: the memos, and whose the cases are to which they belong."""

from collections.abc import Collection, Iterable
from dataclasses import astuple, fields
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.records.domain.cases import Case
from services.records.domain.memos import Memo
from shared.database import Connection, Transaction
from shared.errors import NotFound, Stale

Source = Connection | Transaction
"""Where to read from: a transaction, or the read-only connection of a request that changes nothing."""

Units = frozenset[UUID]
"""The units that the caller belongs to."""

Kept = tuple[Memo, Case]
"""A memo and the case to which it belongs."""


class UnknownMemo(NotFound):
    """No Heijastin with this id has been heard of in your units; if it was recorded just now, try again in a moment."""


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
    WHERE meeting_id = $1 AND unit_id = ANY ($2)
"""

_LIST_OF_CASE = """
    SELECT memos AS memo, cases AS of_case FROM memos JOIN cases USING (case_id)
    WHERE case_id = $1 AND unit_id = ANY ($2)
      AND ($3::uuid IS NULL OR meeting_id > $3)
    ORDER BY meeting_id LIMIT $4
"""

# The same as `Memo.awaits`; the index memos_awaited has these and no others.
_LIST_AWAITED = """
    SELECT memos AS memo, cases AS of_case FROM memos JOIN cases USING (case_id)
    WHERE meeting_held AND reviewed_on IS NULL AND (expected OR review_on IS NOT NULL)
      AND unit_id = ANY ($1)
      AND ($2::uuid IS NULL OR team_id = $2)
      AND ($3::uuid IS NULL OR responsible_worker_ids @> ARRAY[$3])
      AND ($4::date IS NULL OR (held_on, meeting_id) > ($4, $5::uuid))
    ORDER BY held_on, meeting_id LIMIT $6
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


async def lock_memo(tx: Transaction, meeting_id: UUID, units: Units, *, version: int) -> tuple[Case, Memo]:
    """
    Return a memo of the *version* that the caller read, and its case, whose row is the lock.

    Raises:
        UnknownMemo: there is none in the caller's units.
        Stale: it is another version by now.
    """
    _, case = await load_memo(tx, meeting_id, units)
    await lock_cases(tx, [case.case_id])
    # Read after the lock is ours: whoever had it before may have changed the memo, or moved the case.
    memo, case = await load_memo(tx, meeting_id, units)
    if memo.version != version:
        raise Stale
    return case, memo


async def load_memo(source: Source, meeting_id: UUID, units: Units) -> Kept:
    """
    Return a memo and its case.

    Raises:
        UnknownMemo: there is none in the caller's units.
    """
    row = await source.fetchrow(_LOAD_MEMO, meeting_id, units)
    if row is None:
        raise UnknownMemo
    return _kept(row)


async def list_of_case(source: Source, case_id: UUID, units: Units, *, after: UUID | None, limit: int) -> list[Kept]:
    """Return the memos of a case in the order of their meetings' ids, from the one after *after*."""
    return [_kept(row) for row in await source.fetch(_LIST_OF_CASE, case_id, units, after, limit)]


async def list_awaited(
    source: Source,
    units: Units,
    *,
    team_id: UUID | None,
    worker_id: UUID | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[Kept]:
    """Return what is awaited from a team, a worker or both (None: anybody), the oldest meeting first."""
    held_on, meeting_id = after or (None, None)
    rows = await source.fetch(_LIST_AWAITED, units, team_id, worker_id, held_on, meeting_id, limit)
    return [_kept(row) for row in rows]


def _kept(row: asyncpg.Record) -> Kept:
    return Memo(**row["memo"]), _case(row["of_case"])


def _case(row: asyncpg.Record) -> Case:
    values: dict[str, Any] = {**row, "responsible_worker_ids": tuple(row["responsible_worker_ids"])}
    return Case(**values)
