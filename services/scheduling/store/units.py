"""Units, teams and workers."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from services.scheduling.domain.people import Worker
from services.scheduling.domain.units import Team, Unit
from services.scheduling.events import RuleVersion, WorkingHours
from services.scheduling.store.rows import Source, Units, require_version, save, upsert
from shared.database import Transaction
from shared.errors import Invalid, NotFound


class UnknownUnit(NotFound):
    """There is no such unit among yours."""


class UnknownTeam(NotFound):
    """There is no such team in your units."""


class UnknownWorker(NotFound):
    """There is no such worker in your units."""


class NamedTeamUnknown(Invalid):
    """There is no team with this `team_id`; create it first."""


class NamedWorkerUnknown(Invalid):
    """There is no worker with one of these ids; create them first."""


_HOURS = TypeAdapter(tuple[WorkingHours, ...])
_RULES = TypeAdapter(tuple[RuleVersion, ...])

_SAVE_UNIT = upsert("units", Unit, key="unit_id")
_SAVE_TEAM = upsert("teams", Team, key="team_id")
_SAVE_WORKER = upsert("workers", Worker, key="worker_id")


async def load_unit(source: Source, unit_id: UUID, units: Units) -> Unit:
    """
    Return a unit.

    Raises:
        UnknownUnit: there is none among the caller's.
    """
    row = await source.fetchrow("SELECT * FROM units WHERE unit_id = $1 AND unit_id = ANY ($2)", unit_id, units)
    if row is None:
        raise UnknownUnit
    return _unit(row)


async def find_and_lock_unit(tx: Transaction, unit_id: UUID) -> Unit | None:
    """Return the unit, locked for change; None where it is to be created."""
    row = await tx.fetchrow("SELECT * FROM units WHERE unit_id = $1 FOR UPDATE", unit_id)
    return _unit(row) if row else None


async def list_units(source: Source, units: Units, *, after: UUID | None, limit: int) -> list[Unit]:
    """Return units in the order of their ids, from the one after *after*."""
    rows = await source.fetch(
        "SELECT * FROM units WHERE unit_id = ANY ($1) AND ($2::uuid IS NULL OR unit_id > $2) ORDER BY unit_id LIMIT $3",
        units,
        after,
        limit,
    )
    return [_unit(row) for row in rows]


async def save_unit(tx: Transaction, unit: Unit) -> None:
    """
    Save a unit.

    Raises:
        Stale: somebody changed or created it meanwhile.
    """
    await save(
        tx,
        _SAVE_UNIT,
        unit,
        hours=_HOURS.dump_json(unit.hours).decode(),
        rule_versions=_RULES.dump_json(unit.rule_versions).decode(),
    )


async def load_team(source: Source, team_id: UUID, units: Units) -> Team:
    """
    Return a team.

    Raises:
        UnknownTeam: there is none in the caller's units.
    """
    row = await source.fetchrow("SELECT * FROM teams WHERE team_id = $1 AND unit_id = ANY ($2)", team_id, units)
    if row is None:
        raise UnknownTeam
    return Team(**row)


async def load_named_team(source: Source, team_id: UUID) -> Team:
    """
    Return the team that a command names, whoever asks.

    Raises:
        NamedTeamUnknown: there is none.
    """
    row = await source.fetchrow("SELECT * FROM teams WHERE team_id = $1", team_id)
    if row is None:
        raise NamedTeamUnknown
    return Team(**row)


async def list_named_teams(source: Source, team_ids: Collection[UUID]) -> list[Team]:
    """Return those of the teams that exist, whoever asks."""
    return [Team(**row) for row in await source.fetch("SELECT * FROM teams WHERE team_id = ANY ($1)", team_ids)]


async def find_and_lock_team(tx: Transaction, team_id: UUID) -> Team | None:
    """Return the team, locked for change; None where it is to be created."""
    row = await tx.fetchrow("SELECT * FROM teams WHERE team_id = $1 FOR UPDATE", team_id)
    return Team(**row) if row else None


async def list_teams(source: Source, units: Units, *, after: UUID | None, limit: int) -> list[Team]:
    """Return teams in the order of their ids, from the one after *after*."""
    rows = await source.fetch(
        "SELECT * FROM teams WHERE unit_id = ANY ($1) AND ($2::uuid IS NULL OR team_id > $2) ORDER BY team_id LIMIT $3",
        units,
        after,
        limit,
    )
    return [Team(**row) for row in rows]


async def save_team(tx: Transaction, team: Team) -> None:
    """
    Save a team.

    Raises:
        Stale: somebody changed or created it meanwhile.
        NamedUnitUnknown: its unit does not exist.
    """
    await save(tx, _SAVE_TEAM, team)


async def load_worker(source: Source, worker_id: UUID, units: Units) -> Worker:
    """
    Return a worker.

    Raises:
        UnknownWorker: there is none in the caller's units.
    """
    row = await source.fetchrow("SELECT * FROM workers WHERE worker_id = $1 AND unit_id = ANY ($2)", worker_id, units)
    if row is None:
        raise UnknownWorker
    return worker_of(row)


async def lock_worker(tx: Transaction, worker_id: UUID, units: Units, *, version: int) -> Worker:
    """
    Return a worker of the *version* that the caller read, locked for change.

    Raises:
        UnknownWorker: there is none in the caller's units.
        Stale: it is another version by now.
    """
    worker = await find_and_lock_worker(tx, worker_id)
    if worker is None or worker.unit_id not in units:
        raise UnknownWorker
    require_version(worker, version)
    return worker


async def load_named_workers(source: Source, worker_ids: Collection[UUID]) -> list[Worker]:
    """
    Return the workers that a command names, whoever asks.

    Raises:
        NamedWorkerUnknown: one of them does not exist.
    """
    rows = await source.fetch("SELECT * FROM workers WHERE worker_id = ANY ($1)", worker_ids)
    if len(rows) != len(set(worker_ids)):
        raise NamedWorkerUnknown
    return [worker_of(row) for row in rows]


async def list_workers_of(source: Source, team_ids: Collection[UUID], *, besides: Collection[UUID]) -> list[Worker]:
    """Return the workers of teams, and others by their ids, whoever asks."""
    rows = await source.fetch(
        "SELECT * FROM workers WHERE team_id = ANY ($1) OR worker_id = ANY ($2) ORDER BY worker_id", team_ids, besides
    )
    return [worker_of(row) for row in rows]


async def find_and_lock_worker(tx: Transaction, worker_id: UUID) -> Worker | None:
    """Return the worker, locked for change; None where they are to be created."""
    row = await tx.fetchrow("SELECT * FROM workers WHERE worker_id = $1 FOR UPDATE", worker_id)
    return worker_of(row) if row else None


async def list_workers(source: Source, units: Units, *, after: UUID | None, limit: int) -> list[Worker]:
    """Return workers in the order of their ids, from the one after *after*."""
    rows = await source.fetch(
        "SELECT * FROM workers WHERE unit_id = ANY ($1) AND ($2::uuid IS NULL OR worker_id > $2) "
        "ORDER BY worker_id LIMIT $3",
        units,
        after,
        limit,
    )
    return [worker_of(row) for row in rows]


async def save_worker(tx: Transaction, worker: Worker) -> None:
    """
    Save a worker.

    Raises:
        Stale: somebody changed or created them meanwhile.
        NamedUnitUnknown: their unit does not exist.
        AccountTaken: somebody else has their account.
    """
    await save(tx, _SAVE_WORKER, worker)


def _unit(row: asyncpg.Record) -> Unit:
    values: dict[str, Any] = {
        **row,
        "hours": _HOURS.validate_json(row["hours"]),
        "closing_days": tuple(row["closing_days"]),
        "rule_versions": _RULES.validate_json(row["rule_versions"]),
    }
    return Unit(**values)


def worker_of(row: asyncpg.Record) -> Worker:
    """Return the worker that a whole row of `workers` holds."""
    values: dict[str, Any] = {**row, "roles": tuple(row["roles"])}
    return Worker(**values)
