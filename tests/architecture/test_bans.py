"""Time, ids and chance have one home each: ruff's banned names, and the proof that every ban bites."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, Copy

BANNED: list[str] = sorted(
    tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
)


def uses(name: str) -> dict[str, str]:
    """Return the ways a program can get at *name*, by a word for each."""
    module, _, rest = name.partition(".")
    if not rest:
        return {"whole": f"import {module}", "part": f"from {module} import choice"}
    first, *_ = rest.split(".")
    return {"whole": f"import {module}\n\n{name}", "part": f"from {module} import {first}\n\n{rest}"}


@pytest.fixture(scope="class")
def findings(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files, of one per ban and way and home, in which ruff found a banned name."""
    copy = Copy.into(tmp_path_factory.mktemp("bans"))
    for name in BANNED:
        for way, text in uses(name).items():
            copy.add(f"services/quality/domain/{name}.{way}.py", text)
            copy.add(f"tests/{name}.{way}.py", text)
            copy.add("shared/clock.py", text)
    code, said = copy.run("ruff", "check", "--select", "TID251", "--output-format", "concise", "--no-cache")
    assert code == 1, said
    return set(re.findall(r"^([^:]+\.py):\d+:\d+: TID251", said, re.MULTILINE))


class TestBans:
    @pytest.mark.parametrize("way", ["whole", "part"])
    @pytest.mark.parametrize("name", BANNED)
    def test_bite(self, findings: set[str], name: str, way: str) -> None:
        """In a domain and in a test alike, however it is imported."""
        assert f"services/quality/domain/{name}.{way}.py" in findings
        assert f"tests/{name}.{way}.py" in findings

    def test_spare_the_homes(self, findings: set[str]) -> None:
        """Somebody has to read the clock."""
        assert not {file for file in findings if Path(file).parent.name == "shared"}

    def test_leave_the_tree_as_it_is_alone(self, findings: set[str]) -> None:
        """Else it would be a ban that nobody obeys."""
        planted = {f"{name}.{way}.py" for name in BANNED for way in ("whole", "part")}

        assert {Path(file).name for file in findings} == planted
