"""What the pages say, without a server; how they look and work is seen in tests/browser."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import fields
from html import unescape
from http import HTTPStatus
from typing import get_args

import pytest

from services.feedback.domain.questionnaire import CURRENT, FORM_KINDS, ITEM_IDS, LANGUAGES, FormKind, Language
from services.feedback.pages.filled import Filled
from services.feedback.pages.notices import NOTICES, Notice, Notices
from services.feedback.pages.rendering import (
    CONTENT_SECURITY_POLICY,
    MessageName,
    NoticeName,
    apology_for,
    form_page,
    message_page,
    notice_page,
)
from services.feedback.pages.texts import TEXTS, Message, Texts
from services.feedback.settings import PerLanguage
from shared.http.quiet import TROUBLES
from tests.feedback.builders import REGION

WRONG = Filled(choices={"heard": "9", "useful": "4", "knows_next_meeting": "none"}, open_answer="Höpö! " * 400)
MESSAGES: tuple[MessageName, ...] = get_args(MessageName)
NOTICE_NAMES: tuple[NoticeName, ...] = get_args(NoticeName)
PAGES = [
    *(form_page(kind, language, REGION) for kind in FORM_KINDS for language in LANGUAGES),
    *(form_page("adult", language, REGION, filled) for language in LANGUAGES for filled in (Filled(), WRONG)),
    *(form_page("child", language, REGION, WRONG, is_interrupted=True) for language in LANGUAGES),
    *(message_page(name, language, REGION) for name in MESSAGES for language in LANGUAGES),
    *(notice_page(name, language, REGION) for name in NOTICE_NAMES for language in LANGUAGES),
]
LINKS_OUT = re.compile(r'<a href="https://[^"]+" target="_blank" rel="noreferrer">')


def language_of(page: str) -> Language:
    """Return in which language a page says that it is."""
    return next(each for each in LANGUAGES if f'<html lang="{each}">' in page)


def checked(page: str) -> list[tuple[str, str]]:
    """Return what is chosen in a page, name and value."""
    return re.findall(r'<input type="radio" name="(\w+)"[^>]* value="(\w+)" checked>', page)


@pytest.mark.parametrize("page", PAGES)
class TestEveryPage:
    def test_asks_nothing_of_anybody_else(self, page: str) -> None:
        """
        No script, and no style that the policy would not let through; no address of another host but behind a link.

        Such a link is pressed or not, and then does not tell where it was.
        """
        outside = LINKS_OUT.sub("", page.replace("http://www.w3.org/2000/svg", ""))  # a name, which nobody calls

        assert not re.search(r"<script|https?:|//[a-z]|\son\w+=|\sstyle=|@import|url\(", outside)

    def test_has_the_one_style_that_the_policy_lets_through(self, page: str) -> None:
        """By its hash: a style that somebody smuggles in has another."""
        (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

        assert f"style-src 'sha256-{digest}';" in CONTENT_SECURITY_POLICY

    def test_is_small(self, page: str) -> None:
        """It has to come through on a bad network, and on somebody's last megabytes."""
        assert len(page.encode()) < 30_000

    def test_says_in_which_language_it_is_and_offers_the_others(self, page: str) -> None:
        """A screen reader reads Swedish aloud as Swedish; each language is named in itself."""
        language = language_of(page)

        assert re.findall(r'<a href="\?lang=(\w+)" lang="\1" hreflang="\1"', page) == list(LANGUAGES)
        assert re.findall(r'lang=(\w+)"[^>]* aria-current="true"', page) == [language]

    def test_can_call_for_help(self, page: str) -> None:
        """Nobody reads an answer in time, and somebody may think that they do."""
        assert page.count('<a href="tel:112">112</a>') == 1
        assert page.count('<a href="tel:0001234567">000 123 4567</a>') == 1

    def test_leads_to_what_the_law_lets_people_know(self, page: str) -> None:
        """In the reader's language, and beside the page: what was filled in would be gone."""
        language = language_of(page)
        footer = page[page.index("<footer>") :]

        assert re.findall(r'<a href="([^"]+)" target="_blank" rel="noreferrer">([^<]+)</a>', footer) == [
            (f"/tietosuoja?lang={language}", f"{NOTICES.of(language).to_privacy} ({NOTICES.of(language).new_tab})"),
            (
                f"/saavutettavuus?lang={language}",
                f"{NOTICES.of(language).to_accessibility} ({NOTICES.of(language).new_tab})",
            ),
        ]


