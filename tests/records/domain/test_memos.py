from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.records.commands import AmendMemo
from services.records.consumed import MeetingStated
from services.records.domain import memos
from services.records.domain.calendar import NotYetHappened
from services.records.domain.memos import (
    BeforeTheMeeting,
    MeetingNotHeld,
    Memo,
    MemoAlreadyRecorded,
    MemoAlreadyReviewed,
    MemoNotRecorded,
    NotWithTheFamily,
    ReviewedBeforeRecorded,
    ReviewNotAhead,
    agree_review,
    amend,
    contradiction,
    hear,
    tell_difference,
)
from tests.records.builders import (
    HELD_ON,
    MEETING,
    NOW,
    REFERENCE,
    TODAY,
    a_case,
    agree,
    expected,
    record,
    recorded,
    review,
    reviewed,
    said,
    said_retracted,
    unheard,
)

DAY = timedelta(days=1)
CASE = a_case()


_DAYS = st.none() | st.dates()
a_memo = st.builds(
    Memo,
    meeting_id=st.just(MEETING),
    case_id=st.just(CASE.case_id),
    version=st.integers(1, 99),
    meeting_version=st.integers(0, 99),
    meeting_held=st.booleans(),
    held_on=_DAYS,
    first_recorded_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    imported=st.booleans(),
    expected=st.booleans(),
    reference=st.just(REFERENCE),
    recorded_on=_DAYS,
    review_on=_DAYS,
    review_due_on=_DAYS,
    reviewed_on=_DAYS,
    family_present=st.booleans(),
    child_present=st.booleans(),
    worker_present=st.booleans(),
    views_differ=st.none() | st.booleans(),
)


def heard(*meetings: MeetingStated, memo: Memo | None = None, recorded_at: datetime = NOW) -> Memo:
    """Return the memo after hearing of its meeting."""
    memo = memo or unheard()
    for meeting in meetings:
        memo = hear(memo, meeting, recorded_at=recorded_at)
    return memo


def told(before: Memo, after: Memo) -> str | None:
    """Return the name of what is published of a difference."""
    fact = tell_difference(before, after, CASE)[1]
    return type(fact).__name__ if fact else None


class TestHearing:
    def test_of_a_held_meeting_expects_its_memo(self) -> None:
        """From now on it is awaited."""
        memo = heard(said())

        assert (memo.expected, memo.awaits, memo.held_on) == (True, "memo", HELD_ON)
        memo, fact = tell_difference(unheard(), memo, CASE)
        assert fact
        assert (type(fact).__name__, fact.version, fact.awaits, memo.version) == ("MemoExpected", 1, "memo", 1)

    def test_of_a_correction_moves_the_day(self) -> None:
        """The Heijastin was a day earlier."""
        memo = heard(said(version=3, held_on=HELD_ON - DAY), memo=expected())

        assert memo.held_on == HELD_ON - DAY
        assert told(expected(), memo) == "MemoAmended"

    def test_of_a_retraction_awaits_nothing_any_more(self) -> None:
        """There is nothing to write about, and no day, even if one is still named."""
        memo = heard(said_retracted(held_on=HELD_ON), memo=expected())

        assert (memo.meeting_held, memo.expected, memo.awaits, memo.held_on) == (False, False, None, None)
        assert told(expected(), memo) == "MemoAmended"

    def test_of_a_retraction_keeps_what_was_recorded_and_marks_it(self) -> None:
        """It is in the client information system, whatever became of the meeting."""
        memo, fact = tell_difference(reviewed(), heard(said_retracted(), memo=reviewed()), CASE)

        assert fact
        assert (fact.meeting_held, fact.recorded_on, fact.reviewed_on) == (False, date(2032, 1, 13), date(2032, 1, 13))
        assert memo.reference == REFERENCE

    def test_of_a_retraction_awaits_no_review_that_was_agreed(self) -> None:
        """The day stays on record; there is no memo to go through."""
        memo = heard(said_retracted(), memo=recorded(review_on=TODAY, review_due_on=TODAY))

        assert (memo.review_on, memo.awaits) == (TODAY, None)

    def test_that_it_was_held_after_all_expects_the_memo_again(self) -> None:
        """A correction after a retraction makes it held again."""
        retracted = heard(said_retracted(), memo=expected())

        again = heard(said(version=4), memo=retracted)

        assert told(retracted, again) == "MemoExpected"
        assert again.awaits == "memo"

    @pytest.mark.parametrize(
        "order", [*permutations([said(), said(version=3, held_on=TODAY), said_retracted(version=4)])]
    )
    def test_ends_the_same_in_whatever_order_it_comes(self, order: tuple[MeetingStated, ...]) -> None:
        """The highest version stands, however late the others come, and twice."""
        memo = heard(*order, *order)

        assert (memo.meeting_version, memo.meeting_held, memo.expected) == (4, False, False)

    @pytest.mark.parametrize("days, is_expected", [(7, True), (8, False)])
    def test_of_what_was_recorded_more_than_seven_days_late_expects_nothing(
        self,
        days: int,
        is_expected: bool,  # noqa: FBT001 - the other half of the example
    ) -> None:
        """A late entry starts no task, and nothing is said of it."""
        memo = heard(said(), recorded_at=NOW - timedelta(days=2) + days * DAY)

        assert memo.expected is is_expected
        assert told(unheard(), memo) == ("MemoExpected" if is_expected else None)

    def test_goes_by_the_first_record_however_often_it_is_corrected(self) -> None:
        """A correction after a month is no late entry, and whichever is heard first has no part in it."""
        late = heard(said(version=3), recorded_at=NOW + 30 * DAY)
        assert not late.expected

        assert heard(said(), memo=late).expected
        assert heard(said(version=3), memo=heard(said()), recorded_at=NOW + 30 * DAY).expected

    def test_of_an_import_expects_nothing_and_says_nothing(self) -> None:
        """Ten thousand old meetings ask for no memo."""
        memo = heard(said(imported=True))

        assert (memo.expected, memo.awaits) == (False, None)
        assert told(unheard(), memo) is None

    def test_of_nothing_new_says_nothing(self) -> None:
        """Another close, or the same fact again, is no change of the memo."""
        assert told(expected(), heard(said(version=9), memo=expected())) is None
        assert told(unheard(), heard(said_retracted())) is None

    def test_refuses_a_held_meeting_without_its_day(self) -> None:
        """It contradicts itself, and is parked."""
        assert contradiction(said(held_on=None)) == "day_missing"
        assert contradiction(said()) is None
        assert contradiction(said_retracted()) is None


