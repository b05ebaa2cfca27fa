"""What can be asked about many cases at once: to take over what another system has of them."""

from collections.abc import Iterable
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.scheduling.commands.fields import ChildrenCount, HeldTimes
from services.scheduling.commands.follow_ups import Encounter
from shared.fields import Command, Day, YesNo

MOST_ROWS_OF_A_CASE = 200
MOST_CASES = 200
MOST_RESPONSIBLE = 12

Reference = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class ImportMeeting(HeldTimes):
    """A Heijastin as the source has it, and the unit it was held in; not `held`: cancelled, or recorded by mistake."""

    reference: Reference
    unit_id: UUID
    held: YesNo = True


class ImportFollowUp(Encounter):
    """A follow-up as the source has it; not `held`: cancelled, or recorded by mistake."""

    reference: Reference
    held: YesNo = True


class ImportCase(Command):
    """
    A case as the source has it, with its meetings and follow-ups: all of it is taken over together, or nothing.

    Without responsible workers, those of the team are. References are the source's own names for the case and its rows.
    """

    reference: Reference
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: Annotated[tuple[UUID, ...], Field(max_length=MOST_RESPONSIBLE)] = ()
    children_count: ChildrenCount = 1
    opened_on: Day
    closed_on: Day | None = None
    meetings: Annotated[tuple[ImportMeeting, ...], Field(max_length=MOST_ROWS_OF_A_CASE)] = ()
    follow_ups: Annotated[tuple[ImportFollowUp, ...], Field(max_length=MOST_ROWS_OF_A_CASE)] = ()

    @model_validator(mode="after")
    def _names_nothing_twice(self) -> Self:
        _require_once("meetings", self.meetings)
        _require_once("follow_ups", self.follow_ups)
        return self


class ImportCases(Command):
    """
    Take over cases from a `source`, a name that always stands for the same system.

    The same again changes nothing; what the source says otherwise than before is corrected. With `dry_run` nothing is
    kept, and the answer tells what would have come of it.
    """

    source: Source
    dry_run: YesNo = False
    cases: Annotated[tuple[ImportCase, ...], Field(min_length=1, max_length=MOST_CASES)]


def _require_once(field: str, rows: Iterable[ImportMeeting | ImportFollowUp]) -> None:
    seen: set[str] = set()
    for place, row in enumerate(rows):
        if row.reference in seen:  # not said back: it may point at a person
            raise PydanticCustomError(
                "repeated",
                "{field}/{place} has the reference of another row before it; each row needs one of its own",
                {"field": field, "place": place},
            )
        seen.add(row.reference)
