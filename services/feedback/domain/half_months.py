"""Half-months: from the 1st and from the 16th, local days. Each is named by its first day."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

HELSINKI = ZoneInfo("Europe/Helsinki")
_SECOND_BEGINS = 16


def half_month_at(instant: datetime) -> date:
    """Return the half-month of *instant*."""
    return _half_month_of(instant.astimezone(HELSINKI).date())


def before(half_month: date) -> date:
    """Return the half-month before."""
    return _half_month_of(half_month - timedelta(days=1))


def _half_month_of(day: date) -> date:
    return day.replace(day=1 if day.day < _SECOND_BEGINS else _SECOND_BEGINS)
