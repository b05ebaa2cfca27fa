"""What is kept of members that another service tells of, and how a caller stands by it."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest

from shared import members
from shared.clock import utc_now
from shared.database import Database
from shared.derived import subject_digest
from shared.relations import Member, Relations, Standing

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio]

STANDING = Standing(related=frozenset({"baker"}), shared=frozenset(), leading=frozenset())
HERE, EARLY, LATE, ANNA, CARL = (UUID(int=number) for number in range(5))
MONDAY, TUESDAY, WEDNESDAY = (date(2027, 3, day) for day in (1, 2, 3))


def member(version: int = 1, **different: Any) -> Member:
    """Anna of the early crew."""
    anna: dict[str, Any] = {
        "member_id": ANNA,
        "branch_id": HERE,
        "crew_id": EARLY,
        "is_active": True,
        "account": subject_digest("anna"),
    }
    return Member(version=version, **(anna | different))


def compared(*two: Member) -> Iterator[tuple[str, Any, Any]]:
    """Each field, with what it is in the one and in the other."""
    was, now = map(asdict, two)
    return ((field, was[field], now[field]) for field in was)


async def keep(database: Database, *told: Member) -> None:
    async with database.transaction() as tx:
        await members.keep(tx, told)


async def anna(database: Database, today: date = MONDAY, told: list[datetime] | None = None) -> Relations:
    def day_of(now: datetime) -> date:
        if told is not None:
            told.append(now)
        return today

    async with database.transaction() as tx:
        who: dict[str, Any] = {"roles": ["baker"], "belongs": frozenset({HERE})}
        return await members.load_relations(tx, STANDING, "anna", **who, day_of=day_of)


class TestWhatIsTold:
    async def test_in_any_order_ends_with_the_highest_version(self, database: Database) -> None:
        """News of a move come as they come, in one batch or in several."""
        await keep(database, member(1), member(3, crew_id=LATE), member(2))
        assert (await anna(database)).crews == {LATE}
        await keep(database, member(2))
        assert (await anna(database)).crews == {LATE}
        await keep(database, member(4))
        assert (await anna(database)).crews == {EARLY}

    async def test_replaces_all_that_was_told_before(self, database: Database) -> None:
        """A member is told of whole, each time."""
        days = {"stand_in_from": TUESDAY, "stand_in_until": WEDNESDAY}
        other = member(2, branch_id=CARL, crew_id=LATE, is_active=False, account=CARL, stand_in_id=CARL, **days)
        assert all(was != now for field, was, now in compared(member(), other) if field != "member_id")
        await keep(database, member())
        await keep(database, other)
        async with database.transaction() as tx:
            assert [Member(**row) for row in await tx.fetch("SELECT * FROM members")] == [other]

    async def test_of_nobody_is_nothing(self, database: Database) -> None:
        """Most batches tell of no member, and nobody is known before they are told of."""
        await keep(database)
        assert await anna(database) == Relations(belongs=frozenset({HERE}))


class TestACaller:
    async def test_stands_in_for_who_named_them(self, database: Database) -> None:
        """Until somebody else is named, and on its days."""
        days = {"stand_in_from": TUESDAY, "stand_in_until": WEDNESDAY}
        carl: dict[str, Any] = {"member_id": CARL, "crew_id": LATE, "account": None, **days}
        await keep(database, member(), member(**carl, stand_in_id=ANNA))
        found = [(await anna(database, today)).stood_in_for for today in (MONDAY, TUESDAY, WEDNESDAY)]
        assert found == [frozenset(), {CARL}, frozenset()]
        await keep(database, member(2, **carl, stand_in_id=None))
        assert not (await anna(database, TUESDAY)).stood_in_for

    async def test_is_judged_by_the_time_of_the_database(self, database: Database) -> None:
        """It is told to who asks for the local day, also where nobody is known."""
        told: list[datetime] = []
        before = utc_now()
        await anna(database, told=told)
        assert before <= told[0] <= utc_now()
