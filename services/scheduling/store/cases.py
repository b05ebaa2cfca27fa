"""Cases, and the people of a family with how to reach them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.scheduling.commands.cases import FamilyMember
from services.scheduling.domain.cases import Case
from services.scheduling.store.rows import Source, Units, require_version, save, upsert
from shared.database import Transaction
from shared.errors import NotFound, Transient


class UnknownCase(NotFound):
    """There is no such case in your units."""


class NoFreeCode(Transient):
    """All the codes that were drawn are taken; draw again."""


_SAVE_CASE = upsert("cases", Case, key="case_id")


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


async def lock_case(tx: Transaction, case_id: UUID, units: Units, *, version: int | None = None) -> Case:
    """
    Return a case, locked for a change to it or to anything of it; *version* is the one that the caller read.

    Raises:
        UnknownCase: there is none in the caller's units.
        Stale: it is another version by now.
    """
    row = await tx.fetchrow("SELECT * FROM cases WHERE case_id = $1 AND unit_id = ANY ($2) FOR UPDATE", case_id, units)
    if row is None:
        raise UnknownCase
    case = case_of(row)
    if version is not None:
        require_version(case, version)
    return case


async def load_case(source: Source, case_id: UUID, units: Units) -> Case:
    """
    Return a case.

    Raises:
        UnknownCase: there is none in the caller's units.
    """
    row = await source.fetchrow("SELECT * FROM cases WHERE case_id = $1 AND unit_id = ANY ($2)", case_id, units)
    if row is None:
        raise UnknownCase
    return case_of(row)


async def list_cases(source: Source, units: Units, *, after: str | None, limit: int) -> list[Case]:
    """Return cases in the order of their codes, from the one after *after*."""
    rows = await source.fetch(
        "SELECT * FROM cases WHERE unit_id = ANY ($1) AND ($2::text IS NULL OR code > $2) ORDER BY code LIMIT $3",
        units,
        after,
        limit,
    )
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
