"""Kafka's jars come once, whole, and are the ones on the list."""

import hashlib
import threading
from collections import Counter
from collections.abc import Generator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy import jars
from deploy.trouble import ExitCode, Trouble

CONTENTS = {f"bakery/oven/{name}/1.0/{name}-1.0.jar": name.encode() * 200_000 for name in ("crust", "crumb", "yeast")}


@dataclass(slots=True)
class Mirror:
    """A Maven repository of the bakery's own."""

    url: str
    contents: dict[str, bytes]
    troubles: list[str] = field(default_factory=list[str])
    """What happens to the next requests: they are answered as by a server that is busy, or cut short."""
    asked: list[str] = field(default_factory=list[str])


@pytest.fixture(name="mirror")
def _mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Mirror]:
    mirror = Mirror("", dict(CONTENTS))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.removeprefix("/maven/")
            mirror.asked.append(path)
            trouble, content = mirror.troubles.pop() if mirror.troubles else None, mirror.contents.get(path, b"")
            self.send_response(503 if trouble == "busy" else 200 if path in mirror.contents else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:1000] if trouble else content)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""
            del code, size

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mirror.url = f"http://127.0.0.1:{server.server_port}/maven"
    monkeypatch.setenv("HEIJASTIN_MAVEN_URL", mirror.url)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield mirror
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture(name="listed")
def _listed(tmp_path: Path) -> Path:
    lines = (f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in CONTENTS.items())
    listed = tmp_path / "jars.sha256"
    listed.write_text("".join(lines))
    return listed


def ensure(listed: Path) -> list[Path]:
    return jars.ensure(lambda _: None, threading.Event(), listed)


class TestTheJars:
    def test_are_fetched_once_and_kept(self, mirror: Mirror, listed: Path):
        """Later starts need no network."""
        first = ensure(listed)
        second = ensure(listed)

        assert [path.read_bytes() for path in first] == list(CONTENTS.values())
        assert second == first
        assert sorted(mirror.asked) == sorted(CONTENTS)

    def test_are_refused_when_they_are_not_the_ones_on_the_list(self, mirror: Mirror, listed: Path):
        """What runs on this machine is what was looked at when the list was made."""
        changed = next(iter(CONTENTS))
        mirror.contents[changed] = b"something else"

        with pytest.raises(Trouble, match=r"crust-1\.0\.jar is not the file on our list"):
            ensure(listed)

        mirror.contents[changed] = CONTENTS[changed]
        assert [path.read_bytes() for path in ensure(listed)] == list(CONTENTS.values())

    @pytest.mark.parametrize("trouble", ["busy", "cut short"])
    def test_are_asked_for_again_after_a_moment(self, mirror: Mirror, listed: Path, trouble: str):
        """One hitch of the network among so many files must not end a first run."""
        mirror.troubles.append(trouble)

        assert [path.read_bytes() for path in ensure(listed)] == list(CONTENTS.values())
        assert len(mirror.asked) == len(CONTENTS) + 1

    def test_are_not_asked_for_for_ever(self, mirror: Mirror, listed: Path, monkeypatch: pytest.MonkeyPatch):
        """Whoever waits wants to know."""
        monkeypatch.setattr(jars, "_PAUSES_SECONDS", (0.0, 0.0))
        mirror.troubles = ["busy"] * 100

        with pytest.raises(Trouble, match="Kafka cannot be fetched: Service Unavailable"):
            ensure(listed)

        assert max(Counter(mirror.asked).values()) == 3

    def test_are_missed_when_the_mirror_has_not_all_of_them(self, mirror: Mirror, listed: Path):
        """A mirror that answers is not yet one that has what we need."""
        mirror.contents.clear()

        with pytest.raises(Trouble, match="Kafka cannot be fetched: Not Found"):
            ensure(listed)

    def test_are_fetched_again_when_one_was_damaged(self, mirror: Mirror, listed: Path):
        """A full disk or a power cut must not need a person."""
        first, *_ = ensure(listed)
        first.write_bytes(b"")

        assert ensure(listed)[0].read_bytes() == next(iter(CONTENTS.values()))
        assert len(mirror.asked) == len(CONTENTS) + 1

    def test_are_fetched_by_one_of_two_that_start_at_once(self, mirror: Mirror, listed: Path):
        """Two terminals, or two workers of the tests, on a fresh machine."""
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(ensure, [listed, listed])

        assert first == second
        assert sorted(mirror.asked) == sorted(CONTENTS)

    @pytest.mark.usefixtures("mirror")
    def test_name_the_cure_when_there_is_no_network(self, listed: Path, monkeypatch: pytest.MonkeyPatch):
        """A stranger behind a proxy should not have to read our code."""
        monkeypatch.setenv("HEIJASTIN_MAVEN_URL", "http://127.0.0.1:1")

        with pytest.raises(Trouble, match="Kafka cannot be fetched: ") as trouble:
            ensure(listed)

        assert trouble.value.exit_code == ExitCode.UNAVAILABLE
        assert "export HTTPS_PROXY=" in trouble.value.cure
        assert "--kafka host:port" in trouble.value.cure

    @pytest.mark.usefixtures("mirror")
    def test_stop_coming_when_they_are_given_up(self, listed: Path):
        """Ctrl-C during a slow download ends at once."""
        given_up = threading.Event()
        given_up.set()

        with pytest.raises(CancelledError):
            jars.ensure(lambda _: None, given_up, listed)
