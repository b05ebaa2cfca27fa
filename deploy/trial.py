"""
The whole system on this machine, for trying it out: Postgres, Kafka, the services, invented people.

Everything listens on the loopback and is on a leash: it ends with the trial, and without a data folder leaves nothing.
"""

import asyncio
import base64
import json
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from deploy import databases, kafka, kafka_topics, migrating, postgres, processes, state, supervision, tokens, topics
from deploy.databases import Passwords, Urls
from deploy.state import Running
from deploy.trouble import ExitCode, Trouble
from shared import clock
from shared.ids import new_id

PORTS = {"scheduling": 8501, "quality": 8502, "records": 8503, "feedback": 8504, "form": 8505}
"""Where people know the services and the families' form, if these are free."""

_BYTES_NEEDED = 500_000_000

_INVENTED_REGION = {
    "REGION_NAME": json.dumps(
        {
            "fi": "Satumaan hyvinvointialue (keksitty)",
            "sv": "Sagolandets välfärdsområde (påhittat)",
            "en": "Fairyland wellbeing services county (invented)",
        }
    ),
    "PRIVACY_NOTICE_URL": "https://satumaa.example/tietosuoja",
    "ACCESSIBILITY_EMAIL": "saavutettavuus@satumaa.example",
    "SOCIAL_EMERGENCY_NUMBER": "000 000 0000",
}
"""For whom the families' form speaks; no such address or number can exist."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What may be chosen about a trial; None is what most people want."""

    data: Path | None = None
    """Where to keep the data; None: nowhere."""
    kafka: str | None = None
    postgres: str | None = None
    """Existing ones to use, the latter by a superuser's address; None: start our own."""
    any_ports: bool = False
    """Whether the services shall not even try to listen where people know them."""
    watermarks_every_seconds: float = 1.0
    """How soon bad news may be told; in production there is no hurry, and it is a minute."""


@dataclass(slots=True)
class Started:
    """A trial whose services are ready; `seconds` tells how long each part took."""

    running: Running
    seconds: dict[str, float] = field(default_factory=dict[str, float])


@asynccontextmanager
async def started(wishes: Wishes, say: Say) -> AsyncGenerator[Started]:
    """
    Bring everything up and yield it when it is ready; at the end stop all of it, services first.

    Raises:
        ExceptionGroup: of `Trouble`, whose cures are named; also later on, when a service cannot go on.
    """
    _refuse_production()
    with state.claimed() as place:
        _tidy_up_after(place.left_behind)
        with _folder(wishes.data) as folder:
            async with AsyncExitStack() as servers, asyncio.TaskGroup() as services:
                trial = _Trial(wishes, folder, servers, services, say)
                try:
                    began = clock.monotonic()
                    running = await trial.start()
                    place.write(running)
                    yield Started(running, trial.seconds | {"all": clock.monotonic() - began})
                finally:
                    trial.stop_services()


@dataclass(slots=True)
class _Trial:
    """A trial on its way up."""

    wishes: Wishes
    folder: Path
    servers: AsyncExitStack
    group: asyncio.TaskGroup
    say: Say
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    services: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    async def start(self) -> Running:
        """Start Postgres and Kafka side by side; the services wait for Postgres only, as they can be without Kafka."""
        kafka_port = processes.free_port()
        kafka_servers = self.wishes.kafka or f"127.0.0.1:{kafka_port}"
        async with asyncio.TaskGroup() as starting:
            starting.create_task(self._start_kafka(kafka_port))
            rest = starting.create_task(self._start_services(kafka_servers))
        return rest.result()

    def stop_services(self) -> None:
        """Tell the services to end; who waits for the group waits for them."""
        for task in self.services:
            task.cancel()

    async def _start_kafka(self, port: int) -> None:
        servers = self.wishes.kafka
        if servers is None:
            with self._timed("kafka"):
                context = kafka.running(self.folder / "kafka", port=port, keep=self._keeps, say=self.say)
                servers = (await self.servers.enter_async_context(context)).servers
        with self._timed("topics"):
            await kafka_topics.apply(servers, topics.load().values())

    async def _start_services(self, kafka_servers: str) -> Running:
        admin_url = self.wishes.postgres or await self._start_postgres()
        names = migrating.services()
        async with asyncio.TaskGroup() as preparing:
            prepared = {name: preparing.create_task(self._prepare_database(admin_url, name)) for name in names}
        running = Running(
            pid=os.getpid(),
            folder=self.folder,
            keeps_data=self._keeps,
            kafka=kafka_servers,
            postgres=admin_url,
            databases={name: task.result() for name, task in prepared.items()},
            http={name: f"http://127.0.0.1:{self._port(name)}" for name in names},
            form=f"http://127.0.0.1:{self._port('form')}",
        )
        keys = tokens.make_keys(self.folder)
        async with asyncio.TaskGroup() as waiting:
            for name in names:
                waiting.create_task(self._start_service(name, running, keys))
        return running

    async def _start_postgres(self) -> str:
        with self._timed("postgres"):
            context = postgres.running(self.folder / "postgres", keep=self._keeps)
            return (await self.servers.enter_async_context(context)).admin_url

    async def _prepare_database(self, admin_url: str, service: str) -> Urls:
        """Create and migrate, and let the clock be moved; the passwords are new each time."""
        with self._timed(f"database {service}"):
            try:
                urls = await databases.provision(admin_url, service, _passwords())
            except (OSError, asyncpg.PostgresError) as error:
                what = f"The Postgres that was named cannot be used: {error}"
                cure = "Name it as postgresql://superuser:password@host:port/postgres, or leave --postgres out."
                raise Trouble(what, cure=cure, exit_code=ExitCode.UNAVAILABLE) from error
            await migrating.migrate(urls.owner, service)
            owner = await asyncpg.connect(urls.owner)
            try:
                await clock.unlock(owner)
            finally:
                await owner.close()
            return urls

    async def _start_service(self, name: str, running: Running, keys: Path) -> None:
        with self._timed(name):
            log = log_of(running, name)
            watermarks = {f"{name.upper()}_WATERMARK_INTERVAL_SECONDS": f"{self.wishes.watermarks_every_seconds:g}"}
            environment = environment_of(name, running, keys) | watermarks
            keeping = supervision.keep_running(name, environment=environment, log=log, say=self.say)
            self.services.append(self.group.create_task(keeping))
            await supervision.until_ready(running.http[name], service=name, log=log)

    @contextmanager
    def _timed(self, what: str) -> Generator[None]:
        began = clock.monotonic()
        yield
        self.seconds[what] = clock.monotonic() - began

    def _port(self, service: str) -> int:
        known = None if self.wishes.any_ports else PORTS.get(service)
        return known if known and processes.is_free(known) else processes.free_port()

    @property
    def _keeps(self) -> bool:
        return self.wishes.data is not None


