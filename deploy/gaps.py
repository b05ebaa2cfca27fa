"""`heijastin gaps`: facts that never came to a service, told, and sent again from where they were written."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from deploy import finding, migrating
from deploy.listing import Row
from shared import missing
from shared.missing import Missing
from shared.producer import Producer


@dataclass(frozen=True, slots=True)
class Filled:
    """How many facts a service missed, and how many of them were sent again."""

    service: str
    missing: int
    sent: int


async def listed(service: str | None) -> list[Row]:
    """Return what *service* misses, or what each of them does, the longest missing first."""
    return [_row(name, each) for name in migrating.chosen(service) for each in await _missing_at(name)]


async def filled(service: str | None, kafka_servers: str) -> list[Filled]:
    """
    Have what *service* misses, or each of them, sent again out of the writers' outboxes; tells of those that miss some.

    Raises:
        KafkaError: not all are confirmed; doing it again is right.
    """
    done: list[Filled] = []
    for name in migrating.chosen(service):
        if passed_over := await _missing_at(name):
            sent = await _sent_again(passed_over, kafka_servers)
            done.append(Filled(name, sum(each.facts for each in passed_over), sent))
    return done


async def _missing_at(service: str) -> list[Missing]:
    async with finding.connected(service) as connection:
        return await missing.missing_at(connection)


async def _sent_again(passed_over: Sequence[Missing], kafka_servers: str) -> int:
    by_writer: defaultdict[str, list[Missing]] = defaultdict(list)
    for each in passed_over:
        _, writer, *_ = each.topic.split(".")
        by_writer[writer].append(each)
    sent = 0
    producer = await Producer.start(kafka_servers)
    try:
        for writer, of_writer in by_writer.items():
            async with finding.connected(writer) as connection:
                sent += await missing.send_again(connection, producer, of_writer)
    finally:
        await producer.abandon()
    return sent


def _row(service: str, each: Missing) -> Row:
    return {
        "service": service,
        "topic": each.topic,
        "key": each.key,
        "first": each.first,
        "last": each.until - 1,
        "since": each.noticed_at.isoformat(timespec="seconds"),
    }
