"""Nothing that could name a person goes into a reference."""

import pytest
from pydantic import ValidationError

from services.records.commands import RecordMemo, looks_like_an_identity_code


def refusal(reference: str) -> str:
    """Return the kind of the refusal of a reference."""
    with pytest.raises(ValidationError) as refused:
        RecordMemo.model_validate({"reference": reference, "recorded_on": "2032-01-14"})
    (error,) = refused.value.errors()
    return error["type"]


class TestAReference:
    @pytest.mark.parametrize("reference", ["ASI-2032/000417", "a1b", "2032.417_3", "1234567890", "202611-123A"])
    def test_is_short_and_plain(self, reference: str) -> None:
        """Letters, digits and a few signs."""
        assert RecordMemo.model_validate({"reference": reference, "recorded_on": "2032-01-14"}).reference == reference

    @pytest.mark.parametrize("reference", ["", "ab", "a" * 41, "Perhe Koe", "-abc", "muistio: äiti", "abc\nd", "a;b;c"])
    def test_is_nothing_else(self, reference: str) -> None:
        """No room for words."""
        assert refusal(reference) == "string_pattern_mismatch"

    @pytest.mark.parametrize(
        "reference",
        ["131052-308T", "131052a308t", "010100A123D", "X-131052-308T", "131052.308T", "131052Y308T", "131052308T"],
    )
    def test_is_no_identity_code(self, reference: str) -> None:
        """Whatever sign stands for the century, wherever it stands, and without a sign if its check is right."""
        assert refusal(reference) == "identity_code"

    def test_may_look_a_little_like_one(self) -> None:
        """No such day, no such month, or a number whose last sign is not the check."""
        for reference in ("321052-308T", "131352-308T", "131052308U", "131052G308T"):
            assert not looks_like_an_identity_code(reference), reference
