"""Local days in Helsinki, the month rule, and the days on which people work. Pure: every instant is an argument."""

import calendar
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

HELSINKI = ZoneInfo("Europe/Helsinki")
_SATURDAY = 5


@lru_cache(maxsize=4096)
def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), HELSINKI).astimezone(UTC)


def local_date(instant: datetime) -> date:
    """Return the day of *instant* in Helsinki."""
    return instant.astimezone(HELSINKI).date()


def last_day(until: datetime) -> date:
    """Return the last day of a period that ends before *until*: an end at 00:00 belongs to the day before."""
    return local_date(until - timedelta(microseconds=1))


@lru_cache(maxsize=4096)
def month_later(day: date) -> date:
    """Return the same day number in the next calendar month, clamped to its end (act 150/1930, section 3)."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)  # noqa: PLR2004 - December
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def end_of(day: date) -> datetime:
    """Return the local midnight that ends *day*, in UTC."""
    return _midnight(day + timedelta(days=1))


@lru_cache(maxsize=4096)
def at(day: date, clock: time) -> datetime:
    """Return a local time of day, in UTC; of an hour that occurs twice the first."""
    return datetime.combine(day, clock, HELSINKI).astimezone(UTC)


@lru_cache(maxsize=64)
def _free_days(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("FI", years=year))


def is_working_day(day: date, closing_days: Collection[date] = frozenset()) -> bool:
    """Tell whether people work: no weekend, no holiday nor eve of act 150/1930 section 5, no closing day."""
    return day.weekday() < _SATURDAY and day not in _free_days(day.year) and day not in closing_days


def working_day_on_or_after(day: date) -> date:
    """Return *day*, moved on until people work (act 150/1930, section 5); no unit's closing day moves it."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=4096)
def working_days_later(day: date, days: int) -> date:
    """Return the last of the first *days* days after *day* on which people work; no unit's closing day counts."""
    while days:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return day
