"""What somebody filled in: read from a request's body, complained of, and shown again so that nothing is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import parse_qs

from services.feedback.commands import GiveAnswer
from services.feedback.domain.questionnaire import ITEM_IDS, MARKS, OPEN_ANSWER_MAX_CHARACTERS, FormKind, ItemId, Mark

NO_ANSWER: Final = "none"
"""What the form sends for "I do not want to answer"; as good as not having chosen anything."""
OPEN_ANSWER: Final = "open_answer"
KIND: Final = "kind"

_MARKS: Final[Mapping[str, Mark]] = {str(mark): mark for mark in MARKS}
_MOST_FIELDS: Final = 20  # the form has eight; a browser's extension may add some

Complaint = Literal["nothing_answered", "not_a_choice", "too_long"]
Field = ItemId | Literal["open_answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The form as it was filled in, right or wrong."""

    choices: Mapping[ItemId, str] = field(default_factory=dict[ItemId, str])
    open_answer: str = ""
    kind: FormKind = "adult"
    """Which form it was, by its own word; good enough to show it again when nobody else can tell."""

    @classmethod
    def read(cls, body: bytes) -> "Filled":
        """Return what the *body* of a request holds; what cannot be read is as if nothing had been filled in."""
        try:
            fields = parse_qs(body.decode("ascii"), errors="replace", max_num_fields=_MOST_FIELDS)
        except ValueError:
            fields = {}
        kind: FormKind = "child" if fields.get(KIND) == ["child"] else "adult"
        return cls(
            choices={item: "|".join(fields[item]) for item in ITEM_IDS if item in fields},
            open_answer=_tidy("\n".join(fields.get(OPEN_ANSWER, []))),
            kind=kind,
        )

    @property
    def marks(self) -> Mapping[ItemId, Mark]:
        """The items that got a mark."""
        return {item: _MARKS[choice] for item, choice in self.choices.items() if choice in _MARKS}

    @property
    def complaints(self) -> Mapping[Field, Complaint]:
        """What is wrong with it, by the field where to mend it, in the order of the form."""
        found: dict[Field, Complaint] = {
            item: "not_a_choice"
            for item in ITEM_IDS
            if item in self.choices and self.choices[item] not in {*_MARKS, NO_ANSWER}
        }
        if len(self.open_answer) > OPEN_ANSWER_MAX_CHARACTERS:
            found[OPEN_ANSWER] = "too_long"
        if not (found or self.marks or self.open_answer):
            found[ITEM_IDS[0]] = "nothing_answered"
        return found

    def command(self) -> GiveAnswer:
        """Return it as what is asked for; only where there is nothing to complain of."""
        return GiveAnswer(**self.marks, open_answer=self.open_answer or None)


def _tidy(text: str) -> str:
    """Return *text* with line ends of one kind, as people count them, and without NUL, which no database can hold."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()
