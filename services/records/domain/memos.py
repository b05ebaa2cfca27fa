"""
The memo of a Heijastin: what is awaited of it, and what people have recorded.

What others say of the Heijastin may come in any order, late or twice, and ends in the same memo. A memo that was
recorded is never lost: if the Heijastin was not held after all, the memo says so.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from services.records.commands import AgreeReview, AmendMemo, RecordMemo, RecordReview
from services.records.consumed import MeetingStated
from services.records.domain.calendar import is_late_entry, local_date, require_come
from services.records.domain.cases import Case
from services.records.events import (
    Awaited,
    MemoAmended,
    MemoExpected,
    MemoFact,
    MemoRecorded,
    MemoReviewAgreed,
    MemoReviewedWithFamily,
)
from shared.errors import Conflict, Invalid

_Fact = TypeVar("_Fact", bound=MemoFact)

DAY_MISSING = "day_missing"


class MeetingNotHeld(Conflict):
    """This Heijastin was not held, so nothing can be recorded of its memo; correct the meeting first if it was."""


class MemoAlreadyRecorded(Conflict):
    """The memo is recorded; amend it instead."""


class MemoNotRecorded(Conflict):
    """The memo has not been recorded yet; record it first."""


class MemoAlreadyReviewed(Conflict):
    """The family has gone through the memo, so there is no day to agree on; correct the review if it was another."""


class BeforeTheMeeting(Invalid):
    """A memo can be neither recorded nor gone through before the day of its Heijastin; check the day."""


class ReviewNotAhead(Invalid):
    """A review is agreed for today or a later day; choose one, or record the review if it has taken place."""


class ReviewedBeforeRecorded(Invalid):
    """The family cannot have gone through the memo before it was recorded; check the days."""


class NotWithTheFamily(Invalid):
    """Somebody of the family and a worker must have been there; record the review when that was so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """
    The memo of one Heijastin.

    `version` counts what was published of it, 0 is nothing yet. `meeting_version` is the highest heard of the meeting,
    and `first_recorded_at` when it was first recorded as held. For the others see `MemoFact`; `reference` says where
    the memo is in the client information system, and is in no fact.
    """

    meeting_id: UUID
    case_id: UUID
    version: int = 0
    meeting_version: int = 0
    meeting_held: bool = False
    held_on: date | None = None
    first_recorded_at: datetime | None = None
    imported: bool = False
    expected: bool = False
    reference: str | None = None
    recorded_on: date | None = None
    review_on: date | None = None
    review_due_on: date | None = None
    reviewed_on: date | None = None
    family_present: bool = False
    child_present: bool = False
    worker_present: bool = False
    views_differ: bool | None = None

    @property
    def awaits(self) -> Awaited | None:
        """What comes next; None where all is done, the meeting was not held, or nobody asked for a memo."""
        is_wanted = self.expected or self.review_on is not None
        if not self.meeting_held or self.reviewed_on is not None or not is_wanted:
            return None
        if self.recorded_on is None:
            return "memo"
        return "agreement" if self.review_on is None else "review"


# ------------------------------------------------------------------------------------------------- what others say


def hear(memo: Memo, said: MeetingStated, *, recorded_at: datetime) -> Memo:
    """Return the memo by what was *said* of its Heijastin: the highest version stands, the first record counts."""
    if said.held:
        memo = replace(memo, first_recorded_at=min(recorded_at, memo.first_recorded_at or recorded_at))
    if said.version > memo.meeting_version:
        memo = replace(
            memo,
            meeting_version=said.version,
            meeting_held=said.held,
            held_on=said.held_on if said.held else None,
            imported=said.imported,
        )
    return replace(memo, expected=_is_expected(memo))


def contradiction(said: MeetingStated) -> str | None:
    """Return the coded reason why what was *said* cannot be so, or None."""
    return DAY_MISSING if said.held and said.held_on is None else None


def tell_difference(before: Memo, after: Memo, case: Case) -> tuple[Memo, MemoFact | None]:
    """
    Return the memo *after* with its next version, and what to publish of that; None where nothing public has changed.

    Nothing is said of a memo that nobody has asked for and that nobody has recorded.
    """
    is_same = (before.held_on, before.expected) == (after.held_on, after.expected)
    if is_same or (before.version == 0 and not after.expected):
        return after, None
    after = replace(after, version=before.version + 1)
    kind = MemoExpected if after.expected and not before.expected else MemoAmended
    return after, _tell(kind, after, case)


def _is_expected(memo: Memo) -> bool:
    if memo.imported or memo.held_on is None or memo.first_recorded_at is None:
        return False
    return not is_late_entry(memo.held_on, recorded_at=memo.first_recorded_at)


# ------------------------------------------------------------------------------------------------- what people ask


