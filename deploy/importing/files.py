"""From the bytes of a file to rows of cells: encoding, delimiter, quotes and header; or why not, before all else."""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.importing import columns
from deploy.importing.columns import COLUMNS, Name
from deploy.trouble import ExitCode, Trouble

MOST_BYTES: Final = 50_000_000
"""Some 400,000 rows, which are held in memory; nobody has a year as large as that."""

_EXPORT_AGAIN: Final = "Open it in the program it came from and save it as CSV (in Excel: 'CSV UTF-8')."
_FORMATS: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "an Excel or OpenDocument workbook, or a zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip file",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}
_DELIMITERS: Final = (";", ",", "\t")
_NAMES_OF_DELIMITERS: Final = {";": "semicolons", ",": "commas", "\t": "tabs"}
_BINARY: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SPOILT: Final = re.compile("\u00c3[\u00a4\u00b6\u00a5\u201e\u2013\u2026]|\ufffd")
"""ä, ö and å, read in the wrong encoding and saved again."""
_LONGEST_CELL: Final = 131_072  # the csv module's own limit


@dataclass(frozen=True, slots=True)
class Row:
    """A row as a spreadsheet numbers it (the header is row 1), and its cells by column."""

    number: int
    cells: Mapping[Name, str]


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds, and how it was read."""

    rows: Sequence[Row]
    names: frozenset[Name]
    encoding: str
    delimiter: str

    @property
    def delimited_by(self) -> str:
        """Return the delimiter in words."""
        return _NAMES_OF_DELIMITERS[self.delimiter]


def read(path: Path, *, ignored: Collection[str] = ()) -> Table:
    """
    Return the rows of a CSV file, without the *ignored* columns (by their headers).

    Raises:
        Trouble: it cannot be read as one, and why.
    """
    try:
        if not path.is_file():
            exists = path.exists()
            what = f"{path} is {'not a file' if exists else 'not there'}."
            raise Trouble(what, cure="Name a CSV file.", exit_code=ExitCode.USAGE if exists else ExitCode.NOT_FOUND)
        size = path.stat().st_size
        if size > MOST_BYTES:
            what = f"{path} has {size / 1e6:,.0f} MB; at most {MOST_BYTES / 1e6:.0f} MB are read at once."
            raise Trouble(what, cure="Export a shorter period, or each unit by itself, and import one after the other.")
        content = path.read_bytes()
    except OSError as error:
        what = f"{path} cannot be read: {error.strerror}."
        raise Trouble(what, cure="See to its permissions, or name another file.") from error
    return table(content, ignored=ignored)


def table(content: bytes, *, ignored: Collection[str] = ()) -> Table:
    """
    Return the rows of a CSV file with this *content*.

    Raises:
        Trouble: it cannot be read as one, and why.
    """
    text, encoding = _decoded(content)
    delimiter, skipped, text = _delimiter(text)
    records = list(_records(text, delimiter, skipped))
    if not records:
        raise Trouble("The file is empty.", cure="Export it again, with a header and rows.")
    _, header = records[0]
    names = _names(header, ignored)
    rows: list[Row] = []
    crooked: list[str] = []
    for number, record in records[1:]:
        cells = [cell.strip() for cell in record]
        if len(cells) < len(header) or any(cells[len(header) :]):
            crooked.append(f"row {number} has {len(cells)}")
        rows.append(Row(number, {name: cell for name, cell in zip(names, cells, strict=False) if name}))
    if crooked:
        listed = ", ".join(crooked[:5]) + (f", and {len(crooked) - 5} more" if len(crooked) > 5 else "")  # noqa: PLR2004
        what = f"The header has {len(header)} columns, divided by {_NAMES_OF_DELIMITERS[delimiter]}; but {listed}."
        cure = "Divide all rows alike, and put quotes around a cell that holds the dividing sign."
        raise Trouble(what, cure=cure)
    if not rows:
        raise Trouble("The file has a header and no rows.", cure="Export it again; was a period chosen?")
    return Table(rows, frozenset(name for name in names if name), encoding, delimiter)


def _decoded(content: bytes) -> tuple[str, str]:
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise Trouble("The file is empty.", cure="Export it again, with a header and rows.")
    for magic, kind in _FORMATS.items():
        if content.startswith(magic):
            what = f"The file is {kind}, not CSV."
            raise Trouble(what, cure=_EXPORT_AGAIN)
    text, encoding = _text(content)
    if found := _BINARY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        what = f"Line {line} holds signs that no text has (code {ord(found[0])}): the file is binary, or in UTF-16."
        raise Trouble(what, cure=_EXPORT_AGAIN)
    if found := _SPOILT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        what = f"Line {line} holds '{found[0]}' for a letter such as ä: it was read in the wrong encoding and saved so."
        raise Trouble(what, cure="Take the file as it was exported, not as another program saved it again.")
    return text, encoding


def _text(content: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding: what is not UTF-8 was saved by Windows, unless it says it is."""
    body = content.removeprefix(b"\xef\xbb\xbf")
    encodings = {"UTF-8": "utf-8"} if body != content else {"UTF-8": "utf-8", "Windows-1252": "cp1252"}
    line = 0
    for name, encoding in encodings.items():
        try:
            # One sign for one letter: some systems write ä as an a and two dots, which looks the same and is not.
            return unicodedata.normalize("NFC", body.decode(encoding)), name
        except UnicodeDecodeError as error:
            line = body.count(b"\n", 0, error.start) + 1
    what = f"Line {line} holds bytes that are not {' or '.join(encodings)}."
    raise Trouble(what, cure=_EXPORT_AGAIN)


