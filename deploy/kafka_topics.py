"""Bring Kafka's topics to what `topics.yaml` says, or say where they differ. Never shrinks, never deletes."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, TypedDict, cast

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from deploy.topics import Topic
from deploy.trouble import ExitCode, Trouble

_DAY_MS = 24 * 60 * 60 * 1000
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
    async with _admin(servers) as admin:
        return await _differences(admin, list(topics), replication)


async def apply(servers: str, topics: Iterable[Topic], *, replication: int = 1) -> list[Difference]:
    """
    Create missing topics, set configurations, and return the differences that were found on the way.

    Raises:
        Trouble: no broker answers, Kafka refused, or the number of partitions differs (keys would move).
    """
    wanted = list(topics)
    async with _admin(servers) as admin:
        found = await _differences(admin, wanted, replication)
        for difference in found:
            if difference.cure:
                raise Trouble(str(difference), cure=difference.cure, exit_code=ExitCode.CONFLICT)
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


async def _differences(admin: "_Admin", topics: list[Topic], replication: int) -> list[Difference]:
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


async def _described(admin: "_Admin", topics: list[Topic]) -> "list[_Description]":
    return await admin.describe_topics([topic.name for topic in topics]) if topics else []


async def _configs_set(admin: "_Admin", topics: list[Topic]) -> Mapping[str, dict[str, str]]:
    if not topics:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics])
    return {
        name: {key: value for key, value, _, source, *_ in entries if source == _SET_ON_THE_TOPIC}
        for answer in answers
        for _, _, _, name, entries in answer.resources
    }


async def _create(admin: "_Admin", topics: list[Topic], replication: int) -> None:
    if topics:
        new = [
            NewTopic(topic.name, topic.partitions, replication, topic_configs=_configs(topic, replication))
            for topic in topics
        ]
        for name, code, message in (await admin.create_topics(new)).topic_errors:
            _demand(code, name, message)


async def _configure(admin: "_Admin", topics: list[Topic], replication: int) -> None:
    # This request replaces all that is set on a topic, so what others have set is sent along.
    others = await _configs_set(admin, topics)
    for topic in topics:
        configs = others[topic.name] | _configs(topic, replication)
        answer = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=configs)])
        for code, message, _, name in (resource for part in answer for resource in part.resources):
            _demand(code, name, message)


def _demand(code: int, topic: str, message: str | None) -> None:
    if code != 0:
        what = f"Kafka refuses {topic}: {message or for_code(code).__name__}"
        raise Trouble(what, cure="Check the account's rights and the broker's log.", exit_code=ExitCode.CONFLICT)


@asynccontextmanager
async def _admin(servers: str) -> AsyncGenerator["_Admin"]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        try:
            await admin.start()
        except (KafkaError, OSError) as error:
            what = f"No Kafka answers at {servers}."
            cure = "Check the address, or start one: make trial"
            raise Trouble(what, cure=cure, exit_code=ExitCode.UNAVAILABLE) from error
        yield cast("_Admin", cast("object", admin))
    finally:
        await admin.close()


class _Description(TypedDict):
    topic: str
    partitions: list[Mapping[str, list[int]]]


class _Answer(Protocol):
    topic_errors: list[tuple[str, int, str | None]]
    resources: list[tuple[int, str | None, int, str, list[tuple[str, str, bool, int]]]]


class _Altered(Protocol):
    resources: list[tuple[int, str | None, int, str]]


class _Admin(Protocol):
    """The part of aiokafka's admin client that we use; it brings no types."""

    async def list_topics(self) -> list[str]: ...
    async def describe_topics(self, topics: list[str]) -> list[_Description]: ...
    async def describe_configs(self, config_resources: list[ConfigResource]) -> list[_Answer]: ...
    async def create_topics(self, new_topics: list[NewTopic]) -> _Answer: ...
    async def alter_configs(self, config_resources: list[ConfigResource]) -> list[_Altered]: ...
