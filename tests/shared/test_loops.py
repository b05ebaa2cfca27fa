import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from shared import ids, loops
from shared.clock import monotonic
from shared.errors import Transient
from shared.loops import Loop, RunningLoop
from shared.metering import Metrics
from shared.metrics import PLUMBING
from shared.trouble import LONGEST_PAUSE_SECONDS, ends_within, is_passing, pause_seconds
from tests.probe import until

pytestmark = pytest.mark.asyncio

NEVER = timedelta(hours=1)
METRICS = Metrics("bakery", PLUMBING)
Run = Callable[..., RunningLoop]


@pytest_asyncio.fixture(name="run")
async def _run() -> AsyncGenerator[Run]:
    """Return a function that starts a loop around what it is given; all are stopped at the end."""
    running: list[RunningLoop] = []

    def run(run_once: Callable[[], object], *, hangs_after: timedelta = NEVER) -> RunningLoop:
        async def once() -> object:
            return await result if asyncio.iscoroutine(result := run_once()) else result

        loop = Loop(name="oven", run_once=once, shortest_pause=NEVER, longest_pause=NEVER, hangs_after=hangs_after)
        running.append(RunningLoop(loop, METRICS))
        return running[-1]

    yield run
    for each in running:
        await each.stop(within_seconds=0.1)


