"""
From rows to cases: what is asked of scheduling, and what holds a case back.

A case comes with all its rows or not at all. Nothing is known here of what scheduling has; its own commands say what
they take, and whatever they refuse is told by row, column and cure.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from deploy.clocks import HELSINKI
from deploy.importing import cells
from deploy.importing.cells import Kind, Mode, Moment, Unreadable
from deploy.importing.columns import Name
from deploy.importing.directory import Directory
from deploy.importing.files import Row, Table
from services.scheduling.commands.imports import MOST_ROWS_OF_A_CASE, ImportCase

Place = tuple[Kind, int]
"""Where a row stands in the command of its case."""

_T = TypeVar("_T")
_LISTS: Final[Mapping[Kind, str]] = {"meeting": "meetings", "follow_up": "follow_ups"}
_COLUMNS: Final[Mapping[str, Name]] = {
    "reference": "id",
    "held_from": "start",
    "held_until": "end",
    "children_count": "children",
    "opened_on": "opened",
    "closed_on": "closed",
}
"""The column that a field of the command came from."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row, and so its case, is held back: the column, what is wrong, and what to do about it."""

    row: int
    case: str
    column: str
    what: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """What a row says, in our terms; None: it says nothing of that."""

    number: int
    case: str
    kind: Kind
    reference: str | None
    unit_id: UUID
    team_id: UUID
    worker_id: UUID | None
    children_count: int | None
    opened_on: date | None
    closed_on: date | None
    begins: datetime
    ends: datetime
    held: bool
    family_present: bool
    worker_present: bool
    mode: Mode

    @property
    def day(self) -> date:
        """The local day on which it began."""
        return self.begins.astimezone(HELSINKI).date()


@dataclass(frozen=True, slots=True)
class ReadCase:
    """A case that may go in: the command, and the number of the row behind each of its places."""

    command: ImportCase
    rows: Mapping[Place, int]

    def row_of(self, kind: str, place: int | None) -> int:
        """Return the row at a place of the command; for what concerns the whole case, its first."""
        return next((row for it, row in self.rows.items() if it == (kind, place)), min(self.rows.values()))


@dataclass(slots=True)
class Gathered:
    """What a file holds: the cases that may go in, what holds others back, and how many rows say nothing new."""

    cases: list[ReadCase] = field(default_factory=list[ReadCase])
    faults: list[Fault] = field(default_factory=list[Fault])
    rows_by_case: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    repeated: int = 0

    def span(self, *, but: Collection[str]) -> tuple[date, date] | None:
        """Return the first and the last local day on which anything of the cases was held, *but* for some of them."""
        commands = [case.command for case in self.cases if case.command.reference not in but]
        rows = [row for command in commands for row in (*command.meetings, *command.follow_ups) if row.held]
        days = [row.held_from.astimezone(HELSINKI).date() for row in rows]
        return (min(days), max(days)) if days else None


def gather(table: Table, directory: Directory) -> Gathered:
    """Return the cases of a file, those held back apart."""
    gathered = Gathered()
    rows: dict[str, list[ReadRow]] = defaultdict(list)
    for row in table.rows:
        reader = _Reader(row, table.names)
        read = reader.read(directory)
        gathered.faults += reader.faults
        gathered.rows_by_case.setdefault(reader.case, []).append(row.number)
        if read is not None:
            rows[read.case].append(read)
    gathered.faults += _references_of_several_cases(rows)
    faulty = {fault.case for fault in gathered.faults}
    for reference, of_case in rows.items():
        if reference in faulty:
            continue
        kept, faults = _without_repetition(sorted(of_case, key=attrgetter("begins", "number")))
        faults += [*_disagreements(kept), *_strays(kept)]
        case = None
        if not faults:
            case, faults = _case(kept)
        gathered.faults += faults
        gathered.repeated += len(of_case) - len(kept)
        if case is not None:
            gathered.cases.append(case)
    return gathered


def refused(case: ReadCase, problems: Iterable[Mapping[str, Any]]) -> Iterator[Fault]:
    """Yield what scheduling refused of a case, by row and column."""
    for problem in problems:
        what, _, cure = str(problem["message"]).partition("; ")
        yield Fault(
            row=case.row_of(problem["kind"], problem["place"]),
            case=case.command.reference,
            column=_COLUMNS.get(problem["field"] or "", ""),
            what=what,
            cure=cure[:1].upper() + cure[1:],
        )


