"""The values that scheduling's commands share, beside those that every service's are made of (`shared.fields`)."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StrictInt, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from shared.fields import Command, Instant

LONGEST_MEETING = timedelta(hours=48)  # one that spans two midnights; anything longer is a slip of the date

# One address, bare. What else stands between commas, brackets or quotes, mail programs take for other recipients.
MAIL_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=^`{|}~-]+@[\w-]+(\.[\w-]+)*")

ChildrenCount = Annotated[StrictInt, Field(ge=1, le=30)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80)]

Mode = Literal["in_person", "remote"]
HolidayPolicy = Literal["strict", "roll_forward_150_1930"]


def _require_period(name: str, start: datetime, end: datetime) -> None:
    if end <= start:
        raise PydanticCustomError("period", "{name}_until must be later than {name}_from", {"name": name})
    if end - start > LONGEST_MEETING:
        raise PydanticCustomError(
            "period",
            "{name}_from and {name}_until are more than {hours} hours apart; check the days",
            {"name": name, "hours": LONGEST_MEETING // timedelta(hours=1)},
        )


class PlannedTimes(Command):
    """When a Heijastin is to take place: [`planned_from`, `planned_until`)."""

    planned_from: Instant
    planned_until: Instant

    @model_validator(mode="after")
    def _is_a_period(self) -> Self:
        _require_period("planned", self.planned_from, self.planned_until)
        return self


class BookedTimes(Command):
    """When a follow-up is to take place: [`booked_from`, `booked_until`)."""

    booked_from: Instant
    booked_until: Instant

    @model_validator(mode="after")
    def _is_a_period(self) -> Self:
        _require_period("booked", self.booked_from, self.booked_until)
        return self


class HeldTimes(Command):
    """When something did take place: [`held_from`, `held_until`)."""

    held_from: Instant
    held_until: Instant

    @model_validator(mode="after")
    def _is_a_period(self) -> Self:
        _require_period("held", self.held_from, self.held_until)
        return self
