"""Bring Kafka's topics to what `topics.yaml` says, or say where they differ. Never shrinks, never deletes."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol, TypedDict, cast

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from deploy.topics import Topic
from deploy.trouble import ExitCode, Trouble

_DAY_MS = 24 * 60 * 60 * 1000
_SEEN_WITHIN_SECONDS = 15.0
_LOOK_EVERY_SECONDS = 0.02
_SET_ON_THE_TOPIC = 1  # config_source of the protocol: what a broker's own default says is nobody's wish


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which Kafka is not what the list says; `cure` is what `apply` does, or else a person must."""

    topic: str
    what: str
    wanted: str
    found: str
    cure: str = ""

    def __str__(self) -> str:
        """One line of a report."""
        return f"{self.topic}: {self.what} should be {self.wanted}, is {self.found}{self.cure and f'. {self.cure}'}"


async def check(servers: str, topics: Iterable[Topic], *, replication: int = 1) -> list[Difference]:
    """
    Return where the topics differ from *topics*; nothing is changed. *replication*: how many brokers keep a record.

    Raises:
        Trouble: no broker answers.
    """
    async with administrator(servers) as admin:
        return await _differences(admin, list(topics), replication)


async def apply(servers: str, topics: Iterable[Topic], *, replication: int = 1) -> list[Difference]:
    """
    Create missing topics, set configurations, and return the differences that were found on the way.

    Raises:
        Trouble: no broker answers, Kafka refused, or the number of partitions differs (keys would move).
    """
    wanted = list(topics)
    async with administrator(servers) as admin:
        found = await _differences(admin, wanted, replication)
        for difference in found:
            if difference.cure:
                raise Trouble(str(replace(difference, cure="")), cure=difference.cure, exit_code=ExitCode.CONFLICT)
        touched = {difference.topic for difference in found}
        missing = {difference.topic for difference in found if difference.what == "topic"}
        await _create(admin, [topic for topic in wanted if topic.name in missing], replication)
        await _configure(admin, [topic for topic in wanted if topic.name in touched - missing], replication)
        return found


def _configs(topic: Topic, replication: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(topic.retention_days * _DAY_MS),
        # A quiet partition's only segment is never deleted: cut it each day.
        "segment.ms": str(_DAY_MS),
        # One replica may be down and writes go on; two, and nothing is confirmed that could be lost.
        "min.insync.replicas": str(max(1, replication - 1)),
    }


async def _differences(admin: "Admin", topics: list[Topic], replication: int) -> list[Difference]:
    existing = set(await admin.list_topics())
    present = [topic for topic in topics if topic.name in existing]
    found = [Difference(topic.name, "topic", "there", "missing") for topic in topics if topic.name not in existing]
    descriptions = {description["topic"]: description for description in await _described(admin, present)}
    configs = await _configs_set(admin, present)
    for topic in present:
        partitions = descriptions[topic.name]["partitions"]
        if len(partitions) != topic.partitions:
            cure = "A keyed topic keeps its number of partitions: make a topic .v2, or correct topics.yaml."
            found.append(Difference(topic.name, "partitions", str(topic.partitions), str(len(partitions)), cure))
        replicas = min(len(partition["replicas"]) for partition in partitions)
        if replicas < replication:
            cure = "Reassign its partitions with Kafka's own tool."
            found.append(Difference(topic.name, "replication", str(replication), str(replicas), cure))
        for name, value in _configs(topic, replication).items():
            if (is_set := configs[topic.name].get(name)) != value:
                found.append(Difference(topic.name, name, value, is_set or "not set"))
    return found


async def _described(admin: "Admin", topics: list[Topic]) -> "list[_Description]":
    return await admin.describe_topics([topic.name for topic in topics]) if topics else []


async def _configs_set(admin: "Admin", topics: list[Topic]) -> Mapping[str, dict[str, str]]:
    if not topics:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics])
    return {
        name: {key: value for key, value, _, source, *_ in entries if source == _SET_ON_THE_TOPIC}
        for answer in answers
        for _, _, _, name, entries in answer.resources
    }


