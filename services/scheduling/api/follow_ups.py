"""Follow-ups."""

from uuid import UUID

from starlette.responses import Response

from services.scheduling import store
from services.scheduling.api.answers import Yours, after_id, page_by, tagged
from services.scheduling.commands.follow_ups import (
    CorrectFollowUp,
    HoldFollowUp,
    RecordFollowUp,
    RescheduleFollowUp,
    ScheduleFollowUp,
)
from services.scheduling.domain.follow_ups import FollowUp
from services.scheduling.handlers import follow_ups
from shared.http import Page, Paged, Reading, Tx, VersionRead, router

routes = router("/v1")


@routes.post("/cases/{case_id}/follow-ups", status_code=201)
async def schedule_follow_up(
    case_id: UUID, command: ScheduleFollowUp, yours: Yours, tx: Tx, response: Response
) -> FollowUp:
    """Book a follow-up for a case."""
    follow_up = await follow_ups.schedule_follow_up(command, case_id, tx=tx, yours=yours)
    return tagged(response, follow_up, location=f"/v1/follow-ups/{follow_up.follow_up_id}")


@routes.post("/cases/{case_id}/follow-ups/held", status_code=201)
async def record_follow_up(
    case_id: UUID, command: RecordFollowUp, yours: Yours, tx: Tx, response: Response
) -> FollowUp:
    """Record a follow-up that took place without having been booked."""
    follow_up = await follow_ups.record_follow_up(command, case_id, tx=tx, yours=yours)
    return tagged(response, follow_up, location=f"/v1/follow-ups/{follow_up.follow_up_id}")


@routes.get("/cases/{case_id}/follow-ups")
async def list_follow_ups(case_id: UUID, yours: Yours, reading: Reading, paging: Paged) -> Page[FollowUp]:
    """Return the follow-ups of a case."""
    await store.load_case(reading, case_id, yours)
    found = await store.list_follow_ups(reading, case_id, after=after_id(paging), limit=paging.fetch)
    return page_by(paging, found, lambda follow_up: follow_up.follow_up_id)


@routes.get("/follow-ups/{follow_up_id}")
async def show_follow_up(follow_up_id: UUID, yours: Yours, reading: Reading, response: Response) -> FollowUp:
    """Return a follow-up."""
    return tagged(response, await store.load_follow_up(reading, follow_up_id, yours))


@routes.post("/follow-ups/{follow_up_id}/rescheduled")
async def reschedule_follow_up(
    follow_up_id: UUID, command: RescheduleFollowUp, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> FollowUp:
    """Give a booked follow-up another time."""
    return tagged(
        response, await follow_ups.reschedule_follow_up(command, follow_up_id, tx=tx, version=version, yours=yours)
    )


@routes.post("/follow-ups/{follow_up_id}/cancelled")
async def cancel_follow_up(
    follow_up_id: UUID, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> FollowUp:
    """Say that a booked follow-up will not be held."""
    return tagged(response, await follow_ups.cancel_follow_up(follow_up_id, tx=tx, version=version, yours=yours))


@routes.post("/follow-ups/{follow_up_id}/held")
async def hold_follow_up(
    follow_up_id: UUID, command: HoldFollowUp, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> FollowUp:
    """Record that a booked follow-up took place, with whom and how."""
    return tagged(response, await follow_ups.hold_follow_up(command, follow_up_id, tx=tx, version=version, yours=yours))


@routes.post("/follow-ups/{follow_up_id}/corrected")
async def correct_follow_up(
    follow_up_id: UUID, command: CorrectFollowUp, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> FollowUp:
    """Replace the record of a follow-up."""
    return tagged(
        response, await follow_ups.correct_follow_up(command, follow_up_id, tx=tx, version=version, yours=yours)
    )


@routes.post("/follow-ups/{follow_up_id}/retracted")
async def retract_follow_up(
    follow_up_id: UUID, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> FollowUp:
    """Say that a follow-up recorded as held was not held."""
    return tagged(response, await follow_ups.retract_follow_up(follow_up_id, tx=tx, version=version, yours=yours))
