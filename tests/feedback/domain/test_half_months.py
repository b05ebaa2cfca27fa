from datetime import date, datetime

import pytest

from services.feedback.domain import half_months


class TestHalfMonths:
    @pytest.mark.parametrize(
        "instant, half_month, before",
        [
            ("2026-11-01T00:00+02:00", date(2026, 11, 1), date(2026, 10, 16)),
            ("2026-11-15T23:59+02:00", date(2026, 11, 1), date(2026, 10, 16)),
            ("2026-11-15T22:00+00:00", date(2026, 11, 16), date(2026, 11, 1)),
            ("2026-12-31T22:00+00:00", date(2027, 1, 1), date(2026, 12, 16)),
            ("2028-02-29T12:00+02:00", date(2028, 2, 16), date(2028, 2, 1)),
            ("2026-07-15T21:30+00:00", date(2026, 7, 16), date(2026, 7, 1)),
        ],
    )
    def test_begin_on_the_1st_and_the_16th_in_helsinki(self, instant: str, half_month: date, before: date) -> None:
        """At local midnight, in summer and in winter."""
        assert half_months.half_month_at(datetime.fromisoformat(instant)) == half_month
        assert half_months.before(half_month) == before
