"""Rows become cases: whole, in the order of time, or held back with everything of theirs and a cure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.importing.cases import Gathered, ReadCase, gather, refused
from deploy.importing.files import table
from tests.deploy.importing.test_directory import BEARS, FOXES, NORTH, SOUTH, VEERA, a_directory

HEADER = ("case", "kind", "start", "end", "id", "status", "unit", "team", "family present", "worker present", "mode")
MORE = ("children", "opened", "closed", "worker")
USUAL: Mapping[str, str] = {
    "case": "A-1",
    "kind": "Heijastin",
    "start": "2.3.2026 12.00",
    "end": "14.00",
    "status": "held",
    "unit": "North",
    "team": "Ketut",
    "family present": "yes",
    "worker present": "yes",
    "mode": "in person",
}


def a_row(identifier: str = "1", **different: str) -> dict[str, str]:
    """Return the cells of a Heijastin, by column; `family_present` stands for the column of two words."""
    return {**USUAL, "id": identifier, **{name.replace("_", " "): cell for name, cell in different.items()}}


def gathered(*rows: Mapping[str, str], header: tuple[str, ...] = HEADER + MORE) -> Gathered:
    """Return what comes of a file of these rows; they are numbered from 2."""
    lines = [";".join(header), *(";".join(row.get(name, "") for name in header) for row in rows)]
    return gather(table("\n".join(lines).encode()), a_directory())


def only(found: Gathered) -> ReadCase:
    """Return the one case of a file, in which nothing is wrong."""
    assert found.faults == []
    [case] = found.cases
    return case


def faults(found: Gathered) -> list[tuple[int, str, str]]:
    """Return row, column and what is wrong of each fault."""
    return [(fault.row, fault.column, fault.what) for fault in found.faults]


def without(*names: str) -> tuple[str, ...]:
    """Return the header without some columns."""
    return tuple(name for name in HEADER + MORE if name not in names)


class TestACase:
    def test_has_its_rows_in_the_order_of_time(self) -> None:
        """Whatever their order in the file."""
        case = only(
            gathered(
                a_row("3", start="1.5.2026 9.00", end="10.00"),
                a_row("2", kind="jatkotapaaminen", start="20.3.2026 9.00", end="10.00", mode="etä"),
                a_row("1"),
            )
        )

        assert [row.reference for row in case.command.meetings] == ["1", "3"]
        assert case.rows == {("meeting", 0): 4, ("follow_up", 0): 3, ("meeting", 1): 2}
        [met] = case.command.follow_ups
        assert (met.held_from, met.held_until) == (
            datetime(2026, 3, 20, 7, 0, tzinfo=UTC),
            datetime(2026, 3, 20, 8, 0, tzinfo=UTC),
        )
        assert (met.family_present, met.worker_present, met.mode, met.held) == (True, True, "remote", True)

    def test_is_in_the_hands_that_its_last_row_names(self) -> None:
        """Each meeting keeps the unit of its own row: a case may have moved."""
        case = only(
            gathered(a_row("1"), a_row("2", start="1.5.2026 9.00", end="10.00", unit="South", team="", worker="veera"))
        )

        assert (case.command.unit_id, case.command.team_id) == (SOUTH, BEARS)
        assert case.command.responsible_worker_ids == (VEERA,)
        assert [row.unit_id for row in case.command.meetings] == [NORTH, SOUTH]

    def test_has_what_its_rows_tell_of_it(self) -> None:
        """In any of them; the newest count of children."""
        case = only(
            gathered(
                a_row("1", children="2", opened="1.2.2026"),
                a_row("2", start="1.5.2026 9.00", end="10.00", children="3", closed="2026-06-01"),
            )
        )

        assert (case.command.children_count, case.command.opened_on) == (3, date(2026, 2, 1))
        assert case.command.closed_on == date(2026, 6, 1)
        assert case.command.team_id == FOXES

    def test_was_opened_with_its_first_row_and_has_a_child_if_nothing_is_told(self) -> None:
        """The least that can be so."""
        case = only(gathered(a_row(), header=without("children", "opened", "closed", "worker")))

        assert (case.command.opened_on, case.command.children_count) == (date(2026, 3, 2), 1)
        assert (case.command.closed_on, case.command.responsible_worker_ids) == (None, ())

    def test_has_follow_ups_that_count_where_no_column_says_otherwise(self) -> None:
        """An export that has no such columns lists what counted; one that has them must fill them in."""
        rows = (a_row("1", kind="follow-up", family_present="", worker_present="", mode=""),)

        [met] = only(gathered(*rows, header=without("family present", "worker present", "mode"))).command.follow_ups
        assert (met.family_present, met.worker_present, met.mode) == (True, True, "in_person")
        assert [(column, what) for _, column, what in faults(gathered(*rows))] == [
            ("family present", "Nothing is said here."),
            ("worker present", "Nothing is said here."),
            ("mode", "Nothing is said here."),
        ]

    def test_has_rows_that_were_not_held(self) -> None:
        """So that what was taken over as held can be taken back; nobody was present at those."""
        case = only(gathered(a_row("1", status="peruttu"), a_row("2", kind="follow-up", status="varattu", mode="")))

        assert [row.held for row in (*case.command.meetings, *case.command.follow_ups)] == [False, False]

    @pytest.mark.parametrize("status", ["cancelled", "varattu"])
    def test_needs_no_end_of_what_was_not_held(self, status: str) -> None:
        """Other systems leave it empty, and nothing is judged by it."""
        case = only(gathered(a_row("1"), a_row("2", start="1.5.2026 9.00", end="", status=status)))

        assert [(row.reference, row.held) for row in case.command.meetings] == [("1", True), ("2", False)]

    def test_whose_rows_took_an_hour_each_if_no_column_tells_the_end(self) -> None:
        """The promise hangs on days only."""
        [meeting] = only(gathered(a_row(), header=without("end"))).command.meetings

        assert (meeting.held_until - meeting.held_from).total_seconds() == 3600


class TestReferences:
    def test_without_ids_are_the_case_and_the_day_and_a_number(self) -> None:
        """So a row whose time of day is corrected is the same row; one whose day is corrected is another."""
        rows = (a_row(), a_row(start="2.3.2026 15.00", end="16.00"), a_row(kind="follow-up"))

        case = only(gathered(*rows, header=without("id")))

        assert [row.reference for row in case.command.meetings] == ["A-1 2026-03-02 1", "A-1 2026-03-02 2"]
        assert [row.reference for row in case.command.follow_ups] == ["A-1 2026-03-02 1"]
        corrected = only(gathered(a_row(start="2.3.2026 8.00"), *rows[1:], header=without("id")))
        assert [row.reference for row in corrected.command.meetings] == ["A-1 2026-03-02 1", "A-1 2026-03-02 2"]

    @pytest.mark.parametrize("header", [HEADER + MORE, without("id")], ids=["ids", "no ids"])
    def test_of_rows_that_say_the_same_again_count_once(self, header: tuple[str, ...]) -> None:
        """Exports repeat rows."""
        found = gathered(a_row(), a_row(), header=header)

        assert only(found).command.meetings[0].reference
        assert found.repeated == 1

    def test_that_say_something_else_the_second_time_hold_the_case_back(self) -> None:
        """Which of the two would stand?"""
        found = gathered(a_row("7"), a_row("7", start="3.3.2026 12.00"))

        assert faults(found) == [(3, "id", "Row 2 has the same id and says something else.")]
        assert found.cases == []

    def test_of_two_cases_hold_both_back(self) -> None:
        """The one that is right cannot be told from the one that is not."""
        found = gathered(a_row("7"), a_row("7", case="A-2"), a_row("8", case="A-3"))

        assert faults(found) == [
            (2, "id", "The id is also that of another case's row (3)."),
            (3, "id", "The id is also that of another case's row (2)."),
        ]
        assert [case.command.reference for case in found.cases] == ["A-3"]

    def test_of_meetings_and_follow_ups_are_apart(self) -> None:
        """Other systems number each kind by itself."""
        assert only(gathered(a_row("7"), a_row("7", kind="follow-up", start="20.3.2026 12.00"))).rows


class TestAHeldBackCase:
    @pytest.mark.parametrize(
        "different, column, what",
        [
            ({"kind": "kahvit"}, "kind", "'kahvit' is not understood."),
            ({"start": "31.2.2026 12.00"}, "start", "There is no such day as '31.2.2026 12.00'."),
            ({"start": "29.3.2026 3.30"}, "start", "03.30 does not exist on 29.3.2026"),
            ({"end": ""}, "end", "The end is not told."),
            ({"end": "11.00"}, "end", "The end is not after the start, or is more than 48 hours after it."),
            ({"end": "12.3.2026 14.00"}, "end", "The end is not after the start, or is more than 48 hours after it."),
            ({"start": "2.3.1926 12.00"}, "start", "The year of '2.3.1926 12.00' is not between 2000 and 2099."),
            ({"id": ""}, "id", "The cell is empty."),
            ({"unit": "Nowhere"}, "unit", "No unit of yours is called 'Nowhere'."),
            ({"team": "Karhut"}, "team", "No team of yours is called 'Karhut'."),
            ({"worker": "Nobody"}, "worker", "No worker of yours is called 'Nobody'."),
            ({"status": "ehkä"}, "status", "'ehkä' is not understood."),
            ({"children": "two"}, "children", "'two' is not a number."),
            ({"children": "0"}, "children", "Input should be greater than or equal to 1."),
            ({"opened": "eilen"}, "opened", "'eilen' is neither a day nor a day with a time."),
            ({"closed": "1.6.26"}, "closed", "The year of '1.6.26' has two digits."),
            ({"closed": "1.6.1926"}, "closed", "The year of '1.6.1926' is not between 2000 and 2099."),
            ({"case": "x" * 201}, "case", "String should have at most 200 characters."),
            ({"id": "x" * 201}, "id", "String should have at most 200 characters."),
            ({"case": '=HYPERLINK("http")'}, "case", "The cell begins like a formula."),
            ({"team": "@Ketut"}, "team", "The cell begins like a formula."),
        ],
        ids=lambda value: "" if isinstance(value, str) else " ".join(*value.items())[:30],
    )
    def test_names_row_and_column_and_lets_the_others_in(
        self, different: dict[str, str], column: str, what: str
    ) -> None:
        """One row holds back its case, all of it, and nobody else's."""
        bad = {**a_row("2", start="9.3.2026 12.00"), **different}
        others = (a_row("1"), a_row("3", case="B-2"))

        found = gathered(others[0], {"case": "A-1", **bad}, others[1])

        row, named, told = faults(found)[0]
        assert (row, named) == (3, column)
        assert {fault.row for fault in found.faults} == {3}
        assert told.startswith(what)
        assert found.faults[0].cure
        assert [case.command.reference for case in found.cases if case.command.reference != "A-1"] == ["B-2"]
        if "case" not in different:
            assert [case.command.reference for case in found.cases] == ["B-2"]
            assert found.rows_by_case["A-1"] == [2, 3]

    def test_has_a_row_without_a_case(self) -> None:
        """Nobody knows whose it is."""
        found = gathered(a_row("1"), a_row("2", case=""))

        assert faults(found) == [(3, "case", "The cell is empty.")]
        assert [case.command.reference for case in found.cases] == ["A-1"]

    def test_is_known_through_the_formula_of_a_spreadsheet(self) -> None:
        """So the rest of the case waits with its row."""
        found = gathered(a_row("1"), a_row("2", case='="A-1"'))

        assert [fault.case for fault in found.faults] == ["A-1"]
        assert found.cases == []

    def test_names_everything_that_is_wrong_with_a_row(self) -> None:
        """One round of mending is enough."""
        found = gathered(a_row("", start="eilen", unit="Nowhere", status="?"))

        assert [column for _, column, _ in faults(found)] == ["id", "status", "start", "unit"]

    def test_has_a_row_of_another_unit_between_its_own(self) -> None:
        """A case moves once; one that seems to come and go has a slip in it."""
        days = ("2.3.2026", "2.4.2026", "2.5.2026")
        units = ("North", "South", "North")
        rows = [
            a_row(str(number), start=f"{day} 12.00", unit=unit, team="")
            for number, (day, unit) in enumerate(zip(days, units, strict=True))
        ]
        for row, team in zip(rows, ("Ketut", "Karhut", "Ketut"), strict=True):
            row["team"] = team

        found = gathered(*rows)

        assert faults(found) == [(3, "unit", "The case was in another unit before and after (rows 2 and 4).")]

    def test_tells_two_days_of_one_thing(self) -> None:
        """A case ends once."""
        found = gathered(
            a_row("1", closed="1.6.2026", opened="1.2.2026"),
            a_row("2", start="1.5.2026 12.00", closed="2.6.2026", opened="1.2.2026"),
        )

        assert faults(found) == [(3, "closed", "Row 2 tells another day.")]

    def test_has_more_rows_than_a_case_can_have(self) -> None:
        """Somebody has put a whole unit into one case."""
        rows = [a_row(str(number), start=f"2.3.2026 {number % 24}.{number // 24:02}", end="") for number in range(201)]

        found = gathered(*rows, header=without("end"))

        assert faults(found) == [(2, "kind", "The case has more than 200 rows of this kind.")]

    @given(st.sets(st.integers(0, 11)))
    def test_holds_nobody_else_back(self, bad: set[int]) -> None:
        """Whichever rows are bad: in go exactly the cases without one."""
        rows = [
            a_row(str(number), case=f"A-{number // 3}", end="never" if number in bad else "14.00")
            for number in range(12)
        ]

        found = gathered(*rows)

        assert {case.command.reference for case in found.cases} == {
            f"A-{case}" for case in range(4) if not bad & set(range(3 * case, 3 * case + 3))
        }
        assert {fault.row for fault in found.faults} == {number + 2 for number in bad}


