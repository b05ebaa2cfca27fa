"""
The values that commands are made of: closed, frozen, and strict about what they take.

A body arrives as JSON, so instants, days and times of day are strings; anything else (a number, a time without an
offset) is refused with a sentence that says what to write instead.
"""

from datetime import UTC, date, datetime, time
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictBool
from pydantic_core import PydanticCustomError

EARLIEST_YEAR = 2000  # anything earlier is a slip of the century
LATEST_YEAR = 2099

_Clockwork = TypeVar("_Clockwork", datetime, date, time)


class Command(BaseModel):
    """What somebody asks for: it is the body of the request, and it is handed to the handler as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _instant(value: object) -> datetime:
    instant = _parsed(datetime, value)
    if instant is None or instant.utcoffset() is None:
        raise PydanticCustomError(
            "instant_with_offset",
            "Give a real day, time and offset in one string, for example 2026-11-24T13:05:00+02:00",
        )
    _require_sensible_year(instant)
    return instant.astimezone(UTC)


def _day(value: object) -> date:
    day = _parsed(date, value)
    if day is None or isinstance(day, datetime):
        raise PydanticCustomError("day", "Give a real day as a string, for example 2026-11-24")
    _require_sensible_year(day)
    return day


def _time_of_day(value: object) -> time:
    time_of_day = _parsed(time, value)
    if time_of_day is None or time_of_day.tzinfo is not None:
        raise PydanticCustomError("time_of_day", "Give the local time as a string without an offset, for example 08:00")
    return time_of_day


def _parsed(kind: type[_Clockwork], value: object) -> _Clockwork | None:
    if isinstance(value, kind):
        return value
    try:
        return kind.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def is_sensible_year(year: int) -> bool:
    """Tell whether anything of ours may be dated in *year*; elsewhere it is a slip, or stands for "no such day"."""
    return EARLIEST_YEAR <= year <= LATEST_YEAR


def _require_sensible_year(day: date) -> None:
    if not is_sensible_year(day.year):
        raise PydanticCustomError(
            "year",
            "Check the year: it must lie between {earliest} and {latest}",
            {"earliest": EARLIEST_YEAR, "latest": LATEST_YEAR},
        )


Instant = Annotated[datetime, BeforeValidator(_instant)]
"""An instant, taken with any offset and kept in UTC."""

Day = Annotated[date, BeforeValidator(_day)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
YesNo = StrictBool
