"""
Who sees which case, in the words of the work; what follows from it is decided in one place, `shared.relations`.

A worker sees the cases of their team, those that they are responsible for wherever those are, and those of whom they
deputise for. Without a team, whoever is shared by all teams sees the whole unit. A team lead sees the unit's.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from services.scheduling.domain.calendar import local_date
from services.scheduling.domain.people import Worker
from shared.derived import subject_digest
from shared.relations import Member, Relations, Standing, relate

STANDING: Final = Standing(
    related=frozenset(
        {"coordinator", "consulting_social_worker", "responsible_social_worker", "family_therapist", "team_lead"}
    ),
    shared=frozenset({"coordinator", "consulting_social_worker", "family_therapist"}),
    leading=frozenset({"team_lead"}),
)


def relations(
    account: str, *, roles: Collection[str], units: frozenset[UUID], workers: Iterable[Worker], now: datetime
) -> Relations:
    """
    Return how whoever has *account* stands to cases.

    *roles* and *units* are those of their token, *workers* they themselves, if they are one, and those who named them
    as their deputy.
    """
    members, today = map(_member, workers), local_date(now)
    return relate(STANDING, subject_digest(account), roles=roles, belongs=units, members=members, today=today)


def _member(worker: Worker) -> Member:
    return Member(
        member_id=worker.worker_id,
        version=worker.version,
        branch_id=worker.unit_id,
        crew_id=worker.team_id,
        is_active=worker.is_active,
        account=worker.account_digest,
        stand_in_id=worker.deputy_id,
        stand_in_from=worker.deputy_from_on,
        stand_in_until=worker.deputy_until_on,
    )
