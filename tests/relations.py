"""Who may ask a service that hears of workers from scheduling, and how they stand to the case that they ask about."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.events import DeputySet, WorkerConfigured
from shared.derived import derived_id, subject_digest
from shared.relations import Member

A_WORKER = {
    "worker_id": UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a01"),
    "version": 7,
    "unit_id": UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a02"),
    "team_id": UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a03"),
    "is_active": False,
    "account_digest": UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a04"),
    "deputy_id": UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a05"),
    "deputy_from_on": date(2032, 1, 12),
    "deputy_until_on": date(2032, 1, 14),
}
"""All that is told of somebody and decides what they see."""
THE_MEMBER = Member(
    member_id=UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a01"),
    version=7,
    branch_id=UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a02"),
    crew_id=UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a03"),
    is_active=False,
    account=UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a04"),
    stand_in_id=UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a05"),
    stand_in_from=date(2032, 1, 12),
    stand_in_until=date(2032, 1, 14),
)
"""The member that a service makes of them."""

CARE = "coordinator consulting_social_worker responsible_social_worker family_therapist"

Said = tuple[WorkerConfigured | DeputySet, datetime]
"""A fact, and when it was recorded."""


@dataclass(frozen=True)
class Somebody:
    """Who asks: what scheduling has said of them, in what roles, of which units by their token."""

    said: tuple[Said, ...] = ()
    roles: str = CARE
    units: tuple[UUID, ...] = ()


class People:
    """Those around a case of *unit* and *team* with one *responsible* worker, on a local day."""

    def __init__(self, *, unit: UUID, team: UUID, responsible: UUID, today: date, said_at: datetime) -> None:
        self._unit, self._team, self._responsible, self._today, self._said_at = unit, team, responsible, today, said_at
        self.other_team, self.other_unit, self.me = (
            derived_id(unit, name) for name in ("other team", "other unit", "me")
        )

    def worker(self, worker_id: UUID | None = None, *, version: int = 1, **different: Any) -> Said:
        """A worker as scheduling tells of them: me, of the other team, with the account `me`, unless told otherwise."""
        state: dict[str, Any] = {
            "worker_id": worker_id or self.me,
            "version": version,
            "unit_id": self._unit,
            "team_id": self.other_team,
            "account_digest": subject_digest("me"),
        }
        return WorkerConfigured.model_validate(
            WorkerConfigured.example().model_dump() | state | different
        ), self._said_at

    def deputy_set(self, first: int, last: int | None, *, version: int = 2) -> Said:
        """I am the deputy of the responsible worker, from and until so many days from today."""
        state: dict[str, Any] = {
            "worker_id": self._responsible,
            "version": version,
            "unit_id": self._unit,
            "account_digest": None,
            "deputy_id": self.me,
            "deputy_from_on": self._today + timedelta(days=first),
            "deputy_until_on": None if last is None else self._today + timedelta(days=last),
        }
        return self._told(DeputySet.example(), state)

    def somebody(self, *said: Said, roles: str = CARE) -> Somebody:
        """Somebody whose token names the unit."""
        return Somebody(said, roles, (self._unit,))

    @property
    def related(self) -> dict[str, Somebody]:
        """Those for whom the case is there, by the ground that the log names."""
        worker, deputy_set, somebody = self.worker, self.deputy_set, self.somebody
        elsewhere = worker(self._responsible, unit_id=self.other_unit)
        return {
            "crew": somebody(worker(team_id=self._team)),
            "in_charge": somebody(worker(self._responsible)),
            "in_charge elsewhere": Somebody((elsewhere,), units=(self.other_unit,)),
            "stand_in today": somebody(worker(), deputy_set(0, 1)),
            "stand_in open-ended": somebody(deputy_set(-7, None), worker()),
            "branch": somebody(worker(team_id=None)),
            "lead": somebody(roles=f"{CARE} team_lead"),
        }

    @property
    def unrelated(self) -> dict[str, Somebody]:
        """Those for whom it is not."""
        worker, deputy_set, somebody = self.worker, self.deputy_set, self.somebody
        everything = f"{CARE} team_lead quality_manager"
        return {
            "other team": somebody(worker()),
            "other unit": Somebody((worker(unit_id=self.other_unit),), units=(self.other_unit,)),
            "own team, but of no unit by the token": Somebody((worker(team_id=self._team),)),
            "deputy from tomorrow": somebody(worker(), deputy_set(1, 7)),
            "deputy until today": somebody(worker(), deputy_set(-7, 0)),
            "deputy no longer": somebody(worker(), deputy_set(-7, -1, version=3), deputy_set(0, 1)),
            "has left": somebody(worker(team_id=self._team, is_active=False)),
            "has left, was responsible and leads": somebody(
                worker(self._responsible, is_active=False), roles=everything
            ),
            "lead of another unit": Somebody(roles=everything, units=(self.other_unit,)),
            "nobody known": somebody(),
            "operator": somebody(worker(team_id=self._team, account_digest=None), roles=f"ops {CARE}"),
        }

    def _told(self, fact: WorkerConfigured | DeputySet, state: dict[str, Any]) -> Said:
        return type(fact).model_validate(fact.model_dump() | state), self._said_at
