from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt

from shared.clock import utc_now
from shared.http.explain import Finding, explain
from tests.shared.http.bakery import KEY, SHOP, TRUST, claims, token
from tests.shared.http.test_tokens import OTHER_KEY, REFUSED


def told(text: str, **different: dict[str, str]) -> dict[str, Finding]:
    return {each.about: each for each in explain(text, replace(TRUST, **different), now=utc_now())}


class TestExplain:
    def test_finds_nothing_wrong_with_a_good_token(self) -> None:
        """And shows what it gives."""
        found = told(token())

        assert all(each.is_fine for each in found.values())
        assert found["verdict"].found == "believed"
        assert found["roles"].found == "baker (claim roles)"
        assert found["shop"].found == f"{SHOP} (claim shops)"

    @pytest.mark.parametrize(
        "about, different",
        [
            ("issuer", {"iss": "https://elsewhere.example"}),
            ("audience", {"aud": ["a", "b"]}),
            ("expiry", {"exp": 7}),
            ("subject", {"sub": None}),
        ],
    )
    def test_points_at_what_is_wrong(self, about: str, different: dict[str, object]) -> None:
        """Only that, and the verdict with a cure."""
        found = told(token(**different))

        assert {each.about for each in found.values() if not each.is_fine} == {about, "verdict"}
        assert ": " in found["verdict"].found

    def test_points_at_a_key_nobody_knows(self) -> None:
        """The most common trouble: the provider has rotated its keys."""
        found = told(jwt.encode({"alg": "ES256", "kid": "2020-01"}, claims(), KEY))

        assert found["key"] == Finding("key", "2020-01; known are 2027-01", is_fine=False)
        assert "fetch the provider's present keys" in found["verdict"].found

    def test_points_at_a_signature_that_does_not_fit(self) -> None:
        """Though everything that can be read looks right."""
        found = told(jwt.encode({"alg": "ES256", "kid": "2027-01"}, claims(), OTHER_KEY))

        assert [each.about for each in found.values() if not each.is_fine] == ["verdict"]

    def test_names_what_it_passed_over(self) -> None:
        """A role that was spelt otherwise is found by eye."""
        found = told(token(roles=["GRP-1", "GRP-2"], shops=[str(SHOP), "harbour"]), role_names={"GRP-1": "baker"})

        assert found["roles"].found == "baker (claim roles); passed over: GRP-2"
        assert found["shop"].found == f"{SHOP} (claim shops); passed over: harbour"

    @pytest.mark.parametrize("bad", REFUSED.values(), ids=REFUSED)
    def test_believes_nothing_that_the_edge_refuses(self, bad: str) -> None:
        """The explanation must not be kinder than the gate."""
        assert not told(bad)["verdict"].is_fine

    @given(st.text())
    def test_has_something_to_say_about_anything(self, noise: str) -> None:
        """It is for tokens that do not work."""
        assert not told(noise)["verdict"].is_fine
