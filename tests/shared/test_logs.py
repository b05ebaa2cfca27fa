import ast
import asyncio
import importlib
import io
import json
import logging
import re
from collections.abc import Callable, Generator
from typing import Any

import asyncpg
import pytest

from shared import logs
from tests.architecture.tree import PACKAGES, ROOT, python_files

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJiYWtlciJ9.c2lnbmF0dXJl"

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(name="lines")
def _lines() -> Generator[Lines]:
    """Log as in production, into memory."""
    importlib.import_module("faststream.kafka")  # it sets up logging of its own, as in every service
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure(service="bakery", version="7", environment="test", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.captureWarnings(capture=False)
    logs.configure(service="bakery", version="7", environment="test")
    root.handlers, root.level = handlers, level


class TestLine:
    def test_is_one_json_object_with_the_fields_that_operators_search_by(self, lines: Lines) -> None:
        """See the table in the operator's handbook."""
        logs.get("bakery.oven").info("loaf_baked", oven=3, kind="rye\nwith a break")

        (line,) = lines()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
        assert line == {
            "level": "info",
            "event": "loaf_baked",
            "service.name": "bakery",
            "service.version": "7",
            "deployment.environment.name": "test",
            "logger": "bakery.oven",
            "oven": 3,
            "kind": "rye\nwith a break",
        }

    def test_carries_the_trace_that_it_continues(self, lines: Lines) -> None:
        """One correlation from the request to the last effect in another service."""
        with logs.continuing("order-1", traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01"):
            asyncio.run(asyncio.wait_for(_say("inside"), 1))
        logs.get("bakery").info("outside")

        inside, outside = lines()
        assert (inside["correlation_id"], inside["trace_id"], inside["span_id"]) == ("order-1", "a" * 32, "b" * 16)
        assert "correlation_id" not in outside

    def test_tells_where_an_error_came_from_and_not_its_words(self, lines: Lines) -> None:
        """A database quotes the row it stumbled over, a parser what somebody wrote."""
        try:
            _fail_because_of(asyncpg.UniqueViolationError("Key (name)=(Aino) already exists"))
        except ValueError:
            logs.get("bakery").exception("baking_failed")

        (line,) = lines()
        assert line["error.type"] == "ValueError"
        assert "test_logs.py" in line["error.frames"][0]
        assert line["error.causes"][0].startswith("UniqueViolationError ")
        assert "Aino" not in json.dumps(line)

    def test_tells_causes_that_go_in_a_circle_once(self, lines: Lines) -> None:
        """Frameworks raise the one exception of a group out of it, which leaves the group behind the exception."""
        burnt = ValueError()
        burnt.__context__ = ExceptionGroup("baking", [burnt])

        logs.get("bakery").error("baking_failed", exc_info=burnt)

        (line,) = lines()
        assert line["error.causes"] == ["ExceptionGroup"]

    def test_of_a_library_goes_through_the_same_steps(self, lines: Lines) -> None:
        """What is passed as `extra=` becomes fields; a library's words are a field, so `event` stays searchable."""
        logging.getLogger("faststream").error("cannot read %s", "loaves", extra={"topic": "loaves", "token": TOKEN})

        (line,) = lines()
        assert line["event"] == "library_message"
        assert (line["message"], line["topic"], line["token"]) == ("cannot read loaves", "loaves", logs.REDACTED)
        assert line["service.name"] == "bakery"

    def test_of_a_library_that_repeats_itself_is_held_back(self, lines: Lines) -> None:
        """Kafka being away for an hour is one fact, not ten thousand lines."""
        for node in range(50):
            logging.getLogger("aiokafka").warning("Unable to connect to node %s", node)
        logging.getLogger("aiokafka").warning("Something else")

        assert [line["message"] for line in lines()] == ["Unable to connect to node 0", "Something else"]


def _fail_because_of(cause: Exception) -> None:
    try:
        raise cause
    except asyncpg.PostgresError as error:
        raise ValueError("Aino") from error


async def _say(event: str) -> None:
    logs.get("bakery").info(event)


class TestNet:
    @pytest.mark.parametrize(
        "name", ["authorization", "Authorization", "access_token", "token", "client-secret", "db.password", "cookie"]
    )
    def test_drops_what_is_named_as_a_secret(self, lines: Lines, name: str) -> None:
        """At any depth, whatever its value is."""
        logs.get("bakery").info("asked", **{name: "x"}, headers=[{name: ("x",)}])

        (line,) = lines()
        assert line[name] == logs.REDACTED
        assert line["headers"] == [{name: logs.REDACTED}]

    @pytest.mark.parametrize(
        "text, left",
        [
            (f"sent {TOKEN}", "sent [redacted]"),
            ("header Bearer abcdefgh12345", "header [redacted]"),
            ("postgresql://oven:hush@db/oven", "postgresql://[redacted]@db/oven"),
            ("ask aino.invented@bakery.example today", "ask [redacted] today"),
            ("person 010190-999X here", "person [redacted] here"),
            ("refused\nDETAIL:  Key (name)=(Aino) exists.\nHINT: none", "refused\n[redacted]\nHINT: none"),
            ("1 error [input_value='Aino', input_type=str]", "1 error [input_value=[redacted], input_type=str]"),
            ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY----- rest", "[redacted] rest"),
        ],
    )
    def test_drops_what_looks_like_a_secret_or_a_person(self, lines: Lines, text: str, left: str) -> None:
        """As a net under the rule, for what libraries and databases quote."""
        logging.getLogger("asyncpg").error(text)

        assert lines()[0]["message"] == left

    @pytest.mark.parametrize("value", [3, 2.5, True, None, "loaf/7f3d", "2026-03-29T01:00:00Z", "K7-4QX"])
    def test_leaves_the_rest_as_it_is(self, lines: Lines, value: object) -> None:
        """Ids, codes, times and numbers are what logs are for."""
        logs.get("bakery").info("asked", subject=value)

        assert lines()[0]["subject"] == value

    def test_keeps_a_line_at_a_readable_length(self, lines: Lines) -> None:
        """One field may not drown the others, nor keep the patterns busy."""
        logs.get("bakery").info("asked", body="x" * 1_000_000)

        assert len(lines()[0]["body"]) < 20_000


def log_calls() -> list[tuple[str, ast.Call]]:
    """Return every call of a logger's method in our code, with its place."""
    levels = {"debug", "info", "warning", "error", "exception", "critical"}
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for path in python_files(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in levels
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"log", "_log", "logger"}
    ]


class TestEventNames:
    @pytest.mark.parametrize("call", log_calls(), ids=lambda call: call[0])
    def test_are_constant_and_in_snake_case(self, call: tuple[str, ast.Call]) -> None:
        """A name that holds a value cannot be searched for; values are fields."""
        name = call[1].args[0]

        assert isinstance(name, ast.Constant)
        assert isinstance(name.value, str)
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name.value)
