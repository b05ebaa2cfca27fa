"""The description of an API: what FastAPI knows, and what our edge adds. Deterministic, so that it can be committed."""

import json
from typing import Any, Final, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from shared.http.access import Rules
from shared.http.idempotency import HEADER, KEY_PATTERN
from shared.http.problems import MEDIA_TYPE, Problem
from shared.http.routes import Route
from shared.http.versions import ETAG_PATTERN

_SAYS: Final = {
    "400": "The body cannot be read, or a header that is demanded is missing.",
    "401": "No access token, or one that is not believed.",
    "403": "The role does not allow it.",
    "404": "No such thing, or not yours to see.",
    "409": "It does not fit the present state, or the same request is in progress.",
    "412": "Somebody changed it after you read it.",
    "413": "The body is larger than we take.",
    "415": "The body is not JSON.",
    "422": "The request does not have the form that is asked for.",
    "428": "The version you read is not stated.",
    "500": "A fault of ours; it has been logged.",
    "503": "Passing trouble; try again.",
}


def openapi_of(app: FastAPI) -> str:
    """Return the OpenAPI document of *app* as JSON, the same text for the same API."""
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def describe(app: FastAPI, rules: Rules) -> dict[str, Any]:
    """Return the OpenAPI document: FastAPI's, with the rules, the demanded headers and every problem it may answer."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    definition = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schemas.update(cast("dict[str, Any]", definition.pop("$defs")))
    schemas["Problem"] = definition
    for never_sent in ("HTTPValidationError", "ValidationError"):
        schemas.pop(never_sent, None)  # FastAPI's own shape of a 422
    document["components"]["responses"] = {
        status: {
            "description": says,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, says in _SAYS.items()
    }
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    }
    for route in app.routes:
        if isinstance(route, Route) and route.include_in_schema:
            operation = document["paths"][route.path_format][route.method.lower()]
            _complete(operation, route, rules)
    return document


def _complete(operation: dict[str, Any], route: Route, rules: Rules) -> None:
    rule = rules[route.key]
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    if route.creates:
        parameters.append(_IDEMPOTENCY_KEY)
    demands_version = False
    for parameter in parameters:
        if parameter["name"].lower() == "if-match":
            parameter["required"] = demands_version = True
            parameter["schema"] = {"type": "string", "pattern": f"^{ETAG_PATTERN}$"}
    if not parameters:
        del operation["parameters"]
    if not rule.is_public:
        operation["security"] = [{"token": []}]
        operation["x-roles"] = sorted(rule.roles)
    has_body, has_input = route.body_field is not None, bool(parameters) or route.body_field is not None
    may_answer = {
        "400": has_body or route.creates,
        "401": not rule.is_public,
        "403": not rule.is_public,
        "404": "{" in route.path,
        "409": route.writes,
        "412": demands_version,
        "413": has_body,
        "415": has_body,
        "422": has_input,
        "428": demands_version,
        "500": True,
        "503": True,
    }
    operation["responses"].pop("422", None)
    for status, may in may_answer.items():
        if may:
            operation["responses"][status] = {"$ref": f"#/components/responses/{status}"}


_IDEMPOTENCY_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "description": "One new random key per thing to create; the same in retries, which then have no second effect.",
    "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
}
