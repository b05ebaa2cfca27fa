"""Cases, and the people of a family."""

from typing import Final
from uuid import UUID

from pydantic import TypeAdapter
from starlette.responses import Response

from services.scheduling import store
from services.scheduling.api.answers import Yours, on_record, page_by, tagged
from services.scheduling.commands.cases import CloseCase, FamilyMember, OpenCase, ReassignCase
from services.scheduling.domain.cases import Case
from services.scheduling.handlers import cases
from shared.http import Page, Paged, Reading, Tx, VersionRead, router

routes = router("/v1")

_CODE: Final = TypeAdapter(tuple[str])


@routes.post("/cases", status_code=201)
async def open_case(command: OpenCase, yours: Yours, tx: Tx, response: Response) -> Case:
    """Make a family a case."""
    case = await cases.open_case(command, tx=tx, yours=yours)
    return tagged(response, case, location=f"/v1/cases/{case.case_id}")


@routes.get("/cases/{case_id}")
async def show_case(case_id: UUID, yours: Yours, reading: Reading, response: Response) -> Case:
    """Return a case, without the people of the family."""
    return tagged(response, await store.load_case(reading, case_id, yours))


@routes.get("/cases/{case_id}/family")
async def show_family(case_id: UUID, yours: Yours, reading: Reading) -> list[FamilyMember]:
    """Return the people of the family and how to reach them."""
    await store.load_case(reading, case_id, yours)
    return await store.list_family(reading, case_id)


@routes.get("/cases")
async def list_cases(yours: Yours, reading: Reading, paging: Paged) -> Page[Case]:
    """Return the caller's cases, by code."""
    after = paging.after(_CODE)
    found = await store.list_cases(reading, yours, after=after[0] if after else None, limit=paging.fetch)
    return on_record(yours, page_by(paging, found, lambda case: case.code))


@routes.post("/cases/{case_id}/reassigned")
async def reassign_case(
    case_id: UUID, command: ReassignCase, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> Case:
    """Give a case to another unit, team or other workers."""
    return tagged(response, await cases.reassign_case(command, case_id, tx=tx, version=version, yours=yours))


@routes.post("/cases/{case_id}/closed")
async def close_case(
    case_id: UUID, command: CloseCase, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> Case:
    """Record that a case ended, and cancel or keep what lies ahead of it."""
    return tagged(response, await cases.close_case(command, case_id, tx=tx, version=version, yours=yours))


@routes.post("/cases/{case_id}/reopened")
async def reopen_case(case_id: UUID, version: VersionRead, yours: Yours, tx: Tx, response: Response) -> Case:
    """Record that a closed case goes on."""
    return tagged(response, await cases.reopen_case(case_id, tx=tx, version=version, yours=yours))
