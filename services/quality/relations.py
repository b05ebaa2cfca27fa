"""The rows that say who may see which case: what is heard of workers and of whose each case is, and what follows."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Final
from uuid import UUID

from services.quality.consumed import CASES, OfCase, WorkerStated
from services.quality.domain.calendar import local_date
from services.quality.domain.relations import STANDING, member_of
from shared import members
from shared.database import Connection, Transaction
from shared.records import Fact
from shared.relations import Relations, sql
from shared.sight import Sight

Source = Connection | Transaction


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose a case is now."""

    case_id: UUID
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: Sequence[UUID]


_WHOSE: Final = {field.name for field in fields(Whose)}

# Only the newest fact of a case says whose it is, and mostly it says nothing new: then no row is touched. A rebuild
# that hears of old hands again changes nothing.
_SAVE_CASES = """
    INSERT INTO case_relations
    SELECT heard.* FROM jsonb_populate_recordset(NULL::case_relations, $1) AS heard
    JOIN cases ON cases.case_id = heard.case_id AND cases.context_sequence = heard.sequence
    LEFT JOIN case_relations AS known ON known.case_id = heard.case_id
    WHERE known.case_id IS NULL OR (
        known.sequence < heard.sequence
        AND (known.unit_id, known.team_id, known.responsible_worker_ids)
            IS DISTINCT FROM (heard.unit_id, heard.team_id, heard.responsible_worker_ids)
    )
    ON CONFLICT (case_id) DO UPDATE
    SET sequence = excluded.sequence, unit_id = excluded.unit_id, team_id = excluded.team_id,
        responsible_worker_ids = excluded.responsible_worker_ids
"""

_FIND_CASE = "SELECT case_id, unit_id, team_id, responsible_worker_ids FROM case_relations WHERE case_id = $1"


def is_yours(first: int) -> str:
    """
    Return the condition that a row of `promises` is the caller's; its arguments are `parameters`, from `$first` on.

    The cases are found first, by an index each, so that two indexes can answer for the promises.
    """
    related = sql(branch="unit_id", crew="team_id", in_charge="responsible_worker_ids", first=first + 1)
    return (
        f"(promises.unit_id = ANY (${first}::uuid[])"
        f" OR promises.case_id = ANY (ARRAY(SELECT case_id FROM case_relations WHERE {related})))"
    )


def parameters(yours: Sight) -> tuple[frozenset[UUID], ...]:
    """Return the arguments of `is_yours`."""
    return yours.relations.overseen, *yours.relations.parameters


def sees(yours: Sight, whose: Whose, *, counts_for: UUID | None = None) -> bool:
    """Tell whether the caller sees a case, or something of it that counts for a unit, and note it."""
    return yours.admits(
        whose.case_id,
        branch=whose.unit_id,
        crew=whose.team_id,
        in_charge=whose.responsible_worker_ids,
        counts_for=counts_for,
    )


async def learn(tx: Transaction, facts: Sequence[Fact]) -> None:
    """Keep what *facts* say of workers, and of whose the cases are; the facts of the cases have been taken in."""
    await members.keep(tx, [member_of(fact.body) for fact in facts if isinstance(fact.body, WorkerStated)])
    heard = [
        {"sequence": fact.sequence, **fact.body.model_dump(mode="json", include=_WHOSE)}
        for fact in facts
        if isinstance(fact.body, OfCase) and fact.topic == CASES  # what a memo's fact says of its case is second-hand
    ]
    if heard:
        await tx.execute(_SAVE_CASES, json.dumps(heard))


async def load_relations(source: Source, account: str, *, roles: Collection[str], units: frozenset[UUID]) -> Relations:
    """Return how whoever has *account* stands to cases now; *roles* and *units* are those of their token."""
    return await members.load_relations(source, STANDING, account, roles=roles, belongs=units, day_of=local_date)


async def note_search(source: Source, case_id: UUID, yours: Sight) -> None:
    """Note that the caller looked for a case of which nothing was found, and whether it would have been theirs."""
    row = await source.fetchrow(_FIND_CASE, case_id)
    if row is None:
        yours.notes.refuse(case_id)
    else:
        sees(yours, Whose(*row))
