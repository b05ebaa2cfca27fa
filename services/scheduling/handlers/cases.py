"""Changes to a case as a whole."""

from uuid import UUID

from services.scheduling import store
from services.scheduling.commands.cases import CloseCase, OpenCase, ReassignCase
from services.scheduling.domain import cases, endings
from services.scheduling.domain.cases import Case
from services.scheduling.handlers.units import require_yours
from shared import ids, outbox
from shared.database import Transaction
from shared.errors import Forbidden
from shared.sight import Sight


class NotYourTeam(Forbidden):
    """A case of this team would not be yours to see; ask somebody of the team, or of the whole unit, to open it."""


CODES_DRAWN = 8  # with a third of all codes in use, one request in six thousand has to be repeated


async def open_case(command: OpenCase, *, tx: Transaction, yours: Sight) -> Case:
    """Make a family a case; its people stay here, and only here."""
    require_yours(command.unit_id, yours)
    team = await store.load_named_team(tx, command.team_id)
    workers = await store.load_named_workers(tx, command.responsible_worker_ids)
    [code] = await store.find_free_codes(tx, draw_codes(), count=1)
    case, opened = cases.open_case(command, case_id=ids.new_id(), code=code, team=team, workers=workers, now=tx.now)
    if not store.sees(yours, case):
        raise NotYourTeam
    await store.save_case(tx, case)
    await store.save_family(tx, case.case_id, command.family)
    await outbox.append(tx, opened)
    return case


async def reassign_case(command: ReassignCase, case_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> Case:
    """Give a case to other hands, also to those of another unit, which then has it and we do not."""
    case = await store.lock_case(tx, case_id, yours, version=version)
    team = await store.load_named_team(tx, command.team_id)
    workers = await store.load_named_workers(tx, command.responsible_worker_ids)
    case, reassigned = cases.reassign(case, command, team=team, workers=workers)
    await store.save_case(tx, case)
    await outbox.append(tx, reassigned)
    return case


async def close_case(command: CloseCase, case_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> Case:
    """Record that a case ended, and cancel what lies ahead of it if that is asked."""
    case = await store.lock_case(tx, case_id, yours, version=version)
    # Read after the lock is ours: whoever books needs it too, and then finds the case closed.
    ending = endings.end(case, command, await store.list_waiting(tx, case_id), now=tx.now)
    await store.save_ending(tx, ending)
    await outbox.append(tx, *ending.facts)
    return ending.case


async def reopen_case(case_id: UUID, *, tx: Transaction, version: int, yours: Sight) -> Case:
    """Record that a closed case goes on."""
    case = await store.lock_case(tx, case_id, yours, version=version)
    case, reopened = cases.reopen(case)
    await store.save_case(tx, case)
    await outbox.append(tx, reopened)
    return case


def draw_codes(*, of: int = 1) -> list[str]:
    """Return codes drawn at random, enough to find so many (*of*) among them that no case has."""
    return [cases.code_from(ids.new_id().int) for _ in range(of * CODES_DRAWN)]
