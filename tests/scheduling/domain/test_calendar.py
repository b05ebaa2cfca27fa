from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.calendar import (
    CLOCKS_MAY_DIFFER,
    HELSINKI,
    NotYetHappened,
    last_day,
    local_date,
    require_come,
    require_ended,
)
from tests.scheduling.builders import NOW

instants = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


class TestLocalDate:
    def test_is_the_day_in_helsinki(self) -> None:
        """Half past ten in the evening in UTC is the next day there, also on the last day of a month."""
        assert local_date(datetime(2026, 11, 30, 22, 30, tzinfo=UTC)) == date(2026, 12, 1)

    def test_follows_summer_time(self) -> None:
        """In summer Helsinki is three hours ahead, so its midnight comes an hour earlier in UTC."""
        assert local_date(datetime(2027, 6, 24, 21, 0, tzinfo=UTC)) == date(2027, 6, 25)


class TestLastDay:
    def test_of_an_end_at_local_midnight_is_the_day_before(self) -> None:
        """Ends are exclusive: a meeting until 00.00 did not touch the new day, and its month starts a day earlier."""
        assert last_day(datetime(2026, 11, 24, 22, 0, tzinfo=UTC)) == date(2026, 11, 24)

    def test_of_an_end_after_midnight_is_the_new_day(self) -> None:
        """A meeting that spans midnight is held on its last day."""
        assert last_day(datetime(2026, 11, 24, 22, 1, tzinfo=UTC)) == date(2026, 11, 25)

    def test_of_an_end_just_after_midnight_is_the_new_day(self) -> None:
        """However short: the boundary is the midnight itself."""
        assert last_day(datetime(2026, 11, 24, 22, 0, 0, 1, tzinfo=UTC)) == date(2026, 11, 25)

    @given(instants)
    def test_is_at_most_a_moment_before_the_end(self, until: datetime) -> None:
        """Whatever the offset of the season, only an end at local midnight belongs to the day before."""
        is_midnight = until.astimezone(HELSINKI).time() == datetime.min.time()

        assert last_day(until) == local_date(until) - timedelta(days=is_midnight)


class TestRequireEnded:
    def test_accepts_clocks_that_differ_by_five_minutes(self) -> None:
        """Whoever records at the very end must not be refused for a wrist watch."""
        require_ended(NOW + CLOCKS_MAY_DIFFER, now=NOW)

    def test_refuses_what_lies_further_ahead(self) -> None:
        """Readers park facts of the future, so none may leave this service."""
        with pytest.raises(NotYetHappened):
            require_ended(NOW + CLOCKS_MAY_DIFFER + timedelta(microseconds=1), now=NOW)


class TestRequireCome:
    def test_accepts_today_in_helsinki(self) -> None:
        """Just after local midnight it is already the new day, while UTC still has the old one."""
        require_come(date(2026, 11, 25), now=datetime(2026, 11, 24, 22, 0, tzinfo=UTC))

    def test_refuses_tomorrow(self) -> None:
        """What has a day has happened on it."""
        with pytest.raises(NotYetHappened):
            require_come(date(2026, 11, 25), now=datetime(2026, 11, 24, 21, 59, tzinfo=UTC))
