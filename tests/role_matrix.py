"""Who is really let in: every route with every role, asked at the edge of a service; and which routes are on record."""

import re
from collections.abc import Callable, Iterable

import httpx
from fastapi import FastAPI

from shared.http import Rules
from shared.http.routes import Route

ROLES = {
    "C": "coordinator",
    "S": "consulting_social_worker",
    "R": "responsible_social_worker",
    "F": "family_therapist",
    "L": "team_lead",
    "Q": "quality_manager",
    "O": "ops",
}
"""What stands for each in the table of a service."""
NOBODY = "nobody"
"""Somebody without a token."""

_SOME_ID = "00000000-0000-4000-8000-000000000000"


async def let_in(
    app: FastAPI, rules: Rules, *, roles: Iterable[str], client: Callable[[str], httpx.AsyncClient]
) -> dict[str, set[str]]:
    """
    Return for each route of *rules* which of *roles*, and `NOBODY`, get past the gate of *app*.

    *client* makes a client whose token has just the one role. Requests are empty and about ids that do not exist, so
    that whoever is let in is refused by what comes after; a test compares the answer with the table as it is meant,
    written down a second time.
    """
    found: dict[str, set[str]] = {route: set() for route in rules}
    strangers = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service.example")
    clients = {NOBODY: strangers} | {role: client(role) for role in roles}
    for role, each in clients.items():
        async with each as caller:
            for route in rules:
                method, _, path = route.partition(" ")
                answer = await caller.request(method, re.sub(r"\{[^}]+\}", _SOME_ID, path))
                assert answer.status_code != httpx.codes.METHOD_NOT_ALLOWED, f"{route} is no route of this application"
                if not _stopped_at_the_gate(answer):
                    found[route].add(role)
    return found


def on_record(app: FastAPI) -> set[str]:
    """Return the routes of *app* whose every use is written to the access log."""
    return {route.key for route in app.routes if isinstance(route, Route) and route.is_on_record}


def _stopped_at_the_gate(answer: httpx.Response) -> bool:
    """Tell the gate's own no from that of a service which looks closer at who is asking."""
    if answer.headers.get("content-type") != "application/problem+json":
        return False
    return answer.json()["type"] in {"urn:problem:not-signed-in", "urn:problem:role-not-allowed"}
