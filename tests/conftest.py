"""What all tests share: real servers, databases and topics of one's own."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

import pytest
import pytest_asyncio
import structlog
from aiokafka.admin import NewTopic
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from deploy import kafka_topics, topics
from deploy.databases import Urls
from shared.ids import new_id
from tests import probe, servers
from tests.databases import Templates

# Always the same examples: a change is judged by what it changed, not by what happened to be drawn that day.
# No deadline per example, since three workers share two cores with Kafka.
settings.register_profile("default", deadline=None, derandomize=True, database=None)
# `make explore` draws others each time, and many of them.
settings.register_profile("explore", deadline=None, max_examples=5_000)
# `make mutants` runs the same tests in one process again and again: few examples.
settings.register_profile(
    "mutants", deadline=None, derandomize=True, max_examples=25, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("default")


_TOGETHER = {
    "tests/journeys/": "journeys",
    "tests/deploy/test_trial.py": "trials",
    "tests/deploy/test_tour.py": "trials",
}
"""What one worker takes whole: journeys share one region, and one trial at a time is enough for two cores."""

_LONG = (*_TOGETHER, "tests/shared/")
"""What takes long begins first, in this order, so that no worker is left alone with it at the end."""

_COVERING = ("tests/feedback/", "tests/quality/", "tests/records/", "tests/scheduling/")
"""What must cover domain and handlers by itself; tracing the rest would double its time and demand nothing."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Put what takes long first, and trace only what has to cover something.

    Whoever starts a Kafka itself finds it fetched: the shared one has been started, by a process that may download; so
    may the one that `own_kafka` starts.
    """
    items.sort(key=lambda item: next((at for at, place in enumerate(_LONG) if item.nodeid.startswith(place)), 99))
    for item in items:
        if not item.nodeid.startswith(_COVERING):
            item.add_marker(pytest.mark.no_cover)
        asked: list[str] = getattr(item, "fixturenames", [])
        if item.get_closest_marker("kafka") and "own_kafka" not in asked:
            asked.insert(0, "kafka_servers")


class _Together(LoadScopeScheduling):
    """Gives what belongs together to one worker, and everything else to whoever is free, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for place, group in _TOGETHER.items() if nodeid.startswith(place)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Choose the scheduler ourselves: the marks of `--dist loadgroup` do nothing in xdist 3.8 under pytest 9.2."""
    config.option.loadscopereorder = False
    return _Together(config, log)


@pytest.fixture(autouse=True)
def _logging_of_ones_own() -> Generator[None]:
    """Undo what a test sets up for logging: a command that logs warnings only must not silence the next test."""
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)


@pytest.fixture(name="postgres_admin_url", scope="session")
def _postgres_admin_url(testrun_uid: str) -> Generator[str]:
    """Address of a real Postgres as its superuser; HEIJASTIN_TEST_POSTGRES names an existing one."""
    yield from _server("postgres", os.environ.get("HEIJASTIN_TEST_POSTGRES"), testrun_uid)


@pytest.fixture(name="kafka_servers", scope="session")
def _kafka_servers(testrun_uid: str) -> Generator[str]:
    """Address of a real Kafka that all workers share; HEIJASTIN_TEST_KAFKA names an existing one."""
    yield from _server("kafka", os.environ.get("HEIJASTIN_TEST_KAFKA"), testrun_uid)


@pytest.fixture(name="own_kafka", scope="session")
def _own_kafka(testrun_uid: str, worker_id: str) -> Generator[str]:
    """Address of a real Kafka of this worker alone."""
    yield from _server("kafka", None, f"{testrun_uid}-{worker_id}")


def _server(kind: servers.Kind, existing: str | None, run: str) -> Generator[str]:
    if existing:
        yield existing
        return
    with servers.using(kind, servers.home_of(kind) / f"heijastin-{run}") as address:
        yield address


@pytest.fixture(name="_templates", scope="session")
def _templates(postgres_admin_url: str) -> Generator[Templates]:
    templates = Templates(postgres_admin_url)
    yield templates
    asyncio.run(templates.drop())


@pytest_asyncio.fixture(name="service_databases")
async def _service_databases(_templates: Templates) -> AsyncGenerator[Callable[[str], Awaitable[Urls]]]:
    """
    Return a function: the name of a service to the addresses of a migrated, empty database of this test's own.

    Its clock may be moved. Called twice with a name, it makes two databases.
    """
    async with _templates.copies() as copy:
        yield copy


FreshTopics = Callable[..., Awaitable[str]]


@pytest_asyncio.fixture(name="fresh_topics")
async def _fresh_topics(kafka_servers: str) -> AsyncGenerator[FreshTopics]:
    """Return a function (name, partitions=6) that makes an empty topic `bakery.<random>.<name>.v1` for this test."""
    made: list[str] = []
    async with kafka_topics.administrator(kafka_servers) as admin:

        async def make(name: str, *, partitions: int = 6) -> str:
            made.append(topic := f"bakery.t{new_id().hex[:12]}.{name}.v1")
            await admin.create_topics([NewTopic(topic, partitions, 1)])
            await kafka_topics.until_there(admin, [topic])
            return topic

        yield make
        if made:
            await admin.delete_topics(made)


@pytest_asyncio.fixture(name="system_kafka")
async def _system_kafka(own_kafka: str) -> AsyncGenerator[str]:
    """Address of a real Kafka in which the system's own topics exist, empty, for this test alone."""
    await kafka_topics.apply(own_kafka, topics.load().values())
    yield own_kafka
    async with kafka_topics.administrator(own_kafka) as admin:
        ours = topics.load()
        await admin.delete_topics(list(ours))

        async def are_gone() -> bool:
            return ours.keys().isdisjoint(await admin.list_topics())

        await probe.until(are_gone)