class TestAFact:
    @given(a_memo)
    def test_tells_everything_but_what_is_ours(self, memo: Memo) -> None:
        """A reader needs no earlier fact and no question back; where the memo is and what we heard stay here."""
        before = replace(memo, expected=not memo.expected)

        after, fact = tell_difference(before, memo, CASE)

        assert fact is not None
        ours = {"meeting_version", "first_recorded_at", "imported", "reference"}
        context = {"case_code": CASE.code} | {
            name: value for name, value in asdict(CASE).items() if name not in {"code", "context_sequence"}
        }
        public = {name: value for name, value in asdict(after).items() if name not in ours}
        assert fact.model_dump() == public | context | {"awaits": memo.awaits}


class TestRecord:
    def test_says_that_it_is_there_and_not_where(self) -> None:
        """The reference stays here; the day is for everybody."""
        memo, fact = memos.record(expected(), record(), CASE, now=NOW)

        assert (memo.reference, memo.recorded_on, memo.version, memo.awaits) == (REFERENCE, TODAY, 2, "agreement")
        assert (type(fact).__name__, fact.recorded_on, fact.version) == ("MemoRecorded", TODAY, 2)
        assert REFERENCE not in fact.model_dump_json()

    def test_is_possible_where_nobody_asked_for_it(self) -> None:
        """Of an imported Heijastin too; then nothing more is awaited."""
        memo, fact = memos.record(expected(version=0, expected=False), record(), CASE, now=NOW)

        assert (memo.version, memo.awaits, fact.expected) == (1, None, False)

    @pytest.mark.parametrize(
        "memo, different, refusal",
        [
            (unheard(), {}, MeetingNotHeld),
            (recorded(), {}, MemoAlreadyRecorded),
            (expected(), {"recorded_on": "2032-01-15"}, NotYetHappened),
            (expected(), {"recorded_on": "2032-01-11"}, BeforeTheMeeting),
        ],
    )
    def test_is_refused(self, memo: Memo, different: dict[str, Any], refusal: type[Exception]) -> None:
        """Not held, twice, tomorrow, or before there was anything to write about."""
        with pytest.raises(refusal):
            memos.record(memo, record(**different), CASE, now=NOW)

    def test_is_possible_on_the_day_itself(self) -> None:
        """The quickest write it down at once."""
        memo, _ = memos.record(expected(), record(recorded_on=HELD_ON.isoformat()), CASE, now=NOW)

        assert memo.recorded_on == HELD_ON


class TestAmend:
    def test_replaces_where_and_when(self) -> None:
        """A slip of the pen."""
        command = AmendMemo(reference="ASI-2032/000418", recorded_on=TODAY)

        memo, fact = amend(recorded(), command, CASE, now=NOW)

        assert (memo.reference, memo.recorded_on) == ("ASI-2032/000418", TODAY)
        assert (type(fact).__name__, fact.version) == ("MemoAmended", 3)

    def test_is_possible_when_the_meeting_was_not_held(self) -> None:
        """What is kept can be put right."""
        memo, fact = amend(
            recorded(meeting_held=False, held_on=None, expected=False),
            AmendMemo(reference="X-1", recorded_on=date(2032, 1, 2)),
            CASE,
            now=NOW,
        )

        assert (memo.reference, fact.awaits) == ("X-1", None)

    @pytest.mark.parametrize(
        "memo, day, refusal",
        [
            (expected(), TODAY, MemoNotRecorded),
            (recorded(), TODAY + DAY, NotYetHappened),
            (recorded(), HELD_ON - DAY, BeforeTheMeeting),
            (reviewed(), TODAY, ReviewedBeforeRecorded),
        ],
    )
    def test_is_refused(self, memo: Memo, day: date, refusal: type[Exception]) -> None:
        """Nothing to amend, or a day that cannot be."""
        with pytest.raises(refusal):
            amend(memo, AmendMemo(reference=REFERENCE, recorded_on=day), CASE, now=NOW)

    def test_keeps_a_review_on_the_same_day(self) -> None:
        """Recorded in the morning, gone through in the afternoon."""
        memo, _ = amend(reviewed(), AmendMemo(reference="X-1", recorded_on=date(2032, 1, 13)), CASE, now=NOW)

        assert memo.reviewed_on == date(2032, 1, 13)


