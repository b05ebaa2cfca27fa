"""
An adversary who holds all the evidence and tries to tie answers to links, and so to the families who got them.

Each attack is a function from what happened between two dumps to guesses, pairs of a link and an answer. What it cannot
say it leaves out and the rest is guessed blindly, so every attack names one answer for each link; by chance alone one
pair of a stretch is right, however many there are.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol, get_args

from tests.journeys.evidence import Dump, Evidence, Line, Row, as_text, digest

Kind = Literal["marks", "open_answers"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Guesses = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    What happened in a unit between two dumps, as anybody sees who compares them.

    `links` are the tokens of letters that went out and were used, in the order of the mail; `answers` those that came,
    as JSON text, in the order in which they are stored.
    """

    evidence: Evidence
    before: Dump
    after: Dump
    links: Sequence[str]
    answers: Sequence[str]
    family_of: Mapping[str, str]
    """Of each link, by its address."""


def stretches(evidence: Evidence, unit_id: str, kind: Kind) -> list[Stretch]:
    """Return what happened in a unit, of which the adversary knows the letters by the links' rows or the families."""
    found: list[Stretch] = []
    addresses = _addresses(evidence, unit_id)
    for before, after in zip(evidence.dumps, evidence.dumps[1:], strict=False):
        left = {row.columns["digest"] for row in after.of("feedback.links")}
        sent = [
            (address.partition("-")[0], token)
            for address, token in after.letters[len(before.letters) :]
            if address in addresses and digest(token) not in left
        ]
        came = Counter(_answers(after, unit_id, kind)) - Counter(_answers(before, unit_id, kind))
        stored = [answer for answer in _answers(after, unit_id, kind) if answer in came]
        found.append(Stretch(evidence, before, after, [token for _, token in sent], stored, {t: f for f, t in sent}))
    return found


def _addresses(evidence: Evidence, unit_id: str) -> set[str]:
    """Return the addresses of a unit's families; scheduling's database knows them."""
    end = evidence.dumps[-1]
    cases = {row.columns["case_id"] for row in end.of("scheduling.cases") if str(row.columns["unit_id"]) == unit_id}
    return {row.columns["address"] for row in end.of("scheduling.family_members") if row.columns["case_id"] in cases}


def _answers(dump: Dump, unit_id: str, kind: Kind) -> list[str]:
    [window] = [row for row in dump.of("feedback.windows") if str(row.columns["unit_id"]) == unit_id]
    return [as_text(each) for each in json.loads(window.columns[kind])]


# ------------------------------------------------------------------------------------------------------------- attacks


class Attack(Protocol):
    """A way to tie answers to links."""

    __name__: str

    def __call__(self, stretch: Stretch, /) -> Guesses:
        """Return what it makes of a stretch."""
        ...


def by_a_row_that_names_both(stretch: Stretch) -> Guesses:
    """A foreign key, a log table, a parked record: anything in which a link and an answer stand together."""
    rows_of_answers = _rows_of_answers(stretch)
    for token in stretch.links:
        for row in _rows_of_link(token, stretch):
            yield from ((token, answer) for found, answer in rows_of_answers if found is row)


def by_the_transaction_that_wrote_both(stretch: Stretch) -> Guesses:
    """A row about a link and a row about an answer, left by the same transaction."""
    rows_of_answers = _rows_of_answers(stretch)
    for token in stretch.links:
        written = {row.xmin for row in _rows_of_link(token, stretch)}
        yield from ((token, answer) for row, answer in rows_of_answers if row.xmin in written)


def by_the_versions_of_answers_rows(stretch: Stretch) -> Guesses:
    """Rows of single answers, in the order in which they were written, beside the mail."""
    found = sorted(_rows_of_answers(stretch), key=lambda found: (found[0].xmin, found[0].ctid))
    return zip(stretch.links, _each_once(found), strict=False)


def by_the_times_of_answers(stretch: Stretch) -> Guesses:
    """Rows of single answers, in the order of a column that tells a time, beside the mail."""
    return _by_columns(stretch, lambda value: isinstance(value, date | datetime))


def by_the_numbers_of_answers(stretch: Stretch) -> Guesses:
    """Rows of single answers, in the order of a column that counts, beside the mail."""
    return _by_columns(stretch, lambda value: isinstance(value, int))