def _delimiter(text: str) -> tuple[str, int, str]:
    """Return the delimiter, how many lines come before the header, and the text from there."""
    said = re.match(r'"?sep=([;,\t])"?\r?\n', text)  # Excel's own way to say it
    if said:
        return said[1], 1, text[said.end() :]
    known = {delimiter: _known_in_header(text, delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: known[delimiter])
    if not known[best]:
        names = ", ".join(column.finnish for column in COLUMNS if column.is_needed)
        what = "The first row names no column of ours: the file has no header, or one in other words."
        raise Trouble(what, cure=f"Let the first row name the columns, at least: {names} (docs/import.md lists all).")
    return best, 0, text


def _known_in_header(text: str, delimiter: str) -> int:
    try:
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (csv.Error, StopIteration):
        return 0
    return sum(columns.name_of(cell) is not None for cell in header)


def _records(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank, and the number that a spreadsheet gives it."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number, line = 0, skipped  # Excel does not show the line that says how rows are divided
    while True:
        try:
            record = next(reader, None)
        except csv.Error as error:
            what = f"The row that begins on line {line + 1} cannot be read: {error}."
            if "end of data" in str(error):
                what = f"A quote that is opened in the row that begins on line {line + 1} is never closed."
            elif "field limit" in str(error):
                what = f"The row that begins on line {line + 1} has a cell of more than {_LONGEST_CELL:,} signs."
            raise Trouble(what, cure="Close the quote, or write a quote inside a cell twice.") from error
        if record is None:
            return
        number, line = number + 1, skipped + reader.line_num
        if any(cell.strip() for cell in record):
            yield number, record


def _names(header: Sequence[str], ignored: Collection[str]) -> list[Name | None]:
    left_out = {columns.plain(each) for each in ignored}
    # Empty columns at the end of each row are what spreadsheets leave behind.
    named = [None if columns.plain(cell) in left_out or not cell.strip() else cell.strip() for cell in header]
    names: list[Name | None] = [None if cell is None else columns.name_of(cell) for cell in named]
    unknown = [cell for cell, name in zip(named, names, strict=True) if cell and name is None]
    if unknown:
        guesses = {cell: columns.guess(cell) for cell in unknown}
        listed = ", ".join(f"'{cell}'" + (f" (did you mean '{it}'?)" if it else "") for cell, it in guesses.items())
        what = f"The header has columns that are not known here: {listed}."
        cure = f"Rename them (docs/import.md lists all), or leave them out: --ignore '{unknown[0]}'"
        raise Trouble(what, cure=cure)
    twice = [cell for at, cell in enumerate(named) if cell and names[at] in names[:at]]
    if twice:
        listed = ", ".join(f"'{cell}' ({names[named.index(cell)]})" for cell in twice)
        what = f"The header names columns that it has already: {listed}."
        raise Trouble(what, cure="Keep one of each, and take the others out of the file.")
    if missing := columns.missing(names):
        listed = ", ".join(f"'{column.name}' ('{column.finnish}')" for column in missing)
        what = f"The header lacks {listed}."
        raise Trouble(what, cure="Add what is lacking; docs/import.md tells what it holds.")
    return names
