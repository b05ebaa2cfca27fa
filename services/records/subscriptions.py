"""What records listens to: scheduling's cases."""

from typing import Final

from services.records import handlers
from services.records.consumed import CASES_TOPIC, CaseStated, MeetingStated
from shared.events import Consumed
from shared.intake import Subscription

# A fact carries the whole state of its subject. What has never been held asks for no memo, and is passed over.
_READS: Final[dict[type[Consumed], tuple[str, ...]]] = {
    CaseStated: ("CaseReassigned", "CaseClosed", "CaseReopened"),
    MeetingStated: ("MeetingHeld", "MeetingCorrected", "MeetingRetracted"),
}

SUBSCRIPTION: Final = Subscription(
    group="heijastin.records",
    topics=(CASES_TOPIC,),
    reads={f"heijastin.scheduling.{fact}.v1": reads for reads, facts in _READS.items() for fact in facts},
    fold=handlers.take_in,
)
