"""Facts about units and what belongs to them: teams, workers and their deputies. No person's name is among them."""

from datetime import date, time
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events import Event

EXAMPLE_UNIT_ID = UUID("0d6f5a52-8a3c-4f5e-8d13-2f4b9c7e1a01")
EXAMPLE_TEAM_ID = UUID("9c2e4b70-1d5f-4a86-b3e9-7f1c0a6d5b02")
EXAMPLE_WORKER_ID = UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a03")
EXAMPLE_ACCOUNT_DIGEST = UUID("2f9c7b1e-5d40-5a8e-b6c3-0e1d9f8a7c04")


class WorkingHours(BaseModel):
    """One weekday's hours, local time (Europe/Helsinki). Weekdays are ISO: 1 is Monday. A day not named is free."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekday: int
    opens: time
    closes: time


class RuleVersion(BaseModel):
    """The parameters of the promise for anchors on or after `valid_from`, until the next version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    valid_from: date
    holiday_policy: Literal["strict", "roll_forward_150_1930"]
    remote_counts: bool


class UnitStream(Event, topic="heijastin.scheduling.units.v1", abstract=True):
    """A fact that belongs to a unit. Key: the unit."""

    unit_id: UUID
    version: int

    def stream_key(self) -> str:
        """Order is kept per unit."""
        return str(self.unit_id)

    def subject_version(self) -> int:
        """Return the row version of the subject."""
        return self.version


class UnitConfigured(UnitStream):
    """
    Emitted when a unit is created or changed.

    Key: the unit. Needed by quality: working hours and free days time the warnings, rules decide due dates. The rule of
    a date is the latest of `rule_versions` valid on it, or the unit's own two values when none is that old.
    """

    name_fi: str
    name_sv: str
    name_en: str
    hours: tuple[WorkingHours, ...]
    closing_days: tuple[date, ...]
    holiday_policy: Literal["strict", "roll_forward_150_1930"]
    remote_counts: bool
    rule_versions: tuple[RuleVersion, ...]

    def subject(self) -> str:
        """Return the unit."""
        return f"unit/{self.unit_id}"

    @classmethod
    def example(cls) -> Self:
        """Return a unit that closes for the holidays and lets remote follow-ups count from the new year."""
        return cls(
            unit_id=EXAMPLE_UNIT_ID,
            version=1,
            name_fi="Esimerkkilän avopalvelut",
            name_sv="Exempelby öppenvård",
            name_en="Exampleville open care",
            hours=tuple(WorkingHours(weekday=day, opens=time(8), closes=time(16)) for day in range(1, 6)),
            closing_days=(date(2026, 12, 24), date(2026, 12, 25)),
            holiday_policy="strict",
            remote_counts=False,
            rule_versions=(RuleVersion(valid_from=date(2027, 1, 1), holiday_policy="strict", remote_counts=True),),
        )


class TeamConfigured(UnitStream):
    """
    Emitted when a small team is created or changed.

    Key: the unit. Needed by readers that show teams by name.
    """

    team_id: UUID
    name: str

    def subject(self) -> str:
        """Return the team."""
        return f"team/{self.team_id}"

    @classmethod
    def example(cls) -> Self:
        """Return a team."""
        return cls(unit_id=EXAMPLE_UNIT_ID, version=1, team_id=EXAMPLE_TEAM_ID, name="Tiimi 1")


class WorkerFact(UnitStream, abstract=True):
    """
    The public state of a worker: no name. A deputy acts in [`deputy_from_on`, `deputy_until_on`); None is open.

    `account_digest` stands for the subject of the worker's access token (`shared.derived.subject_digest`).
    """

    worker_id: UUID
    account_digest: UUID | None
    team_id: UUID | None
    roles: tuple[str, ...]
    is_active: bool
    deputy_id: UUID | None
    deputy_from_on: date | None
    deputy_until_on: date | None

    def subject(self) -> str:
        """Return the worker."""
        return f"worker/{self.worker_id}"


class WorkerConfigured(WorkerFact):
    """
    Emitted when a worker joins, changes account, team or roles, or leaves.

    Key: the unit. Needed by readers that put duties before people, or have to know whose case somebody may see.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a responsible social worker without a deputy."""
        return cls(
            unit_id=EXAMPLE_UNIT_ID,
            version=1,
            worker_id=EXAMPLE_WORKER_ID,
            account_digest=EXAMPLE_ACCOUNT_DIGEST,
            team_id=EXAMPLE_TEAM_ID,
            roles=("responsible_social_worker",),
            is_active=True,
            deputy_id=None,
            deputy_from_on=None,
            deputy_until_on=None,
        )


class DeputySet(WorkerFact):
    """
    Emitted when somebody is to act for a worker for a time, or no longer.

    Key: the unit. Needed by readers that put duties before people: the duty of an absent worker is the deputy's.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a worker away for a fortnight."""
        return cls(
            unit_id=EXAMPLE_UNIT_ID,
            version=2,
            worker_id=EXAMPLE_WORKER_ID,
            account_digest=EXAMPLE_ACCOUNT_DIGEST,
            team_id=EXAMPLE_TEAM_ID,
            roles=("responsible_social_worker",),
            is_active=True,
            deputy_id=UUID("c8d4b6a2-9e1f-4735-8b0c-1f6e5d3a7c06"),
            deputy_from_on=date(2026, 12, 7),
            deputy_until_on=date(2026, 12, 21),
        )
