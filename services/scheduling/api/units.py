"""Units, teams and workers. To create one, choose its id and send `If-Match: "0"`: there is no version before."""

from uuid import UUID

from starlette.responses import Response

from services.scheduling import store
from services.scheduling.api.answers import Yours, YourUnits, after_id, page_by, tagged
from services.scheduling.commands.units import ConfigureTeam, ConfigureUnit, ConfigureWorker, SetDeputy
from services.scheduling.domain.people import Worker
from services.scheduling.domain.units import Team, Unit
from services.scheduling.handlers import units
from shared.http import Page, Paged, Reading, Tx, VersionRead, router

routes = router("/v1")


@routes.put("/units/{unit_id}")
async def configure_unit(
    unit_id: UUID, command: ConfigureUnit, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> Unit:
    """Create or change a unit."""
    return tagged(response, await units.configure_unit(command, unit_id, tx=tx, version=version, yours=yours))


@routes.get("/units/{unit_id}")
async def show_unit(unit_id: UUID, yours: YourUnits, reading: Reading, response: Response) -> Unit:
    """Return a unit."""
    return tagged(response, await store.load_unit(reading, unit_id, yours))


@routes.get("/units")
async def list_units(yours: YourUnits, reading: Reading, paging: Paged) -> Page[Unit]:
    """Return the caller's units."""
    found = await store.list_units(reading, yours, after=after_id(paging), limit=paging.fetch)
    return page_by(paging, found, lambda unit: unit.unit_id)


@routes.put("/teams/{team_id}")
async def configure_team(
    team_id: UUID, command: ConfigureTeam, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> Team:
    """Create or rename a team."""
    return tagged(response, await units.configure_team(command, team_id, tx=tx, version=version, yours=yours))


@routes.get("/teams/{team_id}")
async def show_team(team_id: UUID, yours: YourUnits, reading: Reading, response: Response) -> Team:
    """Return a team."""
    return tagged(response, await store.load_team(reading, team_id, yours))


@routes.get("/teams")
async def list_teams(yours: YourUnits, reading: Reading, paging: Paged) -> Page[Team]:
    """Return the teams of the caller's units."""
    found = await store.list_teams(reading, yours, after=after_id(paging), limit=paging.fetch)
    return page_by(paging, found, lambda team: team.team_id)


@routes.put("/workers/{worker_id}")
async def configure_worker(
    worker_id: UUID, command: ConfigureWorker, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> Worker:
    """Create or change a worker."""
    return tagged(response, await units.configure_worker(command, worker_id, tx=tx, version=version, yours=yours))


@routes.put("/workers/{worker_id}/deputy")
async def set_deputy(
    worker_id: UUID, command: SetDeputy, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> Worker:
    """Let somebody act for a worker, or nobody any more."""
    return tagged(response, await units.set_deputy(command, worker_id, tx=tx, version=version, yours=yours))


@routes.get("/workers/{worker_id}")
async def show_worker(worker_id: UUID, yours: YourUnits, reading: Reading, response: Response) -> Worker:
    """Return a worker."""
    return tagged(response, await store.load_worker(reading, worker_id, yours))


@routes.get("/workers")
async def list_workers(yours: YourUnits, reading: Reading, paging: Paged) -> Page[Worker]:
    """Return the workers of the caller's units."""
    found = await store.list_workers(reading, yours, after=after_id(paging), limit=paging.fetch)
    return page_by(paging, found, lambda worker: worker.worker_id)
