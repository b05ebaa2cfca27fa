"""
What somebody may see, by how they stand to it: pure, and the only place where that is decided.

Things belong to a *branch*, within it to a *crew*, and have members *in charge* of them. Roles let people through the
door of a route; relations say which things are there for them behind it. Which role stands how is said by each
service, in its own words (`Standing`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

Ground = Literal["in_charge", "stand_in", "crew", "branch", "lead", "oversight"]
"""Why somebody sees a thing: they answer for it, stand in for who does, are of its crew or serve its whole branch, or
lead or oversee the branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    Which roles stand how to things.

    `related`: see what their member is related to. `shared`: of these, the ones that serve the whole branch when their
    member is in no crew. `leading`: see all of their branches. `overseeing`: see what counts for their branches.
    """

    related: frozenset[str]
    shared: frozenset[str]
    leading: frozenset[str]
    overseeing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """
    Somebody who belongs here, as of a version of what is told of them.

    `account` is the digest of their account's subject, None without one. `stand_in_id` acts for them on
    [`stand_in_from`, `stand_in_until`); None is open.
    """

    member_id: UUID
    version: int
    branch_id: UUID
    crew_id: UUID | None
    is_active: bool
    account: UUID | None
    stand_in_id: UUID | None = None
    stand_in_from: date | None = None
    stand_in_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """
    How one caller stands to things.

    `known_as` is the member that they are, `belongs` are the branches that they belong to, whatever they see there.
    """

    known_as: UUID | None = None
    belongs: frozenset[UUID] = frozenset()
    overseen: frozenset[UUID] = frozenset()
    led: frozenset[UUID] = frozenset()
    served: frozenset[UUID] = frozenset()
    crews: frozenset[UUID] = frozenset()
    own: frozenset[UUID] = frozenset()
    stood_in_for: frozenset[UUID] = frozenset()

    def ground(
        self, *, branch: UUID, crew: UUID, in_charge: Collection[UUID], counts_for: UUID | None = None
    ) -> Ground | None:
        """Return the nearest ground on which the caller sees a thing; None: for them it is not there."""
        grounds: tuple[tuple[Ground, bool], ...] = (
            ("in_charge", not self.own.isdisjoint(in_charge)),
            ("stand_in", not self.stood_in_for.isdisjoint(in_charge)),
            ("crew", crew in self.crews),
            ("branch", branch in self.served),
            ("lead", branch in self.led),
            ("oversight", counts_for in self.overseen),
        )
        return next((ground for ground, is_so in grounds if is_so), None)

    @property
    def parameters(self) -> tuple[frozenset[UUID], frozenset[UUID], frozenset[UUID]]:
        """The arguments of `sql`: branches, crews, those in charge."""
        return self.led | self.served, self.crews, self.own | self.stood_in_for


def sql(*, branch: str, crew: str, in_charge: str, first: int) -> str:
    """
    Return the condition on three columns that says the same as `ground`, but for oversight.

    Its arguments are `Relations.parameters`, from `$first` on. Three conditions that an index each can answer.
    """
    return (
        f"({branch} = ANY (${first}::uuid[]) OR {crew} = ANY (${first + 1}::uuid[])"
        f" OR {in_charge} && ${first + 2}::uuid[])"
    )


def relate(
    standing: Standing,
    account: UUID,
    *,
    roles: Collection[str],
    belongs: frozenset[UUID],
    members: Iterable[Member],
    today: date,
) -> Relations:
    """
    Return how the caller with *account* and *roles*, who says to belong to branches, stands to things on a local day.

    *members* are those that the caller is (one, as a rule; none where nobody is known by their account), and those who
    named one of them as their stand-in. Whoever is known and no longer active has no relation to anything.
    """
    known: list[Member] = []
    absent: list[Member] = []
    for member in members:
        (known if member.account == account else absent).append(member)
    active = [member for member in known if member.is_active]
    if known and not active:
        return Relations(known_as=known[0].member_id)
    has = standing.related.intersection(roles)
    at_home = [member for member in active if has and member.branch_id in belongs]
    own = frozenset(member.member_id for member in active if has)
    return Relations(
        known_as=active[0].member_id if active else None,
        belongs=belongs,
        overseen=belongs if standing.overseeing.intersection(roles) else frozenset(),
        led=belongs if standing.leading.intersection(roles) else frozenset(),
        served=frozenset(
            member.branch_id for member in at_home if member.crew_id is None and standing.shared.intersection(roles)
        ),
        crews=frozenset(member.crew_id for member in at_home if member.crew_id is not None),
        own=own,
        stood_in_for=frozenset(member.member_id for member in absent if _stands_in(member, own, today)),
    )


def _stands_in(absent: Member, own: frozenset[UUID], today: date) -> bool:
    has_begun = absent.stand_in_from is not None and absent.stand_in_from <= today
    return absent.stand_in_id in own and has_begun and (absent.stand_in_until is None or today < absent.stand_in_until)
