"""What quality publishes: what became of each promise. Topic `heijastin.quality.promises.v1`, key: the case."""

from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime

from shared.events import Event

PromiseStatus = Literal["open", "kept", "lapsed", "kept_late", "ended_with_case", "void"]
DeviationState = Literal["none", "open", "withdrawn"]


class PromiseFact(Event, topic="heijastin.quality.promises.v1", abstract=True):
    """
    The whole state of a promise, so that nobody has to count event types.

    `policy` names it: the family is met again within a month, the memo of the Heijastin is recorded in three working
    days, or gone through with the family as agreed; of the last two, *met* means that this was done. `unit_id` is the
    unit in which its meeting was held, the rest of the context that of the case now. Days are local (Europe/Helsinki),
    instants UTC. `due_on` is the last day on which a meeting keeps it; `expires_at` the midnight that ends it.
    `recording_delay_days` are those from the encounter to its first record. `is_undetermined` lies over every status:
    facts are missing, and it is not to be shown as overdue.
    `deviation_since` is when the deviation in force came into force; `warning` the rung that speaks now.
    """

    promise_id: UUID
    version: int
    policy: str
    meeting_id: UUID
    case_id: UUID
    case_code: str
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: tuple[UUID, ...]
    status: PromiseStatus
    is_undetermined: bool
    anchor_on: date
    due_on: date
    expires_at: AwareDatetime
    holiday_policy: Literal["strict", "roll_forward_150_1930"]
    remote_counts: bool
    met_by_id: UUID | None
    met_on: date | None
    days_late: int
    recording_delay_days: int | None
    ended_on: date | None
    is_recorded_late: bool
    is_late_entry: bool
    imported: bool
    deviation_id: UUID
    deviation_state: DeviationState
    deviation_version: int
    deviation_since: AwareDatetime | None
    warning_id: UUID | None
    warning: str | None

    def stream_key(self) -> str:
        """Order is kept per case."""
        return str(self.case_id)

    def subject(self) -> str:
        """Return the promise."""
        return f"promise/{self.promise_id}"

    def subject_version(self) -> int:
        """Return how many facts about this promise have been published, this one included."""
        return self.version

    @classmethod
    def _example(cls, *, version: int, **different: Any) -> Self:
        state: dict[str, Any] = {
            "promise_id": UUID("2f0c6c1d-7f0e-5b6d-8a6b-0f6f5f1b9c07"),
            "policy": "met_within_a_month",
            "meeting_id": UUID("4f8b2d6e-0c9a-4e37-a1f5-3d7c9b5e8a04"),
            "case_id": UUID("5b1a7c1e-3f0e-4c1b-9a51-6c0b7d0f2a11"),
            "case_code": "K7-4QX",
            "unit_id": UUID("0d6f5a52-8a3c-4f5e-8d13-2f4b9c7e1a01"),
            "team_id": UUID("9c2e4b70-1d5f-4a86-b3e9-7f1c0a6d5b02"),
            "responsible_worker_ids": (UUID("e3a9d1c4-6b27-4f08-95d2-8c4e7b1f0a03"),),
            "status": "open",
            "is_undetermined": False,
            "anchor_on": "2026-11-24",
            "due_on": "2026-12-24",
            "expires_at": "2026-12-24T22:00:00Z",
            "holiday_policy": "strict",
            "remote_counts": False,
            "met_by_id": None,
            "met_on": None,
            "days_late": 0,
            "recording_delay_days": None,
            "ended_on": None,
            "is_recorded_late": False,
            "is_late_entry": False,
            "imported": False,
            "deviation_id": UUID("8c1f7b52-06c5-5d0f-9d9e-3a4b7a0d6e08"),
            "deviation_state": "none",
            "deviation_version": 0,
            "deviation_since": None,
            "warning_id": None,
            "warning": None,
        }
        return cls(version=version, **(state | different))

    @classmethod
    def _lapsed_example(cls, *, version: int, **different: Any) -> Self:
        lapsed: dict[str, Any] = {
            "status": "lapsed",
            "deviation_state": "open",
            "deviation_version": 1,
            "deviation_since": "2026-12-24T22:00:00Z",
        }
        return cls._example(version=version, **(lapsed | different))

    @classmethod
    def _kept_example(cls, *, version: int, **different: Any) -> Self:
        kept: dict[str, Any] = {
            "status": "kept",
            "met_by_id": UUID("7a3e9f15-2b6d-4c80-9e4f-5a1d8c7b6e05"),
            "met_on": "2026-12-15",
            "recording_delay_days": 0,
        }
        return cls._example(version=version, **(kept | different))


