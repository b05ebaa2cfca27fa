"""What can be asked about a case as a whole."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.scheduling.commands.fields import MAIL_ADDRESS, ChildrenCount, Name
from shared.fields import Command, Day

Workers = Annotated[tuple[UUID, ...], Field(min_length=1, max_length=12)]


class FamilyMember(Command):
    """A person of the family and how to reach them. It stays in this service and is in no event."""

    display_name: Name
    channel: Literal["phone", "email", "letter", "none"] = "none"
    address: Annotated[str, StringConstraints(max_length=200)] = ""

    @model_validator(mode="after")
    def _can_be_written_to(self) -> Self:
        if self.channel == "email" and not MAIL_ADDRESS.fullmatch(self.address):
            raise PydanticCustomError("address", "Give the mail address, such as name@example.org, or another channel")
        return self


class OpenCase(Command):
    """Make a family a case, with a team and responsible workers of its own."""

    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: Workers
    children_count: ChildrenCount
    opened_on: Day
    family: Annotated[tuple[FamilyMember, ...], Field(max_length=40)] = ()


class ReassignCase(Command):
    """Give the case, with every open duty, to another unit, team or other workers."""

    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: Workers


class CloseCase(Command):
    """
    Record that the case ended on a day, which may lie in the past.

    Whoever ends a case that has a Heijastin or a follow-up ahead says what becomes of it: `cancel`, or `keep` where the
    family is met all the same.
    """

    closed_on: Day
    bookings_ahead: Literal["keep", "cancel"] | None = None
