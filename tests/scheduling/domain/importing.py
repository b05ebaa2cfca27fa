"""What files say of a case, taken over one after the other."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.scheduling.commands.imports import ImportCase, ImportFollowUp, ImportMeeting
from services.scheduling.domain import imports
from services.scheduling.domain.imports import Circumstances, Known, Outcome
from tests.scheduling.builders import DAY, HOUR, NOW, TEAM_ID, UNIT_ID, a_team, a_worker

SPRING = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def a_meeting_row(reference: str = "H1", start: datetime = SPRING, **different: Any) -> ImportMeeting:
    values: dict[str, Any] = {
        "reference": reference,
        "unit_id": UNIT_ID,
        "held_from": start,
        "held_until": start + 2 * HOUR,
    }
    return ImportMeeting(**(values | different))


def a_follow_up_row(reference: str = "J1", start: datetime = SPRING + 20 * DAY, **different: Any) -> ImportFollowUp:
    values: dict[str, Any] = {
        "reference": reference,
        "held_from": start,
        "held_until": start + HOUR,
        "family_present": True,
        "worker_present": True,
        "mode": "in_person",
    }
    return ImportFollowUp(**(values | different))


def a_command(*rows: ImportMeeting | ImportFollowUp, **different: Any) -> ImportCase:
    """Return a case with one Heijastin and the follow-up that kept its promise, unless *rows* are given."""
    rows = rows or (a_meeting_row(), a_follow_up_row())
    values: dict[str, Any] = {
        "reference": "A-1",
        "unit_id": UNIT_ID,
        "team_id": TEAM_ID,
        "children_count": 3,
        "opened_on": date(2026, 2, 1),
        "meetings": tuple(row for row in rows if isinstance(row, ImportMeeting)),
        "follow_ups": tuple(row for row in rows if isinstance(row, ImportFollowUp)),
    }
    return ImportCase(**(values | different))


def ids(start: int = 1) -> Iterator[UUID]:
    """Yield ids that no test has used."""
    number = start
    while True:
        yield UUID(int=number, version=4)
        number += 1


def circumstances(**different: Any) -> Circumstances:
    """Return circumstances in which nothing is in the way."""
    usual = Circumstances(source="cis", team=a_team(), workers=(a_worker(),), code="K7-4QX", new_ids=ids(), now=NOW)
    return replace(usual, **different)


def after(outcome: Outcome, known: Known | None = None) -> Known:
    """Return what is known when *outcome* has been saved."""
    known = known or Known()
    return Known(
        imported={**known.imported, **{(each.kind, each.reference): each for each in outcome.imported}},
        case=outcome.case or known.case,
        meetings={**known.meetings, **{each.meeting_id: each for each in outcome.meetings}},
        follow_ups={**known.follow_ups, **{each.follow_up_id: each for each in outcome.follow_ups}},
    )


def imported(command: ImportCase, known: Known | None = None, **different: Any) -> tuple[Outcome, Known]:
    """Take *command* over after what is *known*; returns what came of it, and what is known then."""
    known = known or Known()
    start = 1 + 1000 * len(known.imported)
    outcome = imports.import_case(command, known, circumstances(**({"new_ids": ids(start)} | different)))
    now_known = after(outcome, known)
    require_saved_as_told(outcome)
    require_names_of_what_is_there(outcome, now_known)
    return outcome, now_known


def require_saved_as_told(outcome: Outcome) -> None:
    """Whatever came of any import: of each subject that was told of the last version is saved, and nothing else."""
    last = {fact.subject(): fact.version for fact in outcome.facts}
    saved = {f"meeting/{each.meeting_id}": each.version for each in outcome.meetings}
    saved |= {f"follow-up/{each.follow_up_id}": each.version for each in outcome.follow_ups}
    saved |= {f"case/{each.case_id}": each.version for each in (outcome.case,) if each}
    assert saved == last


def require_names_of_what_is_there(outcome: Outcome, known: Known) -> None:
    """A name of the source always stands for something that is saved, of this case."""
    assert known.case is not None
    case_id = known.case.case_id
    there = {"case": {case_id: known.case}, "meeting": known.meetings, "follow_up": known.follow_ups}
    for each in outcome.imported:
        assert (each.source, each.case_id, there[each.kind][each.id].case_id) == ("cis", case_id, case_id)


def told(outcome: Outcome) -> list[str]:
    """Return the names of the facts, in order."""
    return [type(fact).__name__ for fact in outcome.facts]
