import json
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from openapi_spec_validator import validate
from pydantic import BaseModel
from starlette.routing import Mount
from starlette.routing import Route as PlainRoute

from shared.database import Database
from shared.http import PUBLIC, Tx, UnsafeApplication, allow, create_app, openapi_of, router
from tests.role_matrix import NOBODY, let_in
from tests.shared.http.bakery import RULES, bakery, caller


def build(routes: APIRouter, rules: dict[str, Any]) -> FastAPI:
    return create_app(title="Bakery", routers=[routes], rules=rules)


async def serve() -> str:
    return "bread"


class Loose(BaseModel):
    grams: int


class TestAnApplicationDoesNotStart:
    def test_with_a_route_without_a_rule(self) -> None:
        """Deny by default: a forgotten rule is found by whoever forgot it, not by a thief."""
        routes = router("/v1")
        routes.get("/bread")(serve)

        with pytest.raises(UnsafeApplication, match="GET /v1/bread has no rule"):
            build(routes, {})

    def test_with_a_rule_without_a_route(self) -> None:
        """A rule that guards nothing reads as if something were guarded."""
        with pytest.raises(UnsafeApplication, match="GET /v1/bread has a rule but no route"):
            build(router(), {"GET /v1/bread": PUBLIC})

    @pytest.mark.parametrize("hidden", ["plain router", "mount", "plain route", "router in a router"])
    def test_with_a_route_beside_the_gate(self, hidden: str) -> None:
        """Each of these would serve without asking who is there."""
        routes = router()
        match hidden:
            case "plain router":
                routes = APIRouter()
                routes.get("/bread")(serve)
            case "mount":
                routes.routes.append(Mount("/bread", routes=[]))
            case "plain route":
                routes.routes.append(PlainRoute("/bread", serve))
            case _:
                inner = router()
                inner.get("/bread")(serve)
                routes.include_router(inner)

        with pytest.raises(UnsafeApplication, match="not behind the gate"):
            build(routes, {"GET /bread": PUBLIC})

    def test_with_two_routes_in_one_place(self) -> None:
        """The second would never answer."""
        routes = router()
        routes.get("/bread")(serve)
        routes.get("/bread")(serve)

        with pytest.raises(UnsafeApplication, match="several routes"):
            build(routes, {"GET /bread": PUBLIC})

    def test_with_a_route_for_several_methods(self) -> None:
        """A rule is for one method."""
        routes = router()
        routes.api_route("/bread", methods=["PUT", "POST"])(serve)

        with pytest.raises(UnsafeApplication, match="several methods"):
            build(routes, {"POST /bread": PUBLIC})

    def test_with_a_body_that_takes_anything(self) -> None:
        """A misspelt field would be dropped without a word, also one deep inside."""
        routes = router()

        class Outer(BaseModel, extra="forbid"):
            loaves: list[Loose]

        @routes.put("/bread")
        async def put_bread(command: Outer) -> None:
            del command

        with pytest.raises(UnsafeApplication, match="Loose takes unknown fields"):
            build(routes, {"PUT /bread": allow("baker")})

    def test_with_a_creation_outside_a_transaction(self) -> None:
        """Its Idempotency-Key could not be stored with its effect."""
        routes = router()
        routes.post("/bread", status_code=201)(serve)

        with pytest.raises(UnsafeApplication, match="without a transaction"):
            build(routes, {"POST /bread": allow("baker")})

    def test_with_a_creation_by_anybody(self) -> None:
        """Keys are kept per caller."""
        routes = router()

        @routes.post("/bread", status_code=201)
        async def bake(tx: Tx) -> None:
            del tx

        with pytest.raises(UnsafeApplication, match="is public"):
            build(routes, {"POST /bread": PUBLIC})

    def test_and_tells_every_fault_at_once(self) -> None:
        """One start, one list to mend."""
        routes = router()
        routes.get("/bread")(serve)
        routes.get("/cake")(serve)

        with pytest.raises(UnsafeApplication) as refused:
            build(routes, {"GET /tart": PUBLIC})

        assert len(str(refused.value).splitlines()) == 3


