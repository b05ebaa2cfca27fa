"""A small publisher and its reader, invented to show what the contract plumbing does with any service."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from deploy.system import System
from deploy.topics import Topic
from shared.contracts import contract_of
from shared.database import Transaction
from shared.events import Consumed, Event
from shared.intake import Batch, Refusals, Subscription


class Flour(StrEnum):
    """What it was baked from."""

    RYE = "rye"
    WHEAT = "wheat"


class Place(BaseModel):
    """Where it lies."""

    shelf: int
    since_on: date | None


class Baking(Event, topic="bakery.oven.loaves.v1", abstract=True):
    """The whole state of a loaf; key: the loaf."""

    loaf_id: UUID
    version: int
    flour: Flour
    baked_at: AwareDatetime | None
    place: Place
    helpers: tuple[UUID, ...] = ()

    def stream_key(self) -> str:
        """One loaf, one order."""
        return str(self.loaf_id)

    def subject(self) -> str:
        """A loaf."""
        return f"loaf/{self.loaf_id}"

    def subject_version(self) -> int:
        """Count changes of the loaf."""
        return self.version

    @classmethod
    def example(cls) -> Self:
        """A rye bread."""
        return cls(
            loaf_id=UUID("6f1c2f0e-7f0b-4f43-9d8e-0d2f3b1c4a5e"),
            version=2,
            flour=Flour.RYE,
            baked_at=datetime(2026, 3, 2, 4, 30, tzinfo=UTC),
            place=Place(shelf=3, since_on=date(2026, 3, 2)),
        )


class BreadBaked(Baking):
    """A loaf came out of the oven. The shop puts it on sale."""


class BreadBurnt(Baking):
    """A loaf stayed in too long. Nobody sells it."""


class SeenBread(Consumed):
    """What the shop looks at."""

    loaf_id: UUID
    flour: Flour


LOAVES = Topic(
    name="bakery.oven.loaves.v1",
    writer="oven",
    readers=("shop",),
    key="loaf_id",
    partitions=6,
    audience="internal",
    retention_days=60,
    about="Bread.",
)


async def fold(tx: Transaction, batch: Batch) -> Refusals:
    """Make nothing of it."""
    del tx, batch
    return []


def subscription(topics: tuple[str, ...] = (LOAVES.name,), **reads: type[Consumed]) -> Subscription:
    """Return a subscription that reads the given event classes of the bakery."""
    return Subscription(
        group="bakery.shop",
        topics=topics,
        reads={f"bakery.oven.{name}.v1": view for name, view in reads.items()},
        fold=fold,
    )


def bakery_system(
    *,
    topics: Mapping[str, Topic] | None = None,
    shop: Subscription | None = None,
    writer: str = "oven",
    relayed: tuple[str, ...] = (LOAVES.name,),
) -> System:
    """Return a system of an oven and a shop that agree, but for what is given."""
    return System(
        version="1.0.0",
        topics={LOAVES.name: LOAVES} if topics is None else topics,
        contracts={writer: tuple(contract_of(event) for event in (BreadBaked, BreadBurnt))},
        relayed={writer: relayed},
        subscriptions={"shop": shop or subscription(BreadBaked=SeenBread)},
        apis={},
    )
