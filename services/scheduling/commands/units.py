"""What can be asked about a unit and what belongs to it."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StrictInt, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.scheduling.commands.fields import HolidayPolicy, Name
from shared.fields import Command, Day, TimeOfDay, YesNo

WorkerRole = Literal[
    "coordinator", "consulting_social_worker", "responsible_social_worker", "family_therapist", "team_lead"
]


class Hours(Command):
    """One weekday's working hours, local time: [`opens`, `closes`). Weekdays are ISO: 1 is Monday."""

    weekday: Annotated[StrictInt, Field(ge=1, le=7)]
    opens: TimeOfDay
    closes: TimeOfDay

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Self:
        if self.closes <= self.opens:
            raise PydanticCustomError("hours", "closes must be later than opens on the same day")
        return self


class Rule(Command):
    """The promise's parameters for Heijastin meetings held on or after `valid_from`."""

    valid_from: Day
    holiday_policy: HolidayPolicy
    remote_counts: YesNo


class ConfigureUnit(Command):
    """
    Create a unit, or replace what is known of it.

    The two values beside `rule_versions` hold before the first of them. A weekday without hours is a free day.
    """

    name_fi: Name
    name_sv: Name
    name_en: Name
    hours: Annotated[tuple[Hours, ...], Field(max_length=7)]
    closing_days: Annotated[tuple[Day, ...], Field(max_length=400)] = ()
    holiday_policy: HolidayPolicy = "strict"
    remote_counts: YesNo = False
    rule_versions: Annotated[tuple[Rule, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _opens_at_all_and_says_nothing_twice(self) -> Self:
        if not self.hours:  # not as a bound of the field: one wrong item would then count as none as well
            raise PydanticCustomError("hours", "Give the hours of at least one weekday")
        _require_once("hours", "weekday", (hours.weekday for hours in self.hours))
        _require_once("closing_days", "day", self.closing_days)
        _require_once("rule_versions", "valid_from", (rule.valid_from for rule in self.rule_versions))
        return self


class ConfigureTeam(Command):
    """Create a team of a unit, or rename it."""

    unit_id: UUID
    name: Name


class ConfigureWorker(Command):
    """
    Create a worker, or replace what is known of them.

    `account` is the subject of the worker's access token; it connects a signed-in person with this worker. A worker who
    has left stays, with `is_active` false.
    """

    unit_id: UUID
    team_id: UUID | None = None
    display_name: Name
    account: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    roles: Annotated[tuple[WorkerRole, ...], Field(min_length=1, max_length=5)]
    is_active: YesNo = True


class SetDeputy(Command):
    """Let another worker act for this one on [`from_on`, `until_on`), or open-ended; no `deputy_id` ends it."""

    deputy_id: UUID | None
    from_on: Day | None = None
    until_on: Day | None = None

    @model_validator(mode="after")
    def _has_days_that_fit(self) -> Self:
        if self.deputy_id is None:
            if self.from_on or self.until_on:
                raise PydanticCustomError("deputy", "Without a deputy_id there can be no from_on and no until_on")
        elif self.from_on is None:
            raise PydanticCustomError("deputy", "Give from_on, the first day on which the deputy acts")
        elif self.until_on and self.until_on <= self.from_on:
            raise PydanticCustomError("deputy", "until_on must be later than from_on: it is the first day without")
        return self


def _require_once(field: str, part: str, values: Iterable[object]) -> None:
    repeated = [str(value) for value, times in Counter(values).items() if times > 1]
    if repeated:
        raise PydanticCustomError(
            "repeated",
            "{field} names the {part} {values} twice",
            {"field": field, "part": part, "values": ", ".join(repeated)},
        )
