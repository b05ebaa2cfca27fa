"""Local days: what has come, and what was recorded too late to start anything."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.errors import Invalid

HELSINKI = ZoneInfo("Europe/Helsinki")

LATE_ENTRY = timedelta(days=7)
"""Recorded later than this after it occurred, a Heijastin asks for no memo."""


class NotYetHappened(Invalid):
    """This day lies in the future; record it when it has come, or check the day."""


def local_date(instant: datetime) -> date:
    """Return the day of *instant* in Helsinki."""
    return instant.astimezone(HELSINKI).date()


def is_late_entry(day: date, *, recorded_at: datetime) -> bool:
    """Tell whether what happened on *day* was recorded more than seven days after."""
    return local_date(recorded_at) - day > LATE_ENTRY


def require_come(day: date, *, now: datetime) -> None:
    """
    Accept today in Helsinki or an earlier day.

    Raises:
        NotYetHappened: the day has not begun there.
    """
    if day > local_date(now):
        raise NotYetHappened
