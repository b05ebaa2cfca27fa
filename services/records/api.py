"""What people and programs can ask of records, and who may."""

from datetime import date
from functools import partial
from typing import Annotated, Final, TypeVar
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response

from services.records import handlers, relations, store
from services.records.commands import AgreeReview, AmendMemo, RecordMemo, RecordReview
from services.records.events import Awaited
from services.records.store import Kept
from shared.http import (
    OnRecord,
    Opened,
    Page,
    Paged,
    Reading,
    Rules,
    Tx,
    VersionRead,
    Who,
    allow,
    create_app,
    etag,
    router,
)
from shared.relations import Relations
from shared.sight import Sight

routes = router("/v1")

_CARE = ("coordinator", "consulting_social_worker", "responsible_social_worker", "family_therapist", "team_lead")
_reads = allow(*_CARE)
# The consulting social worker alone records a Heijastin.
_records = allow("consulting_social_worker")

RULES: Final[Rules] = {
    "GET /v1/awaited": _reads,
    "GET /v1/cases/{case_id}/memos": _reads,
    "GET /v1/memos/{meeting_id}": _reads,
    "POST /v1/memos/{meeting_id}/recorded": _records,
    "POST /v1/memos/{meeting_id}/amended": _records,
    "POST /v1/memos/{meeting_id}/review-agreed": allow(
        "coordinator", "consulting_social_worker", "responsible_social_worker"
    ),
    "POST /v1/memos/{meeting_id}/reviewed": allow(
        "consulting_social_worker", "responsible_social_worker", "family_therapist"
    ),
}
"""One line per route: who may. A route that is missing here keeps the service from starting."""

_ID: Final = TypeAdapter(tuple[UUID])
_PLACE: Final = TypeAdapter(tuple[date, UUID])


class AwaitedMemo(BaseModel):
    """What is awaited of a memo, and in whose hands its case is now."""

    meeting_id: UUID
    awaits: Awaited | None
    held_on: date | None
    review_on: date | None
    case_id: UUID
    case_code: str
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: tuple[UUID, ...]


class MemoShown(AwaitedMemo):
    """A memo as it is now: see the events for what the fields mean; `reference` is in no event."""

    version: int
    meeting_held: bool
    expected: bool
    reference: str | None
    recorded_on: date | None
    review_due_on: date | None
    reviewed_on: date | None
    family_present: bool
    child_present: bool
    worker_present: bool
    views_differ: bool | None


_Shown = TypeVar("_Shown", bound=AwaitedMemo)


async def _relations(who: Who, opened: Opened) -> Relations:
    units = who.belongs.get("unit", frozenset())
    return await relations.load_relations(opened, who.subject, roles=who.roles, units=units)


async def _yours(related: Annotated[Relations, Depends(_relations)], notes: OnRecord) -> Sight:
    return Sight.begin(related, notes)


Yours = Annotated[Sight, Depends(_yours)]
"""What the caller may see; what they see of it is noted, and so each route that asks for this is on record."""


@routes.get("/awaited")
async def list_awaited(
    yours: Yours, reading: Reading, paging: Paged, team_id: UUID | None = None, worker_id: UUID | None = None
) -> Page[AwaitedMemo]:
    """Return the memos to be recorded, to be agreed on or to be gone through, the oldest Heijastin first."""
    found = await store.list_awaited(
        reading, yours, team_id=team_id, worker_id=worker_id, after=paging.after(_PLACE), limit=paging.fetch
    )
    page = paging.page(found, key=lambda kept: (kept[0].held_on, kept[0].meeting_id), show=_awaited)
    return _on_record(yours, page)


@routes.get("/cases/{case_id}/memos")
async def list_memos(case_id: UUID, yours: Yours, reading: Reading, paging: Paged) -> Page[MemoShown]:
    """Return the memos of a case."""
    after = paging.after(_ID)
    found = await store.list_of_case(reading, case_id, yours, after=after[0] if after else None, limit=paging.fetch)
    if not found:
        await store.note_search(reading, case_id, yours)
    return _on_record(yours, paging.page(found, key=lambda kept: (kept[0].meeting_id,), show=_shown))


@routes.get("/memos/{meeting_id}")
async def show_memo(meeting_id: UUID, yours: Yours, reading: Reading, response: Response) -> MemoShown:
    """Return the memo of a Heijastin."""
    memo, case = await store.load_memo(reading, meeting_id, yours)
    return _tagged(response, (memo, case))


@routes.post("/memos/{meeting_id}/recorded")
async def record_memo(
    meeting_id: UUID, command: RecordMemo, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> MemoShown:
    """Say that the memo was recorded in the client information system."""
    return _tagged(response, await handlers.record_memo(command, meeting_id, tx=tx, version=version, yours=yours))


@routes.post("/memos/{meeting_id}/amended")
async def amend_memo(
    meeting_id: UUID, command: AmendMemo, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> MemoShown:
    """Replace what was said of the recorded memo."""
    return _tagged(response, await handlers.amend_memo(command, meeting_id, tx=tx, version=version, yours=yours))


@routes.post("/memos/{meeting_id}/review-agreed")
async def agree_review(
    meeting_id: UUID, command: AgreeReview, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> MemoShown:
    """Say when the memo will be gone through with the family."""
    return _tagged(response, await handlers.agree_review(command, meeting_id, tx=tx, version=version, yours=yours))


@routes.post("/memos/{meeting_id}/reviewed")
async def record_review(
    meeting_id: UUID, command: RecordReview, version: VersionRead, yours: Yours, tx: Tx, response: Response
) -> MemoShown:
    """Say that the memo was gone through with the family."""
    return _tagged(response, await handlers.record_review(command, meeting_id, tx=tx, version=version, yours=yours))


app = partial(create_app, title="Heijastin records", routers=(routes,), rules=RULES)
"""The application; without trust and database it can only be described."""


def _on_record(yours: Sight, page: Page[_Shown]) -> Page[_Shown]:
    for each in page.items:
        relations.sees(yours, each)
    return page


def _tagged(response: Response, kept: Kept) -> MemoShown:
    memo, case = kept
    response.headers["etag"] = etag(memo.version, beside=case.context_sequence)
    return _shown(kept)


def _awaited(kept: Kept) -> AwaitedMemo:
    memo, case = kept
    return AwaitedMemo(
        meeting_id=memo.meeting_id,
        awaits=memo.awaits,
        held_on=memo.held_on,
        review_on=memo.review_on,
        case_id=case.case_id,
        case_code=case.code,
        unit_id=case.unit_id,
        team_id=case.team_id,
        responsible_worker_ids=case.responsible_worker_ids,
    )


def _shown(kept: Kept) -> MemoShown:
    memo, _ = kept
    return MemoShown(
        **_awaited(kept).model_dump(),
        version=memo.version,
        meeting_held=memo.meeting_held,
        expected=memo.expected,
        reference=memo.reference,
        recorded_on=memo.recorded_on,
        review_due_on=memo.review_due_on,
        reviewed_on=memo.reviewed_on,
        family_present=memo.family_present,
        child_present=memo.child_present,
        worker_present=memo.worker_present,
        views_differ=memo.views_differ,
    )
