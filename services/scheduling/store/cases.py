"""Cases, and the people of a family with how to reach them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.scheduling.commands.cases import FamilyMember
from services.scheduling.domain.cases import Case
from services.scheduling.store.relations import is_yours, sees
from services.scheduling.store.rows import Source, require_version, save, upsert
from shared.database import Transaction
from shared.errors import NotFound, Transient
from shared.sight import Sight


class UnknownCase(NotFound):
    """There is no such case, or it is not yours to see."""


class NoFreeCode(Transient):
    """All the codes that were drawn are taken; draw again."""


_SAVE_CASE = upsert("cases", Case, key="case_id")
_FIND_CASE = f"SELECT * FROM cases WHERE case_id = $1 AND {is_yours(2)}"
_LIST_CASES = f"""
    SELECT * FROM cases WHERE ($1::text IS NULL OR code > $1) AND {is_yours(3)} ORDER BY code LIMIT $2
"""


async def find_free_codes(source: Source, drawn: Sequence[str], *, count: int) -> list[str]:
    """
    Return so many of the codes that no case has.

    Raises:
        NoFreeCode: too many are taken.
    """
    rows = await source.fetch(
        "SELECT code FROM unnest($1::text[]) AS drawn (code) EXCEPT SELECT code FROM cases LIMIT $2", drawn, count
    )
    if len(rows) < count:
        raise NoFreeCode
    return [row["code"] for row in rows]


async def lock_case(tx: Transaction, case_id: UUID, yours: Sight, *, version: int | None = None) -> Case:
    """
    Return a case, locked for a change to it or to anything of it; *version* is the one that the caller read.

    Raises:
        UnknownCase: there is none that the caller may see.
        Stale: it is another version by now.
    """
    case = await find_and_lock_case(tx, case_id, yours)
    if case is None:
        raise UnknownCase
    if version is not None:
        require_version(case, version)
    return case


async def load_case(source: Source, case_id: UUID, yours: Sight) -> Case:
    """
    Return a case.

    Raises:
        UnknownCase: there is none that the caller may see.
    """
    case = await find_case(source, case_id, yours)
    if case is None:
        raise UnknownCase
    return case


async def find_and_lock_case(tx: Transaction, case_id: UUID, yours: Sight) -> Case | None:
    """Return a case, locked, if the caller may see it; either way it is noted."""
    return _seen(await tx.fetchrow(f"{_FIND_CASE} FOR UPDATE", case_id, *yours.relations.parameters), case_id, yours)


async def find_case(source: Source, case_id: UUID, yours: Sight) -> Case | None:
    """Return a case if the caller may see it; either way it is noted."""
    return _seen(await source.fetchrow(_FIND_CASE, case_id, *yours.relations.parameters), case_id, yours)


def _seen(row: asyncpg.Record | None, case_id: UUID, yours: Sight) -> Case | None:
    if row is None:
        yours.notes.refuse(case_id)
        return None
    case = case_of(row)
    return case if sees(yours, case) else None


async def list_cases(source: Source, yours: Sight, *, after: str | None, limit: int) -> list[Case]:
    """Return the caller's cases in the order of their codes, from the one after *after*."""
    rows = await source.fetch(_LIST_CASES, after, limit, *yours.relations.parameters)
    return [case_of(row) for row in rows]


async def save_case(tx: Transaction, case: Case) -> None:
    """
    Save a case.

    Raises:
        CodeTaken: another case took its code at the same moment.
    """
    await save(tx, _SAVE_CASE, case)


async def save_family(tx: Transaction, case_id: UUID, family: Sequence[FamilyMember]) -> None:
    """Keep the people of a new case, in the order given."""
    await tx.executemany(
        "INSERT INTO family_members (case_id, place, display_name, channel, address) VALUES ($1, $2, $3, $4, $5)",
        [
            (case_id, place, member.display_name, member.channel, member.address)
            for place, member in enumerate(family, start=1)
        ],
    )


async def list_family(source: Source, case_id: UUID) -> list[FamilyMember]:
    """Return the people of a case; the caller has loaded the case and so may see it."""
    rows = await source.fetch(
        "SELECT display_name, channel, address FROM family_members WHERE case_id = $1 ORDER BY place", case_id
    )
    return [FamilyMember.model_validate(dict(row)) for row in rows]


def case_of(row: asyncpg.Record) -> Case:
    """Return the case that a whole row of `cases` holds."""
    values: dict[str, Any] = {**row, "responsible_worker_ids": tuple(row["responsible_worker_ids"])}
    return Case(**values)
