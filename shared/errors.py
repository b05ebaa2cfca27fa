"""The three ways something ends other than well: a refusal, passing trouble, and (any other exception) a bug."""

import re


class Refusal(Exception):
    """
    An expected "no", told to whoever asked; nothing has changed and nobody needs waking.

    A subclass is named after the situation; the first line of its docstring is the message for people and should say
    what to do instead.
    """

    def __init__(self, message: str | None = None) -> None:
        """Use *message* instead of the class's own sentence, for example to name what was found."""
        super().__init__(message or self.sentence())

    @classmethod
    def slug(cls) -> str:
        """Return the stable kebab-case code of this situation: `OvenStillHot` is `oven-still-hot`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def sentence(cls) -> str:
        """Return the first line of the class's docstring."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


class NotFound(Refusal):
    """There is no such thing, or it is not yours to see."""


class Conflict(Refusal):
    """What is asked does not fit the present state; read it again and decide anew."""


class Invalid(Refusal):
    """What is asked makes no sense as it stands; correct it and ask again."""


class Forbidden(Refusal):
    """Your role does not allow this; ask somebody whose role does."""


class Stale(Refusal):
    """Somebody changed this after you read it; read it again and repeat your change."""


class Transient(Exception):
    """Passing trouble: the same call may succeed a moment later."""