class _Reader:
    """Reads the cells of one row and gathers what is wrong with them."""

    def __init__(self, row: Row, names: frozenset[Name]) -> None:
        self.row = row
        self.names = names
        # A spreadsheet's ="A-1" is refused below, but it is known whose row it is.
        self.case = re.sub(r'^="(.*)"$', r"\1", row.cells.get("case", ""))
        self.faults: list[Fault] = []

    def read(self, directory: Directory) -> ReadRow | None:
        """Return what the row says; None if any of it cannot be used."""
        for name, cell in self.row.cells.items():
            if cell.startswith(("=", "+", "-", "@")):
                what = "The cell begins like a formula."
                self._fault(name, Unreadable(what, cure="Keep its value only, without =, +, - or @ before it."))
        if self.faults:
            return None
        case = self._cell("case", _said)
        kind = self._cell("kind", cells.kind)
        reference = self._cell("id", _said) if "id" in self.names else None
        held = self._cell("status", cells.is_held) if "status" in self.names else True
        began = self._cell("start", cells.begin)
        ends = None if began is None else self._ends(began, is_needed=held is not False)
        unit_id = self._cell("unit", directory.unit)
        team_id = None if unit_id is None else self._cell("team", lambda text: directory.team(text, unit_id))
        worker_id = self._cell("worker", directory.worker)
        children_count = self._optional("children", cells.count)
        opened_on, closed_on = self._optional("opened", cells.day), self._optional("closed", cells.day)
        is_follow_up = kind == "follow_up" and held is True
        family_present = self._if(is_follow_up, "family present", cells.yes_or_no, otherwise=True)
        worker_present = self._if(is_follow_up, "worker present", cells.yes_or_no, otherwise=True)
        mode: Mode | None = self._if(is_follow_up, "mode", cells.mode, otherwise=cells.IN_PERSON)
        if (
            self.faults
            or case is None
            or kind is None
            or held is None
            or began is None
            or ends is None
            or unit_id is None
            or team_id is None
            or family_present is None
            or worker_present is None
            or mode is None
        ):
            return None
        return ReadRow(
            number=self.row.number,
            case=case,
            kind=kind,
            reference=reference,
            unit_id=unit_id,
            team_id=team_id,
            worker_id=worker_id,
            children_count=children_count,
            opened_on=opened_on,
            closed_on=closed_on,
            begins=began.instant(),
            ends=ends,
            held=held,
            family_present=family_present,
            worker_present=worker_present,
            mode=mode,
        )

    def _ends(self, began: Moment, *, is_needed: bool) -> datetime | None:
        if "end" not in self.names or not (is_needed or self.row.cells.get("end")):
            return began.instant() + cells.AN_HOUR
        return self._cell("end", lambda text: cells.end(text, began))

    def _cell(self, name: Name, read: Callable[[str], _T]) -> _T | None:
        try:
            return read(self.row.cells.get(name, ""))
        except Unreadable as unreadable:
            self._fault(name, unreadable)
            return None

    def _optional(self, name: Name, read: Callable[[str], _T]) -> _T | None:
        return self._cell(name, read) if self.row.cells.get(name) else None

    def _if(self, matters: bool, name: Name, read: Callable[[str], _T], *, otherwise: _T) -> _T | None:  # noqa: FBT001
        return self._cell(name, read) if matters and name in self.names else otherwise

    def _fault(self, column: Name, unreadable: Unreadable) -> None:
        self.faults.append(Fault(self.row.number, self.case, column, unreadable.what, unreadable.cure))


def _said(text: str) -> str:
    if not text:
        raise Unreadable("The cell is empty.", cure="Fill it in, or leave the row out.")
    return text


def _fault(row: ReadRow, column: str, what: str, cure: str) -> Fault:
    return Fault(row.number, row.case, column, what, cure)


def _references_of_several_cases(rows: Mapping[str, Sequence[ReadRow]]) -> Iterator[Fault]:
    users: dict[tuple[Kind, str], list[ReadRow]] = defaultdict(list)
    for of_case in rows.values():
        for row in of_case:
            if row.reference is not None:
                users[row.kind, row.reference].append(row)
    for sharing in users.values():
        if len({row.case for row in sharing}) > 1:
            for row in sharing:
                others = ", ".join(str(other.number) for other in sharing if other.case != row.case)
                what = f"The id is also that of another case's row ({others})."
                yield _fault(row, "id", what, "Give each row an id of its own.")


def _without_repetition(of_case: Sequence[ReadRow]) -> tuple[list[ReadRow], list[Fault]]:
    """Return the rows without those that say the same again; a second row with an id must."""
    kept: dict[object, ReadRow] = {}
    faults: list[Fault] = []
    for row in of_case:
        said = replace(row, number=0)
        first = kept.setdefault(said if row.reference is None else (row.kind, row.reference), row)
        if replace(first, number=0) != said:
            what = f"Row {first.number} has the same id and says something else."
            faults.append(_fault(row, "id", what, "Keep one of them, or give each an id of its own."))
    return list(kept.values()), faults


