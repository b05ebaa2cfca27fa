"""Cases on their way to scheduling: many in a request, a few requests at a time, sent again until they are answered."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from deploy.api import Answer, Api
from deploy.importing.cases import ReadCase
from deploy.trouble import ExitCode, Trouble
from shared.clock import monotonic

AT_ONCE: Final = 3
_MOST_CASES: Final = 50
_MOST_BYTES: Final = 120_000  # scheduling takes twice that
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What scheduling answered about some cases, and until when all of it was recorded."""

    answers: Sequence[tuple[ReadCase, Mapping[str, Any]]]
    recorded_until: datetime


def batches(cases: Sequence[ReadCase]) -> Iterator[list[tuple[ReadCase, str]]]:
    """Yield the cases in portions that make a request of a good size, each with its JSON."""
    portion: list[tuple[ReadCase, str]] = []
    size = 0
    for case in cases:
        body = case.command.model_dump_json()
        if portion and (len(portion) >= _MOST_CASES or size + len(body) > _MOST_BYTES):
            yield portion
            portion, size = [], 0
        portion.append((case, body))
        size += len(body)
    if portion:
        yield portion


async def send(
    scheduling: Api,
    cases: Sequence[ReadCase],
    *,
    source: str,
    dry_run: bool,
    patience: "Patience",
    told: Callable[[Taken], None],
) -> None:
    """
    Send all cases; *told* hears the answers as they come.

    What was sent and not answered may have been taken; it is sent again, and is then no news.

    Raises:
        ExceptionGroup: of `Trouble`; scheduling refuses us, or nobody has answered for as long as *patience* lasts.
    """
    waiting = batches(cases)
    head = f'{{"source":{json.dumps(source)},"dry_run":{json.dumps(dry_run)},"cases":['

    async def sender() -> None:
        for portion in waiting:
            body = f"{head}{','.join(case for _, case in portion)}]}}".encode()
            answer = await patience.ask(partial(scheduling.send, "/v1/imports", body))
            answers = zip((case for case, _ in portion), answer["cases"], strict=True)
            told(Taken(list(answers), datetime.fromisoformat(answer["recorded_until"])))

    async with asyncio.TaskGroup() as senders:
        for _ in range(AT_ONCE):
            senders.create_task(sender())


@dataclass(slots=True)
class Patience:
    """How long we ask again where nobody answers, counted from the last answer; *said* hears of it once a time."""

    seconds: float
    said: Callable[[str], None]
    last_answer: float = 0.0
    is_tried: bool = False

    def __post_init__(self) -> None:
        self.last_answer = monotonic()

    async def ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """
        Return the answer, asking again while a service is away.

        Raises:
            Trouble: it refuses, or nobody has answered for too long.
        """
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                answer = await question()
            except Trouble as trouble:
                if trouble.exit_code is not ExitCode.UNAVAILABLE:
                    raise
                if monotonic() - self.last_answer > self.seconds:
                    cure = "Run the same command again when it is back: what is in stays in, the rest follows."
                    raise Trouble(trouble.what, cure=cure, exit_code=ExitCode.UNAVAILABLE) from trouble
                # Once is nothing: two requests that draw the same code for a case are told apart by asking again.
                if pause > _FIRST_PAUSE_SECONDS and not self.is_tried:
                    self.said(f"{trouble.what} Asking again for {self.seconds:g} s ...")
                    self.is_tried = True
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                self.last_answer, self.is_tried = monotonic(), False
                return answer
