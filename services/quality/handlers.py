"""
What quality does: keep what is heard, judge, and say the difference.

A batch, a sweep and a rebuild end in the same few lines (`judge_cases`): load what is known of the cases, judge each,
publish what has changed since it was last said, and note when to look again.
"""

import contextlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

from services.quality import store
from services.quality.consumed import CASES, MEMOS, OfCase, Stated, UnitConfigured
from services.quality.domain import heard
from services.quality.domain.announcements import Context, announce, promise_id
from services.quality.domain.calendar import local_date
from services.quality.domain.facts import Fact as CaseFact
from services.quality.domain.figures import Counted, Figures, figures
from services.quality.domain.live import Line, judge_live
from services.quality.domain.policies import GATES, POLICIES, Policy, Topics
from services.quality.domain.promise import UnitOf, judge
from services.quality.domain.units import UNKNOWN_UNIT, Unit
from services.quality.events import PromiseFact
from services.quality.store import CaseRow, Passed
from shared import gate, outbox
from shared.database import Connection, Trace, Transaction
from shared.inbox import StreamKey
from shared.intake import Batch, FactRefused, Refusals, apply_in_order
from shared.records import Fact

TOPICS = tuple(dict.fromkeys(topic for needs in GATES for topic in needs))
KEYED_BY_CASE = (CASES, MEMOS)

WOKEN = datetime(1970, 1, 1, tzinfo=UTC)
"""Before any fact: a case that is to be judged again at once looks again at this instant, or before it."""
POSTPONED_BY = timedelta(minutes=15)
"""How long a case that cannot be judged waits for somebody to have mended what is wrong with it, or with us."""


async def take_in(tx: Transaction, batch: Batch) -> Refusals:
    """Keep the facts of a batch and judge every case that it touches; refuses facts that contradict themselves."""
    kept: list[tuple[UUID, CaseFact]] = []
    units: list[UnitConfigured] = []
    newest: dict[UUID, Fact] = {}

    def apply(fact: Fact) -> None:
        said = fact.body
        if isinstance(said, UnitConfigured):
            units.append(said)
        elif isinstance(said, Stated):
            reason = heard.contradiction(said, now=tx.now)
            if reason is not None:
                raise FactRefused(reason)
            kept.append((said.case_id, heard.fact_of(said, recorded_at=fact.recorded_at)))
            newest[said.case_id] = max(fact, newest.get(said.case_id, fact), key=_context_sequence)

    refusals = apply_in_order(batch.facts, apply)
    since = {**batch.disturbed_since, **{fact.stream: tx.now for fact, _ in refusals}}
    touched = {*since, *batch.disturbed, *(fact.stream for fact in batch.facts)}

    await store.lock_rules(tx, to_change_them=bool(units))
    await store.begin_cases(tx, [_context_of(fact) for fact in newest.values()])
    cases = await store.lock_cases(tx, {*newest, *_case_ids(touched)})
    for case_id, fact in newest.items():
        cases[case_id] = _row_with(cases[case_id], fact)
    for case_id, row in cases.items():
        cases[case_id] = replace(row, disturbed_since=_disturbances(row, touched, since))
    await store.save_facts(tx, kept)
    await store.save_units(tx, units)
    if tx.is_muted:
        woken = dict.fromkeys(GATES, WOKEN)
        await store.save_cases(tx, [replace(row, look_again_at=woken) for row in cases.values()])
    else:
        await judge_cases(tx, cases, {case_id: fact.trace for case_id, fact in newest.items()})
    return refusals


async def look_again(tx: Transaction, *, limit: int, only: UUID | None = None) -> list[float]:
    """
    Judge again at most *limit* cases whose time has come; returns how late each was, in seconds of business time.

    Their time comes when a gate passes it, not when a clock of ours does. Several processes may sweep at once. What
    another thing than time has woken is not late: it counts as 0. *only* names the one case to look at, if it is due.
    """
    await store.lock_rules(tx, to_change_them=False)
    passed = await gates_passed(tx.connection)
    cases = await store.claim_cases(tx, before=passed, limit=limit, only=only)
    if cases:
        await judge_cases(tx, cases, {})
    due = [_due_since(row, passed) for row in cases.values()]
    return [(tx.now - at).total_seconds() if at > WOKEN else 0.0 for at in due]


async def list_due(tx: Transaction, *, limit: int) -> list[UUID]:
    """Return at most *limit* cases whose time to be judged again has come, the longest due first."""
    return await store.list_due(tx, before=await gates_passed(tx.connection), limit=limit)


async def gates_passed(connection: Connection) -> Passed:
    """Return until when everything that a policy needs has been heard, by what it needs; None: its gate is shut."""
    complete = await gate.complete_until_each(connection, TOPICS)
    return {needs: gate.least(complete, needs) for needs in GATES}


async def postpone(tx: Transaction, case_id: UUID) -> None:
    """Look at a case that could not be judged again later, so that it does not stand in the way of the others."""
    await store.postpone(tx, case_id, until=tx.now + POSTPONED_BY)


