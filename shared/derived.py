"""Ids that follow from what they name: no chance in them, so a pure domain may use them."""

import uuid
from typing import Final
from uuid import UUID

_SUBJECTS: Final = UUID("7d1f0c5e-64b8-4e0a-9a3b-2c8d5f7e9b10")


def derived_id(namespace: UUID, *parts: object) -> UUID:
    """Return the one id of *parts* within *namespace* (UUIDv5): the same parts always give the same id."""
    return uuid.uuid5(namespace, "/".join(str(part) for part in parts))


def subject_digest(subject: str) -> UUID:
    """
    Return what stands for the subject of a token where nobody needs to know it: the same in every service.

    It hides an account from who reads along, not from who can guess it.
    """
    return derived_id(_SUBJECTS, subject)
