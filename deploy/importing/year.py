"""The year as it was: quality's figures of what was imported, by unit and month, for people and for spreadsheets."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from deploy.importing.directory import Directory

COLUMNS: Final = ("unit", "due in", "due", "kept", "kept late", "broken", "ended with case", "undetermined", "rate")
_COUNTS: Final = ("due", "kept", "kept_late", "lapsed", "ended_with_case", "undetermined")

Line = tuple[str, ...]


def lines(figures: Iterable[Mapping[str, Any]], directory: Directory) -> list[Line]:
    """Return a line for each unit and month, by the name of the unit, and one of all together."""
    imported = [each for each in figures if each["imported"]]
    named = sorted((directory.name_of_unit(UUID(each["unit_id"])), str(each["month"]), each) for each in imported)
    total = {count: sum(each[count] for each in imported) for count in _COUNTS}
    return [*(_line(unit, month[:7], each) for unit, month, each in named), _line("all units", "", total)]


def as_text(table: Sequence[Line]) -> str:
    """Return the lines under their columns, for a terminal; the name of a unit stands once."""
    shown = [COLUMNS, *table]
    widths = [max(len(line[at]) for line in shown) for at in range(len(COLUMNS))]
    told: list[str] = []
    before = ""
    for line in shown:
        unit = "" if line[0] == before else line[0]
        before = line[0]
        cells = [unit.ljust(widths[0]), line[1].ljust(widths[1])]
        cells += [cell.rjust(width) for cell, width in zip(line[2:], widths[2:], strict=True)]
        told.append("  ".join(cells).rstrip())
    return "\n".join(told)


def _line(unit: str, month: str, counts: Mapping[str, Any]) -> Line:
    rate = f"{counts['kept'] / counts['due']:.0%}" if counts["due"] else "-"
    return (unit, month, *(str(counts[count]) for count in _COUNTS), rate)