async def forget(tx: Transaction) -> None:
    """Remove what was heard, for a rebuild to hear it again; what was said of the promises stays."""
    await store.forget(tx)


async def judge_cases(tx: Transaction, cases: Mapping[UUID, CaseRow], traces: Mapping[UUID, Trace]) -> None:
    """
    Judge locked *cases*, say what has changed, and note when to look again.

    *traces* are those of the facts that brought the cases here; what time brought continues the transaction's own.
    """
    passed = await gates_passed(tx.connection)
    facts = await store.load_facts(tx, cases)
    said = await store.load_states(tx, cases)
    unit_of = _unit_finder(await store.load_units(tx))
    announced: list[tuple[PromiseFact, Trace]] = []
    judged: list[CaseRow] = []
    for case_id, row in cases.items():
        judgement = judge_live(POLICIES, facts[case_id], unit_of, partial(_line, row, passed))
        trace = traces.get(case_id, tx.trace)
        for (policy, subject_id), standing in judgement.standings.items():
            last = said[case_id].get(promise_id(policy, subject_id))
            announced += [(fact, trace) for fact in announce(last, standing, row.context)]
        judged.append(replace(row, look_again_at=judgement.look_again_at))
    await store.save_cases(tx, judged)
    # Of several facts about one promise the last is what stands said.
    await store.save_promises(tx, {fact.promise_id: fact for fact, _ in announced}.values())
    await outbox.append_each(tx, announced)


async def count(
    source: store.Source,
    units: frozenset[UUID],
    policy: Policy,
    *,
    due_from: date,
    due_until: date,
    as_of: datetime | None,
    heard_until: datetime,
) -> list[Figures]:
    """
    Return how *units* kept the promises of *policy* that were due in [*due_from*, *due_until*).

    As last said until now; for a cut-off *as_of*, as the same judge has it by the facts recorded before that.
    """
    if as_of is None:
        counted = await store.list_counted(source, units, policy=policy.name, due_from=due_from, due_until=due_until)
        return figures(counted, as_of_day=local_date(heard_until))
    facts = await store.load_facts(source, await store.list_cases_of_units(source, units))
    unit_of = _unit_finder(await store.load_units(source))
    judged = [promise for of_case in facts.values() for promise in judge(policy, of_case, unit_of, as_of).values()]
    return figures(
        [
            Counted(
                promise.opening.unit_id,
                promise.due_on,
                promise.status,
                is_undetermined=False,
                is_recorded_late=promise.is_recorded_late,
                imported=promise.opening.imported,
            )
            for promise in judged
            if promise.opening.unit_id in units and due_from <= promise.due_on < due_until
        ],
        as_of_day=local_date(as_of),
    )


def _row_with(row: CaseRow, fact: Fact) -> CaseRow:
    """Return the case with the context of *fact*, if that is the newest of its stream; a memo's is second-hand."""
    sequence = _context_sequence(fact)
    if row.context_sequence >= sequence:
        return row
    return CaseRow(_context_of(fact), sequence, row.disturbed_since)


def _context_of(fact: Fact) -> Context:
    said = fact.body
    assert isinstance(said, OfCase)  # noqa: S101 - for the type checker: only such facts are collected
    return Context(said.case_id, said.case_code, said.team_id, said.responsible_worker_ids)


def _context_sequence(fact: Fact) -> int:
    return fact.sequence if fact.topic == CASES else 0


def _disturbances(
    row: CaseRow, touched: Container[StreamKey], since: Mapping[StreamKey, datetime]
) -> dict[str, datetime]:
    """Return by topic since when facts of a case are missing; of streams that nothing touched, what was known."""
    streams = [(topic, str(row.context.case_id)) for topic in KEYED_BY_CASE]
    known = {stream: row.disturbed_since.get(stream[0]) for stream in streams}
    known |= {stream: since.get(stream) for stream in streams if stream in touched}
    return {topic: at for (topic, _), at in known.items() if at is not None}


def _line(row: CaseRow, passed: Passed, needs: Topics) -> Line:
    disturbed = [at for topic, at in row.disturbed_since.items() if topic in needs]
    return Line(passed[needs], max(disturbed, default=None))


def _due_since(row: CaseRow, passed: Passed) -> datetime:
    """Return the earliest instant of a claimed case that its gate has passed."""
    due = [at for needs, at in row.look_again_at.items() if (gate_at := passed[needs]) is not None and at < gate_at]
    return min(due)


def _unit_finder(configured: Mapping[UUID, UnitConfigured]) -> UnitOf:
    known: dict[UUID, Unit] = {}

    def unit_of(unit_id: UUID) -> Unit:
        if unit_id not in known:
            known[unit_id] = heard.unit_of(configured[unit_id]) if unit_id in configured else UNKNOWN_UNIT
        return known[unit_id]

    return unit_of


def _case_ids(streams: Iterable[StreamKey]) -> Iterator[UUID]:
    """Yield the cases among *streams*; a poisoned record may have any key."""
    for topic, key in streams:
        if topic in KEYED_BY_CASE:
            with contextlib.suppress(ValueError):
                yield UUID(key)
