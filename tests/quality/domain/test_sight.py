"""What may keep a promise of any policy: an encounter about it, or one about all; no policy of today has both."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.quality.domain.calendar import end_of
from services.quality.domain.facts import CaseFacts
from services.quality.domain.policies import MET_WITHIN_A_MONTH, Encounter
from services.quality.domain.promise import judge
from services.quality.domain.units import Rule
from tests.quality.builders import ANOTHER_MEETING, MEETING, facts, held_meeting, local, unit_of


def encounter(number: int, days_after: int, about: UUID | None) -> Encounter:
    """Return what happened some days after the Heijastin of 24 November."""
    on = date(2026, 11, 24) + timedelta(days=days_after)
    return Encounter(UUID(int=number), on, end_of(on), end_of(on), about)


class TestAPromise:
    @given(
        st.lists(
            st.builds(
                encounter, st.integers(1, 9), st.integers(0, 9), st.sampled_from([None, MEETING, ANOTHER_MEETING])
            ),
            unique_by=lambda each: each.subject_id,
        )
    )
    def test_is_met_by_the_first_that_is_about_it_or_about_all(self, encounters: list[Encounter]) -> None:
        """Whichever of the two it is, and never by one that is about another; of two at once the same one always."""

        def keeps(_: CaseFacts, rule: Rule) -> list[Encounter]:
            del rule
            return encounters

        policy = replace(MET_WITHIN_A_MONTH, keeps=keeps)

        met = judge(policy, facts(held_meeting()), unit_of, local("2026-12-20 12:00"))[MEETING].met

        ours = [each for each in encounters if each.about in {None, MEETING}]
        assert met == min(ours, key=lambda each: (each.on, each.subject_id), default=None)
