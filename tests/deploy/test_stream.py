"""Whoever looks on at the facts is told when there is nothing to look at any more."""

from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from deploy import kafka, kafka_topics, topics
from deploy.stream import facts
from deploy.trouble import ExitCode, Trouble
from shared.producer import Producer, Record

TOPIC = "heijastin.feedback.results.v1"


@pytest.mark.kafka
@pytest.mark.asyncio
async def test_looking_on_ends_when_kafka_is_gone(tmp_path: Path) -> None:
    """The trial in the other terminal was ended; a consumer by itself would try for ever, and say so each time."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(kafka.running(tmp_path / "kafka"))
        await kafka_topics.apply(server.servers, [topics.load()[TOPIC]])
        producer = await Producer.start(server.servers)
        await producer.send([Record(TOPIC, 0, b"a unit", b"{}", [])])
        await producer.abandon()
        flow = facts(server.servers, [TOPIC], from_beginning=True, follow=True, quiet_seconds=0.5)
        async with aclosing(flow):
            assert (await anext(flow)).key == "a unit"

            await stack.aclose()
            with pytest.raises(Trouble, match="No Kafka answers") as trouble:
                await anext(flow)

    assert trouble.value.exit_code == ExitCode.UNAVAILABLE
