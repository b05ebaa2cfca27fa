"""The month rule and the Finnish calendar, by the examples that everybody can look up."""

from datetime import UTC, date, datetime, time

import pytest

from services.quality.domain.calendar import (
    end_of,
    is_working_day,
    last_day,
    local_date,
    month_later,
    working_days_later,
)
from services.quality.domain.calendar import working_day_on_or_after as rolled
from services.quality.domain.units import Rule, Unit

# Held, strict due, rolled due, last working day until the strict due, expiry of the strict rule (UTC).
VECTORS = [
    ("2026-11-22", "2026-12-22", "2026-12-22", "2026-12-22", "2026-12-22T22:00"),
    ("2026-12-31", "2027-01-31", "2027-02-01", "2027-01-29", "2027-01-31T22:00"),
    ("2027-01-28", "2027-02-28", "2027-03-01", "2027-02-26", "2027-02-28T22:00"),
    ("2027-01-29", "2027-02-28", "2027-03-01", "2027-02-26", "2027-02-28T22:00"),
    ("2027-01-30", "2027-02-28", "2027-03-01", "2027-02-26", "2027-02-28T22:00"),
    ("2027-01-31", "2027-02-28", "2027-03-01", "2027-02-26", "2027-02-28T22:00"),
    ("2028-01-31", "2028-02-29", "2028-02-29", "2028-02-29", "2028-02-29T22:00"),
    ("2026-11-24", "2026-12-24", "2026-12-28", "2026-12-23", "2026-12-24T22:00"),
    ("2026-11-06", "2026-12-06", "2026-12-07", "2026-12-04", "2026-12-06T22:00"),
    ("2027-02-26", "2027-03-26", "2027-03-30", "2027-03-25", "2027-03-26T22:00"),
    ("2027-05-25", "2027-06-25", "2027-06-28", "2027-06-24", "2027-06-25T21:00"),
    ("2026-09-24", "2026-10-24", "2026-10-26", "2026-10-23", "2026-10-24T21:00"),
    ("2026-09-25", "2026-10-25", "2026-10-26", "2026-10-23", "2026-10-25T22:00"),
    ("2027-02-28", "2027-03-28", "2027-03-30", "2027-03-25", "2027-03-28T21:00"),
    ("2026-12-01", "2027-01-01", "2027-01-04", "2026-12-31", "2027-01-01T22:00"),
]


@pytest.mark.parametrize("held,strict,rolled_on,last_working,expiry", VECTORS)
class TestAMonthLater:
    def test_is_the_same_day_number_or_the_months_last(
        self, held: str, strict: str, rolled_on: str, last_working: str, expiry: str
    ) -> None:
        """Section 3 of act 150/1930; never thirty days."""
        del rolled_on, last_working, expiry
        assert month_later(date.fromisoformat(held)) == date.fromisoformat(strict)

    def test_rolls_to_the_first_weekday_after_where_the_unit_says_so(
        self, held: str, strict: str, rolled_on: str, last_working: str, expiry: str
    ) -> None:
        """Section 5: neither holiday nor Saturday nor an eve."""
        del held, last_working, expiry
        assert rolled(date.fromisoformat(strict)) == date.fromisoformat(rolled_on)

    def test_is_warned_of_from_the_last_working_day(
        self, held: str, strict: str, rolled_on: str, last_working: str, expiry: str
    ) -> None:
        """Who plans for a free day has planned too late."""
        del held, rolled_on, expiry
        assert Unit().working_day_until(date.fromisoformat(strict)) == date.fromisoformat(last_working)

    def test_ends_at_local_midnight(
        self, held: str, strict: str, rolled_on: str, last_working: str, expiry: str
    ) -> None:
        """The offset is that of the midnight, across every change of the clocks."""
        del held, rolled_on, last_working
        assert end_of(date.fromisoformat(strict)) == datetime.fromisoformat(expiry).replace(tzinfo=UTC)


class TestLocalDate:
    def test_is_the_day_in_helsinki(self) -> None:
        """Half past ten in the evening in London is tomorrow here."""
        assert local_date(datetime(2026, 11, 30, 22, 30, tzinfo=UTC)) == date(2026, 12, 1)

    def test_of_an_end_at_midnight_is_the_day_before(self) -> None:
        """An end is exclusive."""
        assert last_day(datetime(2026, 11, 24, 22, 0, tzinfo=UTC)) == date(2026, 11, 24)


class TestWorkingDay:
    def test_leaves_out_eves_saturdays_and_closing_days(self) -> None:
        """Midsummer eve 2027 is a Friday on which nobody works."""
        assert not is_working_day(date(2027, 6, 25))
        assert not is_working_day(date(2027, 6, 19))
        assert not is_working_day(date(2027, 6, 24), {date(2027, 6, 24)})
        assert is_working_day(date(2027, 6, 24))


class TestUnit:
    def test_takes_the_latest_rule_valid_on_the_anchor(self) -> None:
        """A new version touches new anchors only."""
        later = Rule(date(2027, 1, 1), "roll_forward_150_1930", remote_counts=True)
        unit = Unit(rules=(later, Rule()))

        assert unit.rule_on(date(2026, 12, 31)) == Rule()
        assert unit.rule_on(date(2027, 1, 1)) == later

    def test_falls_back_on_the_default_rule_before_the_first(self) -> None:
        """A promise is never without a rule."""
        assert Unit(rules=(Rule(date(2027, 1, 1), "strict", remote_counts=True),)).rule_on(date(2026, 1, 1)) == Rule()

    def test_knows_the_next_instant_at_which_people_work(self) -> None:
        """Nobody is warned at night, on a Saturday, or after hours."""
        unit = Unit()
        friday_noon = datetime(2026, 11, 27, 10, tzinfo=UTC)

        assert unit.working_instant_from(friday_noon) == friday_noon
        assert unit.working_instant_from(datetime(2026, 11, 27, 5, tzinfo=UTC)) == datetime(2026, 11, 27, 6, tzinfo=UTC)
        assert unit.working_instant_from(datetime(2026, 11, 27, 14, tzinfo=UTC)) == datetime(
            2026, 11, 30, 6, tzinfo=UTC
        )

    def test_keeps_hours_of_its_own(self) -> None:
        """A unit that works on Wednesdays only works on Wednesdays only."""
        unit = Unit(hours=(None, None, (time(10), time(12)), None, None, None, None))

        assert unit.working_day_until(date(2026, 11, 24)) == date(2026, 11, 18)
        assert unit.working_instant_from(datetime(2026, 11, 24, 12, tzinfo=UTC)) == datetime(
            2026, 11, 25, 8, tzinfo=UTC
        )


class TestWorkingDaysLater:
    @pytest.mark.parametrize(
        "day, days, later",
        [
            ("2026-11-24", 1, "2026-11-25"),
            ("2026-11-24", 3, "2026-11-27"),
            ("2026-11-27", 1, "2026-11-30"),
            ("2026-11-28", 1, "2026-11-30"),
            ("2026-12-23", 1, "2026-12-28"),
            ("2026-11-28", 0, "2026-11-28"),
        ],
    )
    def test_counts_days_on_which_people_work(self, day: str, days: int, later: str) -> None:
        """The day itself is none of them, whatever day it is."""
        assert working_days_later(date.fromisoformat(day), days) == date.fromisoformat(later)
