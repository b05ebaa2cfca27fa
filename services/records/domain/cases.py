"""Whose a case is, by the fact that was published last."""

from dataclasses import dataclass
from uuid import UUID

from services.records.consumed import CaseStated


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The case as its newest fact has it; `context_sequence` is the place of that fact in the case's stream."""

    case_id: UUID
    code: str
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: tuple[UUID, ...]
    context_sequence: int


def hear(case: Case | None, said: CaseStated, *, sequence: int) -> Case:
    """Return the case as *said*, unless something newer is known of it; None is a case never heard of."""
    if case is not None and case.context_sequence >= sequence:
        return case
    return Case(
        case_id=said.case_id,
        code=said.case_code,
        unit_id=said.unit_id,
        team_id=said.team_id,
        responsible_worker_ids=said.responsible_worker_ids,
        context_sequence=sequence,
    )