@pytest.mark.asyncio
@pytest.mark.postgres
class TestARule:
    async def test_that_is_missing_at_run_time_denies(self, database: Database) -> None:
        """A route smuggled in after the start is behind the gate all the same."""
        app = bakery(database)
        late = router()
        late.get("/late")(serve)
        app.router.routes.extend(late.routes)

        async with caller(app) as client:
            answer = await client.get("/late")

        assert answer.status_code == 403

    async def test_admits_any_of_its_roles_and_no_other(self, database: Database) -> None:
        """The table is the whole truth, route by route and role by role."""
        app = bakery(database)

        found = await let_in(
            app, RULES, roles=["baker", "seller", "owner"], client=lambda role: caller(app, roles=[role])
        )

        assert found == {
            "POST /v1/loaves": {"baker"},
            "GET /v1/loaves": {"baker", "seller"},
            "GET /v1/loaves/{loaf_id}": {"baker", "seller"},
            "PUT /v1/loaves/{loaf_id}/weight": {"baker"},
            "POST /v1/batches": {"baker"},
            "POST /v1/orders": {"seller"},
            "POST /v1/mishaps/{kind}": {"baker"},
            "GET /v1/me": {"baker", "seller"},
            "GET /v1/opening-hours": {"baker", "seller", "owner", NOBODY},
        }

    async def test_is_told_apart_from_what_a_service_forbids_by_itself(self, database: Database) -> None:
        """A right role may still be the wrong person; the two are mended by different people."""
        app = bakery(database)
        async with caller(app, roles=["owner"]) as owner, caller(app) as baker:
            at_the_gate = await owner.post("/v1/mishaps/closed")
            behind_it = await baker.post("/v1/mishaps/closed")

        assert (at_the_gate.status_code, behind_it.status_code) == (403, 403)
        assert at_the_gate.json()["type"] == "urn:problem:role-not-allowed"
        assert behind_it.json()["type"] == "urn:problem:forbidden"


@pytest.mark.asyncio
@pytest.mark.postgres
class TestARequestOfManyParts:
    async def test_commits_each_by_itself(self, database: Database) -> None:
        """What fails takes nothing with it, and all of it continues one trace."""
        async with caller(bakery(database)) as baker:
            answer = await baker.post("/v1/batches", json={"grams": [500, 10, 700]})

        assert answer.json() == [True, False, True]
        rows = await database.pool.fetch("SELECT grams, xmin::text, traced_as FROM loaves ORDER BY grams")
        assert [row["grams"] for row in rows] == [500, 700]
        assert len({row["xmin"] for row in rows}) == 2
        assert {row["traced_as"] for row in rows} == {answer.headers["x-request-id"]}


class TestTheDescription:
    def test_is_valid_openapi(self) -> None:
        """By the official schema."""
        validate(json.loads(openapi_of(bakery(None))))

    def test_is_the_same_every_time(self) -> None:
        """It is committed and compared."""
        assert openapi_of(bakery(None)) == openapi_of(bakery(None))

    def test_tells_our_problems_and_none_of_the_framework_s(self) -> None:
        """A declared answer that never comes is a lie, and FastAPI declares one."""
        text = openapi_of(bakery(None))

        assert "HTTPValidationError" not in text
        assert "#/components/schemas/Problem" in text

    @pytest.mark.parametrize(
        "method, path, statuses",
        [
            ("post", "/v1/loaves", {"201", "400", "401", "403", "409", "413", "415", "422", "500", "503"}),
            ("get", "/v1/loaves", {"200", "401", "403", "422", "500", "503"}),
            (
                "put",
                "/v1/loaves/{loaf_id}/weight",
                {"204", "400", "401", "403", "404", "409", "412", "413", "415", "422", "428", "500", "503"},
            ),
            ("get", "/v1/opening-hours", {"200", "500", "503"}),
        ],
    )
    def test_tells_what_a_route_may_answer(self, method: str, path: str, statuses: set[str]) -> None:
        """No more and no less than it can."""
        operation = json.loads(openapi_of(bakery(None)))["paths"][path][method]

        assert set(operation["responses"]) == statuses

    def test_tells_the_headers_that_are_demanded(self) -> None:
        """A client generated from it sends them."""
        paths = json.loads(openapi_of(bakery(None)))["paths"]
        demanded = {
            f"{method} {path}": [each["name"].lower() for each in operation.get("parameters", ()) if each["required"]]
            for path, operations in paths.items()
            for method, operation in operations.items()
        }

        assert demanded["post /v1/loaves"] == ["idempotency-key"]
        assert demanded["put /v1/loaves/{loaf_id}/weight"] == ["loaf_id", "if-match"]
        assert demanded["get /v1/loaves"] == []

    def test_tells_who_may(self) -> None:
        """The table of rules, as a reader of the API meets it."""
        operation = json.loads(openapi_of(bakery(None)))["paths"]["/v1/loaves"]["get"]

        assert operation["x-roles"] == sorted(RULES["GET /v1/loaves"].roles)
        assert operation["security"] == [{"token": []}]

    def test_is_not_served(self) -> None:
        """Nor is a page that would load scripts from somewhere else."""
        paths = {getattr(route, "path", "") for route in bakery(None).routes}

        assert paths.isdisjoint({"/openapi.json", "/docs", "/redoc"})
