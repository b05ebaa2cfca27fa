"""What is counted where: by unit, by the month of the due day, and imports apart."""

from datetime import date
from uuid import UUID

from services.quality.domain.figures import Counted, Figures, figures
from services.quality.domain.promise import Status
from tests.quality.builders import CASE, UNIT

LATER = date(2027, 2, 1)


def counted(
    status: Status,
    *,
    due_on: str = "2026-12-24",
    unit_id: UUID = UNIT,
    undetermined: bool = False,
    recorded_late: bool = False,
    imported: bool = False,
) -> Counted:
    """Return a promise as the figures know it."""
    return Counted(unit_id, date.fromisoformat(due_on), status, undetermined, recorded_late, imported)


def only(*promises: Counted, as_of_day: date = LATER) -> Figures:
    """Return the figures of the one unit and month."""
    (found,) = figures(promises, as_of_day=as_of_day)
    return found


class TestTheStrictRate:
    def test_is_kept_in_time_of_all_that_were_due(self) -> None:
        """Late is not in time, whoever caused it; and nothing that was not met is left out."""
        found = only(
            counted(Status.KEPT), counted(Status.KEPT), counted(Status.KEPT_LATE), counted(Status.LAPSED),
        )  # fmt: skip

        assert (found.due, found.kept, found.kept_late, found.lapsed) == (4, 2, 1, 1)
        assert found.strict_rate == 0.5

    def test_waits_for_the_verdict(self) -> None:
        """Due and not judged yet is not known: a slow sweep must not make the rate worse than it is."""
        found = only(counted(Status.OPEN), counted(Status.KEPT))
        assert (found.due, found.undetermined, found.strict_rate) == (1, 1, 1.0)

    def test_counts_what_was_recorded_late_as_kept_and_tells_it(self) -> None:
        """A third figure beside it."""
        found = only(counted(Status.KEPT, recorded_late=True), counted(Status.KEPT))
        assert (found.due, found.kept, found.kept_recorded_late, found.strict_rate) == (2, 2, 1, 1.0)

    def test_leaves_out_what_ended_with_its_case(self) -> None:
        """Closing a case never improves the rate; a closing recorded late is told apart."""
        found = only(
            counted(Status.ENDED_WITH_CASE), counted(Status.ENDED_WITH_CASE, recorded_late=True), counted(Status.LAPSED)
        )
        assert (found.due, found.ended_with_case, found.ended_recorded_late) == (1, 2, 1)
        assert found.strict_rate == 0

    def test_leaves_out_what_is_undetermined(self) -> None:
        """Whatever it was before."""
        found = only(counted(Status.LAPSED, undetermined=True), counted(Status.ENDED_WITH_CASE, undetermined=True))
        assert (found.due, found.lapsed, found.ended_with_case, found.undetermined) == (0, 0, 0, 2)
        assert found.strict_rate is None

    def test_knows_nothing_of_what_is_void(self) -> None:
        """There was no promise."""
        assert figures([counted(Status.VOID), counted(Status.VOID, undetermined=True)], as_of_day=LATER) == []
        assert only(counted(Status.VOID), counted(Status.KEPT)).due == 1


class TestFigures:
    def test_wait_for_the_due_day_to_pass(self) -> None:
        """Kept early or not: the month's figures are of those whose day has passed."""
        promise = counted(Status.KEPT)
        assert figures([promise], as_of_day=date(2026, 12, 24)) == []
        assert only(promise, as_of_day=date(2026, 12, 25)).kept == 1

    def test_are_by_unit_and_month_and_import(self) -> None:
        """Imports stand apart, last."""
        found = figures(
            [
                counted(Status.KEPT, due_on="2027-01-31"),
                counted(Status.KEPT, imported=True),
                counted(Status.KEPT, due_on="2026-12-01"),
                counted(Status.LAPSED),
                counted(Status.KEPT, unit_id=CASE),
            ],
            as_of_day=LATER,
        )
        assert [(each.unit_id, each.month, each.imported, each.due) for each in found] == [
            (UNIT, date(2026, 12, 1), False, 2),
            (UNIT, date(2026, 12, 1), True, 1),
            (UNIT, date(2027, 1, 1), False, 1),
            (CASE, date(2026, 12, 1), False, 1),
        ]
