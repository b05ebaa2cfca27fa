"""Who and what a file may name: the region's units, teams and workers, found as people write them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from deploy.importing.cells import Unreadable
from deploy.importing.columns import plain
from deploy.trouble import ExitCode, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """
    What was said on the command line: what to take where a row names nothing, and what some spellings mean.

    `aliases` maps spellings (as `plain` has them) to the name that is known.
    """

    unit: str | None = None
    team: str | None = None
    worker: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])


def aliases(said: Iterable[str]) -> dict[str, str]:
    """
    Return the name that each spelling means, from `SPELLING=NAME`.

    Raises:
        Trouble: one of them is not said so.
    """
    pairs = [each.partition("=") for each in said]
    for spelling, sign, name in pairs:
        if not (sign and spelling.strip() and name.strip()):
            what = f"'{spelling}{sign}{name}' does not say what a spelling means."
            raise Trouble(what, cure="Such as --alias 'Kesk.=Keskusta'", exit_code=ExitCode.USAGE)
    return {plain(spelling): name for spelling, _, name in pairs}


@dataclass(frozen=True, slots=True)
class Named:
    """Something with an id and names; of a team, the unit it belongs to."""

    id: UUID
    names: tuple[str, ...]
    unit_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The units of the caller, with their teams and workers."""

    units: Sequence[Named]
    teams: Sequence[Named]
    workers: Sequence[Named]
    choices: Choices = field(default_factory=Choices)

    @classmethod
    def of(
        cls,
        units: Iterable[Mapping[str, Any]],
        teams: Iterable[Mapping[str, Any]],
        workers: Iterable[Mapping[str, Any]],
        choices: Choices,
    ) -> "Directory":
        """Return what scheduling answers about units, teams and workers."""
        return cls(
            units=[Named(UUID(it["unit_id"]), (it["name_fi"], it["name_sv"], it["name_en"])) for it in units],
            teams=[Named(UUID(it["team_id"]), (it["name"],), UUID(it["unit_id"])) for it in teams],
            workers=[
                Named(UUID(it["worker_id"]), (it["display_name"], *([it["account"]] if it["account"] else [])))
                for it in workers
                if it["is_active"]
            ],
            choices=choices,
        )

    def unit(self, text: str) -> UUID:
        """
        Return the unit that *text* names, or the one for rows that name none.

        Raises:
            Unreadable: it names none that is known, or none is named.
        """
        text = text or self.choices.unit or ""
        if not text and len(self.units) == 1:
            return self.units[0].id
        if not text:
            raise Unreadable("No unit is named.", cure="Name it here, or for all rows that name none: --unit NAME")
        return self._found("unit", text, self.units)

    def team(self, text: str, unit_id: UUID) -> UUID:
        """
        Return the team of the unit that *text* names, or the one for rows that name none, or the unit's only one.

        Raises:
            Unreadable: it names none that is known, or none is named.
        """
        of_unit = [team for team in self.teams if team.unit_id == unit_id]
        text = text or self.choices.team or ""
        if not text and len(of_unit) == 1:
            return of_unit[0].id
        if not text:
            what = "No team is named, and the unit has several." if of_unit else "The unit has no team."
            cure = (
                "Name it here, or for all rows that name none: --team NAME" if of_unit else "Enter one in scheduling."
            )
            raise Unreadable(what, cure=cure)
        return self._found("team", text, of_unit)

    def worker(self, text: str) -> UUID | None:
        """
        Return the worker that *text* names, or the one for rows that name none; None: those of the team.

        Raises:
            Unreadable: it names none that is known.
        """
        text = text or self.choices.worker or ""
        return self._found("worker", text, self.workers) if text else None

    def name_of_unit(self, unit_id: UUID) -> str:
        """Return its Finnish name; its id where it is not known."""
        return next((unit.names[0] for unit in self.units if unit.id == unit_id), str(unit_id))

    def _found(self, kind: str, text: str, among: Sequence[Named]) -> UUID:
        sought = plain(self.choices.aliases.get(plain(text), text))
        found = {it.id for it in among if sought == str(it.id).replace("-", " ") or sought in map(plain, it.names)}
        if len(found) == 1:
            return found.pop()
        if found:
            what = f"{len(found)} of the {kind}s are called '{text}'."
            raise Unreadable(what, cure=f"Name the {kind} by its id.")
        names = {plain(name): name for it in among for name in it.names}
        near = get_close_matches(sought, names, n=1, cutoff=0.6)
        hint = f"; if it is '{names[near[0]]}': --alias '{text}={names[near[0]]}'" if near else ""
        what = f"No {kind} of yours is called '{text}'."
        raise Unreadable(what, cure=f"Correct the name, or enter the {kind} in scheduling first{hint}.")
