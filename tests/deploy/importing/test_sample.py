"""The invented year that ships is what its code makes, and has the faults that real exports have."""

from datetime import UTC, datetime

from deploy import seed
from deploy.clocks import HELSINKI
from deploy.importing import sample
from deploy.importing.cases import Gathered, gather
from deploy.importing.directory import Choices, Directory
from deploy.importing.files import read, table
from tests.architecture.tree import ROOT

THE_SAMPLE = ROOT / "docs" / "samples" / "a-year.csv"


def directory() -> Directory:
    """Return what the trial's region has, as far as the sample names it."""
    units = [{"unit_id": unit, **names} for unit, names in seed.UNITS.items()]
    teams = [{"team_id": team, "unit_id": unit, "name": name} for team, (unit, name) in seed.TEAMS.items()]
    return Directory.of(units, teams, [], Choices())


def gathered(content: bytes) -> Gathered:
    return gather(table(content), directory())


class TestTheSample:
    def test_is_what_its_code_makes(self) -> None:
        """To change it, change the code: `python -m deploy.importing.sample docs/samples/a-year.csv`."""
        assert THE_SAMPLE.read_bytes() == sample.export()

    def test_has_about_twelve_hundred_meetings_in_windows_1252(self) -> None:
        """A region's year, small enough for a repository."""
        found = read(THE_SAMPLE)

        assert found.encoding == "Windows-1252"
        assert 1_190 < sum(row.cells["kind"] == "Heijastin" for row in found.rows) < 1_210
        assert THE_SAMPLE.stat().st_size < 300_000

    def test_has_the_faults_of_real_exports(self) -> None:
        """Repeated rows and the other spellings of a unit are none."""
        found = gathered(sample.export())

        assert sorted((fault.column, fault.what.partition("'")[0].partition(" (")[0]) for fault in found.faults) == [
            ("case", "The cell begins like a formula."),
            ("end", "The end is not after the start, or is more than 48 hours after it."),
            ("end", "The end is not told."),
            ("end", "The end is not told."),
            ("end", "The end is not told."),
            ("family present", ""),
            ("id", "Row 2154 has the same id and says something else."),
            ("start", "There is no such day as "),
            ("unit", "No unit of yours is called "),
            ("unit", "The case was in another unit before and after"),
        ]
        assert found.repeated == 4
        last = max(row.held_until for case in found.cases for row in case.command.meetings)
        assert last.year == 2062, "and one lies ahead, which only scheduling can tell"

    def test_without_faults_is_taken_whole(self) -> None:
        """All of it lies in the past of whoever has this code."""
        found = gathered(sample.export(with_faults=False))

        assert found.faults == []
        assert sum(len(case.command.meetings) for case in found.cases) == sample.MEETINGS
        latest = max(
            row.held_until for case in found.cases for row in (*case.command.meetings, *case.command.follow_ups)
        )
        assert latest < datetime(2026, 10, 17, tzinfo=HELSINKI).astimezone(UTC)

    def test_is_another_for_another_seed_and_size(self) -> None:
        """For measuring."""
        assert sample.export(20, 1) == sample.export(20, 1)
        assert sample.export(20, 1) != sample.export(20, 2)
