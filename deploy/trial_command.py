"""`heijastin trial`: what it says while it starts, when it is ready, and when it ends."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from deploy import clocks, seed, tokens
from deploy.seed import PEOPLE
from deploy.trial import Started, Wishes, started

_READY = """\

Heijastin, to try out: invented people, this machine only, {kept}
  ready after {all:.1f} s: {parts}

Tokens, one person per role, valid for {hours:.0f} hours (another: {us} token ROLE)
{tokens}

Addresses
{addresses}  logs        {folder}/*.log

Try, in another terminal
  {us} events tail --from-beginning    the facts, as they flow
  {us} clock advance --by 1d           let a day pass: promises run out at midnight in Helsinki
  curl -H "Authorization: Bearer $({us} token coordinator)" {scheduling}/v1/cases
  {us} tour                            a month, told event by event (when this trial has ended)
Stop with Ctrl-C."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A trial with its people."""

    trial: Started
    tokens: dict[str, str]

    def for_people(self) -> str:
        """Return what a person wants to know."""
        running, seconds = self.trial.running, self.trial.seconds
        return _READY.format(
            us=_us(),
            kept=f"kept in {running.folder}" if running.keeps_data else "gone when it ends (to keep it: --data DIR)",
            all=seconds["all"],
            parts=", ".join(f"{part} {took:.1f} s" for part, took in seconds.items() if part != "all"),
            hours=tokens.VALID_FOR.total_seconds() / 3600,
            tokens="\n".join(f"  {role}  {token}" for role, token in self.tokens.items()),
            addresses="".join(f"  {name:<12}{address}\n" for name, address in self._addresses().items()),
            scheduling=running.http["scheduling"],
            folder=running.folder,
        )

    def for_programs(self) -> str:
        """Return the same as one line of JSON."""
        running, seconds = self.trial.running, self.trial.seconds
        ready = {"ready": True, "pid": running.pid, "folder": str(running.folder), "keeps_data": running.keeps_data}
        rounded = {part: round(took, 3) for part, took in seconds.items()}
        return json.dumps(ready | {"addresses": self._addresses(), "seconds": rounded, "tokens": self.tokens})

    def _addresses(self) -> dict[str, str]:
        running = self.trial.running
        return {**running.http, "form": running.form, "kafka": running.kafka, "postgres": running.postgres}


def _us() -> str:
    """Return how to call us from here."""
    script = Path(sys.argv[0]).absolute()
    return "heijastin" if shutil.which("heijastin") == str(script) else os.path.relpath(script)


def run(wishes: Wishes, *, as_json: bool) -> None:
    """Run a trial until it is told to end: by Ctrl-C, by SIGTERM, or by its terminal that is closed."""
    asyncio.run(_run(wishes, as_json=as_json))


async def _run(wishes: Wishes, *, as_json: bool) -> None:
    with contextlib.suppress(asyncio.CancelledError), ends_on_signals():
        say("starting Postgres, Kafka and the services ...")
        async with started(wishes, say) as trial:
            if await seed.plant(trial.running, now=await clocks.now(trial.running.databases.values())):
                say("an invented region with five families has been entered")
            signed = {role: tokens.mint(trial.running.folder, person) for role, person in PEOPLE.items()}
            ready = _Ready(trial, signed)
            sys.stdout.write(f"{ready.for_programs() if as_json else ready.for_people()}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


@contextlib.contextmanager
def ends_on_signals() -> Generator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal cancel the task that is here: all it holds is let go in order."""
    here, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert here is not None  # noqa: S101 - we are in one

    def end(which: signal.Signals) -> None:
        here.cancel()
        say(f"{which.name}: stopping ...")

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(each, end, each)
    yield


def say(text: str) -> None:
    """Tell what happens, on stderr; that nobody reads it any more stops nothing."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
