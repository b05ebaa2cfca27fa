"""What people and programs can ask of quality, and who may. Everything is told as of the gate."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, TypeAdapter

from services.quality import handlers, relations, store
from services.quality.domain.figures import Figures
from services.quality.domain.policies import POLICIES, Policy
from services.quality.events import DeviationState, PromiseStatus
from services.quality.store import PromiseState, Said
from shared.errors import Invalid
from shared.fields import Day, Instant
from shared.http import OnRecord, Opened, Page, Paged, Reading, Rules, Who, allow, create_app, router
from shared.relations import Relations
from shared.sight import Sight

routes = router("/v1")

_CARE = ("coordinator", "consulting_social_worker", "responsible_social_worker", "family_therapist", "team_lead")
_reads = allow(*_CARE, "quality_manager")

RULES: Final[Rules] = {
    "GET /v1/promises": _reads,
    "GET /v1/promises/{promise_id}": _reads,
    "GET /v1/promises/{promise_id}/history": _reads,
    "GET /v1/deviations": allow("team_lead", "quality_manager"),
    "GET /v1/warnings": _reads,
    "GET /v1/figures": allow("team_lead", "quality_manager"),
    "GET /v1/as-of": allow(*_CARE, "quality_manager", "ops"),
}
"""One line per route: who may. A route that is missing here keeps the service from starting."""

PolicyName = Literal["met_within_a_month", "memo_recorded_in_three_days", "memo_reviewed_as_agreed"]
"""Which promise is asked about; the month's unless another is named."""

_MONTH: Final[PolicyName] = "met_within_a_month"
_POLICIES: Final[Mapping[str, Policy]] = {policy.name: policy for policy in POLICIES}
_PLACE: Final = TypeAdapter(tuple[date, UUID])


class NotHeardYet(Invalid):
    """Not everything that was recorded before `as_of` has been heard; ask for an earlier instant."""


class Monthly(BaseModel):
    """The figures of one unit and due month (its first day); `strict_rate` is 0 to 1, null when nothing was due."""

    unit_id: UUID
    month: date
    imported: bool
    due: int
    kept: int
    kept_recorded_late: int
    kept_late: int
    lapsed: int
    ended_with_case: int
    ended_recorded_late: int
    undetermined: int
    strict_rate: float | None


class Report(BaseModel):
    """Figures of a policy by the facts recorded before `as_of`; null while its gate is shut: then there are none."""

    policy: PolicyName
    as_of: datetime | None
    figures: list[Monthly]


class AsOf(BaseModel):
    """
    Everything recorded before `as_of` has been heard; null: not known yet.

    `to_judge` cases wait to be judged by it: while there are any, what was said of them may be older.
    """

    as_of: datetime | None
    to_judge: int


async def _relations(who: Who, opened: Opened) -> Relations:
    units = who.belongs.get("unit", frozenset())
    return await relations.load_relations(opened, who.subject, roles=who.roles, units=units)


_Relations = Annotated[Relations, Depends(_relations)]


async def _yours(related: _Relations, notes: OnRecord) -> Sight:
    return Sight.begin(related, notes)


async def _your_figures(related: _Relations) -> frozenset[UUID]:
    return related.overseen


Yours = Annotated[Sight, Depends(_yours)]
"""What the caller may see; what they see of it is noted, and so each route that asks for this is on record."""

YourFigures = Annotated[frozenset[UUID], Depends(_your_figures)]
"""The units that the caller oversees, whose figures tell of no case: a route that asks for no more is not on record."""


@routes.get("/promises")
async def list_promises(
    yours: Yours,
    reading: Reading,
    paging: Paged,
    case_id: UUID | None = None,
    unit_id: UUID | None = None,
    status: PromiseStatus | None = None,
    policy: PolicyName = _MONTH,
) -> Page[PromiseState]:
    """Return the promises of one policy by due day."""
    sought = store.Sought(policy=policy, unit_id=unit_id, case_id=case_id, status=status)
    page = await _page(yours, reading, paging, sought)
    if case_id is not None and not page.items:
        await relations.note_search(reading, case_id, yours)
    return page