class PromiseMade(PromiseFact):
    """
    Emitted once, when a Heijastin is first known to have been held, its memo to be expected, or a review to be agreed.

    Key: the case. Needed by the worker's board: from now on the promise is to be kept by `due_on`.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a promise just made."""
        return cls._example(version=1)


class PromiseRedated(PromiseFact):
    """
    Emitted when anchor, due day, rule or unit are others than last said: a correction, or a rule heard of later.

    Key: the case. Needed by whoever shows due days.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a promise whose meeting was a day later than first recorded."""
        return cls._example(version=2, anchor_on="2026-11-25", due_on="2026-12-25", expires_at="2026-12-25T22:00:00Z")


class PromiseReopened(PromiseFact):
    """
    Emitted when a promise that was settled is open again, or no longer undetermined and open.

    Key: the case. Needed by the board: the family is still to be met.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a promise whose follow-up was retracted."""
        return cls._example(version=3)


class PromiseKept(PromiseFact):
    """
    Emitted when the family is known to have been met in time, however late that was recorded (`is_recorded_late`).

    Key: the case. Needed by the board, which forgets the promise, and by whoever counts.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a promise kept after three weeks."""
        return cls._kept_example(version=2)


class PromiseKeptLate(PromiseFact):
    """
    Emitted when the family is known to have been met after the due day; the deviation stays.

    Key: the case. Needed by the board, which forgets the promise, and by whoever counts.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a promise kept five days late."""
        return cls._lapsed_example(
            version=3,
            status="kept_late",
            met_by_id=UUID("7a3e9f15-2b6d-4c80-9e4f-5a1d8c7b6e05"),
            met_on="2026-12-29",
            days_late=5,
            recording_delay_days=0,
        )


class PromiseEndedWithCase(PromiseFact):
    """
    Emitted when the case was closed within the month and the family had not been met. It improves no rate.

    Key: the case. Needed by the board and by whoever counts, in a column of its own.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a promise of a case that was closed after two weeks."""
        return cls._example(version=2, status="ended_with_case", ended_on="2026-12-08")


class PromiseVoided(PromiseFact):
    """
    Emitted when the meeting that made the promise turns out not to have been held.

    Key: the case. Needed by whoever heard of the promise.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a promise whose meeting was recorded by mistake."""
        return cls._example(version=2, status="void")


class PromiseUndetermined(PromiseFact):
    """
    Emitted when facts of the case are parked or missing; the event of the status follows when that is over.

    Key: the case. Needed by whoever would otherwise show it as overdue.
    """

    @classmethod
    def example(cls) -> Self:
        """Return an open promise of a case whose stream has a gap."""
        return cls._example(version=2, is_undetermined=True)


class PromiseAtRisk(PromiseFact):
    """
    Emitted when a warning speaks, or a graver one does; at most one speaks for a promise at a time.

    Key: the case. Needed by the board of the responsible workers.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a promise with nothing booked at the close of its meeting."""
        return cls._example(
            version=2, warning="nothing_booked", warning_id=UUID("b64d6a43-2b0c-5a7e-8f0d-6d0c5b4e3f09")
        )


class WarningCleared(PromiseFact):
    """
    Emitted when the ground of the warning that spoke is gone.

    Key: the case. Needed by the board.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a promise for which a time has been booked."""
        return cls._example(version=3)


class DeviationRaised(PromiseFact):
    """
    Emitted when a promise is known not to have been kept: nothing of what was recorded in time says otherwise.

    Again when it was undetermined for a while and is not any more; with its version unchanged unless its day moved.
    Key: the case. Needed by the board and by those who answer for quality.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a promise that lapsed at midnight."""
        return cls._lapsed_example(version=2)


class DeviationWithdrawn(PromiseFact):
    """
    Emitted when the deviation is no longer in force: met in time but recorded late, corrected, retracted, or closed.

    Key: the case. Needed by everyone who heard of the deviation.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a promise that turned out to have been kept."""
        return cls._kept_example(
            version=3, recording_delay_days=13, is_recorded_late=True, deviation_state="withdrawn", deviation_version=2
        )


class DeviationReopened(PromiseFact):
    """
    Emitted when a deviation that had been withdrawn is in force again, or the late meeting was none: a new version.

    Key: the case. Needed as DeviationRaised is.
    """

    @classmethod
    def example(cls) -> Self:
        """Return a deviation whose late record was itself retracted."""
        return cls._lapsed_example(version=5, deviation_version=3)
