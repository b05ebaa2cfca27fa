"""What scheduling tells the others. One module per subject; every event carries the whole public state of it."""

from services.scheduling.events.case_stream import CancelledReason
from services.scheduling.events.cases import CaseClosed, CaseFact, CaseOpened, CaseReassigned, CaseReopened
from services.scheduling.events.feedback import FeedbackBookletIssued, FeedbackLinksSent, FeedbackRoundEnded
from services.scheduling.events.follow_ups import (
    FollowUpCancelled,
    FollowUpCorrected,
    FollowUpFact,
    FollowUpHeld,
    FollowUpRescheduled,
    FollowUpRetracted,
    FollowUpScheduled,
)
from services.scheduling.events.meetings import (
    MeetingCancelled,
    MeetingCorrected,
    MeetingDeferred,
    MeetingFact,
    MeetingHeld,
    MeetingRescheduled,
    MeetingRetracted,
    MeetingScheduled,
    PreparationCompleted,
)
from services.scheduling.events.units import (
    DeputySet,
    RuleVersion,
    TeamConfigured,
    UnitConfigured,
    WorkerConfigured,
    WorkingHours,
)

__all__ = [
    "CancelledReason",
    "CaseClosed",
    "CaseFact",
    "CaseOpened",
    "CaseReassigned",
    "CaseReopened",
    "DeputySet",
    "FeedbackBookletIssued",
    "FeedbackLinksSent",
    "FeedbackRoundEnded",
    "FollowUpCancelled",
    "FollowUpCorrected",
    "FollowUpFact",
    "FollowUpHeld",
    "FollowUpRescheduled",
    "FollowUpRetracted",
    "FollowUpScheduled",
    "MeetingCancelled",
    "MeetingCorrected",
    "MeetingDeferred",
    "MeetingFact",
    "MeetingHeld",
    "MeetingRescheduled",
    "MeetingRetracted",
    "MeetingScheduled",
    "PreparationCompleted",
    "RuleVersion",
    "TeamConfigured",
    "UnitConfigured",
    "WorkerConfigured",
    "WorkingHours",
]
