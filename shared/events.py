"""
What every published fact and every reader's view of one has in common.

A publisher subclasses `Event` in its own events module; a reader subclasses `Consumed` for the few fields it uses.
"""

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """
    A fact for the others to read: closed, frozen, complete.

    A base class of a stream names its topic (`class Baking(Event, topic="bakery.oven.loaves.v1", abstract=True)`);
    its concrete subclasses inherit it and are named noun plus past participle. When a fact was recorded is not part
    of it: the outbox draws that and the envelope carries it as `time`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: ClassVar[str]
    contract_version: ClassVar[int] = 1
    abstract: ClassVar[bool] = True

    def __init_subclass__(
        cls, *, topic: str | None = None, abstract: bool = False, contract_version: int | None = None
    ) -> None:
        """Remember the stream that the class keyword arguments name."""
        super().__init_subclass__()
        cls.abstract = abstract
        if topic is not None:
            cls.topic = topic
        if contract_version is not None:
            cls.contract_version = contract_version

    @classmethod
    def wire_type(cls) -> str:
        """Return the type on the wire: the topic's first two labels, the class and the version of the contract."""
        system, service, *_ = cls.topic.split(".")
        return f"{system}.{service}.{cls.__name__}.v{cls.contract_version}"

    def stream_key(self) -> str:
        """Return the record key: facts of one key keep their order."""
        raise NotImplementedError(type(self).__name__)

    def subject(self) -> str:
        """Return what the fact is about, as `kind/id`."""
        raise NotImplementedError(type(self).__name__)

    def subject_version(self) -> int:
        """Return the version of the subject that this fact states, counted from 1."""
        raise NotImplementedError(type(self).__name__)

    @classmethod
    def example(cls) -> Self:
        """Return an invented but valid fact, for the contract."""
        raise NotImplementedError(cls.__name__)


class Consumed(BaseModel):
    """A reader's view of somebody else's fact: the fields it uses and no more; what it does not know it passes over."""

    model_config = ConfigDict(frozen=True, extra="ignore")
