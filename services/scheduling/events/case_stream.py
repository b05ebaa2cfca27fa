"""What every fact about a case has: its context, so that a reader needs no earlier fact and no question back."""

from typing import Any, Literal
from uuid import UUID

from shared.events import Event

CancelledReason = Literal["case_closed"]
"""Why something was cancelled, where no one cancelled it for itself."""


class CaseStream(Event, topic="heijastin.scheduling.cases.v1", abstract=True):
    """
    The context of a case at the time of the fact. Key: the case.

    The code is for people to say aloud; it tells nothing about the family. `unit_id` is the unit that has the case now.
    """

    case_id: UUID
    case_code: str
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: tuple[UUID, ...]

    def stream_key(self) -> str:
        """Order is kept per case: its meetings, its follow-ups and its own state in one line."""
        return str(self.case_id)


def example_context() -> dict[str, Any]:
    """Return an invented context for the examples of the contract."""
    return {
        "case_id": UUID("5b1a7c1e-3f0e-4c1b-9a51-6c0b7d0f2a11"),
        "case_code": "K7-4QX",
        "unit_id": UUID("0d6f5a52-8a3c-4f5e-8d13-2f4b9c7e1a01"),
        "team_id": UUID("9c2e4b70-1d5f-4a86-b3e9-7f1c0a6d5b02"),
        "responsible_worker_ids": (UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a03"),),
    }
