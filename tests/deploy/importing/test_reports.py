"""What is written beside the input can be opened by a spreadsheet, and by nobody else on the machine."""

import csv
from pathlib import Path

import pytest

from deploy.importing import reports, year
from deploy.importing.cases import gather
from deploy.importing.files import table
from deploy.trouble import Trouble
from tests.deploy.importing.test_directory import NORTH, SOUTH, a_directory


def written(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=";"))


class TestTheReport:
    def test_names_every_row_of_a_case_that_is_held_back(self) -> None:
        """The bad ones with cell and cure, the others with the row they wait for, in the order of the file."""
        found = table(
            b"case;kind;start;unit\n"
            b"A-1;Heijastin;2.3.2026;South\nB-2;Heijastin;never;South\nB-2;Heijastin;2.3.2026;South\n;Heijastin;;South\n"
        )
        gathered = gather(found, a_directory())

        lines = reports.held_back(gathered.faults, gathered.rows_by_case, found)

        assert [line[:5] for line in lines] == [
            ("3", "B-2", "start", "never", "'never' is neither a day nor a day with a time."),
            ("4", "B-2", "", "", "It waits for row 3 of the same case."),
            ("5", "", "case", "", "The cell is empty."),
            ("5", "", "start", "", "Nothing is said here."),
        ]
        assert all(cure for *_, cure in lines)

    def test_tells_rows_of_earlier_files_and_how_they_are_taken_back(self) -> None:
        """Nothing is taken back by being silent about it."""
        row = {"kind": "meeting", "reference": "7", "case_reference": "A-1", "began_on": "2026-03-02"}

        [line] = reports.vanished([row])

        assert line[:4] == ("", "A-1", "id", "7")
        assert "2026-03-02" in line[4]
        assert "cancelled" in line[5]

    def test_holds_nothing_that_acts_as_a_formula(self, tmp_path: Path) -> None:
        """What a cell of the input held is shown, and harmless."""
        path = tmp_path / "report.csv"

        reports.write(path, ("a", "b"), [('=HYPERLINK("http")', "+1"), ("-1", "@x"), ("\tx", "plain; text"), (7, "")])

        assert written(path)[1:] == [
            ['\'=HYPERLINK("http")', "'+1"],
            ["'-1", "'@x"],
            ["'\tx", "plain; text"],
            ["7", ""],
        ]

    def test_is_for_its_owner_only_and_whole_or_not_there(self, tmp_path: Path) -> None:
        """It names cases; half of one would pass for all that is wrong."""
        path = tmp_path / "report.csv"
        reports.write(path, ("a",), [("old",)])

        with pytest.raises(RuntimeError):
            reports.write(path, ("a",), (_fail() for _ in range(1)))

        assert written(path) == [["a"], ["old"]]
        assert path.stat().st_mode & 0o777 == 0o600

    def test_says_why_it_cannot_be_written(self, tmp_path: Path) -> None:
        """After the import has gone in, so that nothing seems to be lost."""
        with pytest.raises(Trouble, match="cannot be written"):
            reports.write(tmp_path / "missing" / "report.csv", ("a",), [])


def _fail() -> tuple[str]:
    raise RuntimeError


class TestTheYear:
    def test_has_a_line_for_each_unit_and_month_and_one_for_all(self) -> None:
        """Of what was imported; the rate is over all that was due, not a mean of rates."""
        month = {"month": "2026-03-01", "imported": True, "kept_late": 1, "lapsed": 1}
        figures = [
            {**month, "unit_id": str(SOUTH), "due": 4, "kept": 2, "ended_with_case": 1, "undetermined": 0},
            {**month, "unit_id": str(NORTH), "due": 2, "kept": 0, "ended_with_case": 0, "undetermined": 3},
            {**month, "unit_id": str(NORTH), "due": 9, "kept": 9, "ended_with_case": 9, "undetermined": 9}
            | {"imported": False},
        ]

        lines = year.lines(figures, a_directory())

        assert lines == [
            ("Etelä", "2026-03", "4", "2", "1", "1", "1", "0", "50%"),
            ("Pohjoinen", "2026-03", "2", "0", "1", "1", "0", "3", "0%"),
            ("all units", "", "6", "2", "2", "2", "1", "3", "33%"),
        ]
        assert year.as_text(lines).splitlines()[1].split() == ["Etelä", "2026-03", "4", "2", "1", "1", "1", "0", "50%"]

    def test_names_a_unit_once(self) -> None:
        """So that months can be read down."""
        line = ("Etelä", "2026-03", "4", "2", "1", "1", "1", "0", "50%")

        assert year.as_text([line, line]).count("Etelä") == 1

    def test_of_nothing_has_no_rate(self) -> None:
        """Nought of nought is not nought."""
        assert year.lines([], a_directory())[-1][-1] == "-"
