"""What feedback listens to: scheduling's units, for links and for the end of each half-month. Never cases."""

from typing import Final

from services.feedback import handlers
from services.feedback.consumed import UNITS_TOPIC, BookletIssued, RoundEnded
from shared.intake import Subscription

SUBSCRIPTION: Final = Subscription(
    group="heijastin.feedback",
    topics=(UNITS_TOPIC,),
    reads={
        "heijastin.scheduling.FeedbackBookletIssued.v1": BookletIssued,
        "heijastin.scheduling.FeedbackRoundEnded.v1": RoundEnded,
    },
    fold=handlers.take_in,
)
