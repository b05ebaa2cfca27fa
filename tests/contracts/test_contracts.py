import json
import sys
from types import ModuleType

import jsonschema
import pytest

from shared import contracts
from shared.contracts import AmbiguousType, Contract, UndocumentedEvent, contract_of, events_of, files_of
from shared.events import Event
from tests.contracts import bakery


def bread_baked() -> Contract:
    return contract_of(bakery.BreadBaked)


class TestEventsOf:
    def test_finds_the_concrete_events_of_a_module(self) -> None:
        """An abstract base carries fields; nobody publishes it."""
        assert events_of(bakery) == (bakery.BreadBaked, bakery.BreadBurnt)

    def test_refuses_two_classes_of_one_wire_type(self) -> None:
        """The second would overwrite the contract of the first without a word."""
        twins = [type("BreadBaked", (bakery.Baking,), {"__module__": "twins"}) for _ in range(2)]

        with pytest.raises(AmbiguousType):
            events_of(ModuleType(twins[0].__module__))

    def test_does_not_mistake_a_longer_name_for_a_submodule(self) -> None:
        """`bakery_tests` is not inside `bakery`."""
        assert events_of(sys.modules[__name__]) == ()


class TestSchema:
    def test_is_closed_on_every_level(self) -> None:
        """What we write is exactly this; only then can a change of it be judged."""
        schema = bread_baked().schema

        assert schema["additionalProperties"] is False
        assert schema["$defs"]["Place"]["additionalProperties"] is False

    def test_is_draft_2020_12_and_well_formed(self) -> None:
        """Others feed it to their own validators."""
        schema = bread_baked().schema

        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        jsonschema.Draft202012Validator.check_schema(schema)

    def test_tells_when_it_is_published_and_what_its_fields_mean(self) -> None:
        """The class says the first, the base it takes its fields from the second."""
        assert bread_baked().schema["description"] == (
            "A loaf came out of the oven. The shop puts it on sale.\n\nThe whole state of a loaf; key: the loaf."
        )

    def test_refuses_an_event_without_a_word_of_explanation(self) -> None:
        """An event is a public promise; its page would be empty."""
        silent = type("BreadSmelled", (bakery.Baking,), {"__module__": "elsewhere"})
        assert issubclass(silent, Event)

        with pytest.raises(UndocumentedEvent, match="BreadSmelled"):
            contract_of(silent)


class TestExample:
    def test_fits_its_schema(self) -> None:
        """With formats: an example is what others build their first test on."""
        contract = bread_baked()

        jsonschema.validate(
            contract.example["data"],
            contract.schema,
            cls=jsonschema.Draft202012Validator,
            format_checker=jsonschema.FormatChecker(),
        )

    def test_reads_back_as_the_event_it_was(self) -> None:
        """Nothing is lost in the writing."""
        assert bakery.BreadBaked.model_validate(bread_baked().example["data"]) == bakery.BreadBaked.example()

    def test_carries_key_subject_and_version(self) -> None:
        """The attributes are part of the promise: readers order and deduplicate by them."""
        example = bread_baked().example

        assert example["partitionkey"] == example["data"]["loaf_id"]
        assert example["subject"] == f"loaf/{example['data']['loaf_id']}"
        assert example["subjectversion"] == "2"
        assert example["type"] == "bakery.oven.BreadBaked.v1"


class TestFiles:
    def test_are_named_by_event_and_version(self) -> None:
        """Kebab case, so that a list of the folder reads like a list of events."""
        assert list(files_of([bread_baked()])) == ["bread-baked.v1.schema.json", "bread-baked.v1.example.json"]

    def test_are_the_same_bytes_each_time(self) -> None:
        """They are reviewed as a diff: no change, no diff."""
        assert files_of([bread_baked()]) == files_of([bread_baked()])

    def test_are_json(self) -> None:
        """With a newline at the end, as editors leave it."""
        for text in files_of([bread_baked()]).values():
            assert text == contracts.as_text(json.loads(text))