def record(memo: Memo, command: RecordMemo, case: Case, *, now: datetime) -> tuple[Memo, MemoRecorded]:
    """
    Say that the memo is in the client information system.

    Raises:
        MeetingNotHeld, MemoAlreadyRecorded: there is nothing to record.
        NotYetHappened, BeforeTheMeeting: the day makes no sense.
    """
    _require_held(memo)
    if memo.recorded_on is not None:
        raise MemoAlreadyRecorded
    return _changed(MemoRecorded, _recorded(memo, command, now=now), case)


def amend(memo: Memo, command: AmendMemo, case: Case, *, now: datetime) -> tuple[Memo, MemoAmended]:
    """
    Replace what was said of the recorded memo, also if its Heijastin was not held after all.

    Raises:
        MemoNotRecorded: nothing was said.
        NotYetHappened, BeforeTheMeeting, ReviewedBeforeRecorded: the day makes no sense.
    """
    if memo.recorded_on is None:
        raise MemoNotRecorded
    if memo.reviewed_on is not None and command.recorded_on > memo.reviewed_on:
        raise ReviewedBeforeRecorded
    return _changed(MemoAmended, _recorded(memo, command, now=now), case)


def agree_review(memo: Memo, command: AgreeReview, case: Case, *, now: datetime) -> tuple[Memo, MemoReviewAgreed]:
    """
    Say when the memo will be gone through with the family; it may be agreed before the memo is recorded.

    What the family was promised moves with a new agreement only while the promised day has not passed.

    Raises:
        MeetingNotHeld, MemoAlreadyReviewed: there is nothing to agree on.
        ReviewNotAhead: the day has passed.
    """
    _require_held(memo)
    if memo.reviewed_on is not None:
        raise MemoAlreadyReviewed
    today = local_date(now)
    if command.review_on < today:
        raise ReviewNotAhead
    promised = memo.review_due_on
    due_on = command.review_on if promised is None or today <= promised else promised
    return _changed(MemoReviewAgreed, replace(memo, review_on=command.review_on, review_due_on=due_on), case)


def review(memo: Memo, command: RecordReview, case: Case, *, now: datetime) -> tuple[Memo, MemoReviewedWithFamily]:
    """
    Say that the memo was gone through with the family, or put right what was said of that.

    Raises:
        MeetingNotHeld, MemoNotRecorded: there is nothing to go through.
        NotYetHappened, BeforeTheMeeting, ReviewedBeforeRecorded: the day makes no sense.
        NotWithTheFamily: nobody of the family was there, or no worker.
    """
    _require_held(memo)
    if memo.recorded_on is None:
        raise MemoNotRecorded
    _require_day(memo, command.reviewed_on, now=now)
    if command.reviewed_on < memo.recorded_on:
        raise ReviewedBeforeRecorded
    if not (command.worker_present and (command.family_present or command.child_present)):
        raise NotWithTheFamily
    reviewed = replace(
        memo,
        reviewed_on=command.reviewed_on,
        family_present=command.family_present,
        child_present=command.child_present,
        worker_present=command.worker_present,
        views_differ=command.views_differ,
    )
    return _changed(MemoReviewedWithFamily, reviewed, case)


def _require_held(memo: Memo) -> None:
    if not memo.meeting_held:
        raise MeetingNotHeld


def _recorded(memo: Memo, command: RecordMemo | AmendMemo, *, now: datetime) -> Memo:
    _require_day(memo, command.recorded_on, now=now)
    return replace(memo, reference=command.reference, recorded_on=command.recorded_on)


def _require_day(memo: Memo, day: date, *, now: datetime) -> None:
    require_come(day, now=now)
    if memo.held_on is not None and day < memo.held_on:
        raise BeforeTheMeeting


def _changed(kind: type[_Fact], memo: Memo, case: Case) -> tuple[Memo, _Fact]:
    memo = replace(memo, version=memo.version + 1)
    return memo, _tell(kind, memo, case)


def _tell(kind: type[_Fact], memo: Memo, case: Case) -> _Fact:
    return kind(
        case_id=case.case_id,
        case_code=case.code,
        unit_id=case.unit_id,
        team_id=case.team_id,
        responsible_worker_ids=case.responsible_worker_ids,
        meeting_id=memo.meeting_id,
        version=memo.version,
        meeting_held=memo.meeting_held,
        held_on=memo.held_on,
        expected=memo.expected,
        awaits=memo.awaits,
        recorded_on=memo.recorded_on,
        review_on=memo.review_on,
        review_due_on=memo.review_due_on,
        reviewed_on=memo.reviewed_on,
        family_present=memo.family_present,
        child_present=memo.child_present,
        worker_present=memo.worker_present,
        views_differ=memo.views_differ,
    )
