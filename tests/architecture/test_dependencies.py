"""Locks hold what the code imports, all of it by hash, and agree with each other."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, ROOT, python_files

REQUIREMENTS = ROOT / "requirements"
PARTS = {
    "bootstrap": ["bootstrap"],
    "runtime": ["runtime"],
    "trial": ["bootstrap", "runtime", "trial"],
    "dev": ["bootstrap", "runtime", "trial", "dev"],
}

BUILDERS = [ROOT / "shared/compatibility.py"]
"""Modules that only `make generate` and the tests run: they may import what developers have."""

START = """
import sys
from importlib.abc import MetaPathFinder

class OnlyLocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, OnlyLocked())
import {module}
"""


def normal(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(part: str) -> set[str]:
    """Return the distributions that `<part>.in` asks for."""
    lines = (REQUIREMENTS / f"{part}.in").read_text().splitlines()
    return {normal(re.split(r"[^A-Za-z0-9._-]", line)[0]) for line in lines if line and not line.startswith("#")}


def locked(lock: str) -> dict[str, set[str]]:
    """Return the versions of each distribution in a lock; a few have one per Python."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([A-Za-z0-9._-]+)==(\S+)", (REQUIREMENTS / f"{lock}.txt").read_text(), re.MULTILINE
    ):
        versions.setdefault(normal(name), set()).add(version)
    return versions


def imports(path: Path) -> Iterator[str]:
    """Yield the top-level packages that *path* imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (name.name.partition(".")[0] for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case _:
                pass


@pytest.mark.parametrize("lock", PARTS)
class TestALock:
    def test_holds_what_was_asked_for(self, lock: str) -> None:
        """After a change to an .in file: make lock."""
        assert set().union(*map(wanted, PARTS[lock])) <= locked(lock).keys()

    def test_is_part_of_the_whole(self, lock: str) -> None:
        """What was tested is what runs, so no lock may have versions of its own."""
        assert locked(lock).items() <= locked("dev").items()

    def test_takes_nothing_without_a_hash_and_names_no_host(self, lock: str) -> None:
        """Any mirror will do, since the hashes decide."""
        text = (REQUIREMENTS / f"{lock}.txt").read_text()
        entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]

        assert all("--hash=sha256:" in entry for entry in entries)
        assert "://" not in text
        assert "--index-url" not in text
        assert "--find-links" not in text


class TestTheCode:
    @pytest.mark.parametrize("package, lock", [("services", "runtime"), ("shared", "runtime"), ("deploy", "trial")])
    def test_imports_only_what_its_lock_installs(self, package: str, lock: str) -> None:
        """The tools of a developer's machine are missing in the image."""
        distributions = packages_distributions()
        there = locked(lock).keys()
        foreign = {
            f"{path.relative_to(ROOT)}: {name}"
            for path in python_files(package)
            if path not in BUILDERS
            for name in imports(path)
            if name not in PACKAGES
            and name not in sys.stdlib_module_names
            and not any(normal(distribution) in there for distribution in distributions.get(name, []))
        }

        assert not foreign

    @pytest.mark.parametrize(
        "module, lock",
        [
            ("deploy.cli", "runtime"),
            ("services.scheduling.main", "runtime"),
            ("services.quality.main", "runtime"),
            ("services.records.main", "runtime"),
        ],
    )
    def test_starts_with_only_what_its_lock_installs(self, module: str, lock: str) -> None:
        """Also what is imported by way of something else must be there; the image has no trial in it."""
        there = locked(lock).keys()
        missing = {
            name
            for name, distributions in packages_distributions().items()
            if not any(normal(distribution) in there for distribution in distributions)
        } - {*PACKAGES}

        done = subprocess.run(
            [sys.executable, "-c", START.replace("{missing}", repr(missing)).replace("{module}", module)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stderr
