"""Who may do what: every route with every role, against the table as it is meant."""

import pytest
from fastapi import FastAPI

from services.scheduling import api
from tests.role_matrix import ROLES
from tests.scheduling.builders import UNIT_ID
from tests.scheduling.edge import Caller

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

NOBODY = "00000000-0000-4000-8000-000000000000"
# Written down a second time, apart from the code, so that a slip there shows as a difference here.
MATRIX = {
    "GET /v1/board": "CSRFL",
    "GET /v1/units": "CSRFLQO",
    "GET /v1/units/{unit_id}": "CSRFLQO",
    "PUT /v1/units/{unit_id}": "LO",
    "GET /v1/teams": "CSRFLQO",
    "GET /v1/teams/{team_id}": "CSRFLQO",
    "PUT /v1/teams/{team_id}": "LO",
    "GET /v1/workers": "CSRFLO",
    "GET /v1/workers/{worker_id}": "CSRFLO",
    "PUT /v1/workers/{worker_id}": "CLO",
    "PUT /v1/workers/{worker_id}/deputy": "CLO",
    "GET /v1/cases": "CSRFL",
    "GET /v1/cases/{case_id}": "CSRFL",
    "GET /v1/cases/{case_id}/family": "CSRF",
    "POST /v1/cases": "CSL",
    "POST /v1/cases/{case_id}/reassigned": "CSL",
    "POST /v1/cases/{case_id}/closed": "SRL",
    "POST /v1/cases/{case_id}/reopened": "SRL",
    "GET /v1/cases/{case_id}/meetings": "CSRFL",
    "POST /v1/cases/{case_id}/meetings": "CSRL",
    "GET /v1/meetings/{meeting_id}": "CSRFL",
    "POST /v1/meetings/{meeting_id}/rescheduled": "CSRL",
    "POST /v1/meetings/{meeting_id}/cancelled": "CSRL",
    "POST /v1/meetings/{meeting_id}/deferred": "CSRL",
    "POST /v1/meetings/{meeting_id}/confirmed": "CSRL",
    "POST /v1/meetings/{meeting_id}/held": "CSR",
    "POST /v1/meetings/{meeting_id}/corrected": "CSR",
    "POST /v1/meetings/{meeting_id}/retracted": "SRL",
    "POST /v1/meetings/{meeting_id}/feedback-links": "CSRFL",
    "GET /v1/cases/{case_id}/follow-ups": "CSRFL",
    "POST /v1/cases/{case_id}/follow-ups": "CSRL",
    "POST /v1/cases/{case_id}/follow-ups/held": "CSRFL",
    "GET /v1/follow-ups/{follow_up_id}": "CSRFL",
    "POST /v1/follow-ups/{follow_up_id}/rescheduled": "CSRL",
    "POST /v1/follow-ups/{follow_up_id}/cancelled": "CSRL",
    "POST /v1/follow-ups/{follow_up_id}/held": "CSRFL",
    "POST /v1/follow-ups/{follow_up_id}/corrected": "CSRFL",
    "POST /v1/follow-ups/{follow_up_id}/retracted": "SRL",
    "GET /v1/imports": "L",
    "POST /v1/imports": "L",
}


class TestTheMatrix:
    async def test_names_every_route(self) -> None:
        """A new route is decided about here as well."""
        assert set(MATRIX) == set(api.RULES)

    async def test_is_what_the_edge_lets_through(self, app: FastAPI) -> None:
        """Every route with every role: 403 exactly where the matrix has no letter, and nothing is created."""
        for letter, role in ROLES.items():
            caller = Caller(app, role, UNIT_ID)
            for route, allowed in MATRIX.items():
                method, _, path = route.partition(" ")
                for name in ("unit", "team", "worker", "case", "meeting", "follow_up"):
                    path = path.replace(f"{{{name}_id}}", NOBODY)

                answer = await caller.http.request(method, path)

                assert (answer.status_code == 403) == (letter not in allowed), f"{role} {route}: {answer.status_code}"

    async def test_lets_nobody_in_without_a_token(self, app: FastAPI) -> None:
        """Deny by default, on every route."""
        stranger = Caller(app, "coordinator", UNIT_ID).http
        del stranger.headers["authorization"]
        for route in MATRIX:
            method, _, path = route.partition(" ")

            answer = await stranger.request(method, path.replace("{", "").replace("}", ""))

            assert answer.status_code == 401, route