class TestLoop:
    async def test_makes_its_first_pass_at_once_and_tells_what_a_pass_did(self, run: Run) -> None:
        """A process that was away has things waiting."""
        done: list[int] = []
        loop = run(lambda: done.append(1))
        await until(_is(lambda: done))

        loop = run(lambda: "three loaves")

        assert await loop.next_pass() == "three loaves"

    async def test_is_woken_before_its_pause_is_over(self, run: Run) -> None:
        """What was just written need not wait for a tick."""
        baked: list[int] = []
        loop = run(lambda: baked.append(1))
        await until(_is(lambda: baked))

        loop.loop.wake.set()

        await until(_is(lambda: len(baked) == 2))

    async def test_does_not_miss_a_wake_during_a_pass(self, run: Run) -> None:
        """What is written while a pass is on its way may not have been seen by it."""
        passes: list[int] = []
        oven = asyncio.Event()

        async def bake() -> None:
            passes.append(1)
            await oven.wait()

        loop = run(bake)
        await until(_is(lambda: passes))
        loop.loop.wake.set()
        oven.set()

        await until(_is(lambda: len(passes) == 2))

    async def test_pauses_longer_and_longer_while_there_is_nothing_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An idle service should cost next to nothing, a busy one should not wait."""
        wait, pauses = loops._wait, list[float]()
        answers = iter([0, 0, 0, 0, 7, 0])

        async def noted(for_what: asyncio.Event, seconds: float) -> None:
            pauses.append(seconds)
            await wait(for_what, seconds)

        async def bake() -> int:
            return next(answers, 0)

        monkeypatch.setattr(loops, "_wait", noted)
        began = monotonic()
        loop = Loop(
            name="oven",
            run_once=bake,
            shortest_pause=timedelta(seconds=0.01),
            longest_pause=timedelta(seconds=0.05),
        )
        running = RunningLoop(loop, METRICS)
        await until(_is(lambda: len(pauses) >= 7))
        took = monotonic() - began
        await running.stop(within_seconds=1)

        assert pauses[:6] == [0.02, 0.04, 0.05, 0.05, 0.01, 0.02]
        assert took > 0.18

    async def test_goes_on_after_any_failure_and_says_so_once(self) -> None:
        """Weather and faults alike: one line when it begins, one when it is over, whatever the number of tries."""
        troubles: list[Exception] = [ConnectionRefusedError(), ConnectionRefusedError(), ConnectionRefusedError()]
        troubles += [ZeroDivisionError(), ZeroDivisionError()]

        async def bake() -> None:
            if troubles:
                raise troubles.pop(0)

        with capture_logs() as lines:
            loop = Loop(name="oven", run_once=bake, shortest_pause=NEVER, longest_pause=NEVER)
            running = RunningLoop(loop, METRICS)
            await running.next_pass()
            await running.stop(within_seconds=1)

        told = [(line["event"], line["log_level"]) for line in lines]
        assert told == [("loop_waits", "warning"), ("loop_failed", "error"), ("loop_recovered", "info")]
        assert lines[-1]["failures"] == 5

    async def test_lets_a_pass_end_when_it_is_stopped(self, run: Run) -> None:
        """Work that is nearly done should not be done again."""
        ended: list[int] = []
        oven = asyncio.Event()

        async def bake() -> None:
            await oven.wait()
            ended.append(1)

        loop = run(bake)
        stopping = asyncio.create_task(loop.stop(within_seconds=5))
        await asyncio.sleep(0)
        oven.set()
        await stopping

        assert ended == [1]
        assert not loop.has_died()

    async def test_is_cancelled_when_it_does_not_stop_in_time(self, run: Run) -> None:
        """A pass that hangs may not keep the process from ending; its transaction is rolled back."""
        cancelled: list[int] = []

        async def bake() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(1)
                raise

        loop = run(bake)
        await asyncio.sleep(0)
        await loop.stop(within_seconds=0.05)

        assert cancelled == [1]

    async def test_stands_being_started_and_stopped_at_any_moment(self) -> None:
        """Whatever it is just doing: nothing stays behind, and it stops once and for all."""
        before = asyncio.all_tasks()
        for turn in range(200):
            beat = timedelta(seconds=0.0005)

            async def bake(turn: int = turn) -> bool:
                await asyncio.sleep(0)
                if turn % 3 == 0:
                    raise Transient
                return turn % 2 == 0

            loop = Loop(name="oven", run_once=bake, shortest_pause=beat, longest_pause=beat)
            running = RunningLoop(loop, METRICS)
            for _ in range(turn % 7):
                await asyncio.sleep(0)
            await asyncio.gather(*(running.stop(within_seconds=1) for _ in range(3)))

        assert asyncio.all_tasks() == before

    async def test_tells_when_it_has_died(self, run: Run) -> None:
        """A cancellation that nobody meant, for one, ends a task silently."""

        async def bake() -> None:
            raise asyncio.CancelledError

        loop = run(bake)

        await until(_is(loop.has_died))

    async def test_tells_when_a_pass_takes_longer_than_it_may(self, run: Run) -> None:
        """Only the pass counts: a long pause is not a hang."""
        hanging = run(asyncio.Event().wait, hangs_after=timedelta(seconds=0.01))
        resting = run(lambda: None, hangs_after=timedelta(seconds=0.01))

        await until(_is(hanging.hangs))

        assert not resting.hangs()
        assert hanging.heartbeat_age_seconds() > 0.01


def _is(ask: Callable[[], object]) -> "Callable[[], asyncio.Future[object]]":
    async def answer() -> object:
        return ask()

    return lambda: asyncio.ensure_future(answer())


class TestPassingTrouble:
    @pytest.mark.parametrize(
        "trouble",
        [Transient(), ConnectionResetError(), TimeoutError(), ExceptionGroup("both", [Transient(), OSError()])],
    )
    async def test_may_be_over_a_moment_later(self, trouble: Exception) -> None:
        """So it is worth another try, and no alarm."""
        assert is_passing(trouble)

    @pytest.mark.parametrize("fault", [KeyError(), ExceptionGroup("one of them", [OSError(), KeyError()])])
    async def test_is_not_a_fault_of_ours(self, fault: Exception) -> None:
        """A fault stays, however often it is tried."""
        assert not is_passing(fault)


class TestPauses:
    async def test_grow_to_a_bound_and_out_of_step(self) -> None:
        """A hundred processes that lost the same database must not come back at the same moment."""
        pauses = [pause_seconds(failures) for failures in range(1, 50)]

        assert 0.05 <= pauses[0] <= 0.1
        assert LONGEST_PAUSE_SECONDS / 2 <= pauses[-1] <= LONGEST_PAUSE_SECONDS
        assert pause_seconds(10_000) <= LONGEST_PAUSE_SECONDS
        assert len({pause_seconds(9) for _ in range(10)}) > 1
        assert ids.between(1, 1) == 1


class TestEndsWithin:
    async def test_bounds_what_swallows_its_cancellation(self) -> None:
        """`wait_for` would wait for it for ever."""

        async def deaf() -> None:
            while not heard.is_set():
                try:
                    await heard.wait()
                except asyncio.CancelledError:
                    continue

        heard = asyncio.Event()

        assert not await ends_within(0.01, deaf())
        heard.set()
        await asyncio.sleep(0)

    async def test_tells_a_good_end_from_a_bad_one(self) -> None:
        """Neither raises."""

        async def fail() -> None:
            raise OSError

        assert await ends_within(1, asyncio.sleep(0))
        assert not await ends_within(1, fail())
