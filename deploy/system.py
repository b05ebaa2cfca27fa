"""
What there is: the topics of `topics.yaml`, what each service publishes to them, who reads it, and what can be asked.

Everything generated starts here, and `problems` says where topics, events and services do not agree.
"""

import importlib
import importlib.util
import pkgutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import services
from deploy import topics
from deploy.topics import Topic
from shared.contracts import Contract, contract_of, events_of
from shared.events import Consumed
from shared.http import openapi_of
from shared.intake import Subscription
from shared.metering import Catalogue
from shared.service import Service

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class System:
    """
    Topics by name; everything else by service.

    `relayed` are the topics that its relay keeps complete (with watermarks), `apis` the OpenAPI document of its API,
    `metrics` what it measures beside the plumbing.
    """

    version: str
    topics: Mapping[str, Topic]
    contracts: Mapping[str, tuple[Contract, ...]]
    relayed: Mapping[str, tuple[str, ...]]
    subscriptions: Mapping[str, Subscription]
    apis: Mapping[str, str]
    metrics: Mapping[str, Catalogue] = field(default_factory=dict[str, Catalogue])

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
        for reader, subscription in self.subscriptions.items():
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
        for topic in self.topics:
            if not self.on(topic):
                yield f"nothing is published on {topic}: take it out of topics.yaml until something is"
        for service, relayed in self.relayed.items():
            written = {topic.name for topic in self.topics.values() if topic.writer == service}
            for topic in sorted(written - set(relayed)):
                yield f"{service} never completes {topic}: add it to `publishes` in its main, or gates stay shut"
            for topic in sorted(set(relayed) - written):
                yield f"{service} completes {topic}, which it does not write: take it out of `publishes` in its main"

    def _problems_of_readers(self) -> Iterator[str]:
        for reader, wire_type, view in self.readings():
            if wire_type not in self.published:
                yield f"{reader} reads {wire_type} ({view.__name__}), which nobody publishes: correct or drop it"
        for reader, subscription in self.subscriptions.items():
            listened = set(subscription.topics)
            allowed = {topic.name for topic in self.topics.values() if reader in topic.readers}
            for topic in subscription.topics:
                if not any(contract.event.wire_type() in subscription.reads for contract in self.on(topic)):
                    yield f"{reader} listens to {topic} and reads nothing there: name the types it reads, or stop"
            for topic in sorted(listened - allowed):
                yield f"{reader} listens to {topic}, but topics.yaml does not name it as a reader: add it there"
            for topic in sorted(allowed - listened):
                yield f"{reader} does not listen to {topic}, but topics.yaml names it as a reader: take it out there"


def load_system() -> System:
    """Return what this checkout says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [found.name for found in pkgutil.iter_modules(services.__path__) if found.ispkg]
    running: dict[str, Service[Any]] = {name: room.SERVICE for name, room in _rooms(names, "main")}
    return System(
        version=project["version"],
        topics=topics.load(),
        contracts={
            name: tuple(contract_of(event) for event in events_of(room)) for name, room in _rooms(names, "events")
        },
        relayed={name: service.publishes for name, service in running.items()},
        subscriptions={name: service.subscription for name, service in running.items() if service.subscription},
        apis={name: openapi_of(room.app()) for name, room in _rooms(names, "api")},
        metrics={name: service.metrics for name, service in running.items()},
    )


def _rooms(names: Sequence[str], room: str) -> Iterator[tuple[str, ModuleType]]:
    """Import *room* of every service that has it."""
    for name in names:
        module = f"services.{name}.{room}"
        if importlib.util.find_spec(module) is not None:
            yield name, importlib.import_module(module)
