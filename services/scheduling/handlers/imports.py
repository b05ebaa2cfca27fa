"""Taking over cases from another system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.scheduling import store
from services.scheduling.commands.imports import MOST_RESPONSIBLE, ImportCase
from services.scheduling.domain import imports
from services.scheduling.domain.imports import Circumstances, Outcome
from services.scheduling.domain.people import Worker
from services.scheduling.domain.units import Team
from services.scheduling.handlers.cases import NotYourTeam, draw_codes
from services.scheduling.handlers.units import require_yours
from shared import ids, outbox
from shared.database import Transaction
from shared.sight import Sight


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the cases of one request name, and as many codes as there are cases, which no case has."""

    teams: Mapping[UUID, Team]
    workers: Mapping[UUID, Worker]
    codes: Sequence[str]

    def team(self, command: ImportCase) -> Team:
        """
        Return the team that the case names.

        Raises:
            NamedTeamUnknown: there is none.
        """
        if command.team_id not in self.teams:
            raise store.NamedTeamUnknown
        return self.teams[command.team_id]

    def responsible(self, command: ImportCase) -> Sequence[Worker]:
        """
        Return the workers that the case names, or else its team's responsible social workers.

        Raises:
            NamedWorkerUnknown: one of them does not exist.
        """
        named = [self.workers.get(worker_id) for worker_id in command.responsible_worker_ids]
        found = [worker for worker in named if worker is not None]
        if len(found) != len(named):
            raise store.NamedWorkerUnknown
        return found or imports.responsible_of(command.team_id, self.workers.values())[:MOST_RESPONSIBLE]


async def prepare(tx: Transaction, commands: Sequence[ImportCase]) -> Prepared:
    """Load what cases of one request have in common, at once."""
    team_ids = {command.team_id for command in commands}
    named = {worker_id for command in commands for worker_id in command.responsible_worker_ids}
    return Prepared(
        teams={team.team_id: team for team in await store.list_named_teams(tx, team_ids)},
        workers={each.worker_id: each for each in await store.list_workers_of(tx, team_ids, besides=named)},
        codes=await store.find_free_codes(tx, draw_codes(of=len(commands)), count=len(commands)),
    )


async def import_case(
    command: ImportCase,
    *,
    source: str,
    prepared: Prepared,
    code: str,
    tx: Transaction,
    yours: Sight,
    dry_run: bool,
) -> Outcome:
    """Take over one case with all its rows, unless the source said all of it before."""
    for unit_id in {command.unit_id, *(row.unit_id for row in command.meetings)}:
        require_yours(unit_id, yours)
    await store.lock_reference(tx, source, command.reference)
    imported = await store.find_imported(tx, source, imports.keys(command))
    if not imports.is_news(command, imported):
        return Outcome()
    given = Circumstances(
        source=source,
        team=prepared.team(command),
        workers=prepared.responsible(command),
        code=code,
        new_ids=iter(ids.new_id, None),
        now=tx.now,
    )
    outcome = imports.import_case(command, await store.lock_known(tx, imported, yours), given)
    if outcome.case is not None and not store.sees(yours, outcome.case):
        raise NotYourTeam
    if not dry_run:
        await store.save_outcome(tx, outcome)
        await outbox.append(tx, *outcome.facts)
    return outcome
