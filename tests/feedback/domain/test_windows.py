from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.feedback.domain import windows
from services.feedback.domain.windows import Counts
from tests.feedback.builders import DECEMBER_1, NOVEMBER_1, NOVEMBER_2, OCTOBER_2, UNIT, WINDOW, a_window, counts, marks

FIVE = marks(5, 5, 4, 4, 3)


class TestAWindow:
    def test_waits_until_every_half_month_behind_the_boundary_has_been_counted(self) -> None:
        """Its own, the one before whose links were still good, and no other."""
        window = a_window(*FIVE)

        def waits(**rounds: Counts | None) -> bool:
            named = {"october": OCTOBER_2, "november": NOVEMBER_1, "coming": NOVEMBER_2}
            return windows.waits_for(window, {named[name]: each for name, each in rounds.items()}, boundary=NOVEMBER_2)

        assert waits(november=None)
        assert waits(october=None, november=counts())
        assert not waits(october=counts(), november=counts(), coming=None)

    def test_closes_when_two_families_were_asked_and_five_have_answered(self) -> None:
        """With its figures and how many links there were; the next begins at the boundary."""
        _, summary = windows.decide(a_window(*FIVE), {NOVEMBER_1: counts(links=9)}, boundary=NOVEMBER_2)

        assert summary is not None
        assert (summary.window_id, summary.unit_id, summary.version) == (WINDOW, UNIT, 1)
        assert (summary.from_on, summary.until_on) == (NOVEMBER_1, NOVEMBER_2)
        assert (summary.answers, summary.links, summary.questionnaire_version) == (5, 9, 1)
        assert [figures.mean for figures in summary.items] == [4.2] * 6

    def test_is_carried_on_when_four_have_answered(self) -> None:
        """It is told of without a number; its beginning stays."""
        carried, summary = windows.decide(a_window(*FIVE[1:]), {NOVEMBER_1: counts()}, boundary=NOVEMBER_2)

        assert summary is None
        told = windows.held_back(carried)
        assert told.model_dump().keys() == {"window_id", "unit_id", "version", "from_on", "until_on"}
        assert (told.version, told.from_on, told.until_on) == (1, NOVEMBER_1, NOVEMBER_2)

    def test_is_carried_on_when_all_answers_can_be_one_familys(self) -> None:
        """Six who got six links, and six answers: there must be one more than any family can have given."""
        six = marks(5, 5, 4, 4, 3, 3)
        rounds = {NOVEMBER_1: counts(largest_family=6)}

        assert windows.decide(a_window(*six), rounds, boundary=NOVEMBER_2)[1] is None
        assert windows.decide(a_window(*six, *marks(1)), rounds, boundary=NOVEMBER_2)[1] is not None

    def test_is_carried_on_when_one_family_was_asked(self) -> None:
        """However many answers there seem to be."""
        rounds = {NOVEMBER_1: counts(meetings=1, largest_family=2)}

        assert windows.decide(a_window(*FIVE), rounds, boundary=NOVEMBER_2)[1] is None

    def test_is_carried_on_when_nobody_was_asked(self) -> None:
        """A half-month without a meeting, or one that nobody has made links for."""
        for rounds in ({}, {NOVEMBER_1: counts(0, links=0, largest_family=0)}):
            assert windows.decide(a_window(*FIVE), rounds, boundary=NOVEMBER_2)[1] is None

    def test_reckons_with_the_half_month_before_whose_links_were_still_good(self) -> None:
        """A family of six that was asked in October may have given all five; those of September can no more."""
        window = a_window(*FIVE)
        late = {OCTOBER_2: counts(1, links=6, largest_family=6), NOVEMBER_1: counts()}
        gone = {OCTOBER_2.replace(day=1): counts(largest_family=6), NOVEMBER_1: counts()}

        assert windows.decide(window, late, boundary=NOVEMBER_2)[1] is None
        assert windows.decide(window, gone, boundary=NOVEMBER_2)[1] is not None

    def test_is_carried_on_when_an_answer_came_by_a_link_of_the_coming_half_month(self) -> None:
        """Whoever answers between the boundary and its decision: their family has not been counted."""
        window = a_window(*FIVE, latest_half_month=NOVEMBER_2)
        rounds = {NOVEMBER_1: counts(), NOVEMBER_2: counts()}

        assert windows.decide(window, rounds, boundary=NOVEMBER_2)[1] is None
        assert windows.decide(window, rounds, boundary=DECEMBER_1)[1] is not None

    def test_that_was_carried_on_reckons_with_all_its_half_months(self) -> None:
        """Families and links of both are counted, and the largest of all."""
        window = a_window(*FIVE, decided_until=NOVEMBER_2, version=1)
        one_each = {NOVEMBER_1: counts(1, links=3), NOVEMBER_2: counts(1, links=4, largest_family=4)}

        _, summary = windows.decide(window, one_each, boundary=DECEMBER_1)

        assert summary is not None
        assert (summary.version, summary.from_on, summary.until_on, summary.links) == (2, NOVEMBER_1, DECEMBER_1, 7)

    @given(st.lists(st.integers(1, 5), max_size=4), st.sampled_from([NOVEMBER_1, NOVEMBER_2]))
    def test_is_told_of_as_held_back_if_anybody_was_asked_in_its_own_half_months(
        self, given_marks: list[int], latest: date
    ) -> None:
        """Whoever has answered, which must not show: late, by links of the half-month before, or early, of the next."""
        nobody = counts(0, links=0, largest_family=0)
        window = a_window(*marks(*given_marks), latest_half_month=latest)

        def version_and_asked(**different: Counts) -> tuple[int, bool]:
            named = {"before": OCTOBER_2, "own": NOVEMBER_1, "after": NOVEMBER_2}
            rounds = dict.fromkeys(named.values(), nobody) | {named[name]: each for name, each in different.items()}
            carried, _ = windows.decide(window, rounds, boundary=NOVEMBER_2)
            assert carried.decided_until == NOVEMBER_2
            return carried.version, windows.anybody_was_asked(carried, rounds)

        assert version_and_asked(own=counts(1)) == (1, True)
        assert version_and_asked() == (0, False)
        assert version_and_asked(before=counts(), after=counts()) == (0, False)
        assert not windows.anybody_was_asked(window, {NOVEMBER_1: None})

    def test_that_somebody_was_asked_about_once_is_told_of_at_every_boundary(self) -> None:
        """Its answers are still held back, though a quiet half-month has followed."""
        window = a_window(*FIVE[1:], decided_until=NOVEMBER_2, version=1)
        rounds = {NOVEMBER_1: counts(), NOVEMBER_2: counts(0, links=0, largest_family=0)}

        carried, summary = windows.decide(window, rounds, boundary=DECEMBER_1)

        assert (carried.version, summary) == (2, None)
        assert windows.anybody_was_asked(carried, rounds)

    def test_closes_on_late_answers_alone(self) -> None:
        """They came by links of the half-month before, in which enough were asked; of its own there were none."""
        rounds = {OCTOBER_2: counts(), NOVEMBER_1: counts(0, links=0, largest_family=0)}

        _, summary = windows.decide(a_window(*FIVE), rounds, boundary=NOVEMBER_2)

        assert summary is not None
        assert (summary.version, summary.answers, summary.links) == (1, 5, 0)

    @given(
        st.lists(st.integers(1, 5), max_size=12),
        st.dictionaries(
            st.sampled_from([OCTOBER_2, NOVEMBER_1]),
            st.builds(Counts, st.integers(0, 4), st.integers(0, 20), st.integers(0, 8)),
        ),
    )
    def test_never_closes_on_what_one_family_can_have_answered(
        self, given_marks: list[int], rounds: dict[object, Counts]
    ) -> None:
        """Whatever was handed out: a summary means five answers, and more than anybody's links."""
        _, summary = windows.decide(a_window(*marks(*given_marks)), rounds, boundary=NOVEMBER_2)  # pyright: ignore[reportArgumentType] - sampled_from forgets that they are dates

        if summary is not None:
            assert summary.answers >= 5
            assert summary.answers > max(each.largest_family for each in rounds.values())
            assert sum(each.meetings for each in rounds.values()) >= 2


class TestLinks:
    def test_are_good_in_their_own_half_month_and_in_the_next(self) -> None:
        """Whoever got one on the evening of the 15th has a fortnight; then it must not disturb the reckoning."""
        assert windows.expired_before(NOVEMBER_2) == NOVEMBER_1
        assert windows.expired_before(NOVEMBER_1) == OCTOBER_2
