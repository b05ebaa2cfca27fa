"""What one service publishes, as the intake of another hands it over."""

from datetime import datetime
from typing import Any, TypeVar

from shared.database import Trace
from shared.events import Event
from shared.intake import Subscription
from shared.records import Fact

E = TypeVar("E", bound=Event)


def as_heard(said: Event, subscription: Subscription, *, sequence: int, recorded_at: datetime) -> Fact:
    """Return what the reader with this *subscription* makes of a fact, the so-manieth of its stream."""
    return Fact(
        topic=said.topic,
        key=said.stream_key(),
        sequence=sequence,
        event_type=said.wire_type(),
        event_id=f"event-{sequence}",
        subject_version=said.subject_version(),
        recorded_at=recorded_at,
        trace=Trace(f"correlation-{sequence}", f"event-{sequence}"),
        body=subscription.reads[said.wire_type()].model_validate_json(said.model_dump_json()),
    )


def changed(fact: E, different: dict[str, Any]) -> E:
    """Return the fact, in other words."""
    return type(fact).model_validate(fact.model_dump() | different)
