"""What quality reads: who was met when, what is booked, whether a case goes on, how far memos are, rules, people."""

from datetime import date, time
from typing import Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from shared.events import Consumed

CASES: Final = "heijastin.scheduling.cases.v1"
UNITS: Final = "heijastin.scheduling.units.v1"
MEMOS: Final = "heijastin.records.memos.v1"


class OfCase(Consumed):
    """The context that every fact of a case carries."""

    case_id: UUID
    case_code: str
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: tuple[UUID, ...]
    version: int


class MeetingStated(OfCase):
    """A Heijastin; `held_on` is the local day of its end, exclusive."""

    meeting_id: UUID
    status: str
    planned_from: AwareDatetime
    held: bool
    held_from: AwareDatetime | None
    held_until: AwareDatetime | None
    held_on: date | None
    held_in_unit_id: UUID | None
    imported: bool


class FollowUpStated(OfCase):
    """A follow-up; `held_on` is the local day of its start."""

    follow_up_id: UUID
    status: str
    booked_from: AwareDatetime | None
    held: bool
    held_from: AwareDatetime | None
    held_until: AwareDatetime | None
    held_on: date | None
    family_present: bool
    worker_present: bool
    mode: str | None
    imported: bool


class CaseStated(OfCase):
    """The case itself."""

    closed_on: date | None


class MemoStated(OfCase):
    """The memo of a Heijastin; days are local."""

    meeting_id: UUID
    expected: bool
    recorded_on: date | None
    review_due_on: date | None
    reviewed_on: date | None


Stated = CaseStated | FollowUpStated | MeetingStated | MemoStated
"""Whatever is said of a case and kept."""


class Hours(BaseModel):
    """The hours of one ISO weekday (1 is Monday), local time."""

    weekday: int
    opens: time
    closes: time


class RuleVersion(BaseModel):
    """The parameters of the promise for anchors from a day on."""

    valid_from: date
    holiday_policy: Literal["strict", "roll_forward_150_1930"]
    remote_counts: bool


class UnitConfigured(Consumed):
    """A unit's hours, free days and rules."""

    unit_id: UUID
    version: int
    hours: tuple[Hours, ...]
    closing_days: tuple[date, ...]
    holiday_policy: Literal["strict", "roll_forward_150_1930"]
    remote_counts: bool
    rule_versions: tuple[RuleVersion, ...]


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
