"""
Who sees which memo, in the words of the work; what follows from it is decided in one place, `shared.relations`.

A worker sees the memos of the cases of their team, of those that they are responsible for wherever those are, and of
those of whom they deputise for; without a team, whoever is shared by all teams sees the whole unit's, and so does a
team lead.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from services.records.consumed import WorkerStated
from services.records.domain.calendar import local_date
from shared.relations import Member, Relations, Standing, relate

STANDING: Final = Standing(
    related=frozenset(
        {"coordinator", "consulting_social_worker", "responsible_social_worker", "family_therapist", "team_lead"}
    ),
    shared=frozenset({"coordinator", "consulting_social_worker", "family_therapist"}),
    leading=frozenset({"team_lead"}),
)


def relations(
    account_digest: UUID,
    *,
    roles: Collection[str],
    units: frozenset[UUID],
    workers: Iterable[WorkerStated],
    now: datetime,
) -> Relations:
    """
    Return how whoever's account has this digest stands to cases.

    *roles* and *units* are those of their token, *workers* they themselves, if they are one, and those who named them
    as their deputy.
    """
    themselves: list[Member] = []
    absent: list[Member] = []
    for worker in workers:
        (themselves if worker.account_digest == account_digest else absent).append(_member(worker))
    return relate(STANDING, roles=roles, belongs=units, members=themselves, absent=absent, today=local_date(now))


def _member(worker: WorkerStated) -> Member:
    return Member(
        member_id=worker.worker_id,
        branch_id=worker.unit_id,
        crew_id=worker.team_id,
        is_active=worker.is_active,
        stand_in_id=worker.deputy_id,
        stand_in_from=worker.deputy_from_on,
        stand_in_until=worker.deputy_until_on,
    )
