"""What quality listens to: scheduling's cases and units, who works there, and records' memos."""

from typing import Final

from services.quality import handlers, relations
from services.quality.consumed import (
    CASES,
    MEMOS,
    UNITS,
    CaseStated,
    FollowUpStated,
    MeetingStated,
    MemoStated,
    OfCase,
    UnitConfigured,
    WorkerStated,
)
from shared.events import Consumed
from shared.intake import Subscription, followed_by

# Every fact carries the whole state of its subject, so all facts about one kind of subject are read alike.
_OF_CASES: Final[dict[type[OfCase], tuple[str, ...]]] = {
    CaseStated: ("CaseOpened", "CaseReassigned", "CaseClosed", "CaseReopened"),
    MeetingStated: (
        "MeetingScheduled",
        "MeetingRescheduled",
        "MeetingCancelled",
        "MeetingDeferred",
        "PreparationCompleted",
        "MeetingHeld",
        "MeetingCorrected",
        "MeetingRetracted",
    ),
    FollowUpStated: (
        "FollowUpScheduled",
        "FollowUpRescheduled",
        "FollowUpCancelled",
        "FollowUpHeld",
        "FollowUpCorrected",
        "FollowUpRetracted",
    ),
}

_OF_MEMOS: Final = ("MemoExpected", "MemoRecorded", "MemoAmended", "MemoReviewAgreed", "MemoReviewedWithFamily")

_READS: Final[dict[str, type[Consumed]]] = {
    **{f"heijastin.scheduling.{fact}.v1": reads for reads, facts in _OF_CASES.items() for fact in facts},
    **{f"heijastin.records.{fact}.v1": MemoStated for fact in _OF_MEMOS},
    "heijastin.scheduling.UnitConfigured.v1": UnitConfigured,
    "heijastin.scheduling.WorkerConfigured.v1": WorkerStated,
    "heijastin.scheduling.DeputySet.v1": WorkerStated,
}

SUBSCRIPTION: Final = Subscription(
    group="heijastin.quality",
    topics=(CASES, UNITS, MEMOS),
    reads=_READS,
    fold=followed_by(handlers.take_in, relations.learn),
)
