"""Random histories of a case, crowded around the days and instants on which verdicts turn."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from services.quality.domain.calendar import end_of, last_day, local_date
from services.quality.domain.facts import Case, CaseFacts, Fact, FollowUp, Meeting, Memo
from tests.quality.builders import ANOTHER_MEETING, CASE, FOLLOW_UP, MEETING, UNIT

ANOTHER_FOLLOW_UP = UUID("7a3e9f15-2b6d-4c80-9e4f-5a1d8c7b6e06")

# Anchors at a month's end, so that due days are clamped, and a second one about when the first is due.
_ANCHORS = [date(2027, 1, 29), date(2027, 1, 31), date(2027, 2, 1), date(2027, 2, 27), date(2027, 2, 28)]
_MET = [*_ANCHORS, date(2027, 3, 1), date(2027, 3, 2), date(2027, 3, 28), date(2027, 4, 2)]
_RECORDED = [
    *(end_of(day) for day in (date(2027, 2, 1), date(2027, 2, 28), date(2027, 3, 1), date(2027, 3, 28))),
    *(datetime(2027, month, day, 12, tzinfo=UTC) for month, day in ((2, 2), (2, 20), (3, 2), (3, 15), (4, 20))),
]
# Three working days after the anchors, the days about that, and the midnights that end them.
_WRITTEN = [date(2027, 1, 29), *(date(2027, month, day) for month, day in ((2, 3), (2, 4), (2, 5), (3, 3), (3, 4)))]
_RECORDED_OF_MEMOS = [end_of(date(2027, 2, 3)), end_of(date(2027, 3, 3)), datetime(2027, 2, 3, 12, tzinfo=UTC)]


def instants() -> st.SearchStrategy[datetime]:
    """Instants at, just before and just after those at which anything happens."""
    nudges = (timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1), timedelta(hours=5))
    return st.sampled_from([instant + nudge for instant in [*_RECORDED, *_RECORDED_OF_MEMOS] for nudge in nudges])


def _hours() -> st.SearchStrategy[timedelta]:
    return st.sampled_from([timedelta(hours=9), timedelta(hours=12), timedelta(hours=21, minutes=30)])


def _began(day: date, hours: timedelta) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + hours


@st.composite
def _meetings(draw: st.DrawFn, meeting_id: UUID, version: int) -> Meeting:
    recorded_at = draw(instants())
    if draw(st.integers(0, 3)) == 0:
        planned = draw(st.none() | st.sampled_from(_MET).map(lambda day: _began(day, timedelta(hours=9))))
        return Meeting(meeting_id, version, recorded_at, UNIT, planned, None, None, None, imported=False)
    began = _began(draw(st.sampled_from(_ANCHORS)), draw(_hours()))
    return Meeting(
        meeting_id, version, recorded_at, UNIT, None, began, local_date(began),
        last_day(began + timedelta(minutes=45)), imported=False,
    )  # fmt: skip


@st.composite
def _follow_ups(draw: st.DrawFn, follow_up_id: UUID, version: int) -> FollowUp:
    recorded_at = draw(instants())
    kind = draw(st.sampled_from(["held", "held", "booked", "nothing"]))
    began = _began(draw(st.sampled_from(_MET)), draw(_hours()))
    is_held = kind == "held"
    return FollowUp(
        follow_up_id,
        version,
        recorded_at,
        began if kind == "booked" else None,
        began if is_held else None,
        local_date(began) if is_held else None,
        family_present=is_held and draw(st.integers(0, 4)) > 0,
        worker_present=is_held,
        is_remote=is_held and draw(st.integers(0, 4)) == 0,
        imported=False,
    )


@st.composite
def _cases(draw: st.DrawFn, version: int) -> Case:
    return Case(CASE, version, draw(instants()), draw(st.none() | st.sampled_from(_MET)))


@st.composite
def _memos(draw: st.DrawFn, meeting_id: UUID, version: int) -> Memo:
    days = st.none() | st.sampled_from(_WRITTEN)
    return Memo(meeting_id, version, draw(instants()), draw(st.integers(0, 3)) > 0, draw(days), draw(days), draw(days))


@st.composite
def histories(draw: st.DrawFn) -> CaseFacts:
    """A case of up to two meetings with memos, two follow-ups and its own state, in up to three versions each."""
    given: list[Fact] = []
    for meeting_id in (MEETING, ANOTHER_MEETING):
        given += [draw(_meetings(meeting_id, version)) for version in range(1, draw(st.integers(0, 3)) + 1)]
        given += [draw(_memos(meeting_id, version)) for version in range(1, draw(st.integers(0, 3)) + 1)]
    for follow_up_id in (FOLLOW_UP, ANOTHER_FOLLOW_UP):
        given += [draw(_follow_ups(follow_up_id, version)) for version in range(1, draw(st.integers(0, 3)) + 1)]
    given += [draw(_cases(version)) for version in range(1, draw(st.integers(0, 2)) + 1)]
    return CaseFacts.of(given)
