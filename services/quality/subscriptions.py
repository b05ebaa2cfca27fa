"""What quality listens to: scheduling's cases and units, and who works there."""

from typing import Final

from services.quality import handlers, relations
from services.quality.consumed import CaseStated, FollowUpStated, MeetingStated, OfCase, UnitConfigured, WorkerStated
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

_READS: Final[dict[str, type[Consumed]]] = {
    **{f"heijastin.scheduling.{fact}.v1": reads for reads, facts in _OF_CASES.items() for fact in facts},
    "heijastin.scheduling.UnitConfigured.v1": UnitConfigured,
    "heijastin.scheduling.WorkerConfigured.v1": WorkerStated,
    "heijastin.scheduling.DeputySet.v1": WorkerStated,
}

SUBSCRIPTION: Final = Subscription(
    group="heijastin.quality",
    topics=(handlers.CASES, handlers.UNITS),
    reads=_READS,
    fold=followed_by(handlers.take_in, relations.learn),
)
