"""
Who sees which memo, in the words of the work; what follows from it is decided in one place, `shared.relations`.

A worker sees the memos of the cases of their team, of those that they are responsible for wherever those are, and of
those of whom they deputise for; without a team, whoever is shared by all teams sees the whole unit's, and so does a
team lead.
"""

from typing import Final

from services.records.consumed import WorkerStated
from shared.relations import Member, Standing

STANDING: Final = Standing(
    related=frozenset(
        {"coordinator", "consulting_social_worker", "responsible_social_worker", "family_therapist", "team_lead"}
    ),
    shared=frozenset({"coordinator", "consulting_social_worker", "family_therapist"}),
    leading=frozenset({"team_lead"}),
)


def member_of(worker: WorkerStated) -> Member:
    """Return what `shared.relations` needs to know of a worker."""
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