class TestTheForm:
    @pytest.mark.parametrize("kind", FORM_KINDS)
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_asks_word_for_word_what_the_questionnaire_asks(self, kind: FormKind, language: Language) -> None:
        """All of it, with the words beside each number, and the choice not to answer for each item."""
        page, sheet = unescape(form_page(kind, language, REGION)), CURRENT.sheet(kind, language)

        for item in ITEM_IDS:
            assert page.count(f">{getattr(sheet.statements, item)}<") == 1
        for mark, words in enumerate(sheet.scale, start=1):
            assert page.count(f'<span class="mark">{mark}</span> <span class="words">{words}</span>') == len(ITEM_IDS)
        assert page.count(f">{sheet.no_answer}<") == len(ITEM_IDS)
        for text in (sheet.title, sheet.lead, sheet.anonymity, sheet.open_question, sheet.no_names, sheet.no_way_back):
            assert f">{text}<" in page

    def test_has_chosen_nothing_for_anybody(self) -> None:
        """An answer that was there before is given by those who do not care."""
        assert checked(form_page("adult", "fi", REGION)) == []

    def test_keeps_what_was_filled_in(self) -> None:
        """Nobody writes it twice, whatever was wrong with it."""
        page = form_page("adult", "sv", REGION, WRONG)

        assert checked(page) == [("knows_next_meeting", "none"), ("useful", "4")]
        assert f">\n{WRONG.open_answer}</textarea>" in unescape(page)

    def test_keeps_an_empty_line_at_the_beginning(self) -> None:
        """HTML drops the first line end of a text, so there is one to drop."""
        assert ">\n\nthen</textarea>" in form_page("adult", "en", REGION, Filled(open_answer="\nthen"))

    def test_shows_what_looks_like_a_page_as_text(self) -> None:
        """What somebody writes is never more than words."""
        page = form_page("adult", "fi", REGION, Filled(open_answer="</textarea><script>alert(1)</script>" * 100))

        assert "<script" not in page
        assert "&lt;/textarea&gt;&lt;script&gt;" in page

    def test_names_no_link_of_its_own(self) -> None:
        """It is sent to the address where it was opened, so the link stands nowhere in it."""
        assert 'action="?lang=sv"' in form_page("child", "sv", REGION)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_leads_from_each_complaint_to_where_it_is_mended(self, language: Language) -> None:
        """By links to fields that exist, each with the same words beside it."""
        page = unescape(form_page("adult", language, REGION, WRONG))
        summary = page[: page.index("<h1>")]
        found = re.findall(r'<a href="#([\w-]+)">([^<]+)</a>', summary)

        assert [field for field, _ in found] == ["heard-1", "open_answer"]
        for field, _ in found:
            assert page.count(f' id="{field}"') == 1
        for item in ("heard", "open_answer"):
            assert f'aria-describedby="{item}-error' in page
            assert page.count(f' id="{item}-error"') == 1
        assert "2400" in found[1][1]

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_tells_of_a_mistake_in_its_title(self, language: Language) -> None:
        """It is the first that a screen reader says of a page."""
        mistake = TEXTS.of(language).mistake

        assert f"<title>{mistake}: " in form_page("adult", language, REGION, WRONG)
        assert f"<title>{mistake}: " in form_page(
            "adult", language, REGION, Filled(open_answer="x"), is_interrupted=True
        )
        assert f"<title>{mistake}" not in form_page("adult", language, REGION)

    def test_has_nothing_to_mend_where_the_fault_is_ours(self) -> None:
        """It asks for patience and shows what was filled in."""
        page = form_page("adult", "en", REGION, Filled(choices={"heard": "2"}), is_interrupted=True)

        assert TEXTS.en.interrupted in page
        assert checked(page) == [("heard", "2")]
        assert "-error" not in page


class TestAMessage:
    @pytest.mark.parametrize("status", TROUBLES)
    def test_is_there_for_every_trouble(self, status: HTTPStatus) -> None:
        """A friendly page, whatever happened."""
        assert apology_for(status) in MESSAGES


class TestANotice:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("name", NOTICE_NAMES)
    def test_names_who_asks_and_whom_to_turn_to(self, name: NoticeName, language: Language) -> None:
        """The region, its own full notice, an address for barriers, and who oversees that."""
        page = notice_page(name, language, REGION)
        to = {
            "privacy": [f'"{getattr(REGION.privacy_notice_url, language)}"'],
            "accessibility": ['"mailto:saavutettavuus@region.example"', f'"https://{NOTICES.of(language).authority}/"'],
        }

        assert page.count(getattr(REGION.region_name, language)) == 1
        for address in to[name]:
            assert page.count(f"<a href={address}") == 1

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_of_accessibility_may_be_the_regions_own(self, language: Language) -> None:
        """Who has had the form looked at says so in its own words; every page then leads there."""
        address = f"https://region.example/{language}"
        own = PerLanguage(
            fi="https://region.example/fi", sv="https://region.example/sv", en="https://region.example/en"
        )
        page = form_page("adult", language, REGION.model_copy(update={"accessibility_statement_url": own}))

        assert page.count(f'<a href="{address}" target="_blank" rel="noreferrer">') == 1
        assert "/saavutettavuus" not in page


class TestTexts:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_are_short_sentences_in_every_language(self, language: Language) -> None:
        """The same rule as for the questionnaire."""
        said = [*_said(TEXTS.of(language)), *_said(NOTICES.of(language))]
        sentences = [sentence for text in said for sentence in re.split(r"(?<=[.!?:])\s+", text)]

        assert all(sentences)
        assert [sentence for sentence in sentences if len(sentence.split()) > 15] == []

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_fill_in_the_same_in_every_language(self, language: Language) -> None:
        """A translator's slip would be seen by a family only."""
        for each in fields(TEXTS.fi):
            finnish, other = getattr(TEXTS.fi, each.name), getattr(TEXTS.of(language), each.name)
            if isinstance(finnish, Message):
                assert len(finnish.paragraphs) == len(other.paragraphs)
            else:
                assert sorted(re.findall(r"{\w+}", finnish)) == sorted(re.findall(r"{\w+}", other))
        for name in NOTICE_NAMES:
            assert _shape(getattr(NOTICES.fi, name)) == _shape(getattr(NOTICES.of(language), name))


def _said(texts: Texts | Notices) -> Iterator[str]:
    """Yield everything that is said to people."""
    for each in fields(texts):
        match getattr(texts, each.name):
            case str(text):
                yield text
            case Message(title=title, paragraphs=paragraphs):
                yield from (title, *paragraphs)
            case Notice(title=title, sections=sections):
                yield title
                yield from (text for section in sections for text in (section.heading, *section.paragraphs))
            case other:
                pytest.fail(f"what is {other!r}?")


def _shape(notice: Notice) -> list[tuple[str | None, list[str]]]:
    """Return what is the same of a notice in every language: its sections, where they lead and what is filled in."""
    return [(each.link, re.findall(r"{\w+}", " ".join(each.paragraphs))) for each in notice.sections]
