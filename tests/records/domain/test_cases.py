from services.records.domain.cases import hear
from tests.quality.builders import ANOTHER_MEETING as ELSEWHERE
from tests.records.builders import a_case, said


class TestTheContext:
    def test_is_kept_of_a_case_never_heard_of(self) -> None:
        """Topics begin anywhere."""
        assert hear(None, said(), sequence=7) == a_case(context_sequence=7)

    def test_is_that_of_the_newest_fact(self) -> None:
        """What was missing and arrives late does not bring old hands back."""
        known = a_case(context_sequence=4)

        assert hear(known, said(unit_id=ELSEWHERE), sequence=3) == known
        assert hear(known, said(unit_id=ELSEWHERE), sequence=4) == known
        assert hear(known, said(unit_id=ELSEWHERE), sequence=5).unit_id == ELSEWHERE
