"""What a command lists, as it is printed."""

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
"""One thing of a list, JSON or not."""


def as_table(rows: Sequence[Row], *columns: str) -> str:
    """Return *columns* of *rows* for people, one row a line, below the names of the columns."""
    cells = [columns, *(tuple(str(row[column] or "-") for column in columns) for row in rows)]
    widths = [max(len(cell[at]) for cell in cells) for at in range(len(columns))]
    lines = ("  ".join(word.ljust(width) for word, width in zip(cell, widths, strict=True)) for cell in cells)
    return "\n".join(line.rstrip() for line in lines)
