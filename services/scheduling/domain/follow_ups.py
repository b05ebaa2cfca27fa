"""Follow-ups: booked, moved, cancelled, held, and the record of that corrected or retracted."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeVar
from uuid import UUID

from services.scheduling.commands.fields import BookedTimes
from services.scheduling.commands.follow_ups import Encounter, HoldFollowUp, RescheduleFollowUp
from services.scheduling.domain.calendar import local_date, require_ended
from services.scheduling.domain.cases import Case, require_open
from services.scheduling.events import (
    CancelledReason,
    FollowUpCancelled,
    FollowUpCorrected,
    FollowUpFact,
    FollowUpHeld,
    FollowUpRescheduled,
    FollowUpRetracted,
    FollowUpScheduled,
)
from shared.errors import Conflict, Invalid

_Fact = TypeVar("_Fact", bound=FollowUpFact)


class FollowUpAlreadyHeld(Conflict):
    """The follow-up is recorded as held; correct or retract that record instead."""


class FollowUpNotHeld(Conflict):
    """The follow-up has not been recorded as held, so there is no record to correct or retract."""


class FollowUpWasCancelled(Conflict):
    """The follow-up is cancelled; book a new one, or record one that took place without having been booked."""


class FollowUpWasRetracted(Conflict):
    """The record of this follow-up was retracted; correct it if it was held after all, or book a new one."""


class BookedInThePast(Invalid):
    """This time has passed; book a later one, or record a follow-up that took place as held."""


_REFUSALS = {"held": FollowUpAlreadyHeld, "cancelled": FollowUpWasCancelled, "retracted": FollowUpWasRetracted}


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A follow-up of a case; `meeting_id` is the Heijastin at whose close it was booked. Periods are half-open, UTC."""

    follow_up_id: UUID
    case_id: UUID
    meeting_id: UUID | None = None
    version: int
    status: Literal["booked", "cancelled", "held", "retracted"]
    booked_from: datetime | None = None
    booked_until: datetime | None = None
    held_from: datetime | None = None
    held_until: datetime | None = None
    family_present: bool = False
    worker_present: bool = False
    mode: Literal["in_person", "remote"] | None = None
    cancelled_reason: CancelledReason | None = None
    imported: bool = False


def schedule(
    times: BookedTimes, *, case: Case, follow_up_id: UUID, meeting_id: UUID | None = None, now: datetime
) -> tuple[FollowUp, FollowUpScheduled]:
    """
    Book a follow-up; *meeting_id* is the Heijastin at whose close that happens.

    Raises:
        CaseIsClosed: nothing is booked for a closed case.
        BookedInThePast: the time has passed.
    """
    require_open(case)
    _require_ahead(times, now=now)
    follow_up = FollowUp(
        follow_up_id=follow_up_id,
        case_id=case.case_id,
        meeting_id=meeting_id,
        version=1,
        status="booked",
        booked_from=times.booked_from,
        booked_until=times.booked_until,
    )
    return follow_up, _tell(FollowUpScheduled, follow_up, case)


def reschedule(
    follow_up: FollowUp, command: RescheduleFollowUp, *, case: Case, now: datetime
) -> tuple[FollowUp, FollowUpRescheduled]:
    """
    Give a booked follow-up another time.

    Raises:
        FollowUpAlreadyHeld, FollowUpWasCancelled, FollowUpWasRetracted: it is not booked.
        BookedInThePast: the time has passed.
    """
    _require_booked(follow_up)
    _require_ahead(command, now=now)
    follow_up = replace(
        follow_up,
        version=follow_up.version + 1,
        booked_from=command.booked_from,
        booked_until=command.booked_until,
    )
    return follow_up, _tell(FollowUpRescheduled, follow_up, case)


def cancel(
    follow_up: FollowUp, *, case: Case, reason: CancelledReason | None = None
) -> tuple[FollowUp, FollowUpCancelled]:
    """
    Say that a booked follow-up will not be held; with a *reason* where that follows from something else.

    Raises:
        FollowUpAlreadyHeld, FollowUpWasCancelled, FollowUpWasRetracted: it is not booked.
    """
    _require_booked(follow_up)
    follow_up = replace(follow_up, version=follow_up.version + 1, status="cancelled", cancelled_reason=reason)
    return follow_up, _tell(FollowUpCancelled, follow_up, case)


