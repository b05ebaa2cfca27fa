import hashlib
from datetime import UTC, date, datetime

import pytest

from services.scheduling.commands.feedback import FormKind
from services.scheduling.domain import booklets
from services.scheduling.domain.booklets import Booklet, Round
from tests.scheduling.builders import NEW_ID, NOW, UNIT_ID


def local(text: str) -> datetime:
    """Return an instant given in Helsinki's winter time."""
    return datetime.fromisoformat(f"{text}+02:00")


class TestHalfMonths:
    @pytest.mark.parametrize(
        "instant, this, following",
        [
            ("2026-11-01 00:00", date(2026, 11, 1), date(2026, 11, 16)),
            ("2026-11-15 23:59", date(2026, 11, 1), date(2026, 11, 16)),
            ("2026-11-16 00:00", date(2026, 11, 16), date(2026, 12, 1)),
            ("2026-12-31 23:59", date(2026, 12, 16), date(2027, 1, 1)),
            ("2028-02-29 12:00", date(2028, 2, 16), date(2028, 3, 1)),
            ("2027-02-20 12:00", date(2027, 2, 16), date(2027, 3, 1)),
        ],
    )
    def test_begin_on_the_1st_and_the_16th(self, instant: str, this: date, following: date) -> None:
        """Local days; links exist for this one and the next, so that they are known before the first meeting."""
        assert booklets.half_month_at(local(instant)) == this
        assert booklets.half_months_to_provide_for(local(instant)) == [this, following]

    def test_are_counted_when_no_transaction_of_theirs_can_be_open(self) -> None:
        """A hand-out that began a second before midnight is committed before its round is counted."""
        assert booklets.ended_before(local("2026-11-16 00:01")) == date(2026, 11, 1)
        assert booklets.ended_before(local("2026-11-16 00:02")) == date(2026, 11, 16)


class TestABooklet:
    @pytest.mark.parametrize("kind", booklets.FORM_KINDS)
    def test_is_told_of_by_digests_in_no_order(self, kind: FormKind) -> None:
        """The tokens stay here, and where a digest stands does not tell when its token was drawn."""
        booklet = Booklet(unit_id=UNIT_ID, half_month=date(2026, 11, 16), kind=kind)
        tokens = [f"token-{number}" for number in range(50)]

        issued = booklets.issue(booklet, tokens, booklet_id=NEW_ID)

        assert issued.digests == tuple(sorted(hashlib.sha256(token.encode()).hexdigest() for token in tokens))
        assert (issued.unit_id, issued.version, issued.half_month, issued.kind) == (
            UNIT_ID,
            1,
            date(2026, 11, 16),
            kind,
        )
        assert issued.subject() == f"feedback_booklet/{NEW_ID}"

    def test_is_followed_by_another_when_a_quarter_is_left(self) -> None:
        """Long before the last one: from few links it could be told which were taken."""
        assert booklets.enough_left(400) == 100
        assert booklets.enough_left(30) == 7


class TestARound:
    def test_ends_with_three_counts(self) -> None:
        """And nothing else."""
        ended = Round(unit_id=UNIT_ID, half_month=date(2026, 11, 1), meetings=3, links=8, largest_family=4)

        fact = booklets.end(ended)

        assert fact.model_dump(mode="json") == {
            "unit_id": str(UNIT_ID),
            "version": 1,
            "half_month": "2026-11-01",
            "meetings": 3,
            "links": 8,
            "largest_family": 4,
        }
        assert fact.subject() == f"feedback_round/{UNIT_ID}/2026-11-01"


def test_now_is_in_the_second_half() -> None:
    """What the examples of other tests stand on."""
    assert booklets.half_month_at(NOW.astimezone(UTC)) == date(2026, 11, 16)