def by_the_place_in_the_list(stretch: Stretch) -> Guesses:
    """Who was mailed first stands first."""
    return zip(stretch.links, stretch.answers, strict=False)


def by_the_place_in_the_list_backwards(stretch: Stretch) -> Guesses:
    """Who was mailed first stands last."""
    return zip(stretch.links, reversed(stretch.answers), strict=False)


def by_the_place_of_the_links_row(stretch: Stretch) -> Guesses:
    """Where the link lay before it was used, beside where the answer lies."""
    places = {row.columns["digest"]: row.ctid for row in stretch.before.of("feedback.links")}
    return zip(
        sorted(stretch.links, key=lambda token: places.get(digest(token), (0, 0))), stretch.answers, strict=False
    )


def by_the_place_of_the_token(stretch: Stretch) -> Guesses:
    """Where the token lay in scheduling before it was handed out, beside where the answer lies."""
    places = {row.columns["token"]: row.ctid for row in stretch.before.of("scheduling.feedback_links")}
    return zip(sorted(stretch.links, key=lambda token: places.get(token, (0, 0))), stretch.answers, strict=False)


def by_the_digest(stretch: Stretch) -> Guesses:
    """The order of an index, and of the booklet's fact."""
    return zip(sorted(stretch.links, key=digest), stretch.answers, strict=False)


def by_the_records_of_the_link(stretch: Stretch) -> Guesses:
    """When and where in a topic the link was told of, beside where the answer lies."""

    def first_told(token: str) -> tuple[int, int, int]:
        named = digest(token).hex()
        return min(
            (
                (record.timestamp, record.offset, record.text.index(named))
                for record in stretch.evidence.records.naming(named)
            ),
            default=(0, 0, 0),
        )

    return zip(sorted(stretch.links, key=first_told), stretch.answers, strict=False)


def by_a_record_that_names_the_answer(stretch: Stretch) -> Guesses:
    """An answer in a topic, in the order of its records' time, beside the mail."""
    told = {answer: stretch.evidence.records.naming(answer) for answer in stretch.answers}
    found = [answer for answer in stretch.answers if told[answer]]
    return zip(stretch.links, sorted(found, key=lambda answer: told[answer][0].timestamp), strict=False)


def by_the_sizes_of_families(stretch: Stretch) -> Guesses:
    """Families by how many links they got, as scheduling counts them, beside runs of the list."""
    sizes = Counter(stretch.family_of.values())
    by_size = sorted(stretch.links, key=lambda token: (-sizes[stretch.family_of[token]], stretch.family_of[token]))
    return zip(by_size, stretch.answers, strict=False)


def by_lines_that_name_the_answer(stretch: Stretch) -> Guesses:
    """An answer in a log, in the order of the lines, beside the mail."""
    lines = stretch.evidence.lines
    said = {answer: lines.index(found[0]) for answer in stretch.answers if (found := lines.naming(answer))}
    return zip(stretch.links, sorted(said, key=lambda answer: said[answer]), strict=False)


def by_lines_that_name_the_link(stretch: Stretch) -> Guesses:
    """Lines of a log that name a link, in their order, beside where the answers lie."""
    lines = stretch.evidence.lines
    said = {token: lines.index(line) for token, line in _lines_of_links(stretch).items()}
    return zip(sorted(said, key=lambda token: said[token]), stretch.answers, strict=False)


def by_lengths_in_the_log(stretch: Stretch) -> Guesses:
    """How much was sent, by a line that names the link, beside how long the answers are."""
    length = {
        token: [int(number) for number in re.findall(r"\b\d+\b", line.text.replace(token, ""))]
        for token, line in _lines_of_links(stretch).items()
    }
    measured = sorted((token for token in stretch.links if length.get(token)), key=lambda token: length[token])
    return zip(measured, sorted(stretch.answers, key=len), strict=False)


ATTACKS: tuple[Attack, ...] = (
    by_a_row_that_names_both,
    by_the_transaction_that_wrote_both,
    by_the_versions_of_answers_rows,
    by_the_times_of_answers,
    by_the_numbers_of_answers,
    by_the_place_in_the_list,
    by_the_place_in_the_list_backwards,
    by_the_place_of_the_links_row,
    by_the_place_of_the_token,
    by_the_digest,
    by_the_records_of_the_link,
    by_a_record_that_names_the_answer,
    by_the_sizes_of_families,
    by_lines_that_name_the_answer,
    by_lines_that_name_the_link,
    by_lengths_in_the_log,
)