class TestTheSpan:
    def test_is_from_the_first_row_to_the_last(self) -> None:
        """Local days: what lies outside it may be in another file."""
        found = gathered(
            a_row("1", start="1.3.2026 0.30", end="1.00"), a_row("2", start="30.4.2026 23.30", end="23.45")
        )

        assert found.span(but=()) == (date(2026, 3, 1), date(2026, 4, 30))

    def test_is_that_of_what_goes_in_and_was_held(self) -> None:
        """A slip of the pen, or a booking far ahead, would make every row of the files between seem to be gone."""
        found = gathered(
            a_row("1"),
            a_row("2", start="9.3.2027 12.00", status="booked"),
            a_row("3", case="B-2", start="9.3.2062 12.00"),
            a_row("4", case="C-3", start="9.3.2016 12.00", mode="?", kind="follow-up"),
        )

        assert found.span(but={"B-2"}) == (date(2026, 3, 2), date(2026, 3, 2))

    def test_of_nothing_is_none(self) -> None:
        """All of it is held back."""
        assert gathered(a_row()).span(but={"A-1"}) is None


class TestWhatSchedulingRefuses:
    def test_is_told_by_row_and_column(self) -> None:
        """Of a row, or of the case as a whole by its first row; its sentence has the cure in it."""
        case = only(gathered(a_row("2", start="9.3.2026 12.00"), a_row("1")))
        problems: list[dict[str, Any]] = [
            {
                "kind": "meeting",
                "place": 1,
                "field": "held_until",
                "message": "This lies in the future; check the day.",
            },
            {"kind": "case", "place": None, "field": None, "message": "It cannot be; ask somebody."},
        ]

        found = [(it.row, it.case, it.column, it.what, it.cure) for it in refused(case, problems)]

        assert found == [
            (2, "A-1", "end", "This lies in the future", "Check the day."),
            (2, "A-1", "", "It cannot be", "Ask somebody."),
        ]
        assert isinstance(case.command.unit_id, UUID)
