import base64
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from joserfc.registry import HeaderParameter

from shared.clock import utc_now
from shared.http.tokens import TokenRefused, Trust, UnfitKeys, keys_from, verify
from tests.shared.http.bakery import AUDIENCE, ISSUER, KEY, SHOP, TRUST, bakery, caller, claims, stranger, token

NOW = utc_now()
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "2027-01"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})


# Tokens are made when tests are collected, and a run may take long: hours, so that none comes of age on the way.
def after(minutes: float) -> int:
    return int((utc_now() + timedelta(minutes=minutes)).timestamp())


def part(value: object) -> str:
    """Return *value* as one part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def signed_with_the_public_key() -> str:
    """Return the classic: the public key, which everybody has, used as the secret of an HMAC."""
    signed = f"{part({'alg': 'HS256', 'kid': '2027-01'})}.{part(claims())}"
    mac = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def with_own_key_inside() -> str:
    own: Any = OTHER_KEY.as_dict(private=False)
    return jwt.encode({"alg": "ES256", "kid": "2027-01", "jwk": own}, claims(), OTHER_KEY)


REFUSED = {
    "unsigned": f"{part({'alg': 'none', 'kid': '2027-01'})}.{part(claims())}.",
    "unsigned, oddly spelt": f"{part({'alg': 'nOnE', 'kid': '2027-01'})}.{part(claims())}.",
    "signed with the public key as a secret": signed_with_the_public_key(),
    "signed by another key of the same name": jwt.encode({"alg": "ES256", "kid": "2027-01"}, claims(), OTHER_KEY),
    "signed by the key it brings along": with_own_key_inside(),
    "by a key nobody knows": jwt.encode({"alg": "ES256", "kid": "2020-01"}, claims(), KEY),
    "without the name of a key": jwt.encode({"alg": "ES256"}, claims(), KEY),
    "with an algorithm of another kind of key": jwt.encode({"alg": "RS256", "kid": "2027-01"}, claims(), RSA),
    "with an extension that it calls critical": jwt.encode(
        {"alg": "ES256", "kid": "2027-01", "crit": ["oven"], "oven": "hot"},
        claims(),
        KEY,
        registry=jws.JWSRegistry({"oven": HeaderParameter("How hot", "str")}),
    ),
    "with a critical extension that is no list": f"{part({'alg': 'ES256', 'kid': '2027-01', 'crit': True})}.e30.e30",
    "with changed claims": ".".join(
        [token().split(".")[0], part(claims(roles=["owner"])), token().split(".")[2]],
    ),
    "for another audience": token(aud="another-bakery"),
    "for other audiences": token(aud=["a", "b"]),
    "for nobody": token(aud=None),
    "by another issuer": token(iss="https://login.elsewhere.example"),
    "by no issuer": token(iss=None),
    "expired": token(exp=after(-1)),
    "for ever": token(exp=None),
    "for as long as not a number": token(exp=float("nan")),
    "for later": token(nbf=after(600)),
    "from the future": token(iat=after(600)),
    "about nobody": token(sub=None),
    "about the empty name": token(sub=""),
    "about a number": token(sub=7),
    "with a list for claims": jws.serialize_compact({"alg": "ES256", "kid": "2027-01"}, "[]", KEY),
    "empty": "",
    "no token at all": "let.me.in",
    "deeply nested": f"{base64.urlsafe_b64encode(b'[' * 9000).decode()}.e30.e30",
    "with a list for a header": f"{part([])}.e30.e30",
}


class TestVerify:
    def test_believes_a_token_that_is_in_order(self) -> None:
        """Otherwise everything below would pass for nothing."""
        principal = verify(token(), TRUST, now=utc_now())

        assert principal.subject == "baker-7"
        assert principal.roles == {"baker"}
        assert principal.belongs == {"shop": {SHOP}}

    @pytest.mark.parametrize("bad", REFUSED.values(), ids=REFUSED)
    def test_refuses_a_token(self, bad: str) -> None:
        """Each is a way in that was open somewhere once."""
        with pytest.raises(TokenRefused) as refused:
            verify(bad, TRUST, now=utc_now())

        assert refused.value.reason.isidentifier()

    @given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
    @example("\ud800.e30.e30")
    @example("eyJhbGciOiAiRVMyNTYiLCAia2lkIjogNX0.e30.e30")
    def test_refuses_whatever_else_comes(self, noise: str) -> None:
        """Hostile bytes are a refusal, never a fault of ours."""
        with pytest.raises(TokenRefused):
            verify(noise, TRUST, now=NOW)

    def test_takes_a_token_for_several_audiences(self) -> None:
        """Some providers list every API that was asked for."""
        assert verify(token(aud=["till", AUDIENCE]), TRUST, now=utc_now()).subject == "baker-7"

    def test_forgives_clocks_that_differ_a_little(self) -> None:
        """Half a minute, in both directions."""
        assert verify(token(exp=after(-0.3), nbf=after(0.3)), TRUST, now=utc_now()).subject == "baker-7"

    def test_takes_the_keys_it_is_told_and_the_algorithms_we_fixed(self) -> None:
        """RSA keys are what most providers use."""
        trust = Trust(issuer=ISSUER, audience=AUDIENCE, keys=KeySet([RSAKey.import_key(RSA.as_dict(private=False))]))

        for algorithm in ("RS256", "PS256"):
            signed = jwt.encode({"alg": algorithm, "kid": "rsa"}, claims(), RSA, algorithms=[algorithm])
            assert verify(signed, trust, now=utc_now()).subject == "baker-7"


class TestTheReadingOfClaims:
    @pytest.mark.parametrize(
        "claim, given_claims",
        [
            ("roles", {"roles": ["baker", "seller"]}),
            ("realm_access.roles", {"realm_access": {"roles": ["baker", "seller"]}}),
            ("https://bakery.example/roles", {"https://bakery.example/roles": ["baker", "seller"]}),
        ],
    )
    def test_finds_roles_wherever_the_provider_puts_them(self, claim: str, given_claims: dict[str, object]) -> None:
        """By name, or by path; a name with dots in it is a name first."""
        trust = replace(TRUST, roles_claim=claim)

        assert verify(token(**{"roles": None, **given_claims}), trust, now=utc_now()).roles == {"baker", "seller"}

    def test_translates_the_provider_s_names_and_passes_over_the_others(self) -> None:
        """A directory's groups are many, and only those that were configured mean anything here."""
        trust = replace(TRUST, role_names={"GRP-OVEN-0042": "baker"})

        assert verify(token(roles=["GRP-OVEN-0042", "owner"]), trust, now=utc_now()).roles == {"baker"}

    @pytest.mark.parametrize("roles", ["baker", ["baker", 7, None, {}]])
    def test_takes_one_role_or_a_list(self, roles: object) -> None:
        """Whatever else stands in the list is no role."""
        assert verify(token(roles=roles), TRUST, now=utc_now()).roles == {"baker"}

    @pytest.mark.parametrize("roles", [None, 7, {"baker": True}])
    def test_gives_no_role_for_what_is_neither(self, roles: object) -> None:
        """No guessing: nothing readable is nothing allowed."""
        assert verify(token(roles=roles), TRUST, now=utc_now()).roles == frozenset()

    def test_takes_only_ids_for_groups(self) -> None:
        """Anything else in there is passed over, and a silent token belongs nowhere."""
        assert verify(token(shops=[str(SHOP), "main street", 7]), TRUST, now=utc_now()).belongs["shop"] == {SHOP}
        assert verify(token(shops=None), TRUST, now=utc_now()).belongs["shop"] == frozenset[UUID]()


