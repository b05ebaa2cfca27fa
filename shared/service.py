"""
The life of a service's process: how it starts, what runs in it, and how it ends in 15 seconds whatever is the matter.

Start: settings, database, schema; then at once HTTP, with loops, relay and consumer beginning in the background.
End: not ready, accept nothing new, answer what was asked, let the batch in hand end, stop the loops, close the pool.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

import asyncpg
import uvicorn
import uvloop
from starlette.types import ASGIApp

from shared import logs, migrations, seals, telemetry, watchdog
from shared.consumer import Consumer
from shared.database import Database
from shared.health import Health
from shared.http import idempotency
from shared.intake import Intake, Subscription
from shared.loops import Dependency, Loop, RunningLoop
from shared.metering import Catalogue, Metrics
from shared.metrics import INFO, PLUMBING
from shared.migrations import SchemaMismatch
from shared.relay import Relay
from shared.settings import Settings, WrongSettings
from shared.trouble import ends_within, is_passing, pause_seconds
from shared.watchdog import BlockGuard, Probe, Watched, exit_at_the_latest

log = logs.get(__name__)

# Of the 15 seconds that a process may take to end; each step is bounded by itself, and all of them together.
_REQUESTS_END_WITHIN_SECONDS = 4
_CONSUMER_STOPS_WITHIN_SECONDS = 4.0
_LOOPS_STOP_WITHIN_SECONDS = 2.0
_POOL_CLOSES_WITHIN_SECONDS = 1.0
_PROCESS_ENDS_WITHIN_SECONDS = 14.0
_MEASURE_EVERY_SECONDS = 15.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Parts(Generic[S]):
    """What a service's own application and loops are made of."""

    settings: S
    database: Database
    metrics: Metrics
    intake: Intake | None
    """None for a service that listens to nobody; its `moved` wakes what waits for the gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door(Generic[S]):
    """
    A second way in, beside the API: an application for another public, at an address of its own.

    Nothing is put around the application, neither our own paths nor a log: what it keeps of a visit, it decides.
    """

    app: Callable[[Parts[S]], ASGIApp]
    address: Callable[[S], tuple[str, int]]
    """Host and port, out of the service's own settings; 0 takes any free port, which `door_listens` tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Generic[S]):
    """
    A service, as its `main` describes it.

    `publishes` are the topics that it writes (a relay is started if there are any), `subscription` what it listens
    to, `loops` its own background work, `migrate_with` the command that an operator runs when the schema is behind.
    """

    name: str
    version: str
    settings: type[S]
    migrations: tuple[Path, ...]
    migrate_with: str
    app: Callable[[Parts[S]], ASGIApp]
    door: Door[S] | None = None
    publishes: tuple[str, ...] = ()
    subscription: Subscription | None = None
    loops: Callable[[Parts[S]], Sequence[Loop]] = lambda _: ()
    metrics: Catalogue = ()


def serve(service: Service[S]) -> NoReturn:
    """Run *service* in this process until it is told to end, and exit; the exit codes are those of sysexits.h."""
    try:
        settings = service.settings.read()
    except WrongSettings as wrong:
        sys.stderr.write(f"{wrong}\n")
        sys.exit(os.EX_CONFIG)
    logs.configure(
        service=service.name,
        version=service.version,
        environment=settings.environment,
        log_format=settings.log_format,
        level=settings.log_level,
    )
    collect_garbage_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        exit_code = runner.run(_live(service, settings))
    sys.exit(exit_code)


