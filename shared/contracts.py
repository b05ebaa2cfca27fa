"""
The contracts of published facts: per event and version a closed JSON Schema and an example, as files beside the code.

`bread-baked.v1.schema.json` follows the code until it is *released*: then a copy, named by its own hash, lies in
`released/` and is never edited. From that day every change of the event must suit everyone who reads or wrote by a
released copy; what cannot becomes the next version, published beside the old one for a while.

For development and tests: needs jsoncompat, which the services do not install.
"""

import hashlib
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import NAMESPACE_URL

from pydantic.json_schema import GenerateJsonSchema

from shared.compatibility import Json, breaks, is_array, is_object
from shared.database import Trace
from shared.derived import derived_id
from shared.envelope import Envelope, source_of, to_headers
from shared.events import Event

DIALECT = GenerateJsonSchema.schema_dialect
SCHEMA, EXAMPLE = ".schema.json", ".example.json"
RELEASED = "released"
_HASH_LENGTH = 12
_EXAMPLE_TIME = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Contract:
    """What one event class offers its readers."""

    event: type[Event]
    schema: Json
    example: Json
    """A CloudEvent in the JSON format: the attributes, `partitionkey` (the record key) and the data."""

    @property
    def emitted(self) -> str:
        """When it is published: the first paragraph of the class's docstring."""
        return " ".join(str(self.event.__doc__).strip().split("\n\n")[0].split())

    @property
    def name(self) -> str:
        """The event in kebab case with its version: `BreadBaked` is `bread-baked.v1`."""
        return f"{re.sub(r'(?<!^)(?=[A-Z])', '-', self.event.__name__).lower()}.v{self.event.contract_version}"


class AmbiguousType(ValueError):
    """Two event classes have the same type on the wire; rename one."""


class UndocumentedEvent(TypeError):
    """An event class says nothing of when it is published, or its base of its fields; give it a docstring."""


# --------------------------------------------------------------------------------------------- from code to contract


def events_of(module: ModuleType) -> tuple[type[Event], ...]:
    """Return the concrete events that *module* (a package: all its modules) defines, in the order of definition."""
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), module.__name__ + "."):
        importlib.import_module(found.name)
    here = tuple(
        event
        for event in _descendants(Event)
        if not event.abstract and f"{event.__module__}.".startswith(f"{module.__name__}.")
    )
    if len({event.wire_type() for event in here}) < len(here):
        raise AmbiguousType(module.__name__)
    return here


def contract_of(event: type[Event]) -> Contract:
    """Return the contract that the code of *event* states today."""
    schema = event.model_json_schema(mode="serialization", schema_generator=_UntitledFields)
    head = {"$schema": DIALECT, "title": event.wire_type(), "description": _description_of(event)}
    return Contract(event, _closed({**head, **schema, **head}), _example_of(event))


def files_of(contracts: Sequence[Contract]) -> dict[str, str]:
    """Return the text of each file of *contracts* by its name; the same code always gives the same bytes."""
    return {
        contract.name + suffix: as_text(content)
        for contract in contracts
        for suffix, content in ((SCHEMA, contract.schema), (EXAMPLE, contract.example))
    }


def as_text(content: Json) -> str:
    """Return *content* as the text of a committed file."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _description_of(event: type[Event]) -> str:
    """Return what *event* and the bases it takes its fields from say of themselves."""
    lineage = event.__mro__[: event.__mro__.index(Event)]
    for undocumented in (each for each in lineage if each.__doc__ is None):
        raise UndocumentedEvent(undocumented.__name__)
    return "\n\n".join(inspect.cleandoc(str(each.__doc__)) for each in lineage)


class _UntitledFields(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: object) -> bool:
        """A title that only repeats the field's name in capitals is noise."""
        del schema
        return False


def _descendants(event: type[Event]) -> Iterator[type[Event]]:
    for child in event.__subclasses__():
        yield child
        yield from _descendants(child)


def _closed(part: Any) -> Any:
    """Return *part* of a schema, each object stating that it has no other fields: what we write is exactly this."""
    if is_object(part):
        closed = {name: _closed(value) for name, value in part.items()}
        if "properties" in part:
            closed.setdefault("additionalProperties", False)
        return closed
    return [_closed(element) for element in part] if is_array(part) else part


def _example_of(event: type[Event]) -> Json:
    fact = event.example()
    event_type = event.wire_type()
    envelope = Envelope(
        event_id=str(derived_id(NAMESPACE_URL, event_type)),
        event_type=event_type,
        source=source_of(event.topic),
        subject=fact.subject(),
        recorded_at=_EXAMPLE_TIME,
        sequence=fact.subject_version(),
        subject_version=fact.subject_version(),
        trace=Trace(correlation_id=str(derived_id(NAMESPACE_URL, event_type, "correlation"))),
    )
    attributes = {name.removeprefix("ce_"): value.decode() for name, value in to_headers(envelope)}
    attributes["datacontenttype"] = attributes.pop("content-type")
    return {**attributes, "partitionkey": fact.stream_key(), "data": fact.model_dump(mode="json")}


# -------------------------------------------------------------------------------------------------- what was released


def release(folder: Path, contracts: Sequence[Contract]) -> list[Path]:
    """Put a copy of each schema that is not released yet into *folder*'s `released/`, and return the new files."""
    new: list[Path] = []
    for contract in contracts:
        text = as_text(contract.schema)
        path = folder / RELEASED / f"{contract.name}.{_hash(text)}{SCHEMA}"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            new.append(path)
    return new


def released(folder: Path) -> dict[str, list[Json]]:
    """Return the released schemas in *folder* by contract name."""
    found: dict[str, list[Json]] = {}
    for path in sorted((folder / RELEASED).glob(f"*{SCHEMA}")):
        found.setdefault(_released_name(path), []).append(json.loads(path.read_text(encoding="utf-8")))
    return found


def refusals(folder: Path, contracts: Sequence[Contract]) -> list[str]:
    """Return why *contracts* may not take the place of what was released from *folder*; empty if they may."""
    found = [
        f"{path.name} was edited: a released contract never changes; take its text back from the history"
        for path in sorted((folder / RELEASED).glob(f"*{SCHEMA}"))
        if _hash(path.read_text(encoding="utf-8")) != path.name.removesuffix(SCHEMA).rsplit(".", 1)[1]
    ]
    by_name: Mapping[str, Contract] = {contract.name: contract for contract in contracts}
    for name, schemas in released(folder).items():
        if name not in by_name:
            found.append(
                f"{name} was released and is published no more: keep its class beside the newer one until its last "
                f"reader has left and retention has passed; then delete its files in {RELEASED}/"
            )
            continue
        following = by_name[name].event.contract_version + 1
        # Several released copies often refuse for the same reason; one line each is enough.
        problems = dict.fromkeys(problem for schema in schemas for problem in breaks(schema, by_name[name].schema))
        found += (f"{name}: {problem}; or publish contract_version={following} beside it" for problem in problems)
    return found


def _released_name(path: Path) -> str:
    return path.name.removesuffix(SCHEMA).rsplit(".", 1)[0]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]
