"""Heijastin meetings, practice included."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter
from starlette.responses import Response

from services.scheduling import store
from services.scheduling.api.answers import Yours, page_by, tagged
from services.scheduling.commands.meetings import (
    ConfirmMeeting,
    CorrectMeeting,
    DeferMeeting,
    HoldMeeting,
    RescheduleMeeting,
    ScheduleMeeting,
)
from services.scheduling.domain.meetings import Meeting
from services.scheduling.handlers import meetings
from shared.http import Page, Paged, Reading, Tx, VersionRead, Who, router

routes = router("/v1")

_PLACE: Final = TypeAdapter(tuple[datetime, UUID])


@routes.post("/cases/{case_id}/meetings", status_code=201)
async def schedule_meeting(
    case_id: UUID, command: ScheduleMeeting, yours: Yours, tx: Tx, response: Response
) -> Meeting:
    """Give a case a Heijastin, or a practice meeting."""
    meeting = await meetings.schedule_meeting(command, case_id, tx=tx, yours=yours)
    return tagged(response, meeting, location=f"/v1/meetings/{meeting.meeting_id}")


@routes.get("/cases/{case_id}/meetings")
async def list_meetings(case_id: UUID, yours: Yours, reading: Reading, paging: Paged) -> Page[Meeting]:
    """Return the meetings of a case, by planned time."""
    await store.load_case(reading, case_id, yours)
    found = await store.list_meetings(reading, case_id, after=paging.after(_PLACE), limit=paging.fetch)
    return page_by(paging, found, lambda meeting: meeting.planned_from, lambda meeting: meeting.meeting_id)


@routes.get("/meetings/{meeting_id}")
async def show_meeting(meeting_id: UUID, yours: Yours, reading: Reading, response: Response) -> Meeting:
    """Return a meeting."""
    return tagged(response, await store.load_meeting(reading, meeting_id, yours))


@routes.post("/meetings/{meeting_id}/rescheduled")
async def reschedule_meeting(
    meeting_id: UUID, command: RescheduleMeeting, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> Meeting:
    """Give a meeting another time; a deferred one is taken up again."""
    return tagged(response, await meetings.reschedule_meeting(command, meeting_id, tx=tx, version=version, yours=yours))


@routes.post("/meetings/{meeting_id}/cancelled")
async def cancel_meeting(meeting_id: UUID, version: VersionRead, yours: Yours, tx: Tx, response: Response) -> Meeting:
    """Say that a meeting will not be held."""
    return tagged(response, await meetings.cancel_meeting(meeting_id, tx=tx, version=version, yours=yours))


@routes.post("/meetings/{meeting_id}/deferred")
async def defer_meeting(
    meeting_id: UUID, command: DeferMeeting, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> Meeting:
    """Put a meeting off until a day of review."""
    return tagged(response, await meetings.defer_meeting(command, meeting_id, tx=tx, version=version, yours=yours))


@routes.post("/meetings/{meeting_id}/confirmed")
async def confirm_meeting(
    meeting_id: UUID, command: ConfirmMeeting, version: VersionRead, who: Who, yours: Yours, tx: Tx, response: Response
) -> Meeting:
    """Say that a meeting is prepared; a Heijastin only once the previous memo was gone through, or with a reason."""
    meeting = await meetings.confirm_meeting(command, meeting_id, tx=tx, version=version, yours=yours, by=who.subject)
    return tagged(response, meeting)


@routes.post("/meetings/{meeting_id}/held")
async def hold_meeting(
    meeting_id: UUID, command: HoldMeeting, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> Meeting:
    """Record that a meeting took place, and what its close settled."""
    return tagged(response, await meetings.hold_meeting(command, meeting_id, tx=tx, version=version, yours=yours))


@routes.post("/meetings/{meeting_id}/corrected")
async def correct_meeting(
    meeting_id: UUID, command: CorrectMeeting, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> Meeting:
    """Replace the record of a meeting."""
    return tagged(response, await meetings.correct_meeting(command, meeting_id, tx=tx, version=version, yours=yours))


@routes.post("/meetings/{meeting_id}/retracted")
async def retract_meeting(meeting_id: UUID, version: VersionRead, yours: Yours, tx: Tx, response: Response) -> Meeting:
    """Say that a meeting recorded as held was not held."""
    return tagged(response, await meetings.retract_meeting(meeting_id, tx=tx, version=version, yours=yours))
