"""Figures out of marks, as far as they point at nobody."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from services.feedback.commands import GiveAnswer
from services.feedback.domain.questionnaire import ITEM_IDS, MARKS, ItemId
from services.feedback.events import ItemFigures

Marks = Mapping[ItemId, int]
"""What one person gave; an item that is missing was not answered."""

LEAST_FOR_A_DISTRIBUTION: Final = 10
_AIMED_AT: Final = 4


def marks_of(command: GiveAnswer) -> Marks:
    """Return the marks of an answer."""
    marks: dict[ItemId, int | None] = {item: getattr(command, item) for item in ITEM_IDS}
    return {item: mark for item, mark in marks.items() if mark is not None}


def summarise(answers: Iterable[Marks], *, least: int) -> tuple[ItemFigures, ...]:
    """
    Return the figures of each item, in the order of the form.

    What holds for the window holds for each item: fewer than *least* marks give no figure, so that an item which most
    passed over does not show what the others gave. There is no figure over several items, from which a hidden one could
    be reckoned.
    """
    given = list(answers)
    return tuple(_figures(item, [answer[item] for answer in given if item in answer], least) for item in ITEM_IDS)


def _figures(item: ItemId, marks: Sequence[int], least: int) -> ItemFigures:
    if len(marks) < least:
        return ItemFigures(item=item)
    mean = round(sum(marks) / len(marks), 1)
    percent = round(100 * sum(mark >= _AIMED_AT for mark in marks) / len(marks))
    if len(marks) < LEAST_FOR_A_DISTRIBUTION:
        return ItemFigures(item=item, mean=mean, percent_4_to_5=percent)
    return ItemFigures(
        item=item,
        mean=mean,
        percent_4_to_5=percent,
        answers=len(marks),
        distribution=tuple(marks.count(mark) for mark in MARKS),
    )
