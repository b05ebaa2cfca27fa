"""Every decision is on one page, in the index, and names something real that keeps it true."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

DECISIONS = ROOT / "docs" / "decisions"
HEADINGS = ["Context", "Decision", "Consequences", "Alternatives", "Kept true by"]
ONE_PAGE_LINES = 45

records = pytest.mark.parametrize("record", sorted(DECISIONS.glob("[0-9]*.md")), ids=lambda path: path.stem[:4])


def kept_true_by(text: str) -> str:
    """Return the last section of a record."""
    return text.partition("## Kept true by")[2]


def paths_in(text: str) -> list[str]:
    """Return what looks like a path of this repository: with a slash or a file ending, between backticks."""
    return re.findall(r"`([\w./-]+(?:/|\.(?:py|toml|sh|yaml|sql|sha256|md)))(?:::\w+)*`", text)


@records
class TestARecord:
    def test_has_the_five_parts_of_the_template(self, record: Path) -> None:
        """Whoever reads one can find their way in all."""
        assert re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE) == HEADINGS

    def test_fits_on_a_page(self, record: Path) -> None:
        """What is longer is not read."""
        assert len(record.read_text(encoding="utf-8").splitlines()) <= ONE_PAGE_LINES

    def test_names_what_keeps_it_true_and_that_exists(self, record: Path) -> None:
        """A decision that nothing guards is a wish."""
        named = paths_in(kept_true_by(record.read_text(encoding="utf-8")))

        assert named
        assert [path for path in named if not (ROOT / path).exists()] == []

    def test_is_in_the_index_under_its_own_title(self, record: Path) -> None:
        """The index is how it is found."""
        title = record.read_text(encoding="utf-8").splitlines()[0].removeprefix(f"# {record.stem[:4]}. ")

        assert f"| [{record.stem[:4]}]({record.name}) | {title} |" in (DECISIONS / "README.md").read_text(
            encoding="utf-8"
        )


class TestTheIndex:
    def test_numbers_without_holes(self) -> None:
        """Two branches that take the same number meet here."""
        numbers = [int(path.name[:4]) for path in sorted(DECISIONS.glob("[0-9]*.md"))]

        assert numbers == list(range(1, len(numbers) + 1))