def hold(follow_up: FollowUp, command: HoldFollowUp, *, case: Case, now: datetime) -> tuple[FollowUp, FollowUpHeld]:
    """
    Record that a booked follow-up took place; also when the case has been closed meanwhile.

    Raises:
        FollowUpAlreadyHeld, FollowUpWasCancelled, FollowUpWasRetracted: it is not booked.
        NotYetHappened: it has not ended.
    """
    _require_booked(follow_up)
    follow_up = _held(follow_up, command, now=now)
    return follow_up, _tell(FollowUpHeld, follow_up, case)


def record(
    command: Encounter, *, case: Case, follow_up_id: UUID, now: datetime, imported: bool = False
) -> tuple[FollowUp, FollowUpHeld]:
    """
    Record a follow-up that took place without having been booked; also when the case is closed.

    Raises:
        NotYetHappened: it has not ended.
    """
    unbooked = FollowUp(follow_up_id=follow_up_id, case_id=case.case_id, version=0, status="booked", imported=imported)
    follow_up = _held(unbooked, command, now=now)
    return follow_up, _tell(FollowUpHeld, follow_up, case)


def correct(
    follow_up: FollowUp, command: Encounter, *, case: Case, now: datetime
) -> tuple[FollowUp, FollowUpCorrected]:
    """
    Replace the record of a follow-up; one that was retracted is held again.

    Raises:
        FollowUpNotHeld: there is no record.
        NotYetHappened: it has not ended.
    """
    if follow_up.status not in {"held", "retracted"}:
        raise FollowUpNotHeld
    follow_up = _held(follow_up, command, now=now)
    return follow_up, _tell(FollowUpCorrected, follow_up, case)


def retract(follow_up: FollowUp, *, case: Case) -> tuple[FollowUp, FollowUpRetracted]:
    """
    Say that a follow-up recorded as held was not held.

    Raises:
        FollowUpNotHeld: there is no record that it was.
    """
    if follow_up.status != "held":
        raise FollowUpNotHeld
    follow_up = replace(
        follow_up,
        version=follow_up.version + 1,
        status="retracted",
        held_from=None,
        held_until=None,
        family_present=False,
        worker_present=False,
        mode=None,
    )
    return follow_up, _tell(FollowUpRetracted, follow_up, case)


def _require_booked(follow_up: FollowUp) -> None:
    if refusal := _REFUSALS.get(follow_up.status):
        raise refusal


def _require_ahead(times: BookedTimes, *, now: datetime) -> None:
    if times.booked_until <= now:
        raise BookedInThePast


def _held(follow_up: FollowUp, encounter: Encounter, *, now: datetime) -> FollowUp:
    require_ended(encounter.held_until, now=now)
    return replace(
        follow_up,
        version=follow_up.version + 1,
        status="held",
        held_from=encounter.held_from,
        held_until=encounter.held_until,
        family_present=encounter.family_present,
        worker_present=encounter.worker_present,
        mode=encounter.mode,
    )


def _tell(kind: type[_Fact], follow_up: FollowUp, case: Case) -> _Fact:
    return kind(
        case_id=case.case_id,
        case_code=case.code,
        unit_id=case.unit_id,
        team_id=case.team_id,
        responsible_worker_ids=case.responsible_worker_ids,
        follow_up_id=follow_up.follow_up_id,
        meeting_id=follow_up.meeting_id,
        version=follow_up.version,
        status=follow_up.status,
        booked_from=follow_up.booked_from,
        booked_until=follow_up.booked_until,
        held=follow_up.status == "held",
        held_from=follow_up.held_from,
        held_until=follow_up.held_until,
        held_on=local_date(follow_up.held_from) if follow_up.held_from else None,
        family_present=follow_up.family_present,
        worker_present=follow_up.worker_present,
        mode=follow_up.mode,
        cancelled_reason=follow_up.cancelled_reason,
        imported=follow_up.imported,
    )
