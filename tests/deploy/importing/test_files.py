"""A file is read as it is meant, or it is said why not, before anything has been done."""

import contextlib
import csv
import io
import os
import re
import zipfile
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.importing import columns, files
from deploy.importing.columns import COLUMNS
from deploy.importing.files import MOST_BYTES, read, table
from deploy.trouble import ExitCode, Trouble
from tests.architecture.tree import ROOT

HEADER = "asiakkuus;laji;alkoi;päättyi\r\n"
ROW = "A-1;Heijastin;3.2.2026 13.05;15.00\r\n"


def trouble(content: bytes | str, **different: tuple[str, ...]) -> tuple[str, str]:
    """Return what is wrong with a file and what to do about it."""
    with pytest.raises(Trouble) as found:
        table(content.encode() if isinstance(content, str) else content, **different)
    return found.value.what, found.value.cure


_WELL_SAVED = st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="\u00c3\u0303\ufffd")
"""Letters and signs, but what an ä, ö or å begins with when it was read in the wrong encoding and saved so."""


class TestATable:
    @pytest.mark.parametrize(
        "content, encoding",
        [
            ((HEADER + ROW).encode(), "UTF-8"),
            (b"\xef\xbb\xbf" + (HEADER + ROW).encode(), "UTF-8"),
            (normalize("NFD", HEADER + ROW).encode(), "UTF-8"),
            ((HEADER + ROW).encode("cp1252"), "Windows-1252"),
        ],
        ids=["UTF-8", "UTF-8 with BOM", "UTF-8 with dots apart", "Windows-1252"],
    )
    def test_is_read_in_the_encodings_of_exports(self, content: bytes, encoding: str) -> None:
        """Nobody has to know which it is."""
        found = table(content)

        assert (found.encoding, found.names) == (encoding, {"case", "kind", "start", "end"})
        assert found.rows[0].cells == {"case": "A-1", "kind": "Heijastin", "start": "3.2.2026 13.05", "end": "15.00"}

    @pytest.mark.parametrize("delimiter", [";", ",", "\t"])
    @pytest.mark.parametrize("end", ["\r\n", "\n", "\r"], ids=["CRLF", "LF", "CR"])
    def test_is_read_however_it_is_divided(self, delimiter: str, end: str) -> None:
        """The header tells."""
        found = table((HEADER + ROW).replace(";", delimiter).replace("\r\n", end).encode())

        assert found.rows[0].cells["start"] == "3.2.2026 13.05"
        assert found.delimiter == delimiter

    def test_is_read_as_excel_says_it_is_divided(self) -> None:
        """By a first line that Excel itself does not show: the header is row 1."""
        found = table(f"sep=,\r\n{(HEADER + ROW).replace(';', ',')}".encode())

        assert [(row.number, row.cells["case"]) for row in found.rows] == [(2, "A-1")]

    def test_may_have_quoted_lines_and_blank_rows(self) -> None:
        """A line break inside a quote is part of the cell; rows keep the numbers that a spreadsheet shows."""
        content = f'{HEADER};;;\r\n"A\n""1""";Heijastin;"3.2.2026 13.05";15.00\r\n\r\n{ROW}'

        found = table(content.encode())

        assert [(row.number, row.cells["case"]) for row in found.rows] == [(3, 'A\n"1"'), (5, "A-1")]

    def test_may_have_columns_that_are_left_out(self) -> None:
        """What is left out is not even looked at."""
        content = b"asiakkuus;laji;Nimi;alkoi;;\r\nA-1;Heijastin;Aino Keksitty;3.2.2026;;;\r\n"

        found = table(content, ignored=["nimi"])

        assert found.rows[0].cells == {"case": "A-1", "kind": "Heijastin", "start": "3.2.2026"}

    @given(
        st.lists(
            st.tuples(*[st.text(_WELL_SAVED, max_size=12)] * 3),
            min_size=1,
            max_size=8,
        ),
        st.sampled_from([";", ",", "\t"]),
    )
    def test_gives_back_what_was_written(self, rows: list[tuple[str, str, str]], delimiter: str) -> None:
        """Whatever stands in the cells: delimiters, quotes, letters of any language, however they are put together."""
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("case", "kind", "start"), *rows])
        stripped = [tuple(normalize("NFC", cell).strip() for cell in row) for row in rows]
        filled = [row for row in stripped if any(row)]

        if not filled:
            assert trouble(text.getvalue())[0] == "The file has a header and no rows."
            return
        found = table(text.getvalue().encode())

        assert [tuple(row.cells.values()) for row in found.rows] == filled


