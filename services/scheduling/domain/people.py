"""Workers and those who act for them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar
from uuid import UUID

from services.scheduling.commands.units import ConfigureWorker, SetDeputy
from services.scheduling.domain.units import Team, require_team_of
from services.scheduling.events import DeputySet, WorkerConfigured
from shared.derived import subject_digest
from shared.errors import Conflict, Invalid

_Fact = TypeVar("_Fact", WorkerConfigured, DeputySet)


class DeputyOfOneself(Invalid):
    """Nobody is their own deputy; name somebody else."""


class WorkerHasLeft(Conflict):
    """This worker is no longer active; name somebody who is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """
    Somebody who works with families.

    `account` is the subject of their access token. The deputy acts on [`deputy_from_on`, `deputy_until_on`).
    """

    worker_id: UUID
    version: int
    unit_id: UUID
    team_id: UUID | None
    display_name: str
    account: str | None
    roles: tuple[str, ...]
    is_active: bool
    deputy_id: UUID | None = None
    deputy_from_on: date | None = None
    deputy_until_on: date | None = None

    @property
    def account_digest(self) -> UUID | None:
        """What stands for the account where nobody needs to know it."""
        return subject_digest(self.account) if self.account else None


def configure(
    worker: Worker | None, command: ConfigureWorker, *, worker_id: UUID, team: Team | None
) -> tuple[Worker, WorkerConfigured]:
    """
    Create a worker (*worker* is None) or replace what is known of them; their deputy stays.

    *team* is the one that the command names.

    Raises:
        TeamOfAnotherUnit: it belongs to another unit than the command names.
    """
    if team:
        require_team_of(command.unit_id, team)
    configured = Worker(
        worker_id=worker_id,
        version=worker.version + 1 if worker else 1,
        unit_id=command.unit_id,
        team_id=command.team_id,
        display_name=command.display_name,
        account=command.account,
        roles=tuple(sorted(set(command.roles))),
        is_active=command.is_active,
        deputy_id=worker.deputy_id if worker else None,
        deputy_from_on=worker.deputy_from_on if worker else None,
        deputy_until_on=worker.deputy_until_on if worker else None,
    )
    return configured, _tell(WorkerConfigured, configured)


def set_deputy(worker: Worker, command: SetDeputy, *, deputy: Worker | None) -> tuple[Worker, DeputySet]:
    """
    Let *deputy*, the one that the command names, act for the worker, or nobody.

    Raises:
        DeputyOfOneself: they are the same.
        WorkerHasLeft: the deputy is no longer active.
    """
    if deputy:
        if deputy.worker_id == worker.worker_id:
            raise DeputyOfOneself
        require_active([deputy])
    changed = replace(
        worker,
        version=worker.version + 1,
        deputy_id=deputy.worker_id if deputy else None,
        deputy_from_on=command.from_on,
        deputy_until_on=command.until_on,
    )
    return changed, _tell(DeputySet, changed)


def require_active(workers: Iterable[Worker]) -> None:
    """
    Accept workers who are active.

    Raises:
        WorkerHasLeft: one is not.
    """
    if not all(worker.is_active for worker in workers):
        raise WorkerHasLeft


def _tell(kind: type[_Fact], worker: Worker) -> _Fact:
    return kind(
        unit_id=worker.unit_id,
        version=worker.version,
        worker_id=worker.worker_id,
        account_digest=worker.account_digest,
        team_id=worker.team_id,
        roles=worker.roles,
        is_active=worker.is_active,
        deputy_id=worker.deputy_id,
        deputy_from_on=worker.deputy_from_on,
        deputy_until_on=worker.deputy_until_on,
    )
