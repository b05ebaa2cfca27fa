"""Random ids and the only home of chance. Ids tell nothing, not even when they were made (so no UUIDv7)."""

import random
import secrets
import uuid
from collections.abc import Iterable
from typing import Final, TypeVar
from uuid import UUID

_T = TypeVar("_T")

# From the system's own source: nobody who has seen what came of it can reckon what came before or comes next.
_CHANCE: Final = random.SystemRandom()


def new_id() -> UUID:
    """Return a fresh random id (UUIDv4)."""
    return uuid.uuid4()


def new_token() -> str:
    """Return a fresh secret of 128 bits, in characters that need no escaping in an address."""
    return secrets.token_urlsafe(16)


def between(lowest: float, highest: float) -> float:
    """Return a number picked at random from [*lowest*, *highest*], for pauses that must not fall into step."""
    return _CHANCE.uniform(lowest, highest)


def whole_between(lowest: int, highest: int) -> int:
    """Return a whole number picked at random from *lowest* to *highest*, both included."""
    return _CHANCE.randint(lowest, highest)


def shuffled(items: Iterable[_T]) -> list[_T]:
    """Return *items* in an order that tells nothing of the one they came in."""
    listed = list(items)
    _CHANCE.shuffle(listed)
    return listed
