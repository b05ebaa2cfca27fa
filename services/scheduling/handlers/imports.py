"""Taking over cases from another system."""

from collections.abc import Sequence

from services.scheduling import store
from services.scheduling.commands.imports import ImportCase
from services.scheduling.domain import imports
from services.scheduling.domain.imports import Circumstances, Outcome
from services.scheduling.domain.people import Worker
from services.scheduling.handlers.cases import free_code
from services.scheduling.handlers.units import require_yours
from services.scheduling.store import Units
from shared import ids, outbox
from shared.database import Transaction

MOST_RESPONSIBLE = 12


async def import_case(command: ImportCase, *, source: str, tx: Transaction, yours: Units, dry_run: bool) -> Outcome:
    """Take over one case with all its rows, unless the source said all of it before."""
    for unit_id in {command.unit_id, *(row.unit_id for row in command.meetings)}:
        require_yours(unit_id, yours)
    await store.lock_reference(tx, source, command.reference)
    imported = await store.find_imported(tx, source, imports.keys(command))
    if not imports.is_news(command, imported):
        return Outcome()
    known = await store.lock_known(tx, imported, yours)
    given = Circumstances(
        source=source,
        team=await store.load_named_team(tx, command.team_id),
        workers=await _responsible(tx, command),
        code=known.case.code if known.case else await free_code(tx),
        new_ids=iter(ids.new_id, None),
        now=tx.now,
    )
    outcome = imports.import_case(command, known, given)
    if not dry_run:
        await store.save_outcome(tx, outcome)
        await outbox.append(tx, *outcome.facts)
    return outcome


async def _responsible(tx: Transaction, command: ImportCase) -> Sequence[Worker]:
    if command.responsible_worker_ids:
        return await store.load_named_workers(tx, command.responsible_worker_ids)
    return await store.list_responsible(tx, command.team_id, limit=MOST_RESPONSIBLE)
