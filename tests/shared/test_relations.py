"""Who sees what, by how they stand to it."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from shared.relations import Ground, Member, Relations, Standing, relate

STANDING = Standing(
    related=frozenset({"baker", "courier", "master"}),
    shared=frozenset({"courier"}),
    leading=frozenset({"master"}),
    overseeing=frozenset({"inspector", "master"}),
)
HERE, ELSEWHERE, EARLY, LATE = (UUID(int=number) for number in range(4))
ANNA, BERT, CARL = (UUID(int=number) for number in range(10, 13))
ACCOUNT, ANOTHER = (UUID(int=number) for number in range(20, 22))
MONDAY, TUESDAY, WEDNESDAY = (date(2027, 3, day) for day in (1, 2, 3))


def member(member_id: UUID = ANNA, **different: Any) -> Member:
    """An active member of the early crew, with the account that asks."""
    asking = Member(member_id=member_id, version=1, branch_id=HERE, crew_id=EARLY, is_active=True, account=ACCOUNT)
    return replace(asking, **different)


def absent(member_id: UUID = CARL, **different: Any) -> Member:
    """Somebody else, who has no account or another one."""
    return member(member_id, **({"account": None} | different))


def related(*members: Member, role: str = "baker", today: date = MONDAY) -> Relations:
    """Return the relations of somebody of this branch with one role."""
    return relate(STANDING, ACCOUNT, roles=[role], belongs=frozenset({HERE}), members=members, today=today)


def sees(relations: Relations, branch: UUID = HERE, crew: UUID = LATE, in_charge: UUID = CARL) -> Ground | None:
    """Return the ground on which a loaf is seen that is baked by the late crew, with Carl in charge."""
    return relations.ground(branch=branch, crew=crew, in_charge=[in_charge], counts_for=branch)


class TestAMember:
    def test_sees_what_their_crew_does_and_nothing_of_another(self) -> None:
        """The crew shares its work."""
        anna = related(member())
        assert sees(anna, crew=EARLY) == "crew"
        assert sees(anna, crew=LATE) is None

    def test_sees_what_they_answer_for_wherever_it_is(self) -> None:
        """Also in another branch; it is the nearest of all grounds."""
        anna = related(member())
        assert sees(anna, branch=ELSEWHERE, in_charge=ANNA) == "in_charge"
        assert sees(anna, crew=EARLY, in_charge=ANNA) == "in_charge"

    def test_without_a_crew_serves_the_whole_branch_if_their_role_is_shared(self) -> None:
        """And no other branch; a role that is not shared sees nothing more."""
        courier = related(member(crew_id=None), role="courier")
        assert (sees(courier), sees(courier, branch=ELSEWHERE)) == ("branch", None)
        assert sees(related(member(), role="courier")) is None
        assert sees(related(member(crew_id=None), role="baker")) is None

    def test_sees_nothing_once_they_have_left(self) -> None:
        """Neither by crew nor by charge, and they belong nowhere."""
        assert related(member(is_active=False), role="master") == Relations(known_as=ANNA)

    def test_sees_by_charge_only_where_the_token_says_they_do_not_belong(self) -> None:
        """Whoever keeps the tokens can take a branch away at once."""
        stranger = related(member(branch_id=ELSEWHERE, crew_id=LATE))
        assert sees(stranger, branch=ELSEWHERE) is None
        assert sees(stranger, branch=ELSEWHERE, in_charge=ANNA) == "in_charge"
        assert sees(related(member(branch_id=ELSEWHERE, crew_id=None), role="courier"), branch=ELSEWHERE) is None

    def test_sees_nothing_by_a_role_that_is_related_to_nothing(self) -> None:
        """Who counts bread need not see whose it is."""
        assert sees(related(member(), role="bookkeeper"), crew=EARLY, in_charge=ANNA) is None

    def test_that_two_accounts_lay_claim_to_for_a_moment_counts_as_both(self) -> None:
        """News of a change comes in any order; who is still active is believed."""
        both = related(member(ANNA, is_active=False), member(BERT))
        assert (sees(both, in_charge=ANNA), sees(both, in_charge=BERT)) == (None, "in_charge")


class TestAStandIn:
    @pytest.mark.parametrize(
        "today, ground", [(MONDAY, None), (TUESDAY, "stand_in"), (WEDNESDAY, None)], ids=["before", "during", "after"]
    )
    def test_acts_on_half_open_days(self, today: date, ground: Ground | None) -> None:
        """From the first day on, and no longer on the last."""
        carl = absent(stand_in_id=ANNA, stand_in_from=TUESDAY, stand_in_until=WEDNESDAY)
        assert sees(related(member(), carl, today=today)) == ground

    def test_acts_without_an_end_until_one_is_set(self) -> None:
        """Nobody knows how long an illness lasts."""
        carl = absent(stand_in_id=ANNA, stand_in_from=MONDAY, is_active=False, account=ANOTHER)
        assert sees(related(member(), carl, today=date(2040, 1, 1))) == "stand_in"

    def test_is_not_whoever_else_was_named(self) -> None:
        """And who has left acts for nobody."""
        carl = absent(stand_in_id=BERT, stand_in_from=MONDAY)
        assert sees(related(member(), carl)) is None
        assert sees(related(member(BERT, is_active=False), carl)) is None

    def test_acts_for_the_absent_and_not_for_those_whom_the_absent_act_for(self) -> None:
        """Nor do they see what the absent one's crew does: they take over what somebody answers for."""
        carl = absent(crew_id=LATE, stand_in_id=ANNA, stand_in_from=MONDAY)
        bert = absent(BERT, stand_in_id=CARL, stand_in_from=MONDAY)
        anna = related(carl, member(), bert)
        assert (sees(anna, in_charge=CARL), sees(anna, in_charge=BERT)) == ("stand_in", None)


class TestALead:
    def test_sees_their_branches_member_or_not(self) -> None:
        """Somebody has to be able to look before anybody is entered."""
        for master in (related(role="master"), related(member(), role="master")):
            assert (sees(master), sees(master, branch=ELSEWHERE)) == ("lead", None)


class TestOversight:
    def test_sees_what_counts_for_their_branches(self) -> None:
        """Wherever it is by now, and nothing else."""
        inspector = related(role="inspector")

        def moved(counts_for: UUID | None) -> Ground | None:
            return inspector.ground(branch=ELSEWHERE, crew=LATE, in_charge=[CARL], counts_for=counts_for)

        assert (moved(HERE), moved(ELSEWHERE), moved(None)) == ("oversight", None, None)


class TestNobody:
    def test_sees_anything_without_a_relation(self) -> None:
        """Deny by default: a role alone opens no cupboard."""
        assert sees(related()) is None
        assert sees(Relations()) is None
