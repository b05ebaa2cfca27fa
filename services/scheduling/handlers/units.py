"""Changes to units, teams and workers."""

from uuid import UUID

from services.scheduling import store
from services.scheduling.commands.units import ConfigureTeam, ConfigureUnit, ConfigureWorker, SetDeputy
from services.scheduling.domain import people, units
from services.scheduling.domain.people import Worker
from services.scheduling.domain.units import Team, Unit
from shared import outbox
from shared.database import Transaction
from shared.errors import Forbidden
from shared.sight import Sight


class NotYourUnit(Forbidden):
    """You do not belong to this unit; ask somebody who does."""


async def configure_unit(command: ConfigureUnit, unit_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> Unit:
    """Create or change a unit."""
    require_yours(unit_id, yours)
    unit = await store.find_and_lock_unit(tx, unit_id)
    store.require_version(unit, version)
    unit, configured = units.configure(unit, command, unit_id=unit_id, now=tx.now)
    await store.save_unit(tx, unit)
    yours.changes(unit_id)
    await outbox.append(tx, configured)
    return unit


async def configure_team(command: ConfigureTeam, team_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> Team:
    """Create or rename a team."""
    require_yours(command.unit_id, yours)
    team = await store.find_and_lock_team(tx, team_id)
    store.require_version(team, version)
    team, configured = units.configure_team(team, command, team_id=team_id)
    await store.save_team(tx, team)
    yours.changes(team_id)
    await outbox.append(tx, configured)
    return team


async def configure_worker(
    command: ConfigureWorker, worker_id: UUID, *, tx: Transaction, version: int, yours: Sight
) -> Worker:
    """Create or change a worker; one who moves to another unit is moved by somebody who belongs to both."""
    require_yours(command.unit_id, yours)
    worker = await store.find_and_lock_worker(tx, worker_id)
    if worker:
        require_yours(worker.unit_id, yours)
    store.require_version(worker, version)
    team = await store.load_named_team(tx, command.team_id) if command.team_id else None
    worker, configured = people.configure(worker, command, worker_id=worker_id, team=team)
    await store.save_worker(tx, worker)
    yours.changes(worker_id)
    await outbox.append(tx, configured)
    return worker


async def set_deputy(command: SetDeputy, worker_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> Worker:
    """Let somebody act for a worker, or nobody any more."""
    worker = await store.lock_worker(tx, worker_id, yours.belongs, version=version)
    deputy = (await store.load_named_workers(tx, [command.deputy_id]))[0] if command.deputy_id else None
    worker, deputy_set = people.set_deputy(worker, command, deputy=deputy)
    await store.save_worker(tx, worker)
    yours.changes(worker_id)
    await outbox.append(tx, deputy_set)
    return worker


def require_yours(unit_id: UUID, yours: Sight) -> None:
    """
    Accept a unit that the caller belongs to.

    Raises:
        NotYourUnit: it is not one of those.
    """
    if unit_id not in yours.belongs:
        raise NotYourUnit
