"""`shared/` speaks no word of the domain: what knows of families is no plumbing."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

SECTION = (ROOT / "docs/glossary.md").read_text().partition("## Words that `shared/` never speaks")[2]
NEVER, OURS, IDIOMS = (
    [phrase.strip() for phrase in " ".join(re.findall(r"^> (.*)$", quote, re.MULTILINE)).split(",")]
    for quote in re.findall(r"(?:^> .*\n)+", SECTION, re.MULTILINE)
)


def plain(text: str) -> str:
    """Return *text* in lower-case words with one space between: `FollowUpHeld`, `follow_up` and "follow-up" alike."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return re.sub(r"[^a-zåäö0-9]+", " ", split.lower())


def plural(word: str) -> str:
    """Return a pattern for *word* in singular or plural."""
    word = plain(word).strip()
    if word.endswith("y"):
        return f"{word[:-1]}(?:y|ies)"
    return f"{word}(?:s|es)?"


DOMAIN = re.compile(r"\b(?:" + "|".join(map(plural, NEVER + OURS)) + r")\b")
IDIOM = re.compile(r"\b(?:" + "|".join(plain(phrase).strip() for phrase in IDIOMS) + r")\b")


def domain_words(text: str) -> list[str]:
    """Return the words of the domain in *text*, as `line number: word`."""
    return [
        f"{number}: {word}"
        for number, line in enumerate(text.splitlines(), start=1)
        for word in DOMAIN.findall(IDIOM.sub("", plain(line)))
    ]


def plumbing() -> list[Path]:
    """Return every file of shared/ that people read."""
    return sorted(path for path in (ROOT / "shared").rglob("*") if path.is_file() and path.suffix != ".pyc")


class TestShared:
    @pytest.mark.parametrize("path", plumbing(), ids=lambda path: str(path.relative_to(ROOT)))
    def test_speaks_no_word_of_the_domain(self, path: Path) -> None:
        """If a word is needed here, the thing belongs into a service; else say it as a baker would."""
        assert domain_words(path.read_text()) == []


class TestTheSearch:
    @pytest.mark.parametrize(
        "text",
        [
            "class MeetingHeld:",
            "follow_up_id: UUID",
            "# tells the families",
            "SELECT * FROM cases",
            'topic = "heijastin.quality.promises.v1"',
            "lock_children",
            "HTTPCaseID",
            "Principal.units",
        ],
    )
    def test_bites(self, text: str) -> None:
        """In names of every style, in prose and in SQL."""
        assert domain_words(text)

    @pytest.mark.parametrize("text", ["    case _:", "in most cases", "unit: Unit", "subclasses", "child.casefold()"])
    def test_leaves_the_trade_its_own_words(self, text: str) -> None:
        """Idioms, metrics' units and the language's keywords are not the domain."""
        assert not domain_words(text)

    def test_reads_its_words_from_the_glossary(self) -> None:
        """An emptied list would let everything pass."""
        assert {"meeting", "promise", "follow-up"} <= set(NEVER)
        assert {"cases", "children", "unit id"} <= set(OURS)