class TestKeys:
    def test_come_from_a_file_or_as_they_are(self, tmp_path: Path) -> None:
        """A mounted file in production, a setting in a trial."""
        text = json.dumps({"keys": [KEY.as_dict(private=False)]})
        (tmp_path / "keys.json").write_text(text)

        assert keys_from(text) == keys_from(tmp_path / "keys.json") == keys_from(str(tmp_path / "keys.json"))

    @pytest.mark.parametrize(
        "key",
        [
            KEY.as_dict(private=True),
            OctKey.generate_key(256, {"kid": "shared"}).as_dict(),
            {name: value for name, value in KEY.as_dict(private=False).items() if name != "kid"},
            {
                "kty": "RSA",
                "kid": "short",
                "e": "AQAB",
                "n": base64.urlsafe_b64encode(b"\xff" * 128).decode().rstrip("="),
            },
            {"kty": "dough"},
            {},
        ],
        ids=["private", "shared secret", "nameless", "short", "of no known kind", "empty"],
    )
    @pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
    def test_that_are_unfit_are_refused_at_once(self, key: dict[str, object]) -> None:
        """At the start of the program, not at the first token."""
        with pytest.raises(UnfitKeys):
            keys_from(json.dumps({"keys": [key]}))

    @pytest.mark.parametrize("source", ["/nowhere/keys.json", "{", "{}", '{"keys": []}', '{"keys": [7]}'])
    def test_that_cannot_be_read_are_refused_too(self, source: str) -> None:
        """With one kind of error, whatever the trouble."""
        with pytest.raises(UnfitKeys):
            keys_from(source)


@pytest.mark.asyncio
@pytest.mark.postgres
class TestTheEdge:
    @pytest.mark.parametrize("bad", REFUSED.values(), ids=REFUSED)
    async def test_lets_no_bad_token_in(self, bad: str, database: Any) -> None:
        """401, saying how to come again and nothing about why or what."""
        async with stranger(bakery(database)) as client:
            answer = await client.get("/v1/me", headers={"authorization": f"Bearer {bad}"})

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["type"] == "urn:problem:not-signed-in"
        assert not bad or bad not in answer.text

    @pytest.mark.parametrize(
        "headers",
        [[], [("authorization", f"Basic {token()}")], [("authorization", token())]],
        ids=["nothing", "another scheme", "no scheme"],
    )
    async def test_asks_for_a_bearer(self, headers: list[tuple[str, str]], database: Any) -> None:
        """And takes a token from nowhere else."""
        async with stranger(bakery(database)) as client:
            answer = await client.get(f"/v1/me?access_token={token()}", headers=headers)

        assert answer.status_code == 401

    async def test_takes_no_two_tokens(self, database: Any) -> None:
        """A proxy and we might believe different ones."""
        async with stranger(bakery(database)) as client:
            answer = await client.get(
                "/v1/me", headers=[("authorization", f"Bearer {token()}"), ("authorization", f"Bearer {token()}")]
            )

        assert answer.status_code == 401

    async def test_lets_a_good_one_in(self, database: Any) -> None:
        """And the endpoint learns who it is."""
        async with caller(bakery(database)) as client:
            answer = await client.get("/v1/me")

        assert answer.json() == {"subject": "baker-7", "shops": [str(SHOP)]}
