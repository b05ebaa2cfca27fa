"""Invented facts with sensible defaults; a test names only what makes its fact different."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from services.quality.domain.calendar import HELSINKI, last_day, local_date
from services.quality.domain.facts import Case, CaseFacts, Fact, FollowUp, Meeting, Memo
from services.quality.domain.live import Judgement, Line
from services.quality.domain.policies import Topics
from services.quality.domain.units import Unit

CASE = UUID("5b1a7c1e-3f0e-4c1b-9a51-6c0b7d0f2a11")
UNIT = UUID("0d6f5a52-8a3c-4f5e-8d13-2f4b9c7e1a01")
MEETING = UUID("4f8b2d6e-0c9a-4e37-a1f5-3d7c9b5e8a04")
ANOTHER_MEETING = UUID("4f8b2d6e-0c9a-4e37-a1f5-3d7c9b5e8a05")
FOLLOW_UP = UUID("7a3e9f15-2b6d-4c80-9e4f-5a1d8c7b6e05")


def local(text: str) -> datetime:
    """Return a Helsinki wall-clock time, such as `2026-11-24 13:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI).astimezone(UTC)


def held_meeting(
    on: str = "2026-11-24 13:00",
    *,
    until: str | None = None,
    recorded: str | None = None,
    version: int = 2,
    meeting_id: UUID = MEETING,
    imported: bool = False,
) -> Meeting:
    """Return a Heijastin held at a local time for an hour and a half, recorded at its end."""
    began = local(on)
    ended = local(until) if until else began + timedelta(minutes=90)
    return Meeting(
        subject_id=meeting_id,
        version=version,
        recorded_at=local(recorded) if recorded else ended,
        unit_id=UNIT,
        booked_from=None,
        held_from=began,
        began_on=local_date(began),
        held_on=last_day(ended),
        imported=imported,
    )


def planned_meeting(at: str, *, recorded: str, version: int = 1, meeting_id: UUID = ANOTHER_MEETING) -> Meeting:
    """Return a Heijastin that is planned."""
    return Meeting(meeting_id, version, local(recorded), UNIT, local(at), None, None, None, imported=False)


def retracted_meeting(recorded: str, *, version: int = 3, meeting_id: UUID = MEETING) -> Meeting:
    """Return a Heijastin that was not held after all."""
    return Meeting(meeting_id, version, local(recorded), UNIT, None, None, None, None, imported=False)


def held_follow_up(
    on: str,
    *,
    recorded: str | None = None,
    version: int = 2,
    follow_up_id: UUID = FOLLOW_UP,
    family_present: bool = True,
    worker_present: bool = True,
    is_remote: bool = False,
) -> FollowUp:
    """Return a follow-up held at a local time and recorded an hour later."""
    began = local(on)
    return FollowUp(
        subject_id=follow_up_id,
        version=version,
        recorded_at=local(recorded) if recorded else began + timedelta(hours=1),
        booked_from=None,
        held_from=began,
        held_on=local_date(began),
        family_present=family_present,
        worker_present=worker_present,
        is_remote=is_remote,
        imported=False,
    )


def booked_follow_up(at: str, *, recorded: str, version: int = 1, follow_up_id: UUID = FOLLOW_UP) -> FollowUp:
    """Return a follow-up that is booked."""
    return FollowUp(
        follow_up_id, version, local(recorded), local(at), None, None,
        family_present=False, worker_present=False, is_remote=False, imported=False,
    )  # fmt: skip


def no_follow_up(recorded: str, *, version: int = 3, follow_up_id: UUID = FOLLOW_UP) -> FollowUp:
    """Return a follow-up that was cancelled or retracted."""
    return FollowUp(
        follow_up_id, version, local(recorded), None, None, None,
        family_present=False, worker_present=False, is_remote=False, imported=False,
    )  # fmt: skip


def closed_case(on: str | None, *, recorded: str, version: int = 2) -> Case:
    """Return the case closed on a day, or open (None)."""
    return Case(CASE, version, local(recorded), date.fromisoformat(on) if on else None)


def facts(*given: Fact) -> CaseFacts:
    """Return the facts of one case."""
    return CaseFacts.of(given)


def unit_of(_: UUID) -> Unit:
    """Every unit works office hours and goes by the default rule."""
    return Unit()


def memo(
    recorded: str,
    *,
    version: int = 1,
    meeting_id: UUID = MEETING,
    is_expected: bool = True,
    written: str | None = None,
    review_due: str | None = None,
    reviewed: str | None = None,
) -> Memo:
    """Return the memo of the Heijastin, awaited, as recorded at a local time."""
    return Memo(
        subject_id=meeting_id,
        version=version,
        recorded_at=local(recorded),
        is_expected=is_expected,
        written_on=date.fromisoformat(written) if written else None,
        review_due_on=date.fromisoformat(review_due) if review_due else None,
        reviewed_on=date.fromisoformat(reviewed) if reviewed else None,
    )


def heard_until(until: datetime | None, disturbed_since: datetime | None = None) -> Callable[[Topics], Line]:
    """Return the line of every policy: all topics have been heard to the same instant."""
    return lambda _: Line(until, disturbed_since)


def alarm(judgement: Judgement) -> datetime | None:
    """Return when the first of the gates will have something to look at."""
    return min(judgement.look_again_at.values(), default=None)