def _disagreements(rows: Sequence[ReadRow]) -> Iterator[Fault]:
    """Yield rows that contradict another one about the case as a whole."""
    told: dict[Name, tuple[int, date]] = {}
    for row in rows:
        days: dict[Name, date | None] = {"opened": row.opened_on, "closed": row.closed_on}
        for column, on in days.items():
            if on is not None:
                number, first = told.setdefault(column, (row.number, on))
                if first != on:
                    what = f"Row {number} tells another day."
                    yield _fault(row, column, what, "A case has one; tell the same in all its rows, or in one only.")


def _strays(rows: Sequence[ReadRow]) -> Iterator[Fault]:
    """Yield rows of a unit that stand between rows of another: a case moves once, and does not come and go."""
    first: dict[UUID, int] = {}
    last: dict[UUID, int] = {}
    for at, row in enumerate(rows):
        first.setdefault(row.unit_id, at)
        last[row.unit_id] = at
    for at, row in enumerate(rows):
        around = next((it for it in first if it != row.unit_id and first[it] < at < last[it]), None)
        if around is not None:
            before, after = rows[first[around]].number, rows[last[around]].number
            what = f"The case was in another unit before and after (rows {before} and {after})."
            yield _fault(
                row, "unit", what, "Correct the unit; or, if it came back, give it a case reference of its own."
            )


def _case(rows: Sequence[ReadRow]) -> tuple[ReadCase | None, list[Fault]]:
    """Return the case of *rows*, which are in the order of time, or what scheduling's command does not take."""
    newest = rows[-1]
    lists: dict[Kind, list[dict[str, Any]]] = {"meeting": [], "follow_up": []}
    numbers: dict[Place, int] = {}
    of_day: Counter[tuple[Kind, date]] = Counter()
    for row in rows:
        of_day[row.kind, row.day] += 1
        values: dict[str, Any] = {
            "reference": row.reference or f"{row.case} {row.day} {of_day[row.kind, row.day]}",
            "held_from": row.begins,
            "held_until": row.ends,
            "held": row.held,
        }
        if row.kind == "meeting":
            values["unit_id"] = row.unit_id
        else:
            values |= {"family_present": row.family_present, "worker_present": row.worker_present, "mode": row.mode}
        numbers[row.kind, len(lists[row.kind])] = row.number
        lists[row.kind].append(values)
    worker_id = _last(row.worker_id for row in rows)
    children_count = _last(row.children_count for row in rows)
    values = {
        "reference": newest.case,
        "unit_id": newest.unit_id,
        "team_id": newest.team_id,
        "responsible_worker_ids": () if worker_id is None else (worker_id,),
        "children_count": 1 if children_count is None else children_count,
        "opened_on": _last(row.opened_on for row in rows) or rows[0].day,
        "closed_on": _last(row.closed_on for row in rows),
        "meetings": lists["meeting"],
        "follow_ups": lists["follow_up"],
    }
    try:
        return ReadCase(ImportCase.model_validate(values), numbers), []
    except ValidationError as error:
        # Each once: what follows from the same cell is wrong in the same way.
        return None, list(dict.fromkeys(_not_taken(rows, numbers, found) for found in error.errors()))


def _not_taken(rows: Sequence[ReadRow], numbers: Mapping[Place, int], found: ErrorDetails) -> Fault:
    """Return what scheduling's command does not take, by the row and the column that told it."""
    *_, name = where = found["loc"]
    number = next((number for (kind, place), number in numbers.items() if where[:2] == (_LISTS[kind], place)), None)
    if found["type"] == "period":
        what = "The end is not after the start, or is more than 48 hours after it."
        cure = "Were they swapped? A day without a time is its noon."
        return Fault(number or rows[0].number, rows[0].case, "end", what, cure)
    if found["type"] == "too_long" and name in _LISTS.values():
        what = f"The case has more than {MOST_ROWS_OF_A_CASE} rows of this kind."
        return Fault(rows[0].number, rows[0].case, "kind", what, "Leave out the oldest, and enter them by hand.")
    what, cure = f"{found['msg']}.", "Correct it."
    if number is None and where == ("reference",):
        return Fault(rows[0].number, rows[0].case, "case", what, cure)
    if number is None:  # of the case: the row that told it, else the first, whose day stands for it
        tellers = [row for row in rows if getattr(row, str(name), None) is not None]
        column = _COLUMNS.get(str(name), str(name)) if tellers or name != "opened_on" else "start"
        return Fault((tellers[-1:] or rows)[0].number, rows[0].case, column, what, cure)
    return Fault(number, rows[0].case, _COLUMNS.get(str(name), str(name)), what, cure)


def _last(values: Iterable[_T | None]) -> _T | None:
    told = [value for value in values if value is not None]
    return told[-1] if told else None
