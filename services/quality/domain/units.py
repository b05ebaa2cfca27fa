"""What a unit decides for its promises: rules by the date of the anchor, and the hours in which people are warned."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from services.quality.domain.calendar import at, is_working_day, local_date

HolidayPolicy = Literal["strict", "roll_forward_150_1930"]


@dataclass(frozen=True, slots=True)
class Rule:
    """The parameters of a promise whose anchor lies on or after `valid_from` (None: since ever)."""

    valid_from: date | None = None
    holiday_policy: HolidayPolicy = "strict"
    remote_counts: bool = False


Hours = tuple[tuple[time, time] | None, ...]
"""Opening and closing local time of the seven weekdays from Monday, half-open; None is a free day."""

OFFICE_HOURS: Hours = (*((time(8), time(16)) for _ in range(5)), None, None)


@dataclass(frozen=True, slots=True)
class Unit:
    """
    A unit as it stands; at least one weekday is worked. `rules` may be in any order.

    The defaults serve for a unit that nobody has told us of yet.
    """

    hours: Hours = OFFICE_HOURS
    closing_days: frozenset[date] = frozenset()
    rules: tuple[Rule, ...] = (Rule(),)

    def rule_on(self, anchor_on: date) -> Rule:
        """Return the latest rule valid on that day."""
        valid = [rule for rule in self.rules if rule.valid_from is None or rule.valid_from <= anchor_on]
        return max(valid, key=lambda rule: rule.valid_from or date.min, default=Rule())

    def works_on(self, day: date) -> bool:
        """Tell whether people of this unit work on *day*."""
        return self.hours[day.weekday()] is not None and is_working_day(day, self.closing_days)

    def hours_of(self, day: date) -> tuple[datetime, datetime]:
        """Return when a working day begins and ends, in UTC."""
        opens, closes = self.hours[day.weekday()] or (time(), time())
        return at(day, opens), at(day, closes)

    def working_instant_from(self, instant: datetime) -> datetime:
        """Return *instant* if people are at work then, else the beginning of their next working day."""
        day = local_date(instant)
        while not self.works_on(day) or self.hours_of(day)[1] <= instant:
            day += timedelta(days=1)
        return max(instant, self.hours_of(day)[0])

    def working_day_until(self, day: date) -> date:
        """Return *day*, moved back to a day on which people work."""
        while not self.works_on(day):
            day -= timedelta(days=1)
        return day


UNKNOWN_UNIT = Unit()
