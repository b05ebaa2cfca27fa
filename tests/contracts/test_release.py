from dataclasses import replace
from pathlib import Path
from types import new_class

from shared.compatibility import Json
from shared.contracts import Contract, contract_of, refusals, release, released
from tests.contracts import bakery

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer"}


def baked(*, required: tuple[str, ...] = (), **fields: Json) -> Contract:
    """Return the contract of BreadBaked as it would be with further *fields*."""
    contract = contract_of(bakery.BreadBaked)
    grown = {
        "properties": contract.schema["properties"] | fields,
        "required": [*contract.schema["required"], *required],
    }
    return replace(contract, schema=contract.schema | grown)


class TestRelease:
    def test_keeps_a_copy_named_by_its_own_content(self, tmp_path: Path) -> None:
        """The name is the seal: what was edited no longer fits it."""
        (path,) = release(tmp_path, [baked()])

        assert path.parent == tmp_path / "released"
        assert path.name.startswith("bread-baked.v1.")
        assert released(tmp_path) == {"bread-baked.v1": [baked().schema]}

    def test_again_adds_nothing(self, tmp_path: Path) -> None:
        """A release without a change of this contract is none for it."""
        release(tmp_path, [baked()])

        assert release(tmp_path, [baked()]) == []


class TestRefusals:
    def test_are_none_before_the_first_release(self, tmp_path: Path) -> None:
        """Nobody depends on it yet; it may still find its shape."""
        assert refusals(tmp_path, [baked(weight_grams=NUMBER, required=("weight_grams",))]) == []

    def test_are_none_for_what_suits_every_released_copy(self, tmp_path: Path) -> None:
        """An optional field is the way a contract grows."""
        release(tmp_path, [baked()])

        assert refusals(tmp_path, [baked(note=TEXT)]) == []

    def test_name_contract_field_cure_and_the_next_version(self, tmp_path: Path) -> None:
        """Whoever meets the line need not look anything up."""
        release(tmp_path, [baked()])

        (line,) = refusals(tmp_path, [baked(weight_grams=NUMBER, required=("weight_grams",))])

        assert line == (
            "bread-baked.v1: `weight_grams` is required now, but was not always published: give it a default; "
            "or publish contract_version=2 beside it"
        )

    def test_look_at_every_released_copy(self, tmp_path: Path) -> None:
        """A field that came and went must not come back as something else: records of the first kind are still kept."""
        release(tmp_path, [baked(note=TEXT)])
        release(tmp_path, [baked()])

        (line,) = refusals(tmp_path, [baked(note=NUMBER)])

        assert "`note` has changed its type" in line

    def test_notice_an_edited_copy(self, tmp_path: Path) -> None:
        """Editing the past is the one way round the check."""
        (path,) = release(tmp_path, [baked(note=TEXT)])
        path.write_text(path.read_text(encoding="utf-8").replace('"note"', '"remark"'), encoding="utf-8")

        (line,) = refusals(tmp_path, [baked()])

        assert line.startswith(f"{path.name} was edited")

    def test_notice_a_released_event_that_is_gone(self, tmp_path: Path) -> None:
        """A new version is published beside the old one until the last reader of that has left."""
        release(tmp_path, [baked()])
        second_version = new_class("BreadBaked", (bakery.Baking,), {"contract_version": 2})

        (line,) = refusals(tmp_path, [replace(baked(), event=second_version)])

        assert line.startswith("bread-baked.v1 was released and is published no more")
