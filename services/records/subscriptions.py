"""What records listens to: scheduling's cases, and who works there."""

from typing import Final

from services.records import handlers, relations
from services.records.consumed import CASES_TOPIC, UNITS_TOPIC, CaseStated, MeetingStated, WorkerStated
from shared.events import Consumed
from shared.intake import Subscription, followed_by

# A fact carries the whole state of its subject. A Heijastin that was never held asks for no memo, and is passed over; a
# case that never had one is known all the same, so that whoever looks for its memos is known to be its own, or not.
_READS: Final[dict[type[Consumed], tuple[str, ...]]] = {
    CaseStated: ("CaseOpened", "CaseReassigned", "CaseClosed", "CaseReopened"),
    MeetingStated: ("MeetingHeld", "MeetingCorrected", "MeetingRetracted"),
    WorkerStated: ("WorkerConfigured", "DeputySet"),
}

SUBSCRIPTION: Final = Subscription(
    group="heijastin.records",
    topics=(CASES_TOPIC, UNITS_TOPIC),
    reads={f"heijastin.scheduling.{fact}.v1": reads for reads, facts in _READS.items() for fact in facts},
    fold=followed_by(handlers.take_in, relations.learn),
)
