"""Local days, and what has already happened."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.errors import Invalid

HELSINKI = ZoneInfo("Europe/Helsinki")
CLOCKS_MAY_DIFFER = timedelta(minutes=1)  # well within the 5 minutes beyond which readers park a fact


class NotYetHappened(Invalid):
    """This lies in the future; record it when it has happened, or check the day and the offset."""


def local_date(instant: datetime) -> date:
    """Return the day of *instant* in Helsinki."""
    return instant.astimezone(HELSINKI).date()


def last_day(until: datetime) -> date:
    """Return the last day of a period that ends before *until*: an end at local midnight belongs to the day before."""
    return local_date(until - timedelta(microseconds=1))


def end_of(day: date) -> datetime:
    """Return the local midnight that ends *day* in Helsinki."""
    return datetime.combine(day + timedelta(days=1), time.min, HELSINKI)


def require_ended(until: datetime, *, now: datetime) -> None:
    """
    Accept a period that has ended, up to `CLOCKS_MAY_DIFFER` ahead of *now*.

    Raises:
        NotYetHappened: it ends later than that.
    """
    if until > now + CLOCKS_MAY_DIFFER:
        raise NotYetHappened


def require_come(day: date, *, now: datetime) -> None:
    """
    Accept today in Helsinki or an earlier day.

    Raises:
        NotYetHappened: the day has not begun there.
    """
    if day > local_date(now):
        raise NotYetHappened