def collect_garbage_seldom() -> None:
    """
    Let Python look for cycles after 50,000 new objects instead of 700, and never among what was imported.

    A batch makes thousands of objects that live as long as it does; looking through them was a third of its cost.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@dataclass(slots=True)
class _End:
    """Why and how the process ends; the first cause stands."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    exit_code: int = os.EX_OK

    def ask(self, because: str, *, exit_code: int = os.EX_OK) -> None:
        if not self.asked.is_set():
            self.exit_code = exit_code
            self.asked.set()
            log.log(logging.ERROR if exit_code else logging.INFO, "process_ends", because=because)
            exit_at_the_latest(exit_code or os.EX_SOFTWARE, within_seconds=_PROCESS_ENDS_WITHIN_SECONDS)

    @contextlib.contextmanager
    def on_signals(self) -> Generator[None]:
        """Be asked by SIGTERM and SIGINT; a second one ends the process on the spot."""
        loop = asyncio.get_running_loop()

        def on_signal(which: signal.Signals) -> None:
            if self.asked.is_set():
                os._exit(128 + which)
            self.ask(which.name)

        for each in _SIGNALS:
            loop.add_signal_handler(each, on_signal, each)
        try:
            yield
        finally:
            for each in _SIGNALS:
                loop.remove_signal_handler(each)


async def _live(service: Service[S], settings: S) -> int:
    end = _End()
    with end.on_signals():
        database = await _open_database(service, settings, end)
        if database is not None:
            try:
                await _work(service, settings, database, end)
            except WrongSettings as wrong:  # what only their use could show, such as keys that are none
                end.ask(str(wrong), exit_code=os.EX_CONFIG)
            finally:
                if not await ends_within(_POOL_CLOSES_WITHIN_SECONDS, database.close()):
                    database.pool.terminate()
    return end.exit_code