async def _create(admin: "Admin", topics: list[Topic], replication: int) -> None:
    if topics:
        new = [
            NewTopic(topic.name, topic.partitions, replication, topic_configs=_configs(topic, replication))
            for topic in topics
        ]
        for name, code, message in (await admin.create_topics(new)).topic_errors:
            if code != TopicAlreadyExistsError.errno:  # somebody else does the same at the same time
                _demand(code, name, message)
        await until_there(admin, [topic.name for topic in topics])


async def until_there(admin: "Admin", names: Sequence[str]) -> None:
    """Return when topics just created have leaders."""

    async def all_lead() -> bool:
        return all(_leads(description) for description in await admin.describe_topics(list(names)))

    await _until(all_lead)


async def _until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Ask until *is_so*: brokers learn of a change a moment after it was confirmed."""
    async with asyncio.timeout(_SEEN_WITHIN_SECONDS):
        while not await is_so():  # noqa: ASYNC110 - the news is at a broker, not in this process
            await asyncio.sleep(_LOOK_EVERY_SECONDS)


def _leads(description: "_Description") -> bool:
    return bool(description["partitions"]) and all(partition["leader"] >= 0 for partition in description["partitions"])


async def _configure(admin: "Admin", topics: list[Topic], replication: int) -> None:
    # This request replaces all that is set on a topic, so what others have set is sent along.
    others = await _configs_set(admin, topics)
    for topic in topics:
        configs = others[topic.name] | _configs(topic, replication)
        answer = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=configs)])
        for code, message, _, name in (resource for part in answer for resource in part.resources):
            _demand(code, name, message)
        await until_set(admin, topic, configs)


async def until_set(admin: "Admin", topic: Topic, configs: Mapping[str, str]) -> None:
    """Return when brokers know of *configs* just set on *topic*."""

    async def is_set() -> bool:
        return configs.items() <= (await _configs_set(admin, [topic]))[topic.name].items()

    await _until(is_set)


def _demand(code: int, topic: str, message: str | None) -> None:
    if code != 0:
        what = f"Kafka refuses {topic}: {message or for_code(code).__name__}"
        raise Trouble(what, cure="Check the account's rights and the broker's log.", exit_code=ExitCode.CONFLICT)


@asynccontextmanager
async def administrator(servers: str) -> AsyncGenerator["Admin"]:
    """
    Yield a connected admin client.

    Raises:
        Trouble: no broker answers.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        try:
            await admin.start()
        except (KafkaError, OSError) as error:
            what = f"No Kafka answers at {servers}."
            cure = "Check the address, or start one: make trial"
            raise Trouble(what, cure=cure, exit_code=ExitCode.UNAVAILABLE) from error
        yield cast("Admin", cast("object", admin))
    finally:
        await admin.close()


class _Partition(TypedDict):
    partition: int
    leader: int
    replicas: list[int]


class _Description(TypedDict):
    topic: str
    partitions: list[_Partition]


class _Answer(Protocol):
    topic_errors: list[tuple[str, int, str | None]]
    resources: list[tuple[int, str | None, int, str, list[tuple[str, str, bool, int]]]]


class _Altered(Protocol):
    resources: list[tuple[int, str | None, int, str]]


class Admin(Protocol):
    """The part of aiokafka's admin client that we use; it brings no types."""

    async def list_topics(self) -> list[str]:
        """Return the names of all topics."""
        ...

    async def describe_topics(self, topics: list[str]) -> list[_Description]:
        """Return partitions and replicas; none for a topic that is not there."""
        ...

    async def describe_configs(self, config_resources: list[ConfigResource]) -> list[_Answer]:
        """Return every configuration, defaults too."""
        ...

    async def create_topics(self, new_topics: list[NewTopic]) -> _Answer:
        """Create topics; errors are in the answer."""
        ...

    async def delete_topics(self, topics: list[str]) -> object:
        """Delete topics; errors are in the answer."""
        ...

    async def alter_configs(self, config_resources: list[ConfigResource]) -> list[_Altered]:
        """Replace all that is set on each topic; errors are in the answer."""
        ...
