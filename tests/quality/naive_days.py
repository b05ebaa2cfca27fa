"""Days in Helsinki as the naive judges count them: apart from the engine, and for the spring of 2027 only."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Helsinki")
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
_HOLIDAYS = {date(2027, 1, 1), date(2027, 1, 6), date(2027, 3, 26), date(2027, 3, 29), date(2027, 5, 6)}


def day_of(instant: datetime) -> date:
    """Return the local day."""
    return instant.astimezone(ZONE).date()


def midnight(day: date) -> datetime:
    """Return when a local day begins, in UTC."""
    return datetime.combine(day, time(0), ZONE).astimezone(UTC)


def is_working(day: date) -> bool:
    """Tell whether people work."""
    return day.isoweekday() <= 5 and day not in _HOLIDAYS


def at_work(instant: datetime) -> datetime:
    """Walk on until somebody is at work."""
    local = instant.astimezone(ZONE)
    if is_working(local.date()) and time(8) <= local.time() < time(16):
        return instant
    day = local.date() if local.time() < time(8) else local.date() + DAY
    while not is_working(day):
        day += DAY
    return datetime.combine(day, time(8), ZONE)
