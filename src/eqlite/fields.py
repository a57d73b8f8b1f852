"""Fields: how the values of `process.name` are found in an event, whatever its shape.

An event may nest objects, use dotted keys, mix both, hold arrays of values or of objects: all of them are read alike
and their values merged. `null`, `[]` and `[null]` are no values; an empty string is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eqlite.datatypes import DATES, NUMBERS, DataType
from eqlite.values.dates.instants import format_instant, parse_date_value
from eqlite.values.dates.script_text import instant_text
from eqlite.values.java_types import UnsignedLong
from eqlite.values.json_values import ARRAYS, PLAIN_TYPES, json_scalar
from eqlite.values.network import format_address, parse_address
from eqlite.values.numbers import narrow, to_number
from eqlite.values.text import to_text

Scalar = str | int | float | bool
NANOS_PER_MILLI = 1_000_000
_LONG_PATH = 300


@dataclass(frozen=True, slots=True)
class Field:
    """A field as a query reads it: resolved against the schema, if there is one.

    Attributes:
        name: as the query says.
        path: where its values stand in a document; differs from the name for an alias and for a multi-field.
        type: UNKNOWN without a schema: values are then read as what they are compared with.
        null_value: what an explicit null stands for, None for nothing.
        ignore_above: longer values (in UTF-16 units) are not there for a query.
        formats: date formats of the mapping; empty for the default.
        scaling_factor: of a scaled_float.
        optional: written `?name`; as a join key it may be null.
        constant: the value that every document has, whatever stands in it (constant_keyword).
        sources: the paths of further fields whose values are copied here (copy_to).
    """

    name: str
    path: str
    type: DataType = DataType.UNKNOWN
    null_value: Scalar | None = None
    ignore_above: int | None = None
    formats: tuple[str, ...] = ()
    scaling_factor: float | None = None
    optional: bool = False
    constant: Scalar | None = None
    sources: tuple[str, ...] = ()

    @property
    def is_direct(self) -> bool:
        """Return whether the raw values are those that stand at `path`: what reads by the path alone may read it."""
        return self.constant is None and not self.sources

    @property
    def is_plain(self) -> bool:
        """Return whether values are taken as they stand: no conversion by type, no replaced or ignored ones."""
        return (
            self.type is DataType.UNKNOWN and self.null_value is None and self.ignore_above is None and self.is_direct
        )

    def raw_values(self, event: Mapping[str, Any]) -> list[Any]:
        """Return the values that an event gives the field, as they stand: wherever the mapping says they come from."""
        if self.constant is not None:
            return [self.constant]
        values = raw_values(event, self.path, self.null_value)
        for source in self.sources:
            values = values + raw_values(event, source, self.null_value)
        return values


def raw_values(event: Mapping[str, Any], path: str, null_value: Scalar | None = None) -> list[Any]:
    """Return all values at `path`, as they stand in the event, in its order.

    What holds itself, or stands in many places, is gone through once: an event need not come from JSON.

    >>> raw_values({"process": {"args": ["a", None]}, "process.args": "b"}, "process.args")
    ['a', 'b']
    """
    if event.__class__ is dict and len(path) <= _LONG_PATH:
        value = plain_value(event, path)
        if value is None and null_value is None:
            return []
        if value is not None and value.__class__ in PLAIN_TYPES:
            return [value]
    return _raw_values(event, path, null_value)


def plain_value(event: Any, path: str) -> Any:
    """Return the value at a path of nested dicts.

    None if there is none; an array or object if the event has another shape there. A text or number has no fields.
    """
    value = event
    for key, dotted in _plain_steps(path):
        if value.__class__ is not dict:
            return None if value.__class__ in PLAIN_TYPES else ()
        for other in dotted:
            if other in value:
                return ()
        value = value.get(key)
    return value


@lru_cache(maxsize=4096)
def _plain_steps(path: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the keys to follow, each with the dotted keys beside it that would be a way of their own."""
    parts = path.split(".")
    return tuple(
        (key, tuple(".".join(parts[start:end]) for end in range(start + 2, len(parts) + 1)))
        for start, key in enumerate(parts)
    )


def _raw_values(event: Mapping[str, Any], path: str, null_value: Scalar | None) -> list[Any]:
    """Return the values of an event of any shape."""
    found: list[Any] = []
    pending: list[tuple[Any, str | None]] = [(event, path)]
    opened: dict[tuple[int, str | None], Any] = {}
    while pending:
        value, rest = pending.pop()
        is_array = isinstance(value, ARRAYS)
        if is_array or isinstance(value, Mapping):
            place = id(value), rest
            if place in opened:
                continue
            opened[place] = value  # held, so that its id stays its own
            if is_array:
                pending.extend((item, rest) for item in reversed(list(value)))
            elif rest is not None:
                pending.extend(reversed(_steps(value, rest)))
        elif rest is None:
            value = json_scalar(value)
            if value is None:
                value = null_value
            if value.__class__ is list:
                pending.append((value, None))
            elif value is not None:
                found.append(value)
    return found