class TestAgreeReview:
    def test_promises_the_day(self) -> None:
        """Today at the earliest."""
        memo, fact = agree_review(recorded(), agree("2032-01-14"), CASE, now=NOW)

        assert (memo.review_on, memo.review_due_on, memo.awaits) == (TODAY, TODAY, "review")
        assert (type(fact).__name__, fact.review_due_on) == ("MemoReviewAgreed", TODAY)

    def test_may_come_before_the_memo(self) -> None:
        """At the close of the Heijastin; the memo comes first all the same."""
        memo, _ = agree_review(expected(), agree("2032-01-20"), CASE, now=NOW)

        assert memo.awaits == "memo"

    def test_makes_one_that_nobody_asked_for_awaited(self) -> None:
        """A family to whom a day was promised is owed it."""
        memo, _ = agree_review(recorded(expected=False), agree("2032-01-20"), CASE, now=NOW)

        assert memo.awaits == "review"

    def test_moves_the_promised_day_while_it_has_not_passed(self) -> None:
        """The family asks for another day."""
        memo, _ = agree_review(recorded(review_on=TODAY, review_due_on=TODAY), agree("2032-01-20"), CASE, now=NOW)

        assert (memo.review_on, memo.review_due_on) == (date(2032, 1, 20), date(2032, 1, 20))

    def test_leaves_a_promised_day_that_has_passed(self) -> None:
        """A new day is agreed on; the broken promise stays broken."""
        passed = TODAY - DAY

        memo, fact = agree_review(recorded(review_on=passed, review_due_on=passed), agree("2032-01-20"), CASE, now=NOW)

        assert (memo.review_on, memo.review_due_on) == (date(2032, 1, 20), passed)
        assert fact.review_due_on == passed

    @pytest.mark.parametrize(
        "memo, day, refusal",
        [
            (recorded(meeting_held=False), "2032-01-20", MeetingNotHeld),
            (reviewed(), "2032-01-20", MemoAlreadyReviewed),
            (recorded(), "2032-01-13", ReviewNotAhead),
        ],
    )
    def test_is_refused(self, memo: Memo, day: str, refusal: type[Exception]) -> None:
        """Nothing to agree on, or a day gone by."""
        with pytest.raises(refusal):
            agree_review(memo, agree(day), CASE, now=NOW)


class TestReview:
    def test_says_who_was_there_and_whether_views_differed(self) -> None:
        """Flags and a day, and no word of it."""
        memo, fact = memos.review(recorded(), review(child_present=True, views_differ=True), CASE, now=NOW)

        assert (memo.reviewed_on, memo.awaits, memo.version) == (TODAY, None, 3)
        assert type(fact).__name__ == "MemoReviewedWithFamily"
        assert (fact.family_present, fact.child_present, fact.worker_present, fact.views_differ) == (
            True,
            True,
            True,
            True,
        )

    def test_can_be_put_right(self) -> None:
        """Said again, it replaces what was said."""
        memo, _ = memos.review(reviewed(), review(family_present=False, child_present=True), CASE, now=NOW)

        assert (memo.reviewed_on, memo.family_present, memo.child_present) == (TODAY, False, True)

    @pytest.mark.parametrize(
        "memo, different, refusal",
        [
            (reviewed(meeting_held=False), {}, MeetingNotHeld),
            (expected(), {}, MemoNotRecorded),
            (recorded(), {"reviewed_on": "2032-01-15"}, NotYetHappened),
            (recorded(), {"reviewed_on": "2032-01-12"}, ReviewedBeforeRecorded),
            (recorded(held_on=TODAY), {"reviewed_on": "2032-01-13"}, BeforeTheMeeting),
            (recorded(), {"worker_present": False}, NotWithTheFamily),
            (recorded(), {"family_present": False}, NotWithTheFamily),
        ],
    )
    def test_is_refused(self, memo: Memo, different: dict[str, Any], refusal: type[Exception]) -> None:
        """There is no memo, the day cannot be, also since its Heijastin was corrected, or they were not together."""
        with pytest.raises(refusal):
            memos.review(memo, review(**different), CASE, now=NOW)

    def test_on_the_day_of_the_record_is_possible(self) -> None:
        """The same afternoon."""
        memo, _ = memos.review(recorded(), review(reviewed_on="2032-01-13"), CASE, now=NOW)

        assert memo.reviewed_on == date(2032, 1, 13)
