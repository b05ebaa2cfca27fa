from urllib.parse import urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.feedback.domain.questionnaire import ITEM_IDS, MARKS, OPEN_ANSWER_MAX_CHARACTERS, ItemId
from services.feedback.pages.filled import Filled


def read(**fields: str | list[str]) -> Filled:
    """Read a form as a browser sends it."""
    return Filled.read(urlencode(fields, doseq=True).encode())


class TestWhatWasFilledIn:
    def test_is_read_as_it_stands(self) -> None:
        """Marks, what somebody did not want to answer, and words in any script."""
        filled = read(kind="child", heard="5", useful="none", open_answer="Kiva täti! 😊 спасибо")

        assert filled == Filled(
            choices={"heard": "5", "useful": "none"}, open_answer="Kiva täti! 😊 спасибо", kind="child"
        )
        assert filled.marks == {"heard": 5}
        assert not filled.complaints

    def test_has_the_line_ends_that_people_count(self) -> None:
        """Browsers send two characters for one; NUL, which no keyboard writes, no database can hold."""
        assert read(open_answer=" a\r\nb\rc\0\r\n").open_answer == "a\nb\nc"

    @pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"&&==;", b"%ZZ=1", b'{"heard": 5}', b"a=1&" * 50])
    def test_is_nothing_where_nothing_can_be_read(self, body: bytes) -> None:
        """The form comes back, and somebody can try again."""
        assert Filled.read(body).complaints == {"informed_beforehand": "nothing_answered"}

    @given(st.binary())
    def test_is_never_more_than_was_asked(self, body: bytes) -> None:
        """Whatever comes in: every mark is one of the five, and of one of the six items."""
        filled = Filled.read(body)

        assert set(filled.choices) <= set(ITEM_IDS)
        assert set(filled.marks.values()) <= set(MARKS)

    @given(
        st.dictionaries(st.sampled_from(ITEM_IDS), st.sampled_from(["1", "5", "none", "6", ""])),
        st.text(max_size=20) | st.just("x" * OPEN_ANSWER_MAX_CHARACTERS),
    )
    def test_can_be_asked_for_wherever_there_is_nothing_to_complain_of(
        self, choices: dict[ItemId, str], open_answer: str
    ) -> None:
        """What the page lets through, the command takes: it has the same items, marks and limits."""
        filled = read(**choices, open_answer=open_answer)
        assume(not filled.complaints)

        asked = filled.command().model_dump(exclude_none=True)
        assert asked.pop("open_answer", "") == filled.open_answer
        assert asked == filled.marks

    @pytest.mark.parametrize("kind", ["grown-up", ["child", "child"], ""])
    def test_says_what_kind_of_form_it_was_or_is_taken_for_an_adults(self, kind: str | list[str]) -> None:
        """Only for showing it again when nobody else can tell; made-up words are no kind."""
        assert read(kind=kind).kind == "adult"


class TestComplaints:
    @pytest.mark.parametrize(
        "fields",
        [{}, {"open_answer": " \r\n "}, dict.fromkeys(ITEM_IDS, "none")],
        ids=["empty", "blank", "no to all"],
    )
    def test_are_made_where_nothing_is_answered(self, fields: dict[str, str]) -> None:
        """It would use up the link for nothing, and most likely by a slip of the thumb."""
        assert read(**fields).complaints == {"informed_beforehand": "nothing_answered"}

    @pytest.mark.parametrize("fields", [{"useful": "1"}, {"open_answer": "Kiitos"}])
    def test_are_not_made_of_what_is_left_out(self, fields: dict[str, str]) -> None:
        """One mark is an answer, and so are words alone."""
        assert not read(**fields).complaints

    @pytest.mark.parametrize("choice", ["0", "6", "5.0", "٣", "five", ["4", "5"], ["5", "5"], " 5"])
    def test_are_made_of_what_nobody_could_choose(self, choice: str | list[str]) -> None:
        """A made-up value, or two where there is room for one, is no mark; it counts for nothing."""
        filled = read(heard=choice, useful="3")

        assert filled.complaints == {"heard": "not_a_choice"}
        assert filled.marks == {"useful": 3}

    def test_are_made_of_a_text_that_is_too_long(self) -> None:
        """The longest that fits is no fault; characters count as people count them, not as they are sent."""
        assert not read(open_answer="ä" * OPEN_ANSWER_MAX_CHARACTERS).complaints
        assert not read(open_answer="x\r\n" * (OPEN_ANSWER_MAX_CHARACTERS // 2)).complaints
        assert read(open_answer="ä" * (OPEN_ANSWER_MAX_CHARACTERS + 1)).complaints == {"open_answer": "too_long"}

    def test_come_in_the_order_of_the_form(self) -> None:
        """So that somebody mends them from top to bottom."""
        filled = read(useful="9", open_answer="x" * 2001, informed_beforehand="9")

        assert list(filled.complaints) == ["informed_beforehand", "useful", "open_answer"]