@routes.get("/deviations")
async def list_deviations(
    yours: Yours,
    reading: Reading,
    paging: Paged,
    unit_id: UUID | None = None,
    state: Literal["open", "withdrawn"] | None = None,
    *,
    imported: bool = False,
    policy: PolicyName = _MONTH,
) -> Page[PromiseState]:
    """Return promises with a deviation, in force or withdrawn, by due day; of imports only if they are asked for."""
    states: tuple[DeviationState, ...] = (state,) if state else ("open", "withdrawn")
    sought = store.Sought(policy=policy, unit_id=unit_id, deviation_states=states, imported=imported)
    return await _page(yours, reading, paging, sought)


@routes.get("/warnings")
async def list_warnings(
    yours: Yours, reading: Reading, paging: Paged, unit_id: UUID | None = None, policy: PolicyName = _MONTH
) -> Page[PromiseState]:
    """Return promises for which a warning speaks, by due day."""
    return await _page(yours, reading, paging, store.Sought(policy=policy, unit_id=unit_id, is_warned=True))


@routes.get("/promises/{promise_id}")
async def show_promise(promise_id: UUID, yours: Yours, reading: Reading) -> PromiseState:
    """Return a promise."""
    return await store.load_promise(reading, promise_id, yours)


@routes.get("/promises/{promise_id}/history")
async def show_history(promise_id: UUID, yours: Yours, reading: Reading) -> list[Said]:
    """Return all that was ever published of a promise, in order."""
    promise = await store.load_promise(reading, promise_id, yours)
    return await store.list_said(reading, promise)


@routes.get("/figures")
async def show_figures(
    yours: YourFigures,
    reading: Reading,
    due_from: Annotated[Day, Query(alias="from", description="The first due day.")],
    due_until: Annotated[Day, Query(alias="until", description="The day after the last due day.")],
    unit_id: UUID | None = None,
    as_of: Annotated[
        Instant | None, Query(description="By what had been recorded before this instant; else until now.")
    ] = None,
    policy: PolicyName = _MONTH,
) -> Report:
    """Return how the promise of one policy was kept, by unit and month of the due day."""
    asked = _POLICIES[policy]
    heard_until = (await handlers.gates_passed(reading))[asked.needs]
    if as_of is not None and (heard_until is None or as_of > heard_until):
        raise NotHeardYet
    if heard_until is None:
        return Report(policy=policy, as_of=None, figures=[])
    found = await handlers.count(
        reading,
        _within(yours, unit_id),
        asked,
        due_from=due_from,
        due_until=due_until,
        as_of=as_of,
        heard_until=heard_until,
    )
    return Report(policy=policy, as_of=as_of or heard_until, figures=[_monthly(each) for each in found])


@routes.get("/as-of")
async def show_as_of(reading: Reading, policy: PolicyName = _MONTH) -> AsOf:
    """Return until when everything has been heard that bears on one policy, and how many cases wait to be judged."""
    passed = await handlers.gates_passed(reading)
    return AsOf(as_of=passed[_POLICIES[policy].needs], to_judge=await store.count_due(reading, before=passed))


app = partial(create_app, title="Heijastin quality", routers=(routes,), rules=RULES)
"""The application; without trust and database it can only be described."""


async def _page(yours: Sight, reading: Reading, paging: Paged, sought: store.Sought) -> Page[PromiseState]:
    found = await store.list_promises(reading, yours, sought, after=paging.after(_PLACE), limit=paging.fetch)

    def show(each: store.Shown) -> PromiseState:
        store.is_shown(each, yours)
        return each.state

    return paging.page(found, key=lambda each: (each.state.due_on, each.state.promise_id), show=show)


def _within(yours: frozenset[UUID], unit_id: UUID | None) -> frozenset[UUID]:
    return yours if unit_id is None else yours & {unit_id}


def _monthly(figures: Figures) -> Monthly:
    return Monthly(
        unit_id=figures.unit_id,
        month=figures.month,
        imported=figures.imported,
        due=figures.due,
        kept=figures.kept,
        kept_recorded_late=figures.kept_recorded_late,
        kept_late=figures.kept_late,
        lapsed=figures.lapsed,
        ended_with_case=figures.ended_with_case,
        ended_recorded_late=figures.ended_recorded_late,
        undetermined=figures.undetermined,
        strict_rate=figures.strict_rate,
    )
