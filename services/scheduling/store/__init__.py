"""
The service's rows: what handlers lock, load, find, list and save; every statement of the service stands in here.

`lock_` loads for change and raises, `load_` reads and raises, `find_` may be None, `list_` reads many. What is not in a
unit that the caller belongs to is not there.
"""

from services.scheduling.store.board import list_items, load_worker_id, save_stated
from services.scheduling.store.cases import (
    find_free_codes,
    list_cases,
    list_family,
    load_case,
    lock_case,
    save_case,
    save_family,
)
from services.scheduling.store.follow_ups import (
    find_next_booked,
    list_follow_ups,
    load_follow_up,
    lock_follow_up,
    save_booked,
    save_follow_up,
)
from services.scheduling.store.imports import find_imported, list_imported, lock_known, lock_reference, save_outcome
from services.scheduling.store.meetings import list_meetings, load_meeting, lock_meeting, save_meeting
from services.scheduling.store.rows import Row, Source, Units, require_version
from services.scheduling.store.units import (
    NamedTeamUnknown,
    NamedWorkerUnknown,
    find_and_lock_team,
    find_and_lock_unit,
    find_and_lock_worker,
    list_named_teams,
    list_teams,
    list_units,
    list_workers,
    list_workers_of,
    load_named_team,
    load_named_workers,
    load_team,
    load_unit,
    load_worker,
    lock_worker,
    save_team,
    save_unit,
    save_worker,
)

__all__ = [
    "NamedTeamUnknown",
    "NamedWorkerUnknown",
    "Row",
    "Source",
    "Units",
    "find_and_lock_team",
    "find_and_lock_unit",
    "find_and_lock_worker",
    "find_free_codes",
    "find_imported",
    "find_next_booked",
    "list_cases",
    "list_family",
    "list_follow_ups",
    "list_imported",
    "list_items",
    "list_meetings",
    "list_named_teams",
    "list_teams",
    "list_units",
    "list_workers",
    "list_workers_of",
    "load_case",
    "load_follow_up",
    "load_meeting",
    "load_named_team",
    "load_named_workers",
    "load_team",
    "load_unit",
    "load_worker",
    "load_worker_id",
    "lock_case",
    "lock_follow_up",
    "lock_known",
    "lock_meeting",
    "lock_reference",
    "lock_worker",
    "require_version",
    "save_booked",
    "save_case",
    "save_family",
    "save_follow_up",
    "save_meeting",
    "save_outcome",
    "save_stated",
    "save_team",
    "save_unit",
    "save_worker",
]
