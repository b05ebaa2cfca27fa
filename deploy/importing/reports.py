"""What is written beside the input: why rows were held back, and the year as it was; safe for spreadsheets to open."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from deploy.importing.cases import Fault
from deploy.importing.files import Table
from deploy.trouble import Trouble

HELD_BACK = ("row", "case", "column", "cell", "what is wrong", "what to do")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def held_back(
    faults: Iterable[Fault], rows_by_case: Mapping[str, Sequence[int]], table: Table
) -> list[tuple[str, ...]]:
    """Return a line for each fault, and one for each other row that waits with its case, in the order of rows."""
    cells = {row.number: {str(name): cell for name, cell in row.cells.items()} for row in table.rows}
    first: dict[str, int] = {}
    lines: list[tuple[int, tuple[str, ...]]] = []
    for fault in sorted(faults, key=lambda fault: fault.row):
        first.setdefault(fault.case, fault.row)
        cell = cells[fault.row].get(fault.column, "")
        lines.append((fault.row, (fault.case, fault.column, cell, fault.what, fault.cure)))
    faulty = {number for number, _ in lines}
    for case, because_of in first.items():
        others = [number for number in rows_by_case.get(case, ()) if number not in faulty] if case else []
        what, cure = f"It waits for row {because_of} of the same case.", f"Mend row {because_of}."
        lines += [(number, (case, "", "", what, cure)) for number in others]
    return [(str(number), *line) for number, line in sorted(lines, key=lambda line: line[0])]


def vanished(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return a line for each row that an earlier file had and this one has not."""
    cure = "If it was not held after all, keep the row in the file with the status cancelled (peruttu)."
    return sorted(
        (
            "",
            str(row["case_reference"]),
            "id",
            str(row["reference"]),
            f"An earlier file had this row, held on {row['began_on']}; it still counts.",
            cure,
        )
        for row in rows
    )


def write(path: Path, header: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """
    Write a CSV file for spreadsheets, readable by its owner only; nothing in it can act as a formula.

    Raises:
        Trouble: it cannot be written.
    """
    half = path.with_name(f"{path.name}.part")
    try:
        half.unlink(missing_ok=True)
        half.touch(mode=0o600)
        with half.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows(
                [_harmless(cell) for cell in line] for line in chain([header], lines)
            )
        half.replace(path)
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror}."
        raise Trouble(what, cure="See to the permissions of its folder, or copy the input elsewhere.") from error


def _harmless(cell: object) -> str:
    """Return the text of a cell, with a quote before what a spreadsheet would take for a formula."""
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
