from datetime import date, time
from typing import Any

import pytest

from services.scheduling.commands.units import ConfigureTeam, ConfigureUnit
from services.scheduling.domain import units
from services.scheduling.domain.units import RuleAlreadyInForce, TeamOfAnotherUnit, Unit
from services.scheduling.events import WorkingHours
from tests.scheduling.builders import NOW, OTHER_UNIT_ID, TEAM_ID, UNIT_ID, a_team

TODAY = "2026-11-24"
TOMORROW = "2026-11-25"


def rule(valid_from: str, **different: Any) -> dict[str, Any]:
    return {"valid_from": valid_from, "holiday_policy": "strict", "remote_counts": True} | different


def configure(unit: Unit | None = None, **different: Any) -> Unit:
    body = {
        "name_fi": "Keksitty yksikkö",
        "name_sv": "Påhittad enhet",
        "name_en": "Invented unit",
        "hours": [{"weekday": 1, "opens": "08:00", "closes": "16:00"}],
    }
    command = ConfigureUnit.model_validate(body | different)
    configured, event = units.configure(unit, command, unit_id=UNIT_ID, now=NOW)
    assert (event.unit_id, event.version, event.hours) == (UNIT_ID, configured.version, configured.hours)
    return configured


class TestConfigure:
    def test_starts_at_version_one_and_counts_on(self) -> None:
        """The version is what a change is made from."""
        unit = configure()

        assert (unit.version, configure(unit).version) == (1, 2)

    def test_puts_hours_days_and_rules_in_order(self) -> None:
        """The same unit is the same fact, in whatever order it was typed."""
        unit = configure(
            hours=[
                {"weekday": 5, "opens": "08:00", "closes": "14:00"},
                {"weekday": 1, "opens": "08:00", "closes": "16:00"},
            ],
            closing_days=["2026-12-25", "2026-12-24"],
            rule_versions=[rule("2027-02-01"), rule("2027-01-01")],
        )

        assert unit.hours == (
            WorkingHours(weekday=1, opens=time(8), closes=time(16)),
            WorkingHours(weekday=5, opens=time(8), closes=time(14)),
        )
        assert unit.closing_days == (date(2026, 12, 24), date(2026, 12, 25))
        assert [version.valid_from for version in unit.rule_versions] == [date(2027, 1, 1), date(2027, 2, 1)]

    def test_takes_any_rules_for_a_new_unit(self) -> None:
        """No promise has been made by them yet."""
        assert configure(rule_versions=[rule("2026-01-01")]).rule_versions[0].valid_from == date(2026, 1, 1)

    def test_takes_a_rule_valid_from_tomorrow(self) -> None:
        """A new version touches new anchors only."""
        unit = configure(rule_versions=[rule("2026-01-01")])

        configured = configure(unit, rule_versions=[rule("2026-01-01"), rule(TOMORROW, remote_counts=False)])

        assert len(configured.rule_versions) == 2

    def test_lets_a_rule_be_changed_before_it_is_in_force(self) -> None:
        """Nothing has been judged by it."""
        unit = configure(rule_versions=[rule(TOMORROW)])

        assert configure(unit).rule_versions == ()

    @pytest.mark.parametrize(
        "different",
        [
            {"rule_versions": [rule(TODAY, remote_counts=False)]},
            {"rule_versions": []},
            {"rule_versions": [rule(TODAY), rule("2026-11-01")]},
            {"rule_versions": [rule(TODAY)], "remote_counts": True},
            {"rule_versions": [rule(TODAY)], "holiday_policy": "roll_forward_150_1930"},
        ],
        ids=["changed", "removed", "added", "base remote_counts", "base holiday_policy"],
    )
    def test_refuses_another_past(self, different: dict[str, Any]) -> None:
        """Promises were made by the rules in force; changing them would rewrite what was promised."""
        unit = configure(rule_versions=[rule(TODAY)])

        with pytest.raises(RuleAlreadyInForce):
            configure(unit, **different)


class TestConfigureTeam:
    def test_creates_and_renames(self) -> None:
        """A team keeps its id through any name."""
        team, _ = units.configure_team(None, ConfigureTeam(unit_id=UNIT_ID, name="Tiimi 1"), team_id=TEAM_ID)
        renamed, event = units.configure_team(team, ConfigureTeam(unit_id=UNIT_ID, name="Pohjoinen"), team_id=TEAM_ID)

        assert (team.version, renamed.version, renamed.name) == (1, 2, "Pohjoinen")
        assert (event.unit_id, event.team_id, event.version, event.name) == (UNIT_ID, TEAM_ID, 2, "Pohjoinen")

    def test_refuses_to_move_a_team_to_another_unit(self) -> None:
        """Its cases would change unit without anybody deciding so."""
        with pytest.raises(TeamOfAnotherUnit):
            units.configure_team(a_team(), ConfigureTeam(unit_id=OTHER_UNIT_ID, name="Tiimi 1"), team_id=TEAM_ID)
