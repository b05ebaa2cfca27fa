from pathlib import Path

import pytest
import typer

from deploy import generate
from deploy.generate import NotFitToPublish, generated, stale, write, write_released
from deploy.system import load_system
from tests.contracts.bakery import bakery_system

SCHEMA = "services/oven/contracts/bread-baked.v1.schema.json"


class TestWriting:
    def test_leaves_nothing_stale(self, tmp_path: Path) -> None:
        """The same code gives the same bytes, so writing again has nothing to do."""
        files = generated(bakery_system(), tmp_path)

        assert f"wrote {SCHEMA}" in write(files, tmp_path)
        assert stale(files, tmp_path) == []
        assert write(files, tmp_path) == []

    def test_mends_what_is_missing_or_edited(self, tmp_path: Path) -> None:
        """Generated files are changed where they come from."""
        files = generated(bakery_system(), tmp_path)
        write(files, tmp_path)
        (tmp_path / "docs/events.md").write_text("edited", encoding="utf-8")
        (tmp_path / SCHEMA).unlink()

        assert set(write(files, tmp_path)) == {f"wrote {SCHEMA}", "wrote docs/events.md"}

    def test_takes_away_the_contract_of_an_event_that_is_gone(self, tmp_path: Path) -> None:
        """A schema that nobody follows is a false promise."""
        files = generated(bakery_system(), tmp_path)
        write(files, tmp_path)
        (tmp_path / "services/oven/contracts/bread-sold.v1.schema.json").write_text("{}", encoding="utf-8")

        assert write(files, tmp_path) == ["removed services/oven/contracts/bread-sold.v1.schema.json"]

    def test_leaves_released_contracts_alone(self, tmp_path: Path) -> None:
        """They are history."""
        (line, _) = write_released(bakery_system(), tmp_path)
        files = generated(bakery_system(), tmp_path)
        write(files, tmp_path)

        assert (tmp_path / line.removeprefix("released ")).exists()


class TestWhatIsNotFitToPublish:
    def test_a_system_that_contradicts_itself(self, tmp_path: Path) -> None:
        """Its documents would contradict it too."""
        with pytest.raises(NotFitToPublish, match=r"not in topics\.yaml"):
            generated(bakery_system(topics={}), tmp_path)

    def test_a_break_with_what_was_released(self, tmp_path: Path) -> None:
        """The reason says whose contract it is."""
        (line, _) = write_released(bakery_system(), tmp_path)
        path = tmp_path / line.removeprefix("released ")
        path.rename(path.with_name(path.name.replace("bread-baked", "bread-sold")))

        with pytest.raises(NotFitToPublish, match=r"^oven: bread-sold\.v1 was released and is published no more"):
            generated(bakery_system(), tmp_path)


class TestThisCheckout:
    def test_has_fresh_files(self, capsys: pytest.CaptureFixture[str]) -> None:
        """`make generate` was run, and its result committed."""
        try:
            generate.generate(check=True)
        except typer.Exit:
            pytest.fail(capsys.readouterr().err)

    def test_has_services_that_publish_and_read(self) -> None:
        """Or the tests over all of them would be about nothing."""
        system = load_system()

        assert all(system.on(topic) for topic in system.topics)
        assert {reader for reader, _, _ in system.readings()} == {
            reader for topic in system.topics.values() for reader in topic.readers
        }
