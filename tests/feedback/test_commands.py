from typing import get_args

import pytest
from pydantic import ValidationError

from services.feedback.commands import GiveAnswer, Mark
from services.feedback.domain.questionnaire import ITEM_IDS, MARKS, OPEN_ANSWER_MAX_CHARACTERS
from services.feedback.events import FeedbackSummarised, ItemFigures


class TestAnAnswer:
    def test_has_a_place_for_what_the_questionnaire_asks(self) -> None:
        """The same names, marks and length in the form, the command and the facts."""
        assert tuple(GiveAnswer.model_fields) == (*ITEM_IDS, "open_answer")
        assert get_args(Mark) == MARKS
        assert get_args(ItemFigures.model_fields["item"].annotation) == ITEM_IDS
        assert tuple(item.item for item in FeedbackSummarised.example().items) == ITEM_IDS
        assert GiveAnswer(open_answer="x" * OPEN_ANSWER_MAX_CHARACTERS)

    @pytest.mark.parametrize(
        "answer",
        [
            {},
            {"open_answer": "  "},
            {"open_answer": "x" * (OPEN_ANSWER_MAX_CHARACTERS + 1)},
            {"heard": 0},
            {"heard": 6},
            {"heard": "5"},
            {"heard": 5, "team": "Tiimi 1"},
        ],
    )
    def test_is_what_was_asked_and_nothing_else(self, answer: dict[str, object]) -> None:
        """And says something: an empty one would count as an answer and hide nobody."""
        with pytest.raises(ValidationError) as refused:
            GiveAnswer.model_validate(answer)
        assert "Tiimi" not in str(refused.value)
