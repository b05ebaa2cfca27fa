"""Ids that follow from what they name: no chance in them, so a pure domain may use them."""

import uuid
from uuid import UUID


def derived_id(namespace: UUID, *parts: object) -> UUID:
    """Return the one id of *parts* within *namespace* (UUIDv5): the same parts always give the same id."""
    return uuid.uuid5(namespace, "/".join(str(part) for part in parts))
