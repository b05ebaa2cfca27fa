"""The rows that say who may see which case: what is heard of workers and of whose each case is, and what follows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from services.quality.consumed import OfCase, WorkerStated
from services.quality.domain import relations
from shared.database import Connection, Transaction
from shared.derived import subject_digest
from shared.records import Fact
from shared.relations import Relations, sql
from shared.sight import Sight

Source = Connection | Transaction


class CaseRelation(BaseModel):
    """Whose a case is by a fact about it, which has this place in the case's stream."""

    case_id: UUID
    sequence: int
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: tuple[UUID, ...]


_WORKERS = TypeAdapter(Sequence[WorkerStated])
_CASES = TypeAdapter(Sequence[CaseRelation])

# The columns of the tables are the fields of the classes.
_SAVE_WORKERS = """
    INSERT INTO workers SELECT * FROM jsonb_populate_recordset(NULL::workers, $1)
    ON CONFLICT (worker_id) DO UPDATE
    SET version = excluded.version, unit_id = excluded.unit_id, team_id = excluded.team_id,
        is_active = excluded.is_active, account_digest = excluded.account_digest, deputy_id = excluded.deputy_id,
        deputy_from_on = excluded.deputy_from_on, deputy_until_on = excluded.deputy_until_on
    WHERE workers.version < excluded.version
"""
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

# The time comes with it, whether or not anybody is found.
_LOAD_RELATED = """
    SELECT clock.now, workers FROM (SELECT business_now() AS now) AS clock
    LEFT JOIN workers ON account_digest = $1
        OR deputy_id IN (SELECT worker_id FROM workers WHERE account_digest = $1)
"""
_FIND_CASE = "SELECT case_id, unit_id, team_id, responsible_worker_ids FROM case_relations WHERE case_id = $1"


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose a case is now."""

    case_id: UUID
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: Sequence[UUID]


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
    workers: dict[UUID, WorkerStated] = {}
    cases: dict[UUID, CaseRelation] = {}
    for fact in facts:
        match fact.body:
            case WorkerStated() as worker:
                known = workers.get(worker.worker_id)
                if known is None or known.version < worker.version:
                    workers[worker.worker_id] = worker
            case OfCase() as said:
                heard = CaseRelation(
                    case_id=said.case_id,
                    sequence=fact.sequence,
                    unit_id=said.unit_id,
                    team_id=said.team_id,
                    responsible_worker_ids=said.responsible_worker_ids,
                )
                cases[said.case_id] = max(heard, cases.get(said.case_id, heard), key=_sequence)
            case _:
                pass
    if workers:
        await tx.execute(_SAVE_WORKERS, _WORKERS.dump_json([workers[key] for key in sorted(workers)]).decode())
    if cases:
        await tx.execute(_SAVE_CASES, _CASES.dump_json([cases[key] for key in sorted(cases)]).decode())


async def load_relations(source: Source, account: str, *, roles: Collection[str], units: frozenset[UUID]) -> Relations:
    """Return how whoever has *account* stands to cases now; *roles* and *units* are those of their token."""
    digest = subject_digest(account)
    rows = await source.fetch(_LOAD_RELATED, digest)
    workers = [WorkerStated.model_validate(dict(row["workers"])) for row in rows if row["workers"] is not None]
    return relations.relations(digest, roles=roles, units=units, workers=workers, now=rows[0]["now"])


async def note_search(source: Source, case_id: UUID, yours: Sight) -> None:
    """Note that the caller looked for a case of which nothing was found, and whether it would have been theirs."""
    row = await source.fetchrow(_FIND_CASE, case_id)
    if row is None:
        yours.notes.refuse(case_id)
    else:
        sees(yours, Whose(*row))


def _sequence(heard: CaseRelation) -> int:
    return heard.sequence
