"""The making of a service's HTTP application, and what is refused before it starts."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from fastapi import APIRouter, FastAPI
from pydantic import TypeAdapter
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from shared.database import Database
from shared.http import openapi, problems
from shared.http.access import Rules
from shared.http.bodies import MAX_BODY_BYTES, loose_objects
from shared.http.edge import edge
from shared.http.routes import Gate, Route
from shared.http.tokens import Trust
from shared.metering import Metrics


class UnsafeApplication(Exception):
    """The application must not start; the message says what to mend, one line each."""


def create_app(
    *,
    title: str,
    routers: Sequence[APIRouter],
    rules: Rules,
    trust: Trust | None = None,
    database: Database | None = None,
    version: str = "1",
    max_body_bytes: int = MAX_BODY_BYTES,
    metrics: Metrics | None = None,
) -> FastAPI:
    """
    Return the application of *routers* (made by `routes.router`) under *rules*, one for each route.

    Without *trust* and *database* it can be described (`openapi_of`), but serves nothing.

    Raises:
        UnsafeApplication: a route without a rule, a rule without a route, a body that takes unknown fields, ...
    """
    app = FastAPI(
        title=title,
        version=version,
        # Flat on purpose: every route stands here with its whole path, and none can hide in an included router.
        routes=[route for router in routers for route in router.routes],
        exception_handlers={**problems.HANDLERS},
        middleware=[Middleware(edge, max_body_bytes=max_body_bytes, metrics=metrics)],
        openapi_url=None,  # committed, not served; the documentation page would load scripts from elsewhere
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Its log lines and spans would hold messages of exceptions, and so what people sent.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    if faults := [*_faults_of_routes(app.routes, rules), *_faults_of_rules(app.routes, rules)]:
        raise UnsafeApplication("\n".join(faults))
    app.openapi = lambda: openapi.describe(app, rules)  # the place FastAPI offers for it
    if trust is not None and database is not None:
        app.state.gate = Gate(rules, trust, database)
    return app


def _faults_of_routes(routes: Sequence[BaseRoute], rules: Rules) -> list[str]:
    faults: list[str] = []
    for route in routes:
        if not isinstance(route, Route):
            faults.append(f"{getattr(route, 'path', route)} is not behind the gate: make it with shared.http.router()")
            continue
        if len(route.methods or ()) != 1:
            faults.append(f"{route.path} answers to several methods: make one route for each")
        rule = rules.get(route.key)
        if rule is None:
            faults.append(f"{route.key} has no rule: add it to the service's table")
        elif route.creates and rule.is_public:
            faults.append(f"{route.key} creates and is public: nobody to keep its Idempotency-Key for; answer 200")
        if route.creates and not route.writes:
            faults.append(f"{route.key} creates without a transaction: give it a Tx")
        if route.is_on_record and not (route.reads or route.writes or route.begins):
            faults.append(f"{route.key} is on record without a transaction: give it a Reading, a Tx or Transactions")
        if route.is_on_record and rule is not None and rule.is_public:
            faults.append(f"{route.key} is on record and public: nobody to name; let it ask for no notes")
        faults += [f"{route.key}: {name} takes unknown fields: forbid them" for name in _loose_objects(route)]
    return faults


def _faults_of_rules(routes: Sequence[BaseRoute], rules: Mapping[str, object]) -> list[str]:
    known = [route.key for route in routes if isinstance(route, Route)]
    unused = [f"{key} has a rule but no route: remove it" for key in rules if key not in known]
    twice = sorted({key for key in known if known.count(key) > 1})
    return [*unused, *(f"{key} has several routes: only the first would answer" for key in twice)]


def _loose_objects(route: Route) -> list[str]:
    if route.body_field is None:
        return []
    body: TypeAdapter[object] = TypeAdapter(cast("Any", route.body_field.field_info.annotation))
    return loose_objects(body.json_schema())
