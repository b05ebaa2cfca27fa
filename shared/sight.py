"""What a caller may see, with the notes that are made of what they do see: the one thing that a handler is handed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from shared.access_log import Notes
from shared.relations import Relations


@dataclass(frozen=True, slots=True)
class Sight:
    """A caller's relations, and the notes on this request."""

    relations: Relations
    notes: Notes

    @classmethod
    def begin(cls, relations: Relations, notes: Notes) -> Self:
        """Return the sight of a request, whose notes from now on name who it is."""
        notes.known_as = relations.known_as
        return cls(relations, notes)

    @property
    def belongs(self) -> frozenset[UUID]:
        """The branches that the caller belongs to."""
        return self.relations.belongs

    def admits(
        self, object_id: UUID, *, branch: UUID, crew: UUID, in_charge: Collection[UUID], counts_for: UUID | None = None
    ) -> bool:
        """Tell whether a thing is there for the caller, and note either that they see it or that it was refused."""
        ground = self.relations.ground(branch=branch, crew=crew, in_charge=in_charge, counts_for=counts_for)
        if ground is None:
            self.notes.refuse(object_id)
            return False
        self.notes.saw(object_id, ground)
        return True

    def changes(self, object_id: UUID) -> None:
        """Note a change to something that belongs to a branch as a whole, as people and settings do."""
        self.notes.saw(object_id, "member")
