"""Each change that would hurt somebody is refused, and each that would not is let through."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from shared.compatibility import Json, breaks, reads


class Flour(StrEnum):
    RYE = "rye"
    WHEAT = "wheat"


class MoreFlour(StrEnum):
    RYE = "rye"
    WHEAT = "wheat"
    SPELT = "spelt"


class Place(BaseModel):
    model_config = ConfigDict(extra="forbid")
    shelf: int
    since_on: date | None


class PlaceWithRow(Place):
    row: int | None = None


class PlaceInRow(Place):
    row: int


PUBLISHED: dict[str, Any] = {
    "loaf_id": UUID,
    "baked_at": datetime | None,
    "flour": Flour,
    "weight_grams": int,
    "place": Place,
    "helpers": tuple[UUID, ...],
    "kind": Literal["bread"],
}
NOTE: dict[str, Any] = {"note": (str | None, None)}


def schema(fields: dict[str, Any]) -> Json:
    """Return the schema of a model of *fields*: each a type, or a type and its default."""
    given: dict[str, Any] = {name: kind if isinstance(kind, tuple) else (kind, ...) for name, kind in fields.items()}
    model = create_model("Loaf", __config__=ConfigDict(extra="forbid"), **given)
    return model.model_json_schema(mode="serialization")


def without(field: str) -> dict[str, Any]:
    return {name: kind for name, kind in PUBLISHED.items() if name != field}


class TestBreaks:
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({}, id="nothing"),
            pytest.param(NOTE, id="add optional"),
            pytest.param({"place": PlaceWithRow}, id="add optional deeper down"),
        ],
    )
    def test_lets_a_harmless_change_through(self, change: dict[str, Any]) -> None:
        """A reader passes over what it does not know, and does without what it need not have."""
        assert breaks(schema(PUBLISHED), schema(PUBLISHED | change)) == []

    def test_lets_an_optional_field_go(self) -> None:
        """Whoever read it had to be ready for its absence."""
        assert breaks(schema(PUBLISHED | NOTE), schema(PUBLISHED)) == []

    @pytest.mark.parametrize(
        "field, kind, trouble",
        [
            pytest.param("note", str, "give it a default", id="add required"),
            pytest.param("flour", MoreFlour, "what its readers refuse", id="widen enum"),
            pytest.param("flour", Literal["rye"], "allow it again", id="narrow enum"),
            pytest.param("weight_grams", str, "changed its type", id="change type"),
            pytest.param("weight_grams", int | None, "what its readers refuse", id="become nullable"),
            pytest.param("weight_grams", float, "what its readers refuse", id="integer to number"),
            pytest.param("weight_grams", Annotated[int, Field(ge=1)], "allow it again", id="set a bound"),
            pytest.param("weight_grams", (int, 0), "take away its default", id="become optional"),
            pytest.param("baked_at", datetime, "allow it again", id="become never null"),
            pytest.param("baked_at", date | None, "changed its format", id="instant to date"),
            pytest.param("loaf_id", str, "changed its format", id="id to any text"),
            pytest.param("loaf_id", Annotated[str, Field(pattern="^L")], "changed its format", id="set a pattern"),
            pytest.param("helpers", tuple[str, ...], "changed its format at []", id="format of elements"),
            pytest.param("helpers", tuple[int, ...], "changed its type", id="type of elements"),
            pytest.param("place", PlaceInRow, "allow it again", id="add required deeper down"),
            pytest.param("place", tuple[Place, ...], "changed its type", id="one to many"),
            pytest.param("kind", Literal["bun"], "changed its type", id="constant"),
        ],
    )
    def test_refuses_a_change_that_hurts_and_names_field_and_cure(self, field: str, kind: Any, trouble: str) -> None:
        """One line, for the person whose change was refused."""
        (line,) = breaks(schema(PUBLISHED), schema(PUBLISHED | {field: kind}))

        assert line.startswith(f"`{field}` ")
        assert trouble in line

    @pytest.mark.parametrize("field", PUBLISHED)
    def test_refuses_to_drop_a_required_field(self, field: str) -> None:
        """Readers of yesterday's replica still stand on it."""
        (line,) = breaks(schema(PUBLISHED), schema(without(field)))

        assert line == f"`{field}` is gone, but its readers require it: keep it"

    def test_refuses_a_default_that_is_taken_away(self) -> None:
        """The facts of the last weeks may lack the field."""
        (line,) = breaks(schema(PUBLISHED | NOTE), schema(PUBLISHED | {"note": str | None}))

        assert "give it a default" in line

    def test_names_every_field_that_hurts(self) -> None:
        """Nobody wants to learn of them one by one."""
        changed = without("kind") | {"flour": MoreFlour, "weight_grams": str}

        assert [line.split("`")[1] for line in breaks(schema(PUBLISHED), schema(changed))] == [
            "flour",
            "weight_grams",
            "kind",
        ]


class TestReads:
    def test_a_reader_may_look_at_a_part(self) -> None:
        """A reader's view is small and open."""
        assert reads(reader=schema({"flour": Flour}), writer=schema(PUBLISHED))

    @pytest.mark.parametrize(
        "view",
        [
            pytest.param({"note": str}, id="a field that is not written"),
            pytest.param({"flour": Literal["rye"]}, id="fewer values than are written"),
            pytest.param({"baked_at": datetime}, id="null is written"),
        ],
    )
    def test_a_reader_may_not_expect_more_than_is_written(self, view: dict[str, Any]) -> None:
        """It would park the first fact that disappoints it."""
        assert not reads(reader=schema(view), writer=schema(PUBLISHED))
