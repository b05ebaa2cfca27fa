"""Topics are brought to what the list says, and nothing that holds facts is ever harmed."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
import pytest_asyncio
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy import kafka_topics
from deploy.kafka_topics import Admin
from deploy.topics import Topic
from deploy.trouble import Trouble
from shared.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.kafka]


@pytest_asyncio.fixture(name="admin")
async def _admin(kafka_servers: str) -> AsyncGenerator[Admin]:
    async with kafka_topics.administrator(kafka_servers) as admin:
        yield admin


@pytest_asyncio.fixture(name="loaves")
async def _loaves(admin: Admin) -> AsyncGenerator[Topic]:
    """A topic on the list, which Kafka does not have yet."""
    name = f"bakery.t{new_id().hex[:12]}.loaves.v1"
    yield Topic(name, "oven", ("shop",), "loaf", 6, "internal", 60, "Loaves.")
    await admin.delete_topics([name])


class TestApply:
    async def test_creates_what_is_missing_and_then_finds_nothing_to_do(self, kafka_servers: str, loaves: Topic):
        """It runs at every deployment."""
        first = await kafka_topics.apply(kafka_servers, [loaves])
        second = await kafka_topics.apply(kafka_servers, [loaves])

        assert [str(difference) for difference in first] == [f"{loaves.name}: topic should be there, is missing"]
        assert second == []

    async def test_changes_a_retention_and_leaves_what_others_have_set(
        self, kafka_servers: str, loaves: Topic, admin: Admin
    ):
        """Kafka's request replaces all that is set on a topic, and operators set things too."""
        await kafka_topics.apply(kafka_servers, [replace(loaves, retention_days=5)])
        configs = {"retention.ms": str(5 * 86_400_000), "max.message.bytes": "2000000"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, loaves.name, configs=configs)])
        await kafka_topics.until_set(admin, loaves, configs)

        await kafka_topics.apply(kafka_servers, [loaves])

        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, loaves.name)])
        values = {name: value for name, value, *_ in answer.resources[0][4]}
        assert values["retention.ms"] == str(60 * 86_400_000)
        assert values["max.message.bytes"] == "2000000"

    async def test_refuses_another_number_of_partitions(self, kafka_servers: str, loaves: Topic, admin: Admin):
        """Keys would move to other partitions, and their facts would lose their order."""
        await admin.create_topics([NewTopic(loaves.name, 3, 1)])
        await kafka_topics.until_there(admin, [loaves.name])

        with pytest.raises(Trouble, match="partitions should be 6, is 3"):
            await kafka_topics.apply(kafka_servers, [loaves])


class TestCheck:
    async def test_names_what_differs_and_changes_nothing(self, kafka_servers: str, loaves: Topic):
        """An operator looks before anything is touched."""
        await kafka_topics.apply(kafka_servers, [replace(loaves, retention_days=5)])

        [difference] = await kafka_topics.check(kafka_servers, [loaves])
        [same] = await kafka_topics.check(kafka_servers, [loaves])

        assert str(difference) == f"{loaves.name}: retention.ms should be 5184000000, is 432000000"
        assert same == difference

    async def test_says_that_no_kafka_answers(self, loaves: Topic):
        """The cure is named, not a stack of calls."""
        with pytest.raises(Trouble, match=r"No Kafka answers at 127\.0\.0\.1:1\."):
            await kafka_topics.check("127.0.0.1:1", [loaves])
