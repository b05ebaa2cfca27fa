"""Cases taken over from another system, many at once, each in a transaction of its own."""

from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, TypeAdapter

from services.scheduling import store
from services.scheduling.api.answers import Yours
from services.scheduling.commands.imports import ImportCases, Source
from services.scheduling.domain.imports import CaseHeldBack, Kind, Outcome, Problem
from services.scheduling.events import CaseOpened
from services.scheduling.handlers import imports
from shared.errors import Refusal
from shared.failpoints import failpoint
from shared.fields import Day
from shared.http import Page, Paged, Reading, Transactions, router

routes = router("/v1")

_PLACE: Final = TypeAdapter(tuple[UUID, UUID])


class ImportProblem(BaseModel):
    """What is wrong with the case, or the row at `place` of its meetings or follow-ups; the message says what to do."""

    kind: Kind
    place: int | None
    field: str | None
    reason: str
    message: str


class CaseTaken(BaseModel):
    """What came of one case: how many facts were told, or why nothing was."""

    outcome: Literal["opened", "changed", "unchanged", "held_back"]
    facts: int = 0
    problems: list[ImportProblem] = []


class CasesTaken(BaseModel):
    """What came of each case, in the order of the request; all that was told was recorded by `recorded_until`."""

    recorded_until: datetime
    cases: list[CaseTaken]


class ImportedRow(BaseModel):
    """A row that the source has as held, what it and its case are called there, and the local day it began."""

    kind: Kind
    reference: str
    case_reference: str
    began_on: date


@routes.post("/imports")
async def import_cases(command: ImportCases, yours: Yours, begin: Transactions) -> CasesTaken:
    """Take over cases; each stands or falls alone, so whoever got no answer sends the same again."""
    if command.dry_run:
        yours.notes.does = "read"
    taken: list[CaseTaken] = []
    recorded: list[datetime] = []
    async with begin() as tx:
        prepared = await imports.prepare(tx, command.cases)
    for case, code in zip(command.cases, prepared.codes, strict=True):
        try:
            async with begin() as tx:
                recorded.append(tx.now)
                outcome = await imports.import_case(
                    case,
                    source=command.source,
                    prepared=prepared,
                    code=code,
                    tx=tx,
                    yours=yours,
                    dry_run=command.dry_run,
                )
                recorded.append(tx.recorded_at or tx.now)
        except CaseHeldBack as held_back:
            taken.append(_held_back(*held_back.problems))
        except Refusal as refusal:
            taken.append(_held_back(Problem("case", None, None, refusal)))
        else:
            taken.append(_taken(outcome))
            failpoint("case_imported")
    return CasesTaken(recorded_until=max(recorded), cases=taken)


@routes.get("/imports")
async def list_imported(
    yours: Yours,
    reading: Reading,
    paging: Paged,
    source: Source,
    began_from: Annotated[Day, Query(alias="from", description="The first day.")],
    began_until: Annotated[Day, Query(alias="until", description="The day after the last.")],
) -> Page[ImportedRow]:
    """Return what a source has as held, of cases in the caller's units, in no order that tells anything."""
    found = await store.list_imported(
        reading,
        yours.relations.led,
        source,
        began_from=began_from,
        began_until=began_until,
        after=paging.after(_PLACE),
        limit=paging.fetch,
    )

    def show(row: store.ImportedRow) -> ImportedRow:
        store.is_shown(row, yours)
        return ImportedRow.model_validate(row, from_attributes=True)

    return paging.page(found, key=lambda row: (row.case_id, row.id), show=show)


def _taken(outcome: Outcome) -> CaseTaken:
    if not outcome.facts:
        return CaseTaken(outcome="unchanged")
    is_new = isinstance(outcome.facts[0], CaseOpened)
    return CaseTaken(outcome="opened" if is_new else "changed", facts=len(outcome.facts))


def _held_back(*problems: Problem) -> CaseTaken:
    return CaseTaken(
        outcome="held_back",
        problems=[
            ImportProblem(
                kind=problem.kind,
                place=problem.place,
                field=problem.field,
                reason=problem.refusal.slug(),
                message=str(problem.refusal),
            )
            for problem in problems
        ],
    )
