"""How a caller stands to cases, and the one condition by which every query of cases asks for it."""

from collections.abc import Collection

from services.scheduling.domain import relations
from services.scheduling.domain.board import Item
from services.scheduling.domain.cases import Case
from services.scheduling.store.rows import Source, Units
from services.scheduling.store.units import worker_of
from shared.relations import Relations, sql
from shared.sight import Sight

# The time comes with it, whether or not anybody is found.
_LOAD_RELATED = """
    SELECT clock.now, workers FROM (SELECT business_now() AS now) AS clock
    LEFT JOIN workers ON account = $1 OR deputy_id = (SELECT worker_id FROM workers WHERE account = $1)
"""


OfCase = Case | Item
"""What says whose case it is of."""


def is_yours(first: int) -> str:
    """Return the condition that a row of `cases` is the caller's; its arguments are `parameters`, from `$first` on."""
    return sql(branch="cases.unit_id", crew="cases.team_id", in_charge="cases.responsible_worker_ids", first=first)


def sees(yours: Sight, of_case: OfCase) -> bool:
    """Tell whether the caller sees a case, and note it."""
    return yours.admits(
        of_case.case_id, branch=of_case.unit_id, crew=of_case.team_id, in_charge=of_case.responsible_worker_ids
    )


async def load_relations(source: Source, account: str, *, roles: Collection[str], units: Units) -> Relations:
    """Return how whoever has *account* stands to cases now; *roles* and *units* are those of their token."""
    rows = await source.fetch(_LOAD_RELATED, account)
    workers = [worker_of(row["workers"]) for row in rows if row["workers"] is not None]
    return relations.relations(account, roles=roles, units=units, workers=workers, now=rows[0]["now"])