def log_of(running: Running, service: str) -> Path:
    """Return the file to which *service* writes its log, JSON by line."""
    return running.folder / f"{service}.log"


def environment_of(service: str, running: Running, keys: Path) -> dict[str, str]:
    """Return the settings of *service* as environment variables; the address of its database goes into a file."""
    url = running.folder / f"{service}.url"
    url.touch(mode=0o600)
    url.write_text(running.databases[service].runtime, encoding="utf-8")
    settings = {
        "ENVIRONMENT": "trial",
        "DATABASE_URL_FILE": str(url),
        "KAFKA_SERVERS": running.kafka,
        "KAFKA_INSTANCE": service,
        "HTTP_PORT": running.http[service].rpartition(":")[2],
        "TOKEN_KEYS_FILE": str(keys),
        "TOKEN_ISSUER": tokens.ISSUER,
        "TOKEN_AUDIENCE": tokens.AUDIENCE,
    }
    match service:
        case "scheduling":
            settings["FEEDBACK_FORM_ADDRESS"] = f"{running.form}/p/"
        case "feedback":
            settings |= {"FORM_PORT": running.form.rpartition(":")[2], **_INVENTED_REGION}
        case _:
            pass
    return {f"{service.upper()}_{name}": value for name, value in settings.items()}


def _passwords() -> Passwords:
    return Passwords(owner=_password(), runtime=_password(), auditor=_password())


def _password() -> str:
    return base64.urlsafe_b64encode(new_id().bytes).decode().rstrip("=")


def _refuse_production() -> None:
    if os.environ.get("HEIJASTIN_ENV") == "production":
        raise Trouble(
            "HEIJASTIN_ENV says that this is production; a trial signs its own tokens and moves its own clock.",
            cure="Run it elsewhere, or unset HEIJASTIN_ENV if this machine is not production.",
            exit_code=ExitCode.USAGE,
        )


@contextmanager
def _folder(data: Path | None, *, bytes_needed: int = _BYTES_NEEDED) -> Generator[Path]:
    """Yield the folder for everything: the one that was wished for, or one that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="heijastin-trial-")) if data is None else data.absolute()
    umask = os.umask(0o022)
    try:
        _prepare(folder, is_ours=data is None or not folder.exists(), bytes_needed=bytes_needed)
        os.umask(0o077)  # keys, facts and logs are nobody else's business on a machine that others use too
        yield folder
    finally:
        os.umask(umask)
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path, *, is_ours: bool, bytes_needed: int) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if is_ours and os.geteuid() == 0:
            folder.chmod(0o711)  # so that Postgres, which is somebody else then, may pass through
        free = shutil.disk_usage(folder).free
    except OSError as error:
        what = f"The folder {folder} cannot be used: {error.strerror}."
        raise Trouble(what, cure="Choose another one: --data DIR, or export TMPDIR=DIR") from error
    if free < bytes_needed:
        what = f"Only {free / 1e6:.0f} MB are free on the disk of {folder}; {bytes_needed / 1e6:.0f} are needed."
        raise Trouble(what, cure="Free some, or choose another disk: --data DIR, or export TMPDIR=DIR")


def _tidy_up_after(left_behind: Running | None) -> None:
    if left_behind is not None and not left_behind.keeps_data:
        shutil.rmtree(left_behind.folder, ignore_errors=True)
