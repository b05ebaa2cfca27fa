"""The document is AsyncAPI 3.0 by the official parser, and says what our records really look like."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deploy import asyncapi
from deploy.system import load_system
from shared.compatibility import Json, is_array, is_object
from shared.database import Trace
from shared.envelope import to_headers
from tests import npm
from tests.contracts.bakery import bakery_system
from tests.contracts.test_envelope import envelope

NODE = Path(__file__).parent / "node"
ERROR = 0
HINTS = {"asyncapi-latest-version"}  # 3.0 is what the tools of subscribers read today


@pytest.fixture(scope="session")
def official_parser() -> Path:
    """Return the folder of the official parser."""
    return npm.installed("asyncapi", NODE)


def diagnoses(parser: Path, document: Json) -> list[Json]:
    """Return what the parser has to say about *document*, but for `HINTS`."""
    done = npm.run("node", "check.mjs", cwd=parser, given=json.dumps(document))
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert said or done.returncode == 0, done.stderr
    return [diagnosis for diagnosis in said if diagnosis["code"] not in HINTS]


@cache
def document() -> Json:
    return asyncapi.document(load_system())


def messages() -> list[Any]:
    return [pytest.param(message, id=name) for name, message in document()["components"]["messages"].items()]


def resolved(schema: Json) -> Json:
    """Return *schema* so that a validator finds what it refers to."""
    return {**schema, "components": document()["components"]}


class TestTheOfficialParser:
    def test_finds_nothing_wrong(self, official_parser: Path) -> None:
        """Nor anything it would advise."""
        assert diagnoses(official_parser, document()) == []

    def test_would_find_a_payload_that_is_no_schema(self, official_parser: Path) -> None:
        """So its silence about ours means something. Examples it does not look at: those we do, below."""
        broken = asyncapi.document(bakery_system())
        broken["components"]["schemas"]["bakery.oven.Baking.v1"]["type"] = "loaf"

        assert any(diagnosis["severity"] == ERROR for diagnosis in diagnoses(official_parser, broken))

    def test_would_find_a_channel_that_is_missing(self, official_parser: Path) -> None:
        """A broken reference is an error."""
        broken = asyncapi.document(bakery_system())
        broken["operations"]["shop.receives.loaves"]["channel"]["$ref"] = "#/channels/nowhere"

        assert any(diagnosis["severity"] == ERROR for diagnosis in diagnoses(official_parser, broken))


class TestEveryMessage:
    @pytest.mark.parametrize("message", messages())
    def test_has_examples_that_fit_payload_and_headers(self, message: Json) -> None:
        """In AsyncAPI's own dialect (draft 7), which is not that of the contracts."""
        for example in message.get("examples", ()):
            for part in ("payload", "headers"):
                jsonschema.validate(example[part], resolved(message[part]), cls=jsonschema.Draft7Validator)


class TestPayloads:
    def test_use_no_keyword_that_draft_7_lacks(self) -> None:
        """A validator would pass over it, and the payload would promise less than the contract."""
        later = {"prefixItems", "$defs", "unevaluatedProperties", "dependentRequired", "dependentSchemas"}

        assert not later & _keywords(document()["components"]["schemas"])

    def test_are_shared_by_the_events_of_a_base_that_add_nothing_to_it(self) -> None:
        """A subscriber sees at once that all of them carry the same state."""
        described = asyncapi.document(bakery_system())

        assert described["components"]["schemas"].keys() == {"headers", "bakery.oven.Baking.v1"}


class TestHeaders:
    def test_are_those_that_the_relay_writes(self) -> None:
        """All of them, and the required ones are those that are always there."""
        everything = envelope(
            Trace("morning-shift", "an-order", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        )
        least = envelope(Trace("morning-shift"))

        assert asyncapi.HEADERS["properties"].keys() == dict(to_headers(everything)).keys()
        assert set(asyncapi.HEADERS["required"]) == dict(to_headers(least)).keys()


class TestTheBakery:
    def test_sends_and_receives(self) -> None:
        """Both sides of a topic, each with the messages it has to do with; the reader's group is named."""
        operations = asyncapi.document(bakery_system())["operations"]

        assert operations.keys() == {"oven.sends.loaves", "shop.receives.loaves"}
        assert [_last(message) for message in operations["oven.sends.loaves"]["messages"]] == [
            "bakery.oven.BreadBaked.v1",
            "bakery.oven.BreadBurnt.v1",
            "bakery.oven.Watermark.v1",
        ]
        assert [_last(message) for message in operations["shop.receives.loaves"]["messages"]] == [
            "bakery.oven.BreadBaked.v1",
            "bakery.oven.Watermark.v1",
        ]
        assert operations["shop.receives.loaves"]["bindings"]["kafka"]["groupId"]["enum"] == ["bakery.shop"]


def _last(reference: Json) -> str:
    return reference["$ref"].rsplit("/", 1)[1]


def _keywords(part: Any) -> set[str]:
    if is_object(part):
        return set(part).union(*map(_keywords, part.values()))
    return set[str]().union(*map(_keywords, part)) if is_array(part) else set()
