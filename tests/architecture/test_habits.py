"""Habits that no linter knows, read off the syntax tree; each with a bite."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, ROOT, python_files

THE_ONE_WAITING_ROOM = ROOT / "tests/probe.py"


def called(node: ast.Call) -> str:
    """Return the last name of what is called: `subscriber` for `broker.subscriber(...)`."""
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def calls(source: str) -> Iterator[ast.Call]:
    """Yield every call in *source*, decorators included."""
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def subscribers_without_ack_policy(source: str) -> list[int]:
    """Return the lines of subscribers that leave it to a default when a message counts as done."""
    return [
        call.lineno
        for call in calls(source)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "subscriber"
        and not any(keyword.arg == "ack_policy" for keyword in call.keywords)
    ]


def publishers(source: str) -> list[int]:
    """Return the lines that publish beside the outbox: FastStream's decorator, or its broker."""
    return [call.lineno for call in calls(source) if called(call) in {"publisher", "publish", "publish_batch"}]


def sleeps(source: str) -> list[int]:
    """Return the lines that wait for a time instead of for a thing; `sleep(0)` lets others run and may stay."""
    return [
        call.lineno
        for call in calls(source)
        if called(call) == "sleep" and not (call.args and ast.unparse(call.args[0]) == "0")
    ]


def notifications(source: str) -> list[int]:
    """Return the lines of string constants that are a NOTIFY statement or call `pg_notify`."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and (node.value.lstrip().startswith("NOTIFY ") or "pg_notify" in node.value)
    ]


CODE = [*python_files(*PACKAGES)]
TESTS = [path for path in python_files("tests") if path not in (THE_ONE_WAITING_ROOM, Path(__file__))]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", CODE, ids=name_of)
class TestTheCode:
    def test_names_the_ack_policy_of_every_subscriber(self, path: Path) -> None:
        """FastStream's default acknowledges first, and so loses what a crash interrupts."""
        assert subscribers_without_ack_policy(path.read_text()) == []

    def test_publishes_through_the_outbox_only(self, path: Path) -> None:
        """A fact that is sent beside its transaction is lost, or told without being true."""
        assert publishers(path.read_text()) == []

    def test_notifies_nobody_through_postgres(self, path: Path) -> None:
        """NOTIFY takes one lock for the whole database at commit."""
        assert notifications(path.read_text()) == []


class TestTheTests:
    @pytest.mark.parametrize("path", TESTS, ids=name_of)
    def test_do_not_sleep(self, path: Path) -> None:
        """A sleep is a guess: too short on a busy day and too long on all others. See tests/probe.py."""
        assert sleeps(path.read_text()) == []


class TestTheHabits:
    def test_bite(self) -> None:
        """Each search finds its wrong, and lets the right alone."""
        assert subscribers_without_ack_policy('@broker.subscriber("a", group_id="b")\ndef f(): ...') == [1]
        assert subscribers_without_ack_policy('broker.subscriber("a", ack_policy=AckPolicy.NACK_ON_ERROR)') == []
        assert publishers('@broker.publisher("a")\ndef f(): ...') == [1]
        assert publishers('await broker.publish(b"", "a")') == [1]
        assert sleeps("await asyncio.sleep(0.1)") == [1]
        assert sleeps("from asyncio import sleep\nawait sleep(delay)") == [2]
        assert sleeps("await asyncio.sleep(0)") == []
        assert notifications("x = 'NOTIFY appended'") == [1]
        assert notifications('x = "SELECT pg_notify($1, $2)"') == [1]

    def test_look_at_files_that_exist(self) -> None:
        """A search over nothing finds nothing wrong."""
        assert {ROOT / "shared/outbox.py", ROOT / "services/__init__.py"} <= set(CODE)
        assert TESTS
