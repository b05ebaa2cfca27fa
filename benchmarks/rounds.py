"""Rounds of several programs that do the same, one after the other, so that a noisy machine is unfair to all alike."""

import statistics
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

Program = Callable[[], Awaitable[float]]
"""Does its work once and returns how many events it handled per second."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A program's rates, events per second, round by round."""

    name: str
    rates: list[float]

    @property
    def median(self) -> float:
        """Return the middle one."""
        return statistics.median(self.rates)


async def interleaved(programs: Mapping[str, Program], *, rounds: int) -> list[Measured]:
    """Run each of *programs* once per round; the first round warms up and is not counted."""
    rates: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds + 1):
        for name, program in programs.items():
            rates[name].append(await program())
    return [Measured(name, each[1:]) for name, each in rates.items()]


def print_rates(title: str, measured: list[Measured], *, base: str) -> None:
    """Print a table: medians, their share of the program called *base*, and all rounds."""
    of_base = next(each.median for each in measured if each.name == base)
    print(f"\n{title}\n{'':44} {'events/s':>9} {'share':>7}  rounds")
    for each in measured:
        rounds = " ".join(f"{rate:,.0f}" for rate in each.rates)
        print(f"{each.name:44} {each.median:>9,.0f} {each.median / of_base:>7.3f}  {rounds}", flush=True)
