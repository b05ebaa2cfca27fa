"""
Kafka's jars: a locked list (`kafka-jars.sha256`), fetched once from a Maven repository, checked by hash at every start.

`python -m deploy.jars` writes the list anew from what the repository says that Kafka needs.
"""

import hashlib
import http.client
import os
import ssl
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from deploy import cache
from deploy.trouble import ExitCode, Trouble

VERSION = "4.3.0"
LIST = Path(__file__).with_name("kafka-jars.sha256")

# Kafka, and a logger so that a broker that cannot start says why.
_WANTED = (f"org.apache.kafka:kafka_2.13:{VERSION}", "org.slf4j:slf4j-simple:1.7.36")
_AT_ONCE = 8
_PIECE_BYTES = 65_536
_TIMEOUT_SECONDS = 60
_PAUSES_SECONDS = (0.5, 1.5, 4.0)
_NETWORK = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError)
_BUSY = {429, 500, 502, 503, 504}

_NO_NETWORK = """\
The first run needs the network; later ones do not. Behind a proxy: export HTTPS_PROXY=http://proxy:port
With a Maven mirror of your own: export HEIJASTIN_MAVEN_URL=https://mirror/maven2
Where a Kafka runs already: heijastin trial --kafka host:port"""


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the list; `path` is that in a Maven repository."""

    sha256: str
    path: str

    @property
    def name(self) -> str:
        """The file's name, unique in the list."""
        return self.path.rpartition("/")[2]


def ensure(say: Callable[[str], None], given_up: threading.Event, listed: Path = LIST) -> list[Path]:
    """
    Return the jars, fetching what is missing or damaged and telling the progress, unless *given_up* is set meanwhile.

    Raises:
        CancelledError: it was given up.
        Trouble: the repository cannot be reached, the disk is full, or a jar is not the one on the list.
    """
    text = listed.read_text(encoding="ascii")
    jars = [Jar(*line.split()) for line in text.splitlines()]
    folder = cache.folder() / f"kafka-{VERSION}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    with cache.alone("kafka"):
        folder.mkdir(exist_ok=True)
        missing = [jar for jar in jars if _digest(folder / jar.name) != jar.sha256]
        if missing:
            _fetch_all(missing, folder, say, given_up)
    return [folder / jar.name for jar in jars]


def _fetch_all(jars: list[Jar], folder: Path, say: Callable[[str], None], given_up: threading.Event) -> None:
    say(f"fetching Kafka {VERSION} (once): {len(jars)} files, about 45 MB ...")
    fetched = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for count, size in enumerate(pool.map(partial(_fetch, folder, given_up), jars), start=1):
            fetched += size
            if count % _AT_ONCE == 0 or count == len(jars):
                say(f"fetching Kafka {VERSION}: {count} of {len(jars)} files, {fetched / 1e6:.0f} MB")


def _fetch(folder: Path, given_up: threading.Event, jar: Jar) -> int:
    target, part = folder / jar.name, folder / f"{jar.name}.part"
    try:
        content = _content(jar, given_up)
    except _NETWORK as error:
        what = f"Kafka cannot be fetched: {getattr(error, 'reason', error)}."
        raise Trouble(what, cure=_NO_NETWORK, exit_code=ExitCode.UNAVAILABLE) from error
    if hashlib.sha256(content).hexdigest() != jar.sha256:
        what = f"{jar.name} is not the file on our list ({LIST.name}): its hash differs."
        raise Trouble(what, cure="Ask whoever runs the Maven mirror that this machine uses; do not run what it gave.")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        what = f"Kafka cannot be kept in {folder}: {error.strerror}."
        cure = "Free about 100 MB there, or choose another disk: export XDG_CACHE_HOME=/a/folder/of/yours"
        raise Trouble(what, cure=cure) from error
    return len(content)


def _content(jar: Jar, given_up: threading.Event) -> bytes:
    """Return what the repository has; a name that is not known, or a line that breaks, is given a moment."""
    for pause in _PAUSES_SECONDS:
        try:
            return _content_at_once(jar, given_up)
        except _NETWORK as error:
            if not _may_pass(error):
                raise
            if given_up.wait(pause):
                raise CancelledError from error
    return _content_at_once(jar, given_up)


def _content_at_once(jar: Jar, given_up: threading.Event) -> bytes:
    with urllib.request.urlopen(f"{_repository()}/{jar.path}", timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - https, or what the operator configured
        content = b"".join(_pieces(answer, given_up))
        missing = int(answer.headers.get("Content-Length", len(content))) - len(content)
    if missing:
        raise http.client.IncompleteRead(content, missing)
    return content


def _may_pass(error: Exception) -> bool:
    """Tell whether to ask again: not of what is not there, nor of somebody whom this machine does not trust."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return error.code in _BUSY
    return not isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError)


def _pieces(answer: IO[bytes], given_up: threading.Event) -> Iterator[bytes]:
    while piece := answer.read(_PIECE_BYTES):
        if given_up.is_set():
            raise CancelledError
        yield piece


def _repository() -> str:
    configured = os.environ.get("HEIJASTIN_MAVEN_URL")
    if configured:
        return configured.rstrip("/")
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - slow to import, and seldom needed

    return MAVEN_CENTRAL_URL


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _lock() -> None:
    import jgo  # noqa: PLC0415 - as above

    lines: set[str] = set()
    for endpoint in _WANTED:
        for artifact in jgo.resolve(endpoint):
            file = Path(artifact.resolve())
            group = artifact.groupId.replace(".", "/")
            lines.add(f"{_digest(file)}  {group}/{artifact.artifactId}/{artifact.version}/{artifact.filename}\n")
    LIST.write_text("".join(sorted(lines, key=lambda line: line.split()[1])), encoding="ascii")


if __name__ == "__main__":
    sys.exit(_lock())