async def _open_database(service: Service[S], settings: S, end: _End) -> Database | None:
    """Wait for the database and return it; None when the process should end instead."""
    failures = 0
    while not end.asked.is_set():
        database = None
        try:
            database = await Database.open(
                settings.database_url.get_secret_value(),
                application_name=service.name,
                max_size=settings.database_pool_size,
            )
            async with database.reading() as connection:
                await migrations.check(connection, *service.migrations)
        except SchemaMismatch as mismatch:
            end.ask(f"{mismatch}: {service.migrate_with}", exit_code=os.EX_CONFIG)
        except (OSError, asyncpg.PostgresError) as trouble:
            if not is_passing(trouble):
                end.ask(f"the database refuses us: {type(trouble).__name__}", exit_code=os.EX_CONFIG)
                break
            failures += 1
            if failures == 1:
                log.warning("database_awaited", error=type(trouble).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(end.asked.wait(), pause_seconds(failures))
        else:
            return database
        if database is not None:
            await database.close()
    return None


async def _work(service: Service[S], settings: S, database: Database, end: _End) -> None:
    door = service.door
    listening = _listen([(settings.http_host, settings.http_port), *([door.address(settings)] if door else [])], end)
    if not listening:
        return
    metrics = Metrics(service.name, PLUMBING, service.metrics)
    metrics.set(INFO, 1, version=service.version, environment=settings.environment)
    intake = None if service.subscription is None else Intake(database, service.subscription)
    consumer = None if intake is None else _consumer(settings, intake, metrics)
    health = Health(database, service.migrations, metrics, consumer)
    parts = Parts(settings, database, metrics, intake)
    loops = [*_plumbing_loops(service, parts), *service.loops(parts)]
    servers = [_Server(health.around(service.app(parts))), *([_Server(door.app(parts))] if door else [])]
    serving = [
        asyncio.create_task(server.serve([opened]), name="http")
        for server, opened in zip(servers, listening, strict=True)
    ]
    log.info("http_listens", **_place_of(listening[0]))
    if door:
        log.info("door_listens", **_place_of(listening[1]))
    running = [RunningLoop(loop, metrics) for loop in loops]
    telemetry.of_loops(metrics, running)
    telemetry.of_pool(metrics, database)
    if consumer is not None:
        consumer.start()
    await _until_the_end(service, settings, serving, [*running, *([consumer] if consumer else [])], end)

    health.is_ending = True
    for server in servers:
        server.should_exit = True
    await asyncio.wait(serving, timeout=_REQUESTS_END_WITHIN_SECONDS + 1.0)
    if consumer is not None:
        await consumer.stop(within_seconds=_CONSUMER_STOPS_WITHIN_SECONDS)
    await asyncio.gather(*(loop.stop(within_seconds=_LOOPS_STOP_WITHIN_SECONDS) for loop in running))
    log.info("process_ended")


async def _until_the_end(
    service: Service[S], settings: S, serving: Sequence[asyncio.Task[None]], watched: Sequence[Watched], end: _End
) -> None:
    """Return when the process was asked to end: from outside, by the watchdog, or because a door has closed."""
    topics = [*service.publishes, *(service.subscription.topics if service.subscription else ())]
    probes: dict[Dependency, Probe] = {
        "database": watchdog.database_probe(settings.database_url.get_secret_value()),
        "kafka": watchdog.kafka_probe(settings.kafka_servers, topics),
    }
    guard = BlockGuard()
    guard.start()
    watching = asyncio.create_task(watchdog.watch(watched, probes), name="watchdog")
    asked = asyncio.create_task(end.asked.wait(), name="end")
    done, _ = await asyncio.wait({*serving, watching, asked}, return_when=asyncio.FIRST_COMPLETED)
    if watching in done:
        end.ask(watching.result(), exit_code=os.EX_SOFTWARE)
    end.ask("http has ended", exit_code=os.EX_SOFTWARE)
    for task in (watching, asked):
        task.cancel()
    guard.stop()


def _listen(addresses: Sequence[tuple[str, int]], end: _End) -> list[socket.socket]:
    """Return a socket for each of *addresses*; none when one is taken, and the process should end instead."""
    opened: list[socket.socket] = []
    for host, port in addresses:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            opened.append(socket.create_server((host, port), family=family, backlog=2048))
        except OSError as taken:
            end.ask(f"cannot listen on {host}:{port}: {os.strerror(taken.errno or 0)}", exit_code=os.EX_UNAVAILABLE)
            for each in opened:
                each.close()
            return []
    return opened


def _place_of(listening: socket.socket) -> dict[str, str | int]:
    host, port, *_ = listening.getsockname()
    return {"host": host, "port": port}


def _consumer(settings: Settings, intake: Intake, metrics: Metrics) -> Consumer:
    telemetry.of_intake(metrics, intake.state)
    return Consumer(
        servers=settings.kafka_servers,
        group=intake.subscription.group,
        instance=settings.kafka_instance,
        topics=intake.subscription.topics,
        take=intake.take,
        metrics=metrics,
    )


def _plumbing_loops(service: Service[S], parts: Parts[S]) -> Iterator[Loop]:
    settings = parts.settings
    relay = None
    if service.publishes:
        relay = Relay(
            database_url=settings.database_url.get_secret_value(),
            kafka_servers=settings.kafka_servers,
            topics=service.publishes,
            watermark_interval_seconds=settings.watermark_interval_seconds,
        )
        telemetry.of_relay(parts.metrics, relay.state)
        yield Loop(
            name="relay",
            run_once=relay.run_once,
            shortest_pause=timedelta(seconds=settings.relay_tick_shortest_seconds),
            longest_pause=timedelta(seconds=settings.relay_tick_longest_seconds),
            wake=parts.database.appended,
            needs=frozenset({"database", "kafka"}),
            close=relay.close,
        )
    yield idempotency.forgetting(parts.database)
    yield seals.sealing(parts.database, every=timedelta(seconds=settings.seal_interval_seconds))
    yield telemetry.measuring(
        parts.metrics,
        parts.database,
        every=timedelta(seconds=min(_MEASURE_EVERY_SECONDS, settings.watermark_interval_seconds)),
        reads=service.subscription.topics if service.subscription else (),
        relay=relay.state if relay else None,
    )


class _Server(uvicorn.Server):
    """Uvicorn without its own handling of signals: the order in which a process ends is ours."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,  # it would hold paths; shared.http writes one with the routes instead
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_REQUESTS_END_WITHIN_SECONDS,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone."""
        yield
