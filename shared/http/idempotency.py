"""
`Idempotency-Key`: the same creating request sent again has its effect once and gets the first answer again.

Key and answer are stored in the transaction of the effect, so there is never one without the other. Only answers to
requests that succeeded are kept; after a refusal or a failure nothing has happened and the key is free.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from shared.database import Database, Transaction
from shared.errors import Conflict, Invalid, Refusal
from shared.loops import Loop

HEADER: Final = "Idempotency-Key"
KEY_PATTERN: Final = r"[\x21-\x7e]{1,255}"

# Long enough for a client that was offline overnight. The machine's time: a moved business clock expires no key.
_FIND = (
    "SELECT request_digest, status, headers, body FROM idempotency_keys WHERE key_digest = $1 AND expires_at > now()"
)
_KEEP = """
    INSERT INTO idempotency_keys (key_digest, request_digest, status, headers, body) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (key_digest) DO UPDATE
    SET request_digest = excluded.request_digest, status = excluded.status, headers = excluded.headers,
        body = excluded.body, expires_at = excluded.expires_at
    WHERE idempotency_keys.expires_at <= now()
"""
_FORGET_EVERY: Final = timedelta(hours=1)
_FORGET = "DELETE FROM idempotency_keys WHERE expires_at <= now()"


class IdempotencyKeyMissing(Refusal):
    """Send an Idempotency-Key header: one new random key (such as a UUID) per thing to create, the same in retries."""


class IdempotencyKeyReused(Invalid):
    """This Idempotency-Key was used for another request; make a new key for each thing to create."""


class RequestInProgress(Conflict):
    """The same request is being worked on right now; ask again in a moment, with the same key."""


def key_of(request: Request, *, subject: str, route: str) -> bytes:
    """
    Return the digest of the key that *subject* sent to *route*: the same key of somebody else is another.

    Raises:
        IdempotencyKeyMissing: there is none, or it is no printable ASCII of at most 255 characters.
    """
    key = request.headers.get(HEADER, "")
    if not re.fullmatch(KEY_PATTERN, key):
        raise IdempotencyKeyMissing
    return _digest(subject, route, key)


async def once(tx: Transaction, request: Request, *, key: bytes, answer: Callable[[], Awaitable[Response]]) -> Response:
    """
    Return what *answer* gives, or what it gave when this *key* came before.

    Raises:
        IdempotencyKeyReused: the key came with another path, query or body before.
        RequestInProgress: another transaction holds the key.
    """
    request_digest = _digest(request.url.path, request.url.query, await request.body())
    # An advisory lock, because an insert would wait for the other transaction instead of telling that it is there.
    if not await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", int.from_bytes(key[:8], signed=True)):
        raise RequestInProgress
    known = await tx.fetchrow(_FIND, key)
    if known is not None:
        if known["request_digest"] != request_digest:
            raise IdempotencyKeyReused
        return Response(known["body"], known["status"], {**json.loads(known["headers"]), "idempotent-replayed": "true"})
    response = await answer()
    kept = {name: value for name, value in response.headers.items() if name != "content-length"}
    answered = (response.status_code, json.dumps(kept), bytes(response.body))
    if await tx.execute(_KEEP, key, request_digest, *answered) != "INSERT 0 1":
        raise RequestInProgress  # the lock should have told; never an effect without its key
    return response


def forgetting(database: Database) -> Loop:
    """Return the loop that deletes, in one statement, the keys that have had their time."""

    async def forget() -> int:
        return int((await database.pool.execute(_FORGET)).removeprefix("DELETE "))

    return Loop(name="forgetting", run_once=forget, shortest_pause=_FORGET_EVERY, longest_pause=_FORGET_EVERY)


def _digest(*parts: str | bytes) -> bytes:
    """Return one digest of *parts*, each hashed by itself, so that moving a character between them changes it."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
    return whole.digest()
