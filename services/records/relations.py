"""The rows that say who may see which case: what is heard of workers, and the condition that follows."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from pydantic import TypeAdapter

from services.records.consumed import WorkerStated
from services.records.domain import relations
from shared.database import Connection, Transaction
from shared.derived import subject_digest
from shared.records import Fact
from shared.relations import Relations, sql
from shared.sight import Sight

Source = Connection | Transaction
"""Where to read from: a transaction, or the read-only connection of a request that changes nothing."""

_WORKERS = TypeAdapter(Sequence[WorkerStated])

# The columns of the table are the fields of the class.
_SAVE_WORKERS = """
    INSERT INTO workers SELECT * FROM jsonb_populate_recordset(NULL::workers, $1)
    ON CONFLICT (worker_id) DO UPDATE
    SET version = excluded.version, unit_id = excluded.unit_id, team_id = excluded.team_id,
        is_active = excluded.is_active, account_digest = excluded.account_digest, deputy_id = excluded.deputy_id,
        deputy_from_on = excluded.deputy_from_on, deputy_until_on = excluded.deputy_until_on
    WHERE workers.version < excluded.version
"""

# The time comes with it, whether or not anybody is found.
_LOAD_RELATED = """
    SELECT clock.now, workers FROM (SELECT business_now() AS now) AS clock
    LEFT JOIN workers ON account_digest = $1
        OR deputy_id IN (SELECT worker_id FROM workers WHERE account_digest = $1)
"""


class OfCase(Protocol):
    """What says whose case it is of."""

    @property
    def case_id(self) -> UUID:
        """The case."""
        ...

    @property
    def unit_id(self) -> UUID:
        """The unit that has it now."""
        ...

    @property
    def team_id(self) -> UUID:
        """The team that has it now."""
        ...

    @property
    def responsible_worker_ids(self) -> Sequence[UUID]:
        """Who answers for it now."""
        ...


def is_yours(first: int) -> str:
    """Return the condition that a row of `cases` is the caller's; its arguments are `parameters`, from `$first` on."""
    return sql(branch="cases.unit_id", crew="cases.team_id", in_charge="cases.responsible_worker_ids", first=first)


def sees(yours: Sight, of_case: OfCase) -> bool:
    """Tell whether the caller sees a case, and note it."""
    return yours.admits(
        of_case.case_id, branch=of_case.unit_id, crew=of_case.team_id, in_charge=of_case.responsible_worker_ids
    )


async def learn(tx: Transaction, facts: Sequence[Fact]) -> None:
    """Keep what *facts* say of workers."""
    workers: dict[UUID, WorkerStated] = {}
    for fact in facts:
        if isinstance(fact.body, WorkerStated):
            known = workers.get(fact.body.worker_id)
            if known is None or known.version < fact.body.version:
                workers[fact.body.worker_id] = fact.body
    if workers:
        await tx.execute(_SAVE_WORKERS, _WORKERS.dump_json([workers[key] for key in sorted(workers)]).decode())


async def load_relations(source: Source, account: str, *, roles: Collection[str], units: frozenset[UUID]) -> Relations:
    """Return how whoever has *account* stands to cases now; *roles* and *units* are those of their token."""
    digest = subject_digest(account)
    rows = await source.fetch(_LOAD_RELATED, digest)
    workers = [WorkerStated.model_validate(dict(row["workers"])) for row in rows if row["workers"] is not None]
    return relations.relations(digest, roles=roles, units=units, workers=workers, now=rows[0]["now"])
