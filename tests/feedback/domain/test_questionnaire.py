import hashlib
import re
from collections.abc import Iterator
from dataclasses import fields

import pytest

from services.feedback.domain.questionnaire import (
    CURRENT,
    FORM_KINDS,
    ITEM_IDS,
    LANGUAGES,
    MARKS,
    FormKind,
    Language,
    Questionnaire,
    Sheet,
    Statements,
)

VERSIONS = (CURRENT,)
SEALS = {1: "6ff95d319607f7f2"}
"""What each version says, by hash. Before 1.0 a seal may change with the words; after that the words may not."""

MOST_WORDS = 15
SHEETS = [(version, kind, language) for version in VERSIONS for kind in FORM_KINDS for language in LANGUAGES]


def texts(sheet: Sheet) -> Iterator[str]:
    """Yield everything that a sheet says."""
    for each in fields(sheet):
        text = getattr(sheet, each.name)
        if isinstance(text, str):
            yield text
    yield from sheet.scale
    yield from (getattr(sheet.statements, item) for item in ITEM_IDS)


class TestAVersion:
    @pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.version)
    def test_keeps_its_words(self, version: Questionnaire) -> None:
        """An answer means what was read; other words are another version, beside the old one."""
        assert hashlib.sha256(repr(version).encode()).hexdigest()[:16] == SEALS[version.version]


class TestItems:
    def test_are_named_the_same_wherever_they_stand(self) -> None:
        """What is asked, what is answered and what is counted."""
        assert tuple(each.name for each in fields(Statements)) == ITEM_IDS
        assert len(ITEM_IDS) == 6


@pytest.mark.parametrize("version, kind, language", SHEETS)
class TestASheet:
    def test_says_something_everywhere(self, version: Questionnaire, kind: FormKind, language: Language) -> None:
        """No word is missing, and none is there twice: who reads six statements must find six."""
        said = list(texts(version.sheet(kind, language)))

        assert all(text == text.strip() != "" for text in said)
        assert len(set(said)) == len(said)

    def test_has_words_for_every_mark(self, version: Questionnaire, kind: FormKind, language: Language) -> None:
        """A bare number means something else to everybody."""
        assert len(version.sheet(kind, language).scale) == len(MARKS)

    def test_is_written_in_short_sentences(self, version: Questionnaire, kind: FormKind, language: Language) -> None:
        """It is read by tired people, by children, and by people who are learning the language."""
        sentences = [
            sentence for text in texts(version.sheet(kind, language)) for sentence in re.split(r"(?<=[.?:])\s+", text)
        ]

        assert [sentence for sentence in sentences if len(sentence.split()) > MOST_WORDS] == []

    def test_names_the_number_to_call(self, version: Questionnaire, kind: FormKind, language: Language) -> None:
        """Once, as the page makes it something to press."""
        assert version.sheet(kind, language).emergency.count("112") == 1

    def test_is_nobody_elses(self, version: Questionnaire, kind: FormKind, language: Language) -> None:
        """A sheet that was copied and not translated, or not made simpler, would go unnoticed."""
        own = version.sheet(kind, language)
        every = [version.sheet(each, spoken) for each in FORM_KINDS for spoken in LANGUAGES]

        assert [sheet.statements for sheet in every].count(own.statements) == 1
        assert [sheet.lead for sheet in every].count(own.lead) == 1


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.version)
@pytest.mark.parametrize("language", LANGUAGES)
def test_children_read_shorter_words(version: Questionnaire, language: Language) -> None:
    """Who chooses the children's form gets it, and it is the simpler one in every language."""

    def letters_in_a_word(kind: FormKind) -> float:
        words = " ".join(texts(version.sheet(kind, language))).split()
        return sum(len(word) for word in words) / len(words)

    assert letters_in_a_word("child") < letters_in_a_word("adult")
