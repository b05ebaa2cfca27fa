"""What can be asked of feedback: to take an answer."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

Mark = Literal[1, 2, 3, 4, 5]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class GiveAnswer(BaseModel):
    """
    One person's answer: a mark for each item, by the names of the questionnaire, and what they wrote.

    None is "no answer"; but an answer says something.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    informed_beforehand: Mark | None = None
    informed_and_supported: Mark | None = None
    heard: Mark | None = None
    easy_to_tell: Mark | None = None
    knows_next_meeting: Mark | None = None
    useful: Mark | None = None
    open_answer: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise PydanticCustomError("nothing_answered", "Give at least one mark, or write something")
        return self
