"""What records reads of scheduling: which Heijastin was held and when, and whose the case is."""

from datetime import date
from typing import Final
from uuid import UUID

from shared.events import Consumed

CASES_TOPIC: Final = "heijastin.scheduling.cases.v1"


class CaseStated(Consumed):
    """The context that every fact of a case carries; of the case itself no more is needed."""

    case_id: UUID
    case_code: str
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: tuple[UUID, ...]


class MeetingStated(CaseStated):
    """A Heijastin; `held_on` is the local day of its end, exclusive."""

    meeting_id: UUID
    version: int
    held: bool
    held_on: date | None
    imported: bool
