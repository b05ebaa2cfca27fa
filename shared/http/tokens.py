"""
Access tokens (JWT): believed only after signature, issuer, audience and times have been checked.

Keys and the reading of claims are configuration, because every identity provider names roles and groups its own way.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import JWSRegistry

from shared.http.access import Principal
from shared.settings import Settings, WrongSettings

ALGORITHMS: Final = ("ES256", "PS256", "RS256")
"""Public-key signatures only, and fixed: a token never chooses how it is checked."""

_LEEWAY_SECONDS: Final = 30  # clocks of two well-kept machines differ by less
_SMALLEST_RSA_BITS: Final = 2048


class UnfitKeys(WrongSettings):
    """The configured keys cannot be used to check tokens; the message says why."""


class TokenRefused(Exception):
    """
    A token is not believed.

    `reason` is a code for logs. Nothing of the token itself is in here.
    """

    def __init__(self, reason: str) -> None:
        """Give the code."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """
    Whose tokens are believed, and how their claims are read.

    A claim is named as it stands in the token (`"https://bakery.example/roles"`) or by its path
    (`"realm_access.roles"`). `role_names` translates the provider's names into roles; where it is empty, names are
    taken as they are, else names it does not know are passed over. `groups` maps a kind of group to the claim that
    lists the ids (UUIDs) of those one belongs to; anything else in there is passed over.
    """

    issuer: str
    audience: str
    keys: KeySet
    subject_claim: str = "sub"
    roles_claim: str = "roles"
    role_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    groups: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def trust_of(settings: Settings) -> Trust:
    """
    Return the trust that *settings* describe.

    Raises:
        UnfitKeys: the file of keys is of no use.
    """
    return Trust(
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        keys=keys_from(settings.token_keys_file),
        subject_claim=settings.subject_claim,
        roles_claim=settings.roles_claim,
        role_names=settings.role_names,
        groups=settings.group_claims,
    )


def keys_from(source: str | Path) -> KeySet:
    """
    Read a JWKS from a file, or from JSON given as it is. To rotate, add the new key, restart, then remove the old one.

    Raises:
        UnfitKeys: unreadable, empty, without `kid`, too short, secret or private.
    """
    try:
        text = str(source) if str(source).lstrip().startswith("{") else Path(source).read_text(encoding="utf-8")
        keys = KeySet.import_key_set(json.loads(text))
    except (OSError, JoseError, ValueError, KeyError, TypeError) as error:
        message = f"the token keys cannot be read as a JWKS ({type(error).__name__})"
        raise UnfitKeys(message) from error
    for key in keys:
        if key.is_private:
            raise UnfitKeys("the token keys hold a private or shared secret; whoever checks needs public keys only")
        if isinstance(key, RSAKey) and key.raw_value.key_size < _SMALLEST_RSA_BITS:
            message = f"an RSA token key is shorter than {_SMALLEST_RSA_BITS} bits"
            raise UnfitKeys(message)
    if any("kid" not in given for given in json.loads(text)["keys"]):
        raise UnfitKeys("every token key needs a kid: tokens name the key that signed them")
    return keys


def verify(token: str, trust: Trust, *, now: datetime) -> Principal:
    """
    Return whom *token* speaks for, at the machine's time *now*.

    Raises:
        TokenRefused: it is not believed.
    """
    try:
        # The library takes a token without `kid` when only one key is known; we want every token to name its key.
        if not isinstance(jws.extract_compact(token.encode()).headers().get("kid"), str):
            raise TokenRefused("key_not_named")
        verified = jwt.decode(token, trust.keys, algorithms=ALGORITHMS, registry=JWSRegistry(algorithms=ALGORITHMS))
        claims = verified.claims
        jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": trust.issuer},
            aud={"essential": True, "value": trust.audience},
            exp={"essential": True},
        ).validate(claims)
    except ExpiredTokenError as error:
        raise TokenRefused("expired") from error
    except (InvalidClaimError, MissingClaimError) as error:
        raise TokenRefused("claim_not_as_demanded") from error
    except JoseError as error:
        raise TokenRefused(error.error or "unreadable") from error
    except (ValueError, TypeError) as error:  # hostile bytes
        raise TokenRefused("unreadable") from error
    subject = claim(claims, trust.subject_claim)
    if not isinstance(subject, str) or not subject:
        raise TokenRefused("subject_missing")
    return Principal(
        subject=subject,
        roles=roles_of(claims, trust),
        belongs=MappingProxyType({kind: uuids(words(claims, source)) for kind, source in trust.groups.items()}),
    )


def roles_of(claims: Mapping[str, object], trust: Trust) -> frozenset[str]:
    """Return the roles that *claims* give, translated."""
    named = words(claims, trust.roles_claim)
    if not trust.role_names:
        return frozenset(named)
    return frozenset(trust.role_names[name] for name in named if name in trust.role_names)


def claim(claims: Mapping[str, object], name: str) -> object:
    """Return the claim called *name*, or at that path; None when there is none."""
    if name in claims:
        return claims[name]
    first, _, rest = name.partition(".")
    inner = claims.get(first)
    return claim(cast("Mapping[str, object]", inner), rest) if rest and isinstance(inner, Mapping) else None


def words(claims: Mapping[str, object], name: str) -> Sequence[str]:
    """Return a claim that is one string, or a list of them."""
    found = claim(claims, name)
    if isinstance(found, str):
        return [found]
    return [word for word in cast("list[Any]", found) if isinstance(word, str)] if isinstance(found, list) else []


def uuids(words: Sequence[str]) -> frozenset[UUID]:
    """Return those of *words* that are ids."""
    found: set[UUID] = set()
    for word in words:
        try:
            found.add(UUID(word))
        except ValueError:
            continue
    return frozenset(found)
