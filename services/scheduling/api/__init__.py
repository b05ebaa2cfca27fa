"""What people and programs can ask of scheduling, and who may. One module per subject; the rules stand here."""

from functools import partial
from typing import Final

from services.scheduling.api import board, cases, feedback, follow_ups, imports, meetings, units
from shared.http import Rules, allow, create_app

_CARE = ("coordinator", "consulting_social_worker", "responsible_social_worker", "family_therapist", "team_lead")

_reads = allow(*_CARE)
_configures_units = allow("team_lead", "ops")
_configures_people = allow("coordinator", "team_lead", "ops")
_opens_cases = allow("coordinator", "consulting_social_worker", "team_lead")
_ends_cases = allow("consulting_social_worker", "responsible_social_worker", "team_lead")
_plans = allow("coordinator", "consulting_social_worker", "responsible_social_worker", "team_lead")
_leads_meetings = allow("coordinator", "consulting_social_worker", "responsible_social_worker")
_meets_families = allow(*_CARE)
_takes_back = allow("consulting_social_worker", "responsible_social_worker", "team_lead")
_imports = allow("team_lead")

_MAX_BODY_BYTES: Final = 256 * 1024  # a case with all its rows comes in one piece, and many cases in one request

RULES: Final[Rules] = {
    "GET /v1/board": _reads,
    "GET /v1/units": allow(*_CARE, "quality_manager", "ops"),
    "GET /v1/units/{unit_id}": allow(*_CARE, "quality_manager", "ops"),
    "PUT /v1/units/{unit_id}": _configures_units,
    "GET /v1/teams": allow(*_CARE, "quality_manager", "ops"),
    "GET /v1/teams/{team_id}": allow(*_CARE, "quality_manager", "ops"),
    "PUT /v1/teams/{team_id}": _configures_units,
    "GET /v1/workers": allow(*_CARE, "ops"),
    "GET /v1/workers/{worker_id}": allow(*_CARE, "ops"),
    "PUT /v1/workers/{worker_id}": _configures_people,
    "PUT /v1/workers/{worker_id}/deputy": _configures_people,
    "GET /v1/cases": _reads,
    "GET /v1/cases/{case_id}": _reads,
    "GET /v1/cases/{case_id}/family": allow(
        "coordinator", "consulting_social_worker", "responsible_social_worker", "family_therapist"
    ),
    "POST /v1/cases": _opens_cases,
    "POST /v1/cases/{case_id}/reassigned": _opens_cases,
    "POST /v1/cases/{case_id}/closed": _ends_cases,
    "POST /v1/cases/{case_id}/reopened": _ends_cases,
    "GET /v1/cases/{case_id}/meetings": _reads,
    "POST /v1/cases/{case_id}/meetings": _plans,
    "GET /v1/meetings/{meeting_id}": _reads,
    "POST /v1/meetings/{meeting_id}/rescheduled": _plans,
    "POST /v1/meetings/{meeting_id}/cancelled": _plans,
    "POST /v1/meetings/{meeting_id}/deferred": _plans,
    "POST /v1/meetings/{meeting_id}/confirmed": _plans,
    "POST /v1/meetings/{meeting_id}/held": _leads_meetings,
    "POST /v1/meetings/{meeting_id}/corrected": _leads_meetings,
    "POST /v1/meetings/{meeting_id}/retracted": _takes_back,
    "POST /v1/meetings/{meeting_id}/feedback-links": _meets_families,
    "GET /v1/cases/{case_id}/follow-ups": _reads,
    "POST /v1/cases/{case_id}/follow-ups": _plans,
    "POST /v1/cases/{case_id}/follow-ups/held": _meets_families,
    "GET /v1/follow-ups/{follow_up_id}": _reads,
    "POST /v1/follow-ups/{follow_up_id}/rescheduled": _plans,
    "POST /v1/follow-ups/{follow_up_id}/cancelled": _plans,
    "POST /v1/follow-ups/{follow_up_id}/held": _meets_families,
    "POST /v1/follow-ups/{follow_up_id}/corrected": _meets_families,
    "POST /v1/follow-ups/{follow_up_id}/retracted": _takes_back,
    "GET /v1/imports": _imports,
    "POST /v1/imports": _imports,
}
"""One line per route: who may. A route that is missing here keeps the service from starting."""

app = partial(
    create_app,
    title="Heijastin scheduling",
    routers=(
        board.routes,
        units.routes,
        cases.routes,
        meetings.routes,
        follow_ups.routes,
        feedback.routes,
        imports.routes,
    ),
    rules=RULES,
    max_body_bytes=_MAX_BODY_BYTES,
)
"""The application; without trust and database it can only be described."""
