"""What records reads of scheduling: which Heijastin was held and when, whose the case is, and who works there."""

from datetime import date
from typing import Final
from uuid import UUID

from shared.events import Consumed

CASES_TOPIC: Final = "heijastin.scheduling.cases.v1"
UNITS_TOPIC: Final = "heijastin.scheduling.units.v1"


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


class WorkerStated(Consumed):
    """A worker, and who acts for them on [`deputy_from_on`, `deputy_until_on`)."""

    worker_id: UUID
    version: int
    unit_id: UUID
    team_id: UUID | None
    is_active: bool
    account_digest: UUID | None = None
    deputy_id: UUID | None
    deputy_from_on: date | None
    deputy_until_on: date | None
