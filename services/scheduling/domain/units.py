"""Units and their teams."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.scheduling.commands.units import ConfigureTeam, ConfigureUnit
from services.scheduling.domain.calendar import local_date
from services.scheduling.events import RuleVersion, TeamConfigured, UnitConfigured, WorkingHours
from shared.errors import Conflict


class RuleAlreadyInForce(Conflict):
    """Rules that hold today stay as they are, since promises were made by them; add one valid from a later day."""


class TeamOfAnotherUnit(Conflict):
    """The team belongs to another unit; choose a team of this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit: when it is open, and which rules its promises follow from which day on."""

    unit_id: UUID
    version: int
    name_fi: str
    name_sv: str
    name_en: str
    hours: tuple[WorkingHours, ...]
    closing_days: tuple[date, ...]
    holiday_policy: Literal["strict", "roll_forward_150_1930"]
    remote_counts: bool
    rule_versions: tuple[RuleVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A small team of a unit."""

    team_id: UUID
    version: int
    unit_id: UUID
    name: str


def configure(
    unit: Unit | None, command: ConfigureUnit, *, unit_id: UUID, now: datetime
) -> tuple[Unit, UnitConfigured]:
    """
    Create a unit (*unit* is None) or replace what is known of it.

    Raises:
        RuleAlreadyInForce: the command would change, remove or add a rule for today or for days gone by.
    """
    configured = Unit(
        unit_id=unit_id,
        version=unit.version + 1 if unit else 1,
        name_fi=command.name_fi,
        name_sv=command.name_sv,
        name_en=command.name_en,
        hours=tuple(
            WorkingHours(weekday=hours.weekday, opens=hours.opens, closes=hours.closes)
            for hours in sorted(command.hours, key=lambda hours: hours.weekday)
        ),
        closing_days=tuple(sorted(command.closing_days)),
        holiday_policy=command.holiday_policy,
        remote_counts=command.remote_counts,
        rule_versions=tuple(
            RuleVersion(
                valid_from=rule.valid_from, holiday_policy=rule.holiday_policy, remote_counts=rule.remote_counts
            )
            for rule in sorted(command.rule_versions, key=lambda rule: rule.valid_from)
        ),
    )
    today = local_date(now)
    if unit and _in_force(unit, today) != _in_force(configured, today):
        raise RuleAlreadyInForce
    return configured, UnitConfigured(
        unit_id=configured.unit_id,
        version=configured.version,
        name_fi=configured.name_fi,
        name_sv=configured.name_sv,
        name_en=configured.name_en,
        hours=configured.hours,
        closing_days=configured.closing_days,
        holiday_policy=configured.holiday_policy,
        remote_counts=configured.remote_counts,
        rule_versions=configured.rule_versions,
    )


def configure_team(team: Team | None, command: ConfigureTeam, *, team_id: UUID) -> tuple[Team, TeamConfigured]:
    """
    Create a team (*team* is None) or rename it.

    Raises:
        TeamOfAnotherUnit: the team exists in another unit; its cases would change unit with it, unseen.
    """
    if team:
        require_team_of(command.unit_id, team)
    configured = Team(
        team_id=team_id, version=team.version + 1 if team else 1, unit_id=command.unit_id, name=command.name
    )
    return configured, TeamConfigured(
        unit_id=configured.unit_id, version=configured.version, team_id=configured.team_id, name=configured.name
    )


def require_team_of(unit_id: UUID, team: Team) -> None:
    """
    Accept a team of the unit.

    Raises:
        TeamOfAnotherUnit: it is not one.
    """
    if team.unit_id != unit_id:
        raise TeamOfAnotherUnit


def _in_force(unit: Unit, today: date) -> tuple[object, ...]:
    return (
        unit.holiday_policy,
        unit.remote_counts,
        tuple(rule for rule in unit.rule_versions if rule.valid_from <= today),
    )
