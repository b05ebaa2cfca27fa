"""Who is asking, and what a route demands of them. Deny by default: a route without a rule does not start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from shared.errors import Forbidden, Refusal


class NotSignedIn(Refusal):
    """This needs a valid access token: send it as `Authorization: Bearer ...`."""


class RoleNotAllowed(Forbidden):
    """None of your roles may do this; ask somebody whose role may."""


@dataclass(frozen=True, slots=True)
class Principal:
    """
    Who is asking, as their verified token says.

    `subject` is unique within the one issuer that is trusted. `belongs` maps each configured kind of group (`"shop"`)
    to the ids of those the principal belongs to; a kind the token is silent about is there, and empty.
    """

    subject: str
    roles: frozenset[str]
    belongs: Mapping[str, frozenset[UUID]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route demands; made by `allow`, or `PUBLIC`."""

    roles: frozenset[str]
    is_public: bool = False

    def admits(self, principal: Principal) -> bool:
        """Tell whether *principal* holds one of the roles."""
        return not self.roles.isdisjoint(principal.roles)


PUBLIC = Rule(frozenset(), is_public=True)
"""Open to anybody, with no token read at all."""

Rules = Mapping[str, Rule]
"""A service's one table: `"POST /v1/loaves/{loaf_id}/slices"` and the rule of that route."""


def allow(role: str, *others: str) -> Rule:
    """Admit whoever holds any of these roles."""
    return Rule(frozenset({role, *others}))
