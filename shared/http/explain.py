"""Why a token is believed or not, and what is read out of it; for people who connect an identity provider."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from shared.http import tokens
from shared.http.tokens import ALGORITHMS, TokenRefused, Trust

_CURES: Final[Mapping[str, str]] = {
    "key_not_named": "the provider must put the signing key's kid into the header",
    "invalid_key_id": "fetch the provider's present keys (JWKS); it may have rotated them",
    "unsupported_algorithm": f"let the provider sign with one of {', '.join(ALGORITHMS)}",
    "bad_signature": "it was changed, or signed by another key of the same kid: fetch the provider's keys again",
    "expired": "get a new one; if it is new, compare the clocks",
    "claim_not_as_demanded": "see above: settings and provider must name the same issuer and audience",
    "subject_missing": "name the claim that tells whom the token speaks for",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was found, and whether it will do."""

    about: str
    found: str
    is_fine: bool


def explain(token: str, trust: Trust, *, now: datetime) -> list[Finding]:
    """
    Return what *trust* makes of *token* at the machine's time *now*, the verdict last.

    Shows claims even where the signature is bad, so it is for the holder's own eyes: print it, never log it.
    """
    header, claims = (_unverified(token, part) for part in (0, 1))
    kid, algorithm = header.get("kid"), header.get("alg")
    audiences = cast("list[object]", claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")])
    findings = [
        Finding("algorithm", f"{algorithm}; taken are {', '.join(ALGORITHMS)}", algorithm in ALGORITHMS),
        Finding("key", f"{kid}; known are {', '.join(str(key.kid) for key in trust.keys)}", _knows(trust, kid)),
        Finding("issuer", f"{claims.get('iss')}; trusted is {trust.issuer}", claims.get("iss") == trust.issuer),
        Finding("audience", f"{claims.get('aud')}; we are {trust.audience}", trust.audience in audiences),
        _expiry(claims, now),
        _subject(claims, trust),
        _roles(claims, trust),
        *(_group(claims, kind, claim) for kind, claim in trust.groups.items()),
    ]
    try:
        tokens.verify(token, trust, now=now)
    except TokenRefused as refused:
        cure = _CURES.get(refused.reason, "it is no token that we can read")
        return [*findings, Finding("verdict", f"refused ({refused.reason}): {cure}", is_fine=False)]
    return [*findings, Finding("verdict", "believed", is_fine=True)]


def _unverified(token: str, part: int) -> Mapping[str, Any]:
    try:
        text = token.split(".")[part]
        found: object = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (IndexError, binascii.Error, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _knows(trust: Trust, kid: object) -> bool:
    return any(key.kid == kid for key in trust.keys)


def _expiry(claims: Mapping[str, Any], now: datetime) -> Finding:
    try:
        until = datetime.fromtimestamp(claims["exp"], UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return Finding("expiry", f"{claims.get('exp')} is no time", is_fine=False)
    return Finding("expiry", f"{until.isoformat()}; now it is {now.isoformat(timespec='seconds')}", until > now)


def _subject(claims: Mapping[str, Any], trust: Trust) -> Finding:
    found = tokens.claim(claims, trust.subject_claim)
    return Finding("subject", f"{found} (claim {trust.subject_claim})", isinstance(found, str) and bool(found))


def _roles(claims: Mapping[str, Any], trust: Trust) -> Finding:
    named = tokens.words(claims, trust.roles_claim)
    roles = sorted(tokens.roles_of(claims, trust))
    passed_over = [name for name in named if trust.role_names and name not in trust.role_names]
    told = f"{', '.join(roles) or 'none'} (claim {trust.roles_claim})"
    return Finding("roles", told + _passed_over(passed_over), bool(roles))


def _group(claims: Mapping[str, Any], kind: str, claim: str) -> Finding:
    named = tokens.words(claims, claim)
    ids = {str(each) for each in tokens.uuids(named)}
    passed_over = [name for name in named if name.lower() not in ids]
    return Finding(kind, f"{', '.join(sorted(ids)) or 'none'} (claim {claim})" + _passed_over(passed_over), bool(ids))


def _passed_over(names: list[str]) -> str:
    return f"; passed over: {', '.join(names)}" if names else ""
