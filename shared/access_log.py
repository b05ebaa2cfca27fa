"""
The access log: who looked at what, changed it or was refused it, on what ground.

A request makes notes while it works; the edge writes them in the request's own transaction, in one statement. A line,
once written, is never changed (`deploy.databases` takes the right away) and `shared.seals` shows if somebody did it.
"""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from shared.database import Connection

Did = Literal["read", "written", "refused"]

_Line = tuple[Did, UUID | None, str | None]
"""What was done, with which thing, on what ground."""

_WRITE = """
    INSERT INTO access_log (subject, known_as, roles, route, request_id, did, object_id, ground)
    SELECT $1, $2, $3, $4, $5, did, object_id, ground
    FROM unnest($6::text[], $7::uuid[], $8::text[]) WITH ORDINALITY AS noted (did, object_id, ground, place)
    ORDER BY place
"""


@dataclass(slots=True, kw_only=True)
class Notes:
    """
    What one request saw or changed (`does`), or was refused.

    `subject` is the digest of the token's subject, `roles` are those that let it in. The service sets `known_as` when
    it finds out who that is.
    """

    subject: UUID
    roles: tuple[str, ...]
    route: str
    request_id: str
    does: Literal["read", "written"]
    known_as: UUID | None = None
    _grounds: dict[UUID, str] = field(default_factory=dict[UUID, str])
    _refused: dict[UUID, None] = field(default_factory=dict[UUID, None])
    _glimpsed: dict[UUID, str] = field(default_factory=dict[UUID, str])

    def saw(self, object_id: UUID, ground: str) -> None:
        """Note that the caller is shown, or changes, a thing, and on what ground; once is enough."""
        self._grounds[object_id] = ground

    def refuse(self, object_id: UUID) -> None:
        """Note that the caller asked for a thing that is not theirs."""
        self._refused[object_id] = None

    def came_to_nothing(self) -> None:
        """Note that a rule said no to the caller, which tells of what had been loaded: that is a look at it."""
        self._glimpsed |= self._grounds
        self._grounds.clear()

    @property
    def is_left_over(self) -> bool:
        """Whether something is not written yet though its transaction was undone: what was refused, or told by a no."""
        return bool(self._refused or self._glimpsed)

    @property
    def has_seen(self) -> bool:
        """Whether anything was shown or changed since the notes were begun, or begun anew."""
        return bool(self._grounds)

    async def write(self, connection: Connection) -> None:
        """Write it all; a search that found nothing is a line as well."""
        seen: list[_Line] = [(self.does, object_id, ground) for object_id, ground in self._grounds.items()]
        await self._write(connection, [*seen, *self._refusals()] or [(self.does, None, None)])
        self._refused.clear()

    def forget_seen(self) -> None:
        """Begin anew, for the next transaction of a request that has several."""
        self._grounds.clear()

    async def write_left_over(self, connection: Connection) -> None:
        """Write what was refused, and what was looked at, in a request that came to nothing."""
        looked: list[_Line] = [("read", object_id, ground) for object_id, ground in self._glimpsed.items()]
        await self._write(connection, [*looked, *self._refusals()])

    def _refusals(self) -> list[_Line]:
        return [("refused", object_id, None) for object_id in self._refused]

    async def _write(self, connection: Connection, lines: list[_Line]) -> None:
        dids, object_ids, grounds = zip(*lines, strict=True)
        who = (self.subject, self.known_as, self.roles, self.route, self.request_id)
        await connection.execute(_WRITE, *who, dids, object_ids, grounds)
