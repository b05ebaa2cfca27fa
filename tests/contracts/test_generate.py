from pathlib import Path

import pytest
import typer

from deploy import generate
from deploy.system import load_system
from shared.contracts import release
from tests.contracts.bakery import bakery_system


def write(root: Path) -> None:
    for path, text in generate.generated(bakery_system(), root).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class TestStale:
    def test_nothing_is_after_writing(self, tmp_path: Path) -> None:
        """The same code gives the same bytes."""
        write(tmp_path)

        assert generate.stale(generate.generated(bakery_system(), tmp_path), tmp_path) == []

    def test_a_file_is_that_is_missing_or_edited(self, tmp_path: Path) -> None:
        """Generated files are changed where they come from."""
        write(tmp_path)
        page, schema = tmp_path / "docs/events.md", tmp_path / "services/oven/contracts/bread-baked.v1.schema.json"
        page.write_text("edited", encoding="utf-8")
        schema.unlink()

        assert set(generate.stale(generate.generated(bakery_system(), tmp_path), tmp_path)) == {page, schema}

    def test_a_contract_is_whose_event_is_gone(self, tmp_path: Path) -> None:
        """A schema that nobody follows is a false promise."""
        write(tmp_path)
        orphan = tmp_path / "services/oven/contracts/bread-sold.v1.schema.json"
        orphan.write_text("{}", encoding="utf-8")

        assert generate.stale(generate.generated(bakery_system(), tmp_path), tmp_path) == [orphan]


class TestObjections:
    def test_are_none_for_the_bakery(self, tmp_path: Path) -> None:
        """Released or not."""
        release(tmp_path / "services/oven/contracts", bakery_system().contracts["oven"])

        assert generate.objections(bakery_system(), tmp_path) == []

    def test_hold_back_a_break_with_what_was_released(self, tmp_path: Path) -> None:
        """They say whose contract it is."""
        (path, _) = release(tmp_path / "services/oven/contracts", bakery_system().contracts["oven"])
        path.rename(path.with_name(path.name.replace("bread-baked", "bread-sold")))

        (line,) = generate.objections(bakery_system(), tmp_path)

        assert line.startswith("oven: bread-sold.v1 was released and is published no more")


class TestThisCheckout:
    def test_has_fresh_files(self, capsys: pytest.CaptureFixture[str]) -> None:
        """`make generate` was run, and its result committed."""
        try:
            generate.generate(check=True)
        except typer.Exit:
            pytest.fail(capsys.readouterr().err)

    def test_names_the_services(self) -> None:
        """Those that publish something; a service without events would be a surprise."""
        assert load_system().contracts.keys() >= {"scheduling"}
