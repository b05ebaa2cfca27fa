"""No fact has room for free text: where nobody can write about a family, nobody does, and nothing can leak."""

from functools import cache

import pytest

from deploy.system import load_system
from shared.compatibility import Json, strings_in
from shared.contracts import contract_of
from tests.contracts import bakery

BOUND = {"format", "enum", "const", "pattern"}
OPEN_TEXTS = {
    ".case_code": "made by us, told to the family; says nothing",
    ".name_fi": "a unit's public name",
    ".name_sv": "a unit's public name",
    ".name_en": "a unit's public name",
    ".name": "a team's public name",
    ".roles[]": "words of the table of roles",
    ".policy": "a code of ours; an enumeration could not grow",
    ".warning": "a code of ours; an enumeration could not grow",
}
"""Fields that take any text, each with the reason why nothing about a family can stand there."""


def open_texts(schema: Json) -> set[str]:
    """Return the places of all strings in *schema* that may be anything."""
    return {place for place, string in strings_in(schema) if not string.keys() & BOUND}


ours = cache(load_system)


class TestTheFacts:
    @pytest.mark.parametrize("wire_type", ours().published)
    def test_have_no_room_for_free_text(self, wire_type: str) -> None:
        """A new open field needs a reason in `OPEN_TEXTS`, or better: a format, an enumeration or a pattern."""
        assert open_texts(ours().published[wire_type].schema) <= OPEN_TEXTS.keys()

    def test_use_every_exception(self) -> None:
        """One that is not needed any more would let the next one in."""
        used = set[str]().union(*(open_texts(contract.schema) for contract in ours().published.values()))

        assert used == OPEN_TEXTS.keys()


class TestTheSearch:
    def test_finds_text_wherever_it_hides(self) -> None:
        """Directly, nullable, in lists, in parts and in mappings."""
        schema = contract_of(bakery.BreadBaked).schema
        text: Json = {"type": "string"}
        hidden: Json = {
            "plain": text,
            "nullable": {"anyOf": [text, {"type": "null"}]},
            "listed": {"items": text, "type": "array"},
            "part": {"$ref": "#/$defs/Part"},
            "mapped": {"additionalProperties": text, "type": "object"},
        }
        grown = schema | {"properties": schema["properties"] | hidden}
        grown["$defs"] = grown["$defs"] | {"Part": {"type": "object", "properties": {"inner": text}}}

        assert open_texts(grown) == {".plain", ".nullable", ".listed[]", ".part.inner", ".mapped[]"}
