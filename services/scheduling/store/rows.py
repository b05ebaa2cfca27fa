"""How a value of the domain becomes a row: its fields are the columns, and its version is the guard."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import Field, fields
from typing import Any, ClassVar, Protocol
from uuid import UUID

import asyncpg

from shared.database import Connection, Transaction
from shared.errors import Conflict, Invalid, Stale, Transient

Source = Connection | Transaction
"""Where to read from: a transaction, or the read-only connection of a request that changes nothing."""

Units = frozenset[UUID]
"""The units that the caller belongs to."""


class AccountTaken(Conflict):
    """Another worker has this account; take it from them first."""


class NamedUnitUnknown(Invalid):
    """There is no unit with this `unit_id`; create it first."""


class CodeTaken(Transient):
    """Two cases drew the same code at the same moment; the next draw differs."""


_BROKEN_RULES: Mapping[str, type[Exception]] = {
    "one_worker_per_account": AccountTaken,
    "one_case_per_code": CodeTaken,
    "a_team_has_a_unit": NamedUnitUnknown,
    "a_worker_has_a_unit": NamedUnitUnknown,
    "meetings_held_in_unit_id_fkey": NamedUnitUnknown,
}


class Row(Protocol):
    """A dataclass of the domain whose changes are counted."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def version(self) -> int:
        """Counts the changes, from 1."""
        ...


def upsert(table: str, kind: type, *, key: str) -> str:
    """
    Return the statement that saves a value of *kind* into *table*: new at version 1, else over the version before.

    It changes no row when that version is not there, which `save` takes for somebody having been faster.
    """
    columns = [field.name for field in fields(kind)]
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns if column != key)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) "
        f"ON CONFLICT ({key}) DO UPDATE SET {changes} WHERE {table}.version = excluded.version - 1"
    )


async def save(tx: Transaction, statement: str, row: Row, **encoded: object) -> None:
    """
    Run the `upsert` of the row's kind; *encoded* are columns that Postgres takes in another form.

    Raises:
        Stale: somebody changed or created it meanwhile.
        AccountTaken, NamedUnitUnknown, CodeTaken: a constraint says so.
    """
    values = [encoded.get(field.name, getattr(row, field.name)) for field in fields(row)]
    with told_by_the_rule():
        status = await tx.execute(statement, *values)
    if status != "INSERT 0 1":
        raise Stale


def upsert_all(table: str, kind: type, *, key: str, rows: str) -> str:
    """
    Return the statement that saves many values of *kind*, new or known by *key*, out of the JSON in parameter *rows*.

    For rows that the caller has locked: nobody can have been faster, so no version is compared.
    """
    names = [field.name for field in fields(kind)]
    columns = ", ".join(names)
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key.split(", "))
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, {rows}) "
        f"ON CONFLICT ({key}) DO UPDATE SET {changes}"
    )


@contextmanager
def told_by_the_rule() -> Generator[None]:
    """Turn the violation of a constraint that says a rule into the refusal that goes with it."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as violation:
        rule = _BROKEN_RULES.get(violation.constraint_name or "")
        if rule is None:
            raise
        raise rule from violation


def require_version(row: Row | None, version: int) -> None:
    """
    Accept the version that the caller read; 0 stands for "there was none".

    Raises:
        Stale: it is another one by now.
    """
    if version != (row.version if row else 0):
        raise Stale
