"""The rows that say who may see which case: what is heard of workers, and the condition that follows."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from services.records.consumed import WorkerStated
from services.records.domain.calendar import local_date
from services.records.domain.relations import STANDING, member_of
from shared import members
from shared.database import Connection, Transaction
from shared.records import Fact
from shared.relations import Relations, sql
from shared.sight import Sight

Source = Connection | Transaction
"""Where to read from: a transaction, or the read-only connection of a request that changes nothing."""


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
    await members.keep(tx, [member_of(fact.body) for fact in facts if isinstance(fact.body, WorkerStated)])


async def load_relations(source: Source, account: str, *, roles: Collection[str], units: frozenset[UUID]) -> Relations:
    """Return how whoever has *account* stands to cases now; *roles* and *units* are those of their token."""
    return await members.load_relations(source, STANDING, account, roles=roles, belongs=units, day_of=local_date)
