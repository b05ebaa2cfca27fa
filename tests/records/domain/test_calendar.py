from datetime import UTC, date, datetime

import pytest

from services.records.domain.calendar import NotYetHappened, is_late_entry, local_date, require_come

JUST_AFTER_MIDNIGHT = datetime(2032, 1, 13, 22, 1, tzinfo=UTC)  # the 14th in Helsinki


class TestDays:
    def test_are_those_of_helsinki(self) -> None:
        """Two hours after Greenwich in winter."""
        assert local_date(JUST_AFTER_MIDNIGHT) == date(2032, 1, 14)

    def test_have_come_when_they_have_begun_there(self) -> None:
        """Tomorrow cannot be recorded."""
        require_come(date(2032, 1, 14), now=JUST_AFTER_MIDNIGHT)
        with pytest.raises(NotYetHappened):
            require_come(date(2032, 1, 15), now=JUST_AFTER_MIDNIGHT)

    def test_are_late_from_the_eighth_on(self) -> None:
        """Seven days are in time."""
        assert not is_late_entry(date(2032, 1, 7), recorded_at=JUST_AFTER_MIDNIGHT)
        assert is_late_entry(date(2032, 1, 6), recorded_at=JUST_AFTER_MIDNIGHT)
