"""The trial's own keys and tokens. In production tokens come from the region's identity provider."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey

from shared.clock import utc_now

ISSUER = "heijastin-trial"
AUDIENCE = "heijastin"
VALID_FOR = timedelta(hours=12)

_PRIVATE, _PUBLIC = "signing-key.json", "token-keys.json"


def make_keys(folder: Path) -> Path:
    """Make a signing key in *folder*, unless it has one, and return the file of public keys for the services."""
    private, public = folder / _PRIVATE, folder / _PUBLIC
    if not public.exists():
        key = ECKey.generate_key("P-256", {"kid": "trial"})
        private.touch(mode=0o600)
        private.write_text(json.dumps(key.as_dict(private=True)), encoding="ascii")
        public.write_text(json.dumps({"keys": [key.as_dict(private=False)]}), encoding="ascii")
    return public


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the invented region: the subject of the token, their roles, and the ids of their units."""

    account: str
    roles: tuple[str, ...]
    units: tuple[str, ...]


def mint(folder: Path, person: Person, *, valid_for: timedelta = VALID_FOR) -> str:
    """Return an access token for *person*, signed with the key in *folder*."""
    key = ECKey.import_key(json.loads((folder / _PRIVATE).read_text(encoding="ascii")))
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": person.account,
        "roles": list(person.roles),
        "units": list(person.units),
        "exp": int((utc_now() + valid_for).timestamp()),
    }
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)
