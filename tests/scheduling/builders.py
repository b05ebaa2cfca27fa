"""Cases, meetings and the rest with sensible defaults; a test names only what makes its example different."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.commands.fields import BookedTimes, HeldTimes, PlannedTimes
from services.scheduling.commands.meetings import AlreadyBooked, BookFollowUp, NothingAgreed, PlanNextMeeting
from services.scheduling.domain.cases import Case
from services.scheduling.domain.closes import Circumstances
from services.scheduling.domain.follow_ups import FollowUp
from services.scheduling.domain.meetings import Meeting
from services.scheduling.domain.people import Worker
from services.scheduling.domain.units import Team
from shared.access_log import Notes
from shared.relations import Relations
from shared.sight import Sight

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)  # 15.00 in Helsinki, a Tuesday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

CASE_ID = UUID("00000000-0000-4000-8000-0000000000c1")
UNIT_ID = UUID("00000000-0000-4000-8000-0000000000a1")
OTHER_UNIT_ID = UUID("00000000-0000-4000-8000-0000000000a2")
TEAM_ID = UUID("00000000-0000-4000-8000-0000000000b1")
OTHER_TEAM_ID = UUID("00000000-0000-4000-8000-0000000000b2")
WORKER_ID = UUID("00000000-0000-4000-8000-0000000000d1")
OTHER_WORKER_ID = UUID("00000000-0000-4000-8000-0000000000d2")
COORDINATOR_ID = UUID("00000000-0000-4000-8000-0000000000d3")
MEETING_ID = UUID("00000000-0000-4000-8000-0000000000e1")
FOLLOW_UP_ID = UUID("00000000-0000-4000-8000-0000000000f1")
NEW_ID = UUID("00000000-0000-4000-8000-0000000000ff")


def a_case(**different: Any) -> Case:
    """Return an open case at its first version."""
    case = Case(
        case_id=CASE_ID,
        code="K7-4QX",
        version=1,
        unit_id=UNIT_ID,
        team_id=TEAM_ID,
        responsible_worker_ids=(WORKER_ID,),
        children_count=2,
        opened_on=date(2026, 11, 2),
    )
    return replace(case, **different)


def a_team(**different: Any) -> Team:
    """Return a team of the unit."""
    return replace(Team(team_id=TEAM_ID, version=1, unit_id=UNIT_ID, name="Tiimi 1"), **different)


def a_worker(**different: Any) -> Worker:
    """Return an active worker of the team."""
    worker = Worker(
        worker_id=WORKER_ID,
        version=1,
        unit_id=UNIT_ID,
        team_id=TEAM_ID,
        display_name="Veera Vastaava (keksitty)",
        account="veera",
        roles=("responsible_social_worker",),
        is_active=True,
    )
    return replace(worker, **different)


def a_meeting(**different: Any) -> Meeting:
    """Return a Heijastin scheduled for this morning."""
    meeting = Meeting(
        meeting_id=MEETING_ID,
        case_id=CASE_ID,
        version=1,
        status="scheduled",
        is_practice=False,
        planned_from=NOW - 4 * HOUR,
        planned_until=NOW - 2 * HOUR,
    )
    return replace(meeting, **different)


def a_held_meeting(**different: Any) -> Meeting:
    """Return a Heijastin held this morning, that closed with a follow-up."""
    held = a_meeting(
        version=2,
        status="held",
        held_from=NOW - 4 * HOUR,
        held_until=NOW - 2 * HOUR,
        held_in_unit_id=UNIT_ID,
        next_agreed="follow_up",
    )
    return replace(held, **different)


def a_follow_up(**different: Any) -> FollowUp:
    """Return a follow-up booked for this morning."""
    follow_up = FollowUp(
        follow_up_id=FOLLOW_UP_ID,
        case_id=CASE_ID,
        version=1,
        status="booked",
        booked_from=NOW - 4 * HOUR,
        booked_until=NOW - 3 * HOUR,
    )
    return replace(follow_up, **different)


def a_held_follow_up(**different: Any) -> FollowUp:
    """Return a follow-up held this morning with family and worker."""
    held = a_follow_up(
        version=2,
        status="held",
        held_from=NOW - 4 * HOUR,
        held_until=NOW - 3 * HOUR,
        family_present=True,
        worker_present=True,
        mode="in_person",
    )
    return replace(held, **different)


def held(start: datetime = NOW - 4 * HOUR, end: datetime | None = None) -> dict[str, Any]:
    """Return the times of a command that says when something took place; two hours unless *end* is given."""
    return HeldTimes(held_from=start, held_until=end or start + 2 * HOUR).model_dump()


def planned(start: datetime = NOW + 7 * DAY) -> dict[str, Any]:
    """Return the times of a command that plans a Heijastin of two hours."""
    return PlannedTimes(planned_from=start, planned_until=start + 2 * HOUR).model_dump()


def booked(start: datetime = NOW + 14 * DAY) -> dict[str, Any]:
    """Return the times of a command that books a follow-up of an hour."""
    return BookedTimes(booked_from=start, booked_until=start + HOUR).model_dump()


def agreed_follow_up(start: datetime = NOW + 14 * DAY) -> BookFollowUp:
    """Return a close that books a follow-up."""
    return BookFollowUp(agreed="follow_up", **booked(start))


def agreed_meeting(start: datetime = NOW + 14 * DAY) -> PlanNextMeeting:
    """Return a close that schedules the next Heijastin."""
    return PlanNextMeeting(agreed="meeting", **planned(start))


def agreed_before() -> AlreadyBooked:
    """Return a close that finds the next time in the calendar."""
    return AlreadyBooked(agreed="already_booked")


def agreed_nothing(**different: Any) -> NothingAgreed:
    """Return a close without a next time, to be booked within the week."""
    close = NothingAgreed(
        agreed="none", reason="calendars_open", booking_owner_id=WORKER_ID, book_by_on=date(2026, 12, 1)
    )
    return close.model_copy(update=different)


def given(**different: Any) -> Circumstances:
    """Return circumstances in which nothing is booked."""
    circumstances = Circumstances(case=a_case(), now=NOW, next_booked=None, booking_owners=(), new_id=NEW_ID)
    return replace(circumstances, **different)


def sight_of(unit_id: UUID) -> Sight:
    """Return the sight of somebody who leads a unit."""
    notes = Notes(subject=WORKER_ID, roles=("team_lead",), route="GET /", request_id="request-1", does="read")
    return Sight(Relations(belongs=frozenset({unit_id}), led=frozenset({unit_id})), notes)