def a_workbook() -> bytes:
    """Return what Excel saves when nobody tells it otherwise."""
    workbook = io.BytesIO()
    with zipfile.ZipFile(workbook, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return workbook.getvalue()


class TestABadFile:
    @pytest.mark.parametrize(
        "content, what",
        [
            (b"", "The file is empty."),
            (b"\xef\xbb\xbf \r\n\r\n", "The file is empty."),
            (a_workbook(), "The file is an Excel or OpenDocument workbook, or a zip file, not CSV."),
            (b"\xd0\xcf\x11\xe0rest", "The file is an old Excel workbook, not CSV."),
            ((HEADER + ROW).encode("utf-16"), "The file is text in UTF-16, not CSV."),
            ((HEADER + ROW).encode("utf-16-le"), "Line 1 holds signs that no text has (code 0)"),
            (f"{HEADER}A-1;Heij\x00astin;3.2.2026;\r\n".encode(), "Line 2 holds signs that no text has (code 0)"),
            (bytes(range(1, 200)), "Line 2 holds bytes that are not UTF-8 or Windows-1252."),
            (b"\xef\xbb\xbf" + HEADER.encode() + b"A-\xe4;", "Line 2 holds bytes that are not UTF-8."),
            (
                (HEADER + ROW).encode().decode("cp1252").encode(),
                "Line 1 holds 'Ã¤' for a letter such as ä: it was read in the wrong encoding and saved so.",
            ),
            (ROW.encode(), "The first row names no column of ours"),
            (HEADER.encode(), "The file has a header and no rows."),
            (f'{HEADER}A-1;"Heijastin;3.2.2026\r\n{ROW}'.encode(), "A quote that is opened in the row that begins on"),
            (f'{HEADER}A-1;"Heij"astin;3.2.2026;\r\n'.encode(), "The row that begins on line 2 cannot be read:"),
            (f'{HEADER}"{"x" * 140_000}";a;b;c\r\n'.encode(), "The row that begins on line 2 has a cell of more than"),
            (
                f"{HEADER}A-1,Heijastin,3.2.2026 13.05,15.00\r\n".encode(),
                "The header has 4 columns, divided by semicolons; but row 2 has 1.",
            ),
            (
                f"{HEADER}{ROW[:-2]};more\r\n".encode(),
                "The header has 4 columns, divided by semicolons; but row 2 has 5.",
            ),
            (
                (HEADER + 7 * "A-1\r\n").encode(),
                "but row 2 has 1, row 3 has 1, row 4 has 1, row 5 has 1, row 6 has 1, and 2 more.",
            ),
        ],
        ids=[
            *("empty", "blank", "workbook", "old workbook", "UTF-16", "UTF-16 without BOM", "NUL", "binary"),
            *(
                "BOM and other bytes",
                "spoilt letters",
                "no header",
                "no rows",
                "open quote",
                "stray quote",
                "huge cell",
            ),
            *("mixed delimiters", "a cell too many", "many crooked rows"),
        ],
    )
    def test_is_told_with_its_cure(self, content: bytes, what: str) -> None:
        """In words that say what to do."""
        found, cure = trouble(content)

        assert what in found
        assert cure

    def test_is_told_by_the_line_of_an_open_quote(self) -> None:
        """Not by the last line of the file, which is where a parser notices."""
        assert "line 4 is never closed" in trouble(f'{HEADER}"A\n1";Heijastin;1;2\r\n"A-2;Heijastin;1;2\r\n{ROW}')[0]

    def test_with_columns_that_are_not_known_is_told_with_a_guess(self) -> None:
        """It may hold names of people, which must not come along unnoticed."""
        what, cure = trouble(f"asiakkus;laji;alkoi;Nimi\r\n{ROW}")

        assert "'asiakkus' (did you mean 'asiakkuus'?), 'Nimi'" in what
        assert "--ignore 'asiakkus'" in cure

    def test_with_a_column_twice_is_told(self) -> None:
        """Also under two names."""
        assert "'date' (start)" in trouble(f"asiakkuus;laji;alkoi;date\r\n{ROW}")[0]

    def test_that_lacks_a_column_is_told(self) -> None:
        """With its names."""
        assert trouble("asiakkuus;laji\r\nA-1;Heijastin\r\n")[0] == "The header lacks 'start' ('alkoi')."

    @given(st.binary(max_size=300))
    def test_of_any_bytes_is_read_or_told(self, content: bytes) -> None:
        """Nothing else ever comes of a file."""
        with contextlib.suppress(Trouble):
            assert table(content).rows


class TestReading:
    def test_refuses_what_is_too_large_before_it_is_read(self, tmp_path: Path) -> None:
        """Two gigabytes of nothing, which take no place on the disk; the limit is named."""
        path = tmp_path / "large.csv"
        path.touch()
        os.truncate(path, 2_000_000_000)

        with pytest.raises(Trouble, match=f"2,000 MB; at most {MOST_BYTES // 1_000_000} MB") as found:
            read(path)

        assert "shorter period" in found.value.cure

    def test_says_what_is_no_file(self, tmp_path: Path) -> None:
        """A slip of the name is another exit code than a slip of usage."""
        with pytest.raises(Trouble, match="is not there") as missing:
            read(tmp_path / "missing.csv")
        with pytest.raises(Trouble, match="is not a file") as folder:
            read(tmp_path)

        assert (missing.value.exit_code, folder.value.exit_code) == (ExitCode.NOT_FOUND, ExitCode.USAGE)

    def test_says_why_a_file_cannot_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """In the words of the operating system."""
        path = tmp_path / "a.csv"
        path.write_text(HEADER + ROW)

        def refuse(_: Path) -> bytes:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(files.Path, "read_bytes", refuse)
        with pytest.raises(Trouble, match="cannot be read: Permission denied"):
            read(path)

    def test_reads_a_file(self, tmp_path: Path) -> None:
        """The same as its bytes."""
        path = tmp_path / "a.csv"
        path.write_bytes((HEADER + ROW).encode("cp1252"))

        assert read(path) == table((HEADER + ROW).encode("cp1252"))


class TestTheColumns:
    def test_have_no_spelling_in_common(self) -> None:
        """A header means one thing."""
        spellings = [columns.plain(it) for column in COLUMNS for it in (column.name, column.finnish, *column.others)]

        assert len(spellings) == len(set(spellings))
        assert all(columns.name_of(spelling) for spelling in spellings)

    def test_are_known_however_they_are_written(self) -> None:
        """As headers are."""
        assert {columns.name_of(it) for it in ("Family present", "FAMILY_PRESENT", "perhe-paikalla ")} == {
            "family present"
        }

    def test_are_all_in_the_page_for_users(self) -> None:
        """In the same words, in the same order."""
        page = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")

        listed = re.findall(r"^\| ([a-z ]+) \| ([a-zäö ]+) \| (.+?) \|", page, re.MULTILINE)
        assert listed == [(column.name, column.finnish, column.holds) for column in COLUMNS]
