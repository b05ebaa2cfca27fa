"""The judge and the naive judge agree; the order of facts has no part in it; nothing is said too early, or twice."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.quality.consumed import MEMOS
from services.quality.domain.announcements import Context, announce, promise_id
from services.quality.domain.facts import CaseFacts, Fact
from services.quality.domain.live import Judgement, Line, judge_live
from services.quality.domain.policies import (
    MEMO_RECORDED_IN_THREE_DAYS,
    MEMO_REVIEWED_AS_AGREED,
    MET_WITHIN_A_MONTH,
    POLICIES,
    Policy,
    Topics,
)
from services.quality.domain.promise import BREACHES, Promise, judge
from services.quality.events import DeviationRaised, DeviationReopened, PromiseFact, PromiseMade
from tests.quality import brute_force, brute_force_memos, brute_force_warnings
from tests.quality.brute_force import Verdict
from tests.quality.builders import CASE, UNIT, heard_until, unit_of
from tests.quality.histories import histories, instants

KINDS: Mapping[str, brute_force_memos.Kind] = {
    MEMO_RECORDED_IN_THREE_DAYS.name: "recorded",
    MEMO_REVIEWED_AS_AGREED.name: "reviewed",
}
each_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
CONTEXT = Context(CASE, "K7-4QX", UNIT, ())
FOR_EVER = datetime(2030, 1, 1, tzinfo=UTC)


def verdicts(policy: str, facts: CaseFacts, until: datetime) -> dict[UUID, Verdict]:
    """Return what the naive judge of that policy says."""
    if policy == MET_WITHIN_A_MONTH.name:
        return brute_force.verdicts(replace(facts, memos=()), until)
    return brute_force_memos.verdicts(facts, until, KINDS[policy])


def speaking(policy: str, facts: CaseFacts, subject: UUID, until: datetime) -> str | None:
    """Return the rung that the naive judge of that policy lets speak."""
    if policy == MET_WITHIN_A_MONTH.name:
        return brute_force_warnings.speaking(replace(facts, memos=()), subject, until)
    return brute_force_memos.speaking(facts, subject, until, KINDS[policy])


class TestTheJudge:
    @each_policy
    @given(facts=histories(), until=instants())
    def test_says_what_the_naive_judge_says(self, policy: Policy, facts: CaseFacts, until: datetime) -> None:
        """Two ways of reading the same page, written apart."""
        judged = judge(policy, facts, unit_of, until)
        naive = verdicts(policy.name, facts, until)

        assert {subject: promise.status.value for subject, promise in judged.items()} == {
            subject: verdict.status for subject, verdict in naive.items()
        }
        for subject, promise in judged.items():
            verdict = naive[subject]
            assert (promise.opening.anchor_on, promise.due_on) == (verdict.anchor_on, verdict.due_on)
            assert (promise.met.on if promise.met else None) == verdict.met_on
            assert promise.is_recorded_late == verdict.recorded_late
            assert promise.in_breach_since == verdict.in_breach_since

    @each_policy
    @given(facts=histories(), until=instants(), shuffle=st.randoms(use_true_random=False))
    def test_does_not_mind_the_order_of_facts(
        self, policy: Policy, facts: CaseFacts, until: datetime, shuffle: object
    ) -> None:
        """Topics arrive in any order, and more than once."""
        reordered: list[Fact] = [*facts, *facts]
        shuffle.shuffle(reordered)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - a Random

        assert judge(policy, CaseFacts.of(reordered), unit_of, until) == judge(policy, facts, unit_of, until)


def judged_by_all(facts: CaseFacts, until: datetime) -> dict[tuple[str, UUID], Promise]:
    """Return the promises of every policy."""
    return {
        (policy.name, subject): promise
        for policy in POLICIES
        for subject, promise in judge(policy, facts, unit_of, until).items()
    }


def of_policy(judgement: Judgement, policy: Policy) -> tuple[object, ...]:
    """Return what a judgement says of one policy, and when to look at what needs the same."""
    standings = {subject: each for (name, subject), each in judgement.standings.items() if name == policy.name}
    return standings, judgement.look_again_at.get(policy.needs)


class TestTheLiveJudgement:
    @given(facts=histories(), gate=instants())
    def test_shows_a_breach_only_if_what_lies_below_the_gate_says_so_by_itself(
        self, facts: CaseFacts, gate: datetime
    ) -> None:
        """What the gate has passed is complete: only of that can it be known that something did not happen."""
        certain = judged_by_all(facts, gate)

        for promise, standing in judge_live(POLICIES, facts, unit_of, heard_until(gate)).standings.items():
            if standing.promise.status in BREACHES:
                assert promise in certain
                assert certain[promise].status in BREACHES

    @given(facts=histories(), gate=instants())
    def test_is_the_judges_once_the_gate_has_passed_every_fact(self, facts: CaseFacts, gate: datetime) -> None:
        """Reading ahead changes nothing in the end."""
        below = facts.before(gate)

        live = judge_live(POLICIES, below, unit_of, heard_until(gate)).standings
        assert {promise: standing.promise for promise, standing in live.items()} == judged_by_all(facts, gate)

    @given(facts=histories(), gate=instants())
    def test_warns_of_what_the_naive_judge_warns_of(self, facts: CaseFacts, gate: datetime) -> None:
        """The gravest rung by all that is known, if what lies below the gate warns too."""
        below = facts.before(gate)

        for (policy, subject), standing in judge_live(POLICIES, facts, unit_of, heard_until(gate)).standings.items():
            warns_below = speaking(policy, below, subject, gate)
            expected = speaking(policy, facts, subject, gate) if warns_below else None
            assert (standing.warning.rung if standing.warning else None) == expected

    @given(facts=histories())
    def test_knows_no_bad_news_while_the_gate_is_shut(self, facts: CaseFacts) -> None:
        """Nothing heard to the end, nothing held against anybody."""
        for standing in judge_live(POLICIES, facts, unit_of, heard_until(None)).standings.values():
            assert standing.promise.status not in BREACHES
            assert standing.warning is None

    @given(facts=histories(), gate=instants(), later=st.timedeltas(timedelta(0), timedelta(days=90)))
    def test_does_not_change_before_it_says_that_it_will(
        self, facts: CaseFacts, gate: datetime, later: timedelta
    ) -> None:
        """One alarm clock per case is enough: between two looks nothing can have come true unseen."""
        judgement = judge_live(POLICIES, facts, unit_of, heard_until(gate))
        at = gate + later

        def line_of(needs: Topics) -> Line:
            return Line(min(at, judgement.look_again_at.get(needs, at)))

        again = judge_live(POLICIES, facts, unit_of, line_of)
        assert again.standings == judgement.standings

    @given(facts=histories(), gate=instants(), behind=instants())
    def test_of_the_month_does_not_wait_for_memos(self, facts: CaseFacts, gate: datetime, behind: datetime) -> None:
        """Each policy goes by the line of the topics that it needs, and by its own facts."""

        def line_of(needs: Topics) -> Line:
            return Line(min(gate, behind) if MEMOS in needs else gate)

        apart = judge_live(POLICIES, facts, unit_of, line_of)
        without = judge_live(POLICIES, replace(facts, memos=()), unit_of, heard_until(gate))
        together = judge_live(POLICIES, facts, unit_of, heard_until(min(gate, behind)))

        for policy, alone in ((MET_WITHIN_A_MONTH, without), (MEMO_RECORDED_IN_THREE_DAYS, together)):
            assert of_policy(apart, policy) == of_policy(alone, policy)


class TestWhatIsSaid:
    @given(facts=histories(), order=st.permutations(range(12)), gates=st.lists(instants(), max_size=4))
    def test_ends_where_the_judge_ends_whatever_was_said_on_the_way(
        self, facts: CaseFacts, order: list[int], gates: list[datetime]
    ) -> None:
        """Convergence: facts in any order, the gate anywhere in between, and at last everything heard."""
        listed = list(facts)
        arriving = [listed[place] for place in order if place < len(listed)]
        arriving += listed[len(order) :]
        said: dict[object, PromiseFact] = {}
        published: list[PromiseFact] = []
        heard: list[Fact] = []
        passing: list[datetime | None] = [None, *sorted(gates)]
        for place, fact in enumerate(arriving):
            heard.append(fact)
            gate = passing[min(place, len(passing) - 1)]
            # The gate never stands above a fact that has not been read yet.
            unread = [other.recorded_at for other in arriving[place + 1 :]]
            gate = min([gate, *unread]) if gate is not None else None
            published += _say(said, CaseFacts.of(heard), gate)
        published += _say(said, facts, FOR_EVER)

        for (policy, subject), promise in judged_by_all(facts, FOR_EVER).items():
            last = said.get(promise_id(policy, subject))
            if last is None:
                assert promise.status == "void"
                continue
            assert last.status == promise.status
            assert last.met_on == (promise.met.on if promise.met else None)
            assert last.due_on == promise.due_on
            assert (last.deviation_state == "open") == promise.is_in_breach
            assert last.deviation_since == promise.in_breach_since
            assert last.is_recorded_late == promise.is_recorded_late
        _tells_a_consistent_story(published)

    @given(facts=histories(), gate=instants())
    def test_is_not_said_twice(self, facts: CaseFacts, gate: datetime) -> None:
        """Judging again what has not changed publishes nothing."""
        said: dict[object, PromiseFact] = {}
        _say(said, facts, gate)

        assert _say(said, facts, gate) == []


def _say(said: dict[object, PromiseFact], facts: CaseFacts, gate: datetime | None) -> list[PromiseFact]:
    published: list[PromiseFact] = []
    for (policy, subject), standing in judge_live(POLICIES, facts, unit_of, heard_until(gate)).standings.items():
        news = announce(said.get(promise_id(policy, subject)), standing, CONTEXT)
        published += news
        if news:
            said[promise_id(policy, subject)] = news[-1]
    return published


def _tells_a_consistent_story(published: list[PromiseFact]) -> None:
    """Versions are contiguous, a promise is made once and first, a deviation raised once and then only reopened."""
    versions: dict[object, int] = {}
    raised: set[object] = set()
    for fact in published:
        assert fact.version == versions.get(fact.promise_id, 0) + 1
        assert isinstance(fact, PromiseMade) == (fact.version == 1)
        versions[fact.promise_id] = fact.version
        if isinstance(fact, DeviationRaised):
            assert fact.deviation_id not in raised
            raised.add(fact.deviation_id)
        if isinstance(fact, DeviationReopened):
            assert fact.deviation_id in raised
