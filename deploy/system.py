"""
What there is: the topics of `topics.yaml`, what each service publishes to them, and who reads it.

Everything generated starts here, and `problems` says where the three do not agree.
"""

import importlib
import importlib.util
import pkgutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

import services
from deploy import topics
from deploy.topics import Topic
from shared.contracts import Contract, contract_of, events_of
from shared.events import Consumed
from shared.intake import Subscription

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class System:
    """Topics by name; contracts and subscriptions by service."""

    version: str
    topics: Mapping[str, Topic]
    contracts: Mapping[str, tuple[Contract, ...]]
    subscriptions: Mapping[str, tuple[Subscription, ...]]

    @cached_property
    def published(self) -> Mapping[str, Contract]:
        """Every contract by its type on the wire, in the order of topics and definitions."""
        return {
            contract.event.wire_type(): contract
            for topic in self.topics
            for contracts in self.contracts.values()
            for contract in contracts
            if contract.event.topic == topic
        }

    def on(self, topic: str) -> list[Contract]:
        """Return what is published on *topic*."""
        return [contract for contract in self.published.values() if contract.event.topic == topic]

    def readings(self) -> Iterator[tuple[str, str, type[Consumed]]]:
        """Yield every (reader, type on the wire, class it is read as)."""
        for reader, subscriptions in self.subscriptions.items():
            for subscription in subscriptions:
                for wire_type, view in subscription.reads.items():
                    yield reader, wire_type, view

    def readers_of(self, wire_type: str) -> list[str]:
        """Return the services that do something about *wire_type*."""
        return sorted({reader for reader, read, _ in self.readings() if read == wire_type})

    def problems(self) -> list[str]:
        """Return where topics, events and subscriptions contradict each other; each line names the cure."""
        return [*self._problems_of_publishers(), *self._problems_of_readers()]

    def _problems_of_publishers(self) -> Iterator[str]:
        for service, contracts in self.contracts.items():
            for event in (contract.event for contract in contracts):
                topic = self.topics.get(event.topic)
                if topic is None:
                    yield f"{event.__name__} goes to {event.topic}, which is not in topics.yaml: add it there"
                elif topic.writer != service or event.wire_type().split(".")[1] != service:
                    yield f"{service} publishes {event.wire_type()} to {topic.writer}'s topic: give it one of its own"

    def _problems_of_readers(self) -> Iterator[str]:
        for reader, wire_type, view in self.readings():
            if wire_type not in self.published:
                yield f"{reader} reads {wire_type} ({view.__name__}), which nobody publishes: correct or drop it"
        for reader, subscriptions in self.subscriptions.items():
            listened = {topic for subscription in subscriptions for topic in subscription.topics}
            allowed = {topic.name for topic in self.topics.values() if reader in topic.readers}
            for topic in sorted(listened - allowed):
                yield f"{reader} listens to {topic}, but topics.yaml does not name it as a reader: add it there"
            for topic in sorted(allowed - listened):
                yield f"{reader} does not listen to {topic}, but topics.yaml names it as a reader: take it out there"


def load_system() -> System:
    """Return what this checkout says."""
    names = [found.name for found in pkgutil.iter_modules(services.__path__) if found.ispkg]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return System(
        version=project["version"],
        topics=topics.load(),
        contracts={
            name: tuple(contract_of(event) for event in events_of(events))
            for name in names
            if (events := _room(name, "events")) is not None
        },
        subscriptions={
            name: tuple(value for value in vars(room).values() if isinstance(value, Subscription))
            for name in names
            if (room := _room(name, "subscriptions")) is not None
        },
    )


def _room(service: str, room: str) -> ModuleType | None:
    name = f"services.{service}.{room}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None