def _rows_of_link(token: str, stretch: Stretch) -> list[Row]:
    rows = stretch.after.rows
    return [*rows.naming(token), *rows.naming(digest(token).hex())]


def _rows_of_answers(stretch: Stretch) -> list[tuple[Row, str]]:
    """Return rows with an answer of each; but not the row of the whole list, where the answers are meant to be."""
    return [
        (row, answer)
        for answer in stretch.answers
        for row in stretch.after.rows.naming(answer)
        if row.table != "feedback.windows"
    ]


def _each_once(found: Iterable[tuple[Row, str]]) -> list[str]:
    return list(dict.fromkeys(answer for _, answer in found))


def _by_columns(stretch: Stretch, is_of_kind: Callable[[object], bool]) -> Guesses:
    found = _rows_of_answers(stretch)
    columns = {(row.table, name) for row, _ in found for name, value in row.columns.items() if is_of_kind(value)}
    for table, name in sorted(columns):
        of_table: Any = sorted((row.columns[name], answer) for row, answer in found if row.table == table)
        yield from zip(stretch.links, dict.fromkeys(answer for _, answer in of_table), strict=False)


def _lines_of_links(stretch: Stretch) -> dict[str, Line]:
    """Return the first line that names each link."""
    lines = stretch.evidence.lines
    named = {token: [*lines.naming(token), *lines.naming(digest(token).hex())] for token in stretch.links}
    return {token: found[0] for token, found in named.items() if found}


# --------------------------------------------------------------------------------------------------------------- score


@dataclass(frozen=True, slots=True)
class Score:
    """How many links an attack tied to their answers, of how many, and how many blind chance ties on average."""

    tied: int
    links: int
    by_chance: int

    def __add__(self, other: "Score") -> "Score":
        """Return the score of both together."""
        return Score(self.tied + other.tied, self.links + other.links, self.by_chance + other.by_chance)

    @property
    def interval(self) -> tuple[float, float]:
        """
        The share of links that the attack ties: an interval that holds it with 99.99 % confidence.

        Blind guesses of a stretch that are right have a mean and a variance of one, so their sum is a Poisson count;
        the interval is Garwood's exact one.
        """
        return _least_mean(self.tied) / self.links, min(1.0, _greatest_mean(self.tied) / self.links)

    @property
    def is_better_than_chance(self) -> bool:
        """Whether chance lies below all that the attack can be."""
        return self.interval[0] > self.by_chance / self.links

    def __str__(self) -> str:
        """One line of a report."""
        low, high = self.interval
        share, chance = self.tied / self.links, self.by_chance / self.links
        return f"{self.tied:3} of {self.links} ({share:.3f}, {low:.3f} to {high:.3f}; chance {chance:.3f})"


def score(attack: Attack, tried: Sequence[Stretch], truth: Mapping[str, str]) -> Score:
    """Let an *attack* name one answer for each link of each stretch, and count those that are in the *truth*."""
    tied = 0
    for stretch in tried:
        named: dict[str, str] = {}
        for token, answer in attack(stretch):
            if token not in named and answer not in named.values():
                named[token] = answer
        left = (answer for answer in stretch.answers if answer not in named.values())
        blind = dict(zip((token for token in stretch.links if token not in named), list(left), strict=False))
        tied += sum(truth[token] == answer for token, answer in (named | blind).items())
    return Score(tied, sum(len(stretch.links) for stretch in tried), len(tried))


_DOUBT = 0.0001 / 2


def _least_mean(count: int) -> float:
    """Return the mean above which *count* or more is not too unlikely."""
    return 0.0 if count == 0 else _solve(lambda mean: 1 - _at_most(count - 1, mean) > _DOUBT, count)


def _greatest_mean(count: int) -> float:
    """Return the mean above which *count* or fewer is too unlikely."""
    return _solve(lambda mean: _at_most(count, mean) < _DOUBT, count)


def _at_most(count: int, mean: float) -> float:
    return sum(math.exp(each * math.log(mean) - mean - math.lgamma(each + 1)) for each in range(count + 1))


def _solve(is_above: Callable[[float], bool], count: int) -> float:
    low, high = 1e-9, 10.0 * count + 50
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if is_above(middle) else (middle, high)
    return low
