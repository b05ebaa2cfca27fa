"""The import contracts of pyproject.toml hold, and each of them bites."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.tree import ROOT, Copy

CONFIGURATION: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS: dict[str, dict[str, Any]] = {contract["id"]: contract for contract in CONFIGURATION["contracts"]}
SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/__init__.py"))


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy.into(tmp_path)


def lint(copy: Copy) -> tuple[int, str]:
    """Run the contracts; the answer is on one line, however wide the terminal is thought to be."""
    code, said = copy.run("lint-imports", "--no-cache", "--no-logo")
    return code, re.sub(r"\s+", " ", said)


class TestContracts:
    def test_hold_for_the_tree_as_it_is(self, copy: Copy) -> None:
        """Else the bites below would prove nothing."""
        code, said = lint(copy)

        assert code == 0, said

    def test_cover_every_service_there_is(self) -> None:
        """A service that no contract names would be free to do anything."""
        everyone = [f"services.{name}" for name in SERVICES]

        assert sorted(CONTRACTS["rooms"]["containers"]) == everyone
        assert sorted(CONTRACTS["independence"]["modules"]) == everyone
        assert sorted(CONTRACTS["purity"]["source_modules"]) == [f"{name}.domain" for name in everyone]

    def test_bite_when_an_import_points_up_sideways_or_out(self, copy: Copy) -> None:
        """Rooms, independence, plumbing, deployment and circles: a violation of each, all of them named."""
        wrong = [
            ("services.scheduling.store", "services.scheduling.api"),  # up
            ("services.scheduling.api", "services.scheduling.subscriptions"),  # sideways
            ("services.scheduling.commands", "services.scheduling.events"),  # sideways, at the bottom
            ("services.quality.handlers", "services.scheduling.events"),  # into a neighbour
            ("services.scheduling.store", "deploy"),  # out of the house
        ]
        spoilt = [(copy.spoil(importer, f"import {imported}"), imported) for importer, imported in wrong]
        for imported in ("services.quality.events", "deploy"):
            copy.add(f"shared/bite_{imported.split('.')[0]}.py", f"import {imported}")
            spoilt.append((f"shared.bite_{imported.split('.')[0]}", imported))
        copy.spoil("shared.producer", "import shared.relay")
        copy.add("services/scheduling/utils.py", "LEFTOVERS = 1")

        code, said = lint(copy)

        assert code == 1
        assert f"{len(CONTRACTS) - 5} kept, 5 broken" in said
        for importer, imported in spoilt:
            assert f"{importer} -> {imported}" in said
        assert "services.scheduling.utils" in said, "a room that is none of the rooms"
        assert "No cycles are allowed in shared" in said

    def test_bite_when_the_domain_reaches_for_the_world(self, copy: Copy) -> None:
        """Every module that purity forbids, tried one by one in one run."""
        forbidden = [name for name in CONTRACTS["purity"]["forbidden_modules"] if name != "shared"]
        forbidden += ["shared.clock", "shared.ids", "shared.database"]
        copy.add("services/quality/domain/bite.py", "\n".join(f"import {name}" for name in forbidden))

        code, said = lint(copy)

        assert code == 1
        for name in forbidden:
            assert f"services.quality.domain.bite -> {name}" in said

    def test_bite_when_a_room_is_missing(self, copy: Copy) -> None:
        """Every service is the same house: who knows one finds the way in all."""
        copy.remove("services.quality.subscriptions")

        code, said = lint(copy)

        assert code == 1
        assert "Missing layer in container 'services.quality': module services.quality.subscriptions" in said
