"""Units, teams and workers are found as people write them, or it is said how they are to be named."""

from collections.abc import Callable
from uuid import UUID

import pytest

from deploy.importing.cells import Unreadable
from deploy.importing.directory import Choices, Directory, Named, aliases
from deploy.trouble import ExitCode, Trouble

NORTH, SOUTH = UUID(int=0xA1, version=4), UUID(int=0xA2, version=4)
FOXES, OWLS, BEARS = (UUID(int=number, version=4) for number in (11, 12, 13))
VEERA = UUID(int=21, version=4)


def a_directory(choices: Choices | None = None) -> Directory:
    """Return two units, the northern with two teams, the southern with one; a choice may be made for rows."""
    return Directory.of(
        [
            {"unit_id": str(NORTH), "name_fi": "Pohjoinen", "name_sv": "Norra", "name_en": "North"},
            {"unit_id": str(SOUTH), "name_fi": "Etelä", "name_sv": "Södra", "name_en": "South"},
        ],
        [
            {"team_id": str(FOXES), "unit_id": str(NORTH), "name": "Ketut"},
            {"team_id": str(OWLS), "unit_id": str(NORTH), "name": "Pöllöt"},
            {"team_id": str(BEARS), "unit_id": str(SOUTH), "name": "Karhut"},
        ],
        [
            {"worker_id": str(VEERA), "display_name": "Veera Vastaava", "account": "veera", "is_active": True},
            {"worker_id": str(UUID(int=22)), "display_name": "Lasse Lähtenyt", "account": None, "is_active": False},
        ],
        choices or Choices(),
    )


def cure(find: Callable[[], object]) -> tuple[str, str]:
    """Return what is wrong with a name and what to do about it."""
    with pytest.raises(Unreadable) as unreadable:
        find()
    return unreadable.value.what, unreadable.value.cure


class TestAUnit:
    @pytest.mark.parametrize("text", ["Pohjoinen", "POHJOINEN ", "norra", "North", str(NORTH), str(NORTH).upper()])
    def test_is_found_by_any_of_its_names_or_its_id(self, text: str) -> None:
        """In any case, in any language."""
        assert a_directory().unit(text) == NORTH

    def test_that_is_not_known_is_told_with_what_may_be_meant(self) -> None:
        """And how a spelling that stands all over the file is mended in one go."""
        what, to_do = cure(lambda: a_directory().unit("Pohjoienn"))

        assert what == "No unit of yours is called 'Pohjoienn'."
        assert "--alias 'Pohjoienn=Pohjoinen'" in to_do
        assert "enter the unit in scheduling first" in to_do
        assert "--alias" not in cure(lambda: a_directory().unit("xyz"))[1]

    def test_is_what_an_alias_means(self) -> None:
        """Also for a spelling that looks like nothing that is known."""
        directory = Directory(
            units=a_directory().units, teams=(), workers=(), choices=Choices(aliases=aliases(["Pohj. tsto=Pohjoinen"]))
        )

        assert directory.unit("pohj tsto") == NORTH

    def test_of_rows_that_name_none_is_chosen_or_the_only_one(self) -> None:
        """Else it must be named."""
        units = a_directory().units
        assert a_directory(Choices(unit="Etelä")).unit("") == SOUTH
        assert Directory(units=units[:1], teams=(), workers=()).unit("") == NORTH
        assert "--unit" in cure(lambda: a_directory().unit(""))[1]

    def test_is_called_by_its_finnish_name(self) -> None:
        """Or by its id, where we may not see it."""
        assert a_directory().name_of_unit(NORTH) == "Pohjoinen"
        assert a_directory().name_of_unit(VEERA) == str(VEERA)


class TestATeam:
    def test_is_found_in_its_unit_only(self) -> None:
        """Teams of two units may have one name."""
        assert a_directory().team("ketut", NORTH) == FOXES
        assert cure(lambda: a_directory().team("ketut", SOUTH))[0] == "No team of yours is called 'ketut'."

    def test_of_rows_that_name_none_is_chosen_or_the_only_one(self) -> None:
        """Else it must be named, or entered."""
        assert a_directory(Choices(team="Pöllöt")).team("", NORTH) == OWLS
        assert a_directory().team("", SOUTH) == BEARS
        assert "--team" in cure(lambda: a_directory().team("", NORTH))[1]
        assert cure(lambda: a_directory().team("", VEERA))[0] == "The unit has no team."


class TestAWorker:
    @pytest.mark.parametrize("text", ["Veera Vastaava", "veera", str(VEERA)])
    def test_is_found_by_name_account_or_id(self, text: str) -> None:
        """Whichever the export has."""
        assert a_directory().worker(text) == VEERA

    def test_of_rows_that_name_none_is_chosen_or_left_to_the_team(self) -> None:
        """The team's own are scheduling's to find."""
        assert a_directory().worker("") is None
        assert a_directory(Choices(worker="veera")).worker("") == VEERA

    def test_who_has_left_is_not_known(self) -> None:
        """They cannot answer for a family."""
        assert "No worker of yours" in cure(lambda: a_directory().worker("Lasse Lähtenyt"))[0]

    def test_of_a_name_that_two_have_is_named_by_id(self) -> None:
        """Nobody guesses who answers for a child."""
        two = [Named(VEERA, ("Veera V",)), Named(FOXES, ("Veera V",))]

        assert cure(lambda: Directory(units=(), teams=(), workers=two).worker("veera v")) == (
            "2 of the workers are called 'veera v'.",
            "Name the worker by its id.",
        )


class TestAnAlias:
    @pytest.mark.parametrize("said", ["Keskusta", "=Keskusta", "Kesk= "])
    def test_must_say_what_it_means(self, said: str) -> None:
        """Wrong usage."""
        with pytest.raises(Trouble) as trouble:
            aliases([said])

        assert trouble.value.exit_code is ExitCode.USAGE
