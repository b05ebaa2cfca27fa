"""Whatever files come of a case, in whatever order: what is known in the end."""

from datetime import date

from hypothesis import given as for_any
from hypothesis import strategies as st

from services.scheduling.commands.imports import ImportCase, ImportFollowUp, ImportMeeting
from services.scheduling.domain import imports
from services.scheduling.domain.imports import Known
from tests.scheduling.builders import DAY, HOUR
from tests.scheduling.domain.importing import SPRING, a_command, a_follow_up_row, a_meeting_row, imported

Row = ImportMeeting | ImportFollowUp


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Draw a row of one of few references, in spring, held or not."""
    a_row = draw(st.sampled_from([a_meeting_row, a_follow_up_row]))
    start = SPRING + draw(st.integers(0, 40)) * DAY + draw(st.integers(0, 5)) * HOUR
    return a_row(str(draw(st.integers(1, 4))), start, held=draw(st.booleans()))


def name_of(row: Row) -> tuple[str, str]:
    return type(row).__name__, row.reference


@st.composite
def files(draw: st.DrawFn) -> ImportCase:
    """Draw what one file says of the case: a Heijastin at least, and its end or not."""
    drawn: list[Row] = draw(st.lists(rows(), max_size=6, unique_by=name_of))
    closed_on = draw(st.sampled_from([None, date(2026, 6, 1), date(2026, 7, 1)]))
    return a_command(a_meeting_row("0"), *drawn, closed_on=closed_on)


class TestAnyHistoryOfFiles:
    @for_any(st.lists(files(), min_size=1, max_size=4))
    def test_ends_in_what_the_last_one_says(self, said: list[ImportCase]) -> None:
        """Whatever came before: what the last file has as held is held so, what it has as not held is not."""
        known = Known()
        for command in said:
            _, known = imported(command, known)
        last = said[-1]

        for row in last.meetings:
            name = known.imported.get(("meeting", row.reference))
            meeting = known.meetings[name.id] if name else None
            assert (meeting is not None and meeting.status == "held") == row.held
            if meeting and row.held:
                assert (meeting.held_from, meeting.held_until) == (row.held_from, row.held_until)
        for row in last.follow_ups:
            name = known.imported.get(("follow_up", row.reference))
            follow_up = known.follow_ups[name.id] if name else None
            assert (follow_up is not None and follow_up.status == "held") == row.held
            if follow_up and row.held:
                assert (follow_up.held_from, follow_up.held_until) == (row.held_from, row.held_until)
        assert known.case is not None
        assert known.case.closed_on == last.closed_on

    @for_any(st.lists(files(), min_size=1, max_size=3))
    def test_is_no_news_a_second_time(self, said: list[ImportCase]) -> None:
        """And taken over all the same, it would change nothing."""
        known = Known()
        for command in said:
            _, known = imported(command, known)

        again, _ = imported(said[-1], known)

        assert not imports.is_news(said[-1], known.imported)
        assert (again.facts, again.case, again.meetings, again.follow_ups) == ((), None, (), ())

    @for_any(files(), files())
    def test_counts_versions_without_a_hole(self, first: ImportCase, second: ImportCase) -> None:
        """Of each subject 1, 2, 3: the highest stands."""
        outcome, known = imported(first)
        again, _ = imported(second, known)

        versions: dict[str, list[int]] = {}
        for fact in (*outcome.facts, *again.facts):
            versions.setdefault(fact.subject(), []).append(fact.version)
        assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
