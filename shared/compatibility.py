"""
What may change in a published contract: nothing that hurts a reader of either age.

An old reader meets new facts and a new reader meets old ones, since replicas are replaced one by one and topics keep
their records for weeks. So both directions are checked: what is written is closed (these fields and no others), a
reader is open (it passes over fields that it does not know).
"""

import json
from collections.abc import Iterator
from typing import Any, TypeAlias, TypeGuard

import jsoncompat

Json: TypeAlias = dict[str, Any]


def reads(*, reader: Json, writer: Json) -> bool:
    """Return whether everything that *writer* allows is understood by *reader*, which passes over unknown fields."""
    return jsoncompat.check_compat(json.dumps(writer), json.dumps(_opened(reader)), "deserializer")


def breaks(published: Json, current: Json) -> list[str]:
    """
    Return what would hurt a reader of *published* that meets facts of *current*, or the other way round.

    Empty if nothing would. Each line names the field and the way out.
    """
    before, now = _fields(published), _fields(current)
    required_before, required_now = set(published.get("required", ())), set(current.get("required", ()))
    found: list[str] = []
    for field in {**before, **now}:
        if field not in now:
            if field in required_before:
                found.append(f"`{field}` is gone, but its readers require it: keep it")
        elif field in required_now - required_before:
            found.append(f"`{field}` is required now, but was not always published: give it a default")
        elif field in required_before - required_now:
            found.append(f"`{field}` may be missing now, but its readers require it: take away its default")
        elif field in before:
            found += (f"`{field}` {trouble}" for trouble in _troubles(before[field], now[field]))
    if not found and not (reads(reader=current, writer=published) and reads(reader=published, writer=current)):
        found.append("the whole does not fit together (a rule over several fields?): take the change back")
    return found


def _troubles(before: Json, now: Json) -> Iterator[str]:
    """Say what is wrong with one field."""
    # To a reader a date is not an instant; jsoncompat takes formats for remarks (and, before 0.5, patterns too).
    formats_before, formats_now = _formats(before), _formats(now)
    common = formats_before.keys() & formats_now.keys()
    reformatted = [place for place in sorted(common) if formats_before[place] != formats_now[place]]
    for place in reformatted:
        yield f"has changed its format{place and f' at {place}'}: keep the old one, and add a field with a new name"
    if reformatted:
        return
    new_reader_suffers = not reads(reader=now, writer=before)
    old_reader_suffers = not reads(reader=before, writer=now)
    if new_reader_suffers and old_reader_suffers:
        yield "has changed its type: keep the old one, and add a field with a default and a new name"
    elif new_reader_suffers:
        yield "no longer allows what was published: allow it again"
    elif old_reader_suffers:
        yield "may hold what its readers refuse (another value, or null): keep to what was published"


def _fields(schema: Json) -> dict[str, Json]:
    """Return each field as a schema that stands alone."""
    definitions = schema.get("$defs", {})
    return {name: {"$defs": definitions, **field} for name, field in schema.get("properties", {}).items()}


def _formats(schema: Json) -> dict[str, tuple[Any, Any]]:
    return {place: (string.get("format"), string.get("pattern")) for place, string in strings_in(schema)}


def strings_in(schema: Json, whole: Json | None = None, place: str = "") -> Iterator[tuple[str, Json]]:
    """Yield the place (`.rows[].name`) and the schema of every string that *schema* has room for."""
    whole = schema if whole is None else whole
    if "$ref" in schema:
        yield from strings_in(whole["$defs"][schema["$ref"].rsplit("/", 1)[1]], whole, place)
    for branch in schema.get("anyOf", ()):
        yield from strings_in(branch, whole, place)
    for name, field in schema.get("properties", {}).items():
        yield from strings_in(field, whole, f"{place}.{name}")
    for items in (schema.get("items"), schema.get("additionalProperties")):
        if is_object(items):
            yield from strings_in(items, whole, f"{place}[]")
    if schema.get("type") == "string":
        yield place, schema


def _opened(part: object) -> object:
    """Return *part* of a schema without its bans of further fields."""
    if is_object(part):
        return {
            name: _opened(value) for name, value in part.items() if (name, value) != ("additionalProperties", False)
        }
    return [_opened(element) for element in part] if is_array(part) else part


def is_object(part: object) -> TypeGuard[Json]:
    """Return whether *part* of a JSON text is an object."""
    return isinstance(part, dict)


def is_array(part: object) -> TypeGuard[list[Any]]:
    """Return whether *part* of a JSON text is an array."""
    return isinstance(part, list)
