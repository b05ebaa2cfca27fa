"""Random ids, and the only home of chance. They tell nothing, not even when they were made (so no UUIDv7)."""

import random
import uuid
from uuid import UUID


def new_id() -> UUID:
    """Return a fresh random id (UUIDv4)."""
    return uuid.uuid4()


def between(lowest: float, highest: float) -> float:
    """Return a number picked at random from [*lowest*, *highest*], for pauses that must not fall into step."""
    return random.uniform(lowest, highest)  # noqa: S311 - nothing secret hangs on it
