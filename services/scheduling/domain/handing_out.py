"""Handing out links to the family's form: for which meetings, and what is said of it. Never which link."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from services.scheduling.domain.calendar import CLOCKS_MAY_DIFFER, last_day, local_date
from services.scheduling.domain.cases import Case
from services.scheduling.domain.meetings import Meeting
from services.scheduling.events import FeedbackLinksSent
from shared.errors import Conflict

HANDED_OUT_WITHIN: Final = timedelta(days=7)
"""After that a meeting counts as entered late, and starts nothing."""


class NobodyToAsk(Conflict):
    """Links are for families who were met: not for practice, imported, cancelled, deferred or retracted meetings."""


class MeetingNotBegun(Conflict):
    """The meeting has not begun; hand out links while it is held, or afterwards."""


class TooLateForLinks(Conflict):
    """Links are handed out within a week of the meeting; and on its day, before it is recorded as held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """On which day links of a meeting were last handed out; `version` counts how often."""

    meeting_id: UUID
    version: int
    sent_on: date


def require_met(meeting: Meeting, *, now: datetime) -> None:
    """
    Accept a Heijastin that was held in the last week, or that is being held today.

    Raises:
        NobodyToAsk, MeetingNotBegun, TooLateForLinks: it is another one.
    """
    if meeting.is_practice or meeting.imported or meeting.status not in {"scheduled", "held"}:
        raise NobodyToAsk
    if meeting.held_until is not None:
        if now - meeting.held_until > HANDED_OUT_WITHIN:
            raise TooLateForLinks
    elif meeting.planned_from > now + CLOCKS_MAY_DIFFER:
        raise MeetingNotBegun
    elif local_date(now) > last_day(meeting.planned_until):
        raise TooLateForLinks


def send(meeting: Meeting, before: Sent | None, *, case: Case, now: datetime) -> tuple[Sent, FeedbackLinksSent]:
    """Return that links of the meeting are handed out today, once more if there was a time *before*."""
    sent = Sent(meeting_id=meeting.meeting_id, version=before.version + 1 if before else 1, sent_on=local_date(now))
    return sent, FeedbackLinksSent(
        case_id=case.case_id,
        case_code=case.code,
        unit_id=case.unit_id,
        team_id=case.team_id,
        responsible_worker_ids=case.responsible_worker_ids,
        meeting_id=sent.meeting_id,
        version=sent.version,
        sent_on=sent.sent_on,
    )
