"""Cases: opened, given to other hands, closed and reopened; and the short code that people say aloud."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from services.scheduling.commands.cases import CloseCase, OpenCase, ReassignCase
from services.scheduling.domain.calendar import require_come
from services.scheduling.domain.people import Worker, require_active
from services.scheduling.domain.units import Team, require_team_of
from services.scheduling.events import CaseClosed, CaseFact, CaseOpened, CaseReassigned, CaseReopened
from shared.errors import Conflict, Invalid

# No vowels, so that no code spells a word, and nothing that sounds or looks like another: no L beside 1, no O beside 0.
_LETTERS = "BCDFGHJKMNPQRSTVWXZ"
_DIGITS = "23456789"
_SHAPE = (_LETTERS, _DIGITS, _LETTERS + _DIGITS, _LETTERS + _DIGITS, _LETTERS + _DIGITS)
_CODE_GROUP = 2  # K7-4QX

_Fact = TypeVar("_Fact", bound=CaseFact)


class CaseIsClosed(Conflict):
    """The case is closed; reopen it first."""


class CaseNotClosed(Conflict):
    """The case is open, so there is nothing to reopen."""


class ClosedBeforeOpened(Invalid):
    """A case cannot end before the day it was opened; check the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One family group of 1..n children; open while `closed_on` is None."""

    case_id: UUID
    code: str
    version: int
    unit_id: UUID
    team_id: UUID
    responsible_worker_ids: tuple[UUID, ...]
    children_count: int
    opened_on: date
    closed_on: date | None = None


def code_from(number: int) -> str:
    """Return the spoken code for a random *number*: `K7-4QX`. The number is taken modulo the number of codes."""
    code = ""
    for signs in reversed(_SHAPE):
        number, place = divmod(number, len(signs))
        code = signs[place] + code
    return f"{code[:_CODE_GROUP]}-{code[_CODE_GROUP:]}"


def open_case(
    command: OpenCase, *, case_id: UUID, code: str, team: Team, workers: Sequence[Worker], now: datetime
) -> tuple[Case, CaseOpened]:
    """
    Make a family a case.

    *team* and *workers* are those that the command names.

    Raises:
        NotYetHappened: it would be opened in the future.
        TeamOfAnotherUnit, WorkerHasLeft: these hands cannot take it.
    """
    require_come(command.opened_on, now=now)
    _require_hands(command.unit_id, team, workers)
    case = Case(
        case_id=case_id,
        code=code,
        version=1,
        unit_id=command.unit_id,
        team_id=command.team_id,
        responsible_worker_ids=_once_each(command.responsible_worker_ids),
        children_count=command.children_count,
        opened_on=command.opened_on,
    )
    return case, _tell(CaseOpened, case)


def reassign(
    case: Case, command: ReassignCase, *, team: Team, workers: Sequence[Worker]
) -> tuple[Case, CaseReassigned]:
    """
    Give the case to other hands; *team* and *workers* are those that the command names.

    Raises:
        CaseIsClosed: nobody has it any more.
        TeamOfAnotherUnit, WorkerHasLeft: these hands cannot take it.
    """
    require_open(case)
    _require_hands(command.unit_id, team, workers)
    case = replace(
        case,
        version=case.version + 1,
        unit_id=command.unit_id,
        team_id=command.team_id,
        responsible_worker_ids=_once_each(command.responsible_worker_ids),
    )
    return case, _tell(CaseReassigned, case)


def close(case: Case, command: CloseCase, *, now: datetime) -> tuple[Case, CaseClosed]:
    """
    Record that the case ended.

    Raises:
        CaseIsClosed: it has been recorded; to change the day, reopen the case and close it again.
        NotYetHappened, ClosedBeforeOpened: the day makes no sense.
    """
    require_open(case)
    require_come(command.closed_on, now=now)
    if command.closed_on < case.opened_on:
        message = f"The case was opened here on {case.opened_on}; it cannot end before that day, so check both."
        raise ClosedBeforeOpened(message)
    case = replace(case, version=case.version + 1, closed_on=command.closed_on)
    return case, _tell(CaseClosed, case)


def reopen(case: Case) -> tuple[Case, CaseReopened]:
    """
    Record that the case goes on.

    Raises:
        CaseNotClosed: it is open.
    """
    if case.closed_on is None:
        raise CaseNotClosed
    case = replace(case, version=case.version + 1, closed_on=None)
    return case, _tell(CaseReopened, case)


def require_open(case: Case) -> None:
    """
    Accept a case that is open.

    Raises:
        CaseIsClosed: it is not.
    """
    if case.closed_on is not None:
        raise CaseIsClosed


def _require_hands(unit_id: UUID, team: Team, workers: Sequence[Worker]) -> None:
    require_team_of(unit_id, team)
    require_active(workers)


def _once_each(worker_ids: Sequence[UUID]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(worker_ids))


def _tell(kind: type[_Fact], case: Case) -> _Fact:
    return kind(
        case_id=case.case_id,
        case_code=case.code,
        unit_id=case.unit_id,
        team_id=case.team_id,
        responsible_worker_ids=case.responsible_worker_ids,
        version=case.version,
        status="open" if case.closed_on is None else "closed",
        opened_on=case.opened_on,
        closed_on=case.closed_on,
        children_count=case.children_count,
    )
