"""Memos, and what is said and asked of them; a test names only what makes its example different."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.records.commands import AgreeReview, RecordMemo, RecordReview
from services.records.consumed import MeetingStated
from services.records.domain.cases import Case
from services.records.domain.memos import Memo

NOW = datetime(2032, 1, 14, 9, 0, tzinfo=UTC)  # 11.00 in Helsinki, a Wednesday
HELD_ON = date(2032, 1, 12)
TODAY = date(2032, 1, 14)

CASE = UUID("5b1a7c1e-3f0e-4c1b-9a51-6c0b7d0f2a11")
UNIT = UUID("0d6f5a52-8a3c-4f5e-8d13-2f4b9c7e1a01")
TEAM = UUID("9c2e4b70-1d5f-4a86-b3e9-7f1c0a6d5b02")
WORKER = UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a03")
MEETING = UUID("4f8b2d6e-0c9a-4e37-a1f5-3d7c9b5e8a04")

REFERENCE = "ASI-2032/000417"


def a_case(**different: Any) -> Case:
    """Return the case."""
    case = Case(
        case_id=CASE,
        code="K7-4QX",
        unit_id=UNIT,
        team_id=TEAM,
        responsible_worker_ids=(WORKER,),
        context_sequence=1,
    )
    return replace(case, **different)


def said(**different: Any) -> MeetingStated:
    """Return what scheduling says of the Heijastin: held on Monday."""
    state: dict[str, Any] = {
        "case_id": CASE,
        "case_code": "K7-4QX",
        "unit_id": UNIT,
        "team_id": TEAM,
        "responsible_worker_ids": (WORKER,),
        "meeting_id": MEETING,
        "version": 2,
        "held": True,
        "held_on": HELD_ON,
        "imported": False,
    }
    return MeetingStated.model_validate(state | different)


def said_retracted(**different: Any) -> MeetingStated:
    """Return what scheduling says when it was not held after all."""
    return said(**({"version": 3, "held": False, "held_on": None} | different))


def unheard() -> Memo:
    """Return the memo of a Heijastin that nothing has been heard of."""
    return Memo(meeting_id=MEETING, case_id=CASE)


def expected(**different: Any) -> Memo:
    """Return a memo that is awaited."""
    memo = Memo(
        meeting_id=MEETING,
        case_id=CASE,
        version=1,
        meeting_version=2,
        meeting_held=True,
        held_on=HELD_ON,
        first_recorded_at=NOW,
        expected=True,
    )
    return replace(memo, **different)


def recorded(**different: Any) -> Memo:
    """Return a memo recorded on Tuesday."""
    return replace(expected(version=2, reference=REFERENCE, recorded_on=date(2032, 1, 13)), **different)


def reviewed(**different: Any) -> Memo:
    """Return a memo that a worker and an adult went through on Tuesday."""
    done = {"reviewed_on": date(2032, 1, 13), "family_present": True, "worker_present": True, "views_differ": False}
    return replace(recorded(version=3), **(done | different))


def record(**different: Any) -> RecordMemo:
    """Return the command that says where the memo is."""
    return RecordMemo.model_validate({"reference": REFERENCE, "recorded_on": "2032-01-14"} | different)


def agree(day: str) -> AgreeReview:
    """Return the command that says on which day it will be gone through."""
    return AgreeReview.model_validate({"review_on": day})


def review(**different: Any) -> RecordReview:
    """Return the command that says that it was gone through today, with an adult and a worker."""
    body = {
        "reviewed_on": "2032-01-14",
        "family_present": True,
        "child_present": False,
        "worker_present": True,
        "views_differ": False,
    }
    return RecordReview.model_validate(body | different)
