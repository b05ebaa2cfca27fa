"""`heijastin events tail`: facts as they flow, told one by line."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from deploy.stream import Told, facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which facts to tell, and how."""

    kinds: Sequence[str]
    case: str | None
    payload: bool
    as_json: bool
    from_beginning: bool
    follow: bool

    def takes(self, told: Told) -> bool:
        """Tell whether it is one of them."""
        of_kind = not self.kinds or any(told.is_of(kind) for kind in self.kinds)
        return of_kind and (self.case is None or told.is_about(self.case))

    def lines(self, told: Told) -> str:
        """Return it as it was wished for."""
        if self.as_json:
            return told.as_json()
        return (
            f"{told.line()}\n{json.dumps(told.payload, ensure_ascii=False, indent=4)}" if self.payload else told.line()
        )


async def tail(servers: str, topics: Iterable[str], choice: Choice, tell: Callable[[str], None]) -> None:
    """Tell the facts of *choice*."""
    flow = facts(servers, topics, from_beginning=choice.from_beginning, follow=choice.follow)
    async with aclosing(flow):
        async for told in flow:
            if choice.takes(told):
                tell(choice.lines(told))
