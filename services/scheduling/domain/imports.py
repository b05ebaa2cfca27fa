"""
Taking over what another system has of a case: all of it together, or nothing.

Beside the id that a thing was given here stands what its source last said of it. Only where the source says something
else now, something changes here; so the same file again changes nothing, whatever people have corrected since.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.scheduling.commands.cases import CloseCase, OpenCase, ReassignCase
from services.scheduling.commands.imports import ImportCase, ImportFollowUp, ImportMeeting
from services.scheduling.commands.meetings import CorrectMeeting
from services.scheduling.domain import cases, closes, endings, follow_ups, meetings
from services.scheduling.domain.calendar import NotYetHappened, local_date, require_ended
from services.scheduling.domain.cases import Case
from services.scheduling.domain.follow_ups import FollowUp
from services.scheduling.domain.meetings import Meeting
from services.scheduling.domain.people import Worker
from services.scheduling.domain.units import Team
from services.scheduling.events import CaseFact, FollowUpFact, MeetingFact, MeetingHeld
from shared.errors import Conflict, Invalid, Refusal

Kind = Literal["case", "meeting", "follow_up"]
Key = tuple[Kind, str]
"""What a source calls a thing: its kind there, and its reference."""

Facts = tuple[CaseFact | MeetingFact | FollowUpFact, ...]

_ROWS = {"meetings", "follow_ups"}


class NobodyIsResponsible(Invalid):
    """Nobody is named as responsible and the team has no responsible social worker; name one, or enter one there."""


class RowOfAnotherCase(Conflict):
    """This reference came with another case before; give the row one of its own, or put it back into that case."""


class BookedHere(Conflict):
    """Something lies ahead of this case here; close it here first and say what becomes of that, then send it again."""

    def __init__(self, ahead: "Sequence[endings.Ahead]") -> None:
        super().__init__(
            f"{endings.named(ahead)}; close the case here by the same day, saying what becomes of that, then send it "
            "again."
        )


class CaseHeldBack(Invalid):
    """Something of this case cannot be taken over, so nothing of it was; mend what is named and send it all again."""

    def __init__(self, problems: "Sequence[Problem]") -> None:
        super().__init__()
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a case, or with the row at a `place` of its meetings or follow-ups, and in which field."""

    kind: Kind
    place: int | None
    field: str | None
    refusal: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """
    What a source calls a thing, the id it was given here, and what the source last said of it (JSON).

    `began_on` is the local day of a row that the source has as held.
    """

    source: str
    kind: Kind
    reference: str
    id: UUID
    case_id: UUID
    said: str
    began_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    What earlier imports brought of a case and its rows, and what has become of that since.

    Among meetings and follow-ups also stands what people have planned for the case and neither held nor cancelled.
    """

    imported: Mapping[Key, Imported] = field(default_factory=dict[Key, Imported])
    case: Case | None = None
    meetings: Mapping[UUID, Meeting] = field(default_factory=dict[UUID, Meeting])
    follow_ups: Mapping[UUID, FollowUp] = field(default_factory=dict[UUID, FollowUp])


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """
    What an import needs to know beside the case.

    `team` is the one that is named, `workers` those that are, or else its responsible social workers; `code` is one
    that no case has, `new_ids` are unused.
    """

    source: str
    team: Team
    workers: Sequence[Worker]
    code: str
    new_ids: Iterator[UUID]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is to be saved, and the facts to tell, in their order; nothing at all where nothing has changed."""

    case: Case | None = None
    meetings: tuple[Meeting, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    imported: tuple[Imported, ...] = ()
    facts: Facts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What comes of one row: the states to save, the facts, and the id that it has from now on."""

    states: tuple[Meeting | FollowUp, ...] = ()
    facts: Facts = ()
    id: UUID


def keys(command: ImportCase) -> list[Key]:
    """Return what the case and its rows are called."""
    return [("case", command.reference), *(_key(row) for row in (*command.meetings, *command.follow_ups))]


def is_news(command: ImportCase, imported: Mapping[Key, Imported]) -> bool:
    """
    Tell whether the source says anything else of the case, or of a row of it, than it did before.

    A case that is new is no news while nothing of it was held: all that it has is booked, or was cancelled.
    """
    rows = (*command.meetings, *command.follow_ups)
    before = imported.get(("case", command.reference))
    if before is None:
        is_same = bool(rows) and not any(row.held for row in rows)
    else:
        is_same = _case_said(before) == _as_a_case(command)
    return not is_same or any(_is_news(row, imported) for row in rows)


def responsible_of(team_id: UUID, workers: Iterable[Worker]) -> list[Worker]:
    """Return those of *workers* who are the responsible social workers of a team."""
    return [
        worker
        for worker in workers
        if worker.team_id == team_id and worker.is_active and "responsible_social_worker" in worker.roles
    ]


def import_case(command: ImportCase, known: Known, given: Circumstances) -> Outcome:
    """
    Take over a case: open it, or correct what the source says otherwise than before.

    Raises:
        CaseHeldBack: with all that is wrong, of the case and of each row.
    """
    before = known.imported.get(("case", command.reference))
    case_id = before.case_id if before else next(given.new_ids)
    problems = [
        *_problems_of_the_end(command, known, given.now),
        *_problems_of_rows(command, known, case_id, given.now),
    ]
    try:
        case, told_first, told_last = _case(command, before, known.case, case_id, given)
    except Refusal as refusal:
        raise CaseHeldBack([Problem("case", None, None, refusal), *problems]) from refusal
    if problems:
        raise CaseHeldBack(problems)
    news = sorted(
        (row for row in (*command.meetings, *command.follow_ups) if _is_news(row, known.imported)),
        key=lambda row: row.held_from,
    )
    changes = [_change(row, known, case, given) for row in news]
    states = [state for change in changes for state in change.states]
    return Outcome(
        case=case if told_first or told_last else None,
        meetings=tuple(state for state in states if isinstance(state, Meeting)),
        follow_ups=tuple(state for state in states if isinstance(state, FollowUp)),
        imported=(
            Imported(
                source=given.source,
                kind="case",
                reference=command.reference,
                id=case_id,
                case_id=case_id,
                said=command.model_dump_json(exclude=_ROWS),
            ),
            *(
                Imported(
                    source=given.source,
                    kind=_key(row)[0],
                    reference=row.reference,
                    id=change.id,
                    case_id=case_id,
                    said=row.model_dump_json(),
                    began_on=local_date(row.held_from) if row.held else None,
                )
                for row, change in zip(news, changes, strict=True)
            ),
        ),
        facts=(*told_first, *(fact for change in changes for fact in change.facts), *told_last),
    )


def _problems_of_the_end(command: ImportCase, known: Known, now: datetime) -> Iterator[Problem]:
    """
    Yield what people have booked for an open case that the source has as ended.

    A file cannot say what becomes of it. Of a case that is closed here it was said; another day changes nothing of
    that.
    """
    before = known.imported.get(("case", command.reference))
    if before is None or known.case is None or known.case.closed_on is not None or command.closed_on is None:
        return
    if command.closed_on == _case_said(before).closed_on:
        return
    waiting = (*known.meetings.values(), *known.follow_ups.values())
    if ahead := endings.lying_ahead(waiting, closed_on=command.closed_on, now=now):
        yield Problem("case", None, "closed_on", BookedHere(ahead))


def _problems_of_rows(command: ImportCase, known: Known, case_id: UUID, now: datetime) -> Iterator[Problem]:
    places = [*enumerate(command.meetings), *enumerate(command.follow_ups)]
    for place, row in places:
        key = _key(row)
        before = known.imported.get(key)
        if before is not None and before.case_id != case_id:
            yield Problem(key[0], place, "reference", RowOfAnotherCase())
        try:
            if row.held:
                require_ended(row.held_until, now=now)
        except NotYetHappened as refusal:
            yield Problem(key[0], place, "held_until", refusal)


def _case(
    command: ImportCase, before: Imported | None, case: Case | None, case_id: UUID, given: Circumstances
) -> tuple[Case, Facts, Facts]:
    """Return the case as it will be, what is told of it before its rows, and what after them."""
    told_first: list[CaseFact] = []
    told_last: list[CaseFact] = []
    if before is None or case is None:
        opening = OpenCase(
            unit_id=command.unit_id,
            team_id=command.team_id,
            responsible_worker_ids=_responsible(given),
            children_count=command.children_count,
            opened_on=command.opened_on,
        )
        case, opened = cases.open_case(
            opening, case_id=case_id, code=given.code, team=given.team, workers=given.workers, now=given.now
        )
        told_first.append(opened)
        closed_on = command.closed_on
    else:
        said = _case_said(before)
        moves = _hands(said) != _hands(command)
        # What the source has not changed stays as people have it by now.
        closed_on = case.closed_on if said.closed_on == command.closed_on else command.closed_on
        if case.closed_on is not None and (moves or closed_on != case.closed_on):
            case, reopened = cases.reopen(case)
            told_first.append(reopened)
        if moves:
            hands = ReassignCase(
                unit_id=command.unit_id, team_id=command.team_id, responsible_worker_ids=_responsible(given)
            )
            case, reassigned = cases.reassign(case, hands, team=given.team, workers=given.workers)
            told_first.append(reassigned)
    if closed_on is not None and case.closed_on is None:
        case, closed = cases.close(case, CloseCase(closed_on=closed_on), now=given.now)
        told_last.append(closed)
    return case, tuple(told_first), tuple(told_last)


def _responsible(given: Circumstances) -> tuple[UUID, ...]:
    if not given.workers:
        raise NobodyIsResponsible
    return tuple(worker.worker_id for worker in given.workers)


def _change(row: ImportMeeting | ImportFollowUp, known: Known, case: Case, given: Circumstances) -> _Change:
    before = known.imported.get(_key(row))
    if isinstance(row, ImportFollowUp):
        follow_up = known.follow_ups[before.id] if before else None
        return _follow_up_change(row, follow_up, case, given)
    meeting = known.meetings[before.id] if before else None
    return _meeting_change(row, meeting, case, given)


def _meeting_change(row: ImportMeeting, meeting: Meeting | None, case: Case, given: Circumstances) -> _Change:
    if meeting is None:
        return _first_held(row, case, given)
    is_held = meeting.status == "held" and not meeting.is_practice
    retracted, facts = meetings.retract(meeting, case=case) if is_held else (meeting, ())
    if not row.held:
        return _Change(states=(retracted,) if is_held else (), facts=facts, id=meeting.meeting_id)
    if meeting.held_in_unit_id != row.unit_id:  # a meeting keeps its unit, so this is another one
        anew = _first_held(row, case, given)
        return _Change(
            states=(*((retracted,) if is_held else ()), *anew.states), facts=(*facts, *anew.facts), id=anew.id
        )
    if is_held and (meeting.held_from, meeting.held_until) == (row.held_from, row.held_until):
        return _Change(id=meeting.meeting_id)
    outcome = closes.correct(
        meeting,
        CorrectMeeting(held_from=row.held_from, held_until=row.held_until, is_practice=False),
        closes.Circumstances(case=case, now=given.now, next_booked=None, booking_owners=(), new_id=meeting.meeting_id),
    )
    return _Change(states=(outcome.meeting,), facts=outcome.facts, id=meeting.meeting_id)


def _first_held(row: ImportMeeting, case: Case, given: Circumstances) -> _Change:
    meeting = Meeting(
        meeting_id=next(given.new_ids),
        case_id=case.case_id,
        version=1,
        status="held",
        is_practice=False,
        planned_from=row.held_from,
        planned_until=row.held_until,
        held_from=row.held_from,
        held_until=row.held_until,
        held_in_unit_id=row.unit_id,
        imported=True,
    )
    return _Change(states=(meeting,), facts=meetings.tell(MeetingHeld, meeting, case), id=meeting.meeting_id)


def _follow_up_change(row: ImportFollowUp, follow_up: FollowUp | None, case: Case, given: Circumstances) -> _Change:
    if follow_up is None:
        follow_up, fact = follow_ups.record(
            row, case=case, follow_up_id=next(given.new_ids), now=given.now, imported=True
        )
    elif not row.held and follow_up.status == "held":
        follow_up, fact = follow_ups.retract(follow_up, case=case)
    elif row.held and not _is_as(row, follow_up):
        follow_up, fact = follow_ups.correct(follow_up, row, case=case, now=given.now)
    else:
        return _Change(id=follow_up.follow_up_id)
    return _Change(states=(follow_up,), facts=(fact,), id=follow_up.follow_up_id)


def _is_as(row: ImportFollowUp, follow_up: FollowUp) -> bool:
    recorded = replace(
        follow_up,
        held_from=row.held_from,
        held_until=row.held_until,
        family_present=row.family_present,
        worker_present=row.worker_present,
        mode=row.mode,
    )
    return recorded == follow_up


def _key(row: ImportMeeting | ImportFollowUp) -> Key:
    return "meeting" if isinstance(row, ImportMeeting) else "follow_up", row.reference


def _is_news(row: ImportMeeting | ImportFollowUp, imported: Mapping[Key, Imported]) -> bool:
    """Tell whether the row says something else than before; what never was held is none."""
    before = imported.get(_key(row))
    return row.held if before is None else type(row).model_validate_json(before.said) != row


def _as_a_case(command: ImportCase) -> ImportCase:
    return command.model_copy(update=dict.fromkeys(_ROWS, ()))


def _case_said(before: Imported) -> ImportCase:
    return ImportCase.model_validate_json(before.said)


def _hands(command: ImportCase) -> tuple[UUID, UUID, tuple[UUID, ...]]:
    return command.unit_id, command.team_id, command.responsible_worker_ids