def _steps(mapping: Mapping[str, Any], path: str) -> list[tuple[Any, str | None]]:
    """Return the next steps from a mapping: for `a.b.c` by the keys `a`, `a.b` and `a.b.c`."""
    if len(path) > _LONG_PATH:
        return _steps_by_key(mapping, path)
    steps: list[tuple[Any, str | None]] = []
    dot = path.find(".")
    while dot >= 0:
        key = path[:dot]
        if key in mapping:
            steps.append((mapping[key], path[dot + 1 :]))
        dot = path.find(".", dot + 1)
    if path in mapping:
        steps.append((mapping[path], None))
    return steps


def _steps_by_key(mapping: Mapping[str, Any], path: str) -> list[tuple[Any, str | None]]:
    """Return the same steps by looking at the keys of the mapping.

    A hostile path has many more prefixes than the mapping has keys, each nearly as long as the path.
    """
    steps: list[tuple[Any, str | None]] = []
    keys: Iterable[object] = mapping  # not only texts, where the event does not come from JSON
    for key in sorted((key for key in keys if isinstance(key, str) and path.startswith(key)), key=len):
        if len(key) == len(path):
            steps.append((mapping[key], None))
        elif path[len(key)] == ".":
            steps.append((mapping[key], path[len(key) + 1 :]))
    return steps


def to_boolean(value: Any) -> bool | None:
    """Return a value as a boolean field takes it (`true`, `"true"`, `""` for false), or None for others."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "": False}.get(value) if isinstance(value, str) else None


def field_values(event: Mapping[str, Any], field: Field) -> list[Any]:
    """Return the converted values of a field in an event. Values that the type rejects are omitted.

    Numbers come as int or float, addresses as the integer of their 16-byte form, dates as milliseconds (date_nanos:
    nanoseconds) since the epoch, everything textual as str; without a type they come as they stand.
    """
    return converted(field.raw_values(event), field)


def converted(values: list[Any], field: Field) -> list[Any]:
    """Return raw values converted to the type of a field. Values that the type rejects are omitted."""
    if field.is_plain:
        return values
    return [typed for value in values if (typed := convert(value, field)) is not None]


def convert(value: Any, field: Field) -> Any:
    """Return a document's value converted to the field's type, or None if the type rejects it."""
    kind = field.type
    if kind is DataType.UNKNOWN:
        return value
    if kind in NUMBERS:
        return _number(value, field)
    if kind is DataType.BOOLEAN:
        return to_boolean(value)
    if kind is DataType.IP:
        return parse_address(value)
    if kind in DATES:
        return parse_date_value(value, field.formats or None, nanos=kind is DataType.DATE_NANOS)
    text = to_text(value)
    return text if field.ignore_above is None or is_within(text, field.ignore_above) else None


def is_within(text: str, ignore_above: int) -> bool:
    """Return whether the UTF-16 units of a text are within a limit."""
    if len(text) * 2 <= ignore_above:
        return True
    return len(text) + sum(character > "\uffff" for character in text) <= ignore_above


def _number(value: Any, field: Field) -> int | float | None:
    number = to_number(value)
    if number is None:
        return None
    if field.type is DataType.SCALED_FLOAT and field.scaling_factor:
        scaled = number * field.scaling_factor
        return round(scaled) / field.scaling_factor if abs(scaled) < 2**63 else None
    return narrow(number, field.type)


def shown_value(value: Any, field: Field) -> Scalar:
    """Return a converted value as join keys show it: addresses, dates and what JSON does not know as text."""
    if field.type is DataType.IP:
        return format_address(value)
    if field.type in DATES:
        return format_instant(value if field.type is DataType.DATE_NANOS else value * NANOS_PER_MILLI)
    if not isinstance(value, (str, int, float)):
        return to_text(value)
    scalar: Scalar = value
    return scalar


def script_value(value: Any, field: Field) -> Scalar:
    """Return a converted value as functions and operators see it: as a join key, but for Java's dates and numbers."""
    if field.type is DataType.UNSIGNED_LONG:
        return UnsignedLong(value)
    if field.type in DATES:
        return instant_text(value if field.type is DataType.DATE_NANOS else value * NANOS_PER_MILLI)
    return shown_value(value, field)
