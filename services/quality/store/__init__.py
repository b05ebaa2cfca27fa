"""
The database of quality: facts in, promises as last said, and the cases that wait for time to pass.

`lock_` and `claim_` load for change, `load_` reads and raises, `list_` reads many.
"""

from services.quality.store.cases import (
    CaseRow,
    Passed,
    begin_cases,
    claim_cases,
    count_due,
    list_due,
    lock_cases,
    postpone,
    save_cases,
)
from services.quality.store.facts import forget, list_cases_of_units, load_facts, save_facts
from services.quality.store.promises import (
    PromiseState,
    Said,
    Shown,
    Sought,
    UnknownPromise,
    is_shown,
    list_counted,
    list_promises,
    list_said,
    load_promise,
    load_states,
    save_promises,
)
from services.quality.store.rows import Source
from services.quality.store.units import load_units, lock_rules, save_units

__all__ = [
    "CaseRow",
    "Passed",
    "PromiseState",
    "Said",
    "Shown",
    "Sought",
    "Source",
    "UnknownPromise",
    "begin_cases",
    "claim_cases",
    "count_due",
    "forget",
    "is_shown",
    "list_cases_of_units",
    "list_counted",
    "list_due",
    "list_promises",
    "list_said",
    "load_facts",
    "load_promise",
    "load_states",
    "load_units",
    "lock_cases",
    "lock_rules",
    "postpone",
    "save_cases",
    "save_facts",
    "save_promises",
    "save_units",
]
