from hypothesis import given
from hypothesis import strategies as st

from services.feedback.commands import GiveAnswer
from services.feedback.domain.questionnaire import ITEM_IDS, MARKS
from services.feedback.domain.summary import LEAST_FOR_A_DISTRIBUTION, Marks, marks_of, summarise
from services.feedback.events import ItemFigures
from tests.feedback.builders import marks

an_answer = st.dictionaries(st.sampled_from(ITEM_IDS), st.sampled_from(MARKS))


class TestMarks:
    def test_are_those_that_were_given(self) -> None:
        """An item without one is not there; what was written is no mark."""
        assert marks_of(GiveAnswer(heard=5, useful=1, open_answer="Kiitos")) == {"heard": 5, "useful": 1}
        assert marks_of(GiveAnswer(open_answer="Kiitos")) == {}


class TestFigures:
    def test_are_mean_and_share_below_ten_marks(self) -> None:
        """A distribution of nine says who stood alone with a one."""
        figures = summarise(marks(5, 5, 4, 4, 4, 3, 3, 2, 1), least=5)

        assert figures == tuple(ItemFigures(item=item, mean=3.4, percent_4_to_5=56) for item in ITEM_IDS)

    def test_are_distributed_from_ten_marks(self) -> None:
        """Beside the number of them, which is their sum anyway."""
        [*_, useful] = summarise(marks(5, 5, 5, 5, 5, 4, 4, 3, 2, 1), least=5)

        assert useful == ItemFigures(
            item="useful", mean=3.9, percent_4_to_5=70, answers=10, distribution=(1, 1, 1, 2, 5)
        )

    def test_are_told_in_tenths_and_whole_percents(self) -> None:
        """With more digits a mean would tell how many marks it was made of."""
        for figures in summarise(marks(5, 5, 5, 4, 3, 2, 1), least=5):
            assert (figures.mean, figures.percent_4_to_5) == (3.6, 57)

    def test_are_missing_for_an_item_that_most_passed_over(self) -> None:
        """Else four who answered it would be shown by themselves."""
        answers: list[Marks] = [*marks(5, 5, 5, 5), *({"useful": 3} for _ in range(8))]

        heard, useful = (
            next(each for each in summarise(answers, least=5) if each.item == item) for item in ("heard", "useful")
        )

        assert heard == ItemFigures(item="heard")
        assert useful.answers == 12

    @given(st.lists(an_answer, max_size=25), st.integers(5, 12))
    def test_never_tell_of_fewer_than_enough(self, answers: list[Marks], least: int) -> None:
        """Whatever was answered: no figure from fewer marks than `least`, no count and no distribution below ten."""
        for figures in summarise(answers, least=least):
            given_marks = [answer[figures.item] for answer in answers if figures.item in answer]
            is_told = len(given_marks) >= least
            assert (figures.mean is not None, figures.percent_4_to_5 is not None) == (is_told, is_told)
            is_distributed = is_told and len(given_marks) >= LEAST_FOR_A_DISTRIBUTION
            assert (figures.answers is not None, figures.distribution is not None) == (is_distributed, is_distributed)
            if figures.distribution:
                assert sum(figures.distribution) == figures.answers == len(given_marks)

    @given(st.lists(an_answer, max_size=25), st.randoms(use_true_random=False))
    def test_do_not_depend_on_the_order(self, answers: list[Marks], chance: object) -> None:
        """The list is shuffled at each answer."""
        shuffled = sorted(answers, key=lambda _: chance.random())  # pyright: ignore[reportAttributeAccessIssue, reportUnknownLambdaType, reportUnknownMemberType] - hypothesis' own kind of chance

        assert summarise(shuffled, least=5) == summarise(answers, least=5)
