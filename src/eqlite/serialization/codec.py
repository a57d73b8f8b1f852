"""Frozen dataclasses as plain data, and back: a table for each class, a column for each attribute.

Equal values are written once, each after its parts. So values are restored table by table, by loops that run in C: a
pack of rules consists of some 50,000 values. Data that is read is checked against the types of the attributes, so
forged data gives no value that the classes do not allow.

>>> from eqlite.source import Span
>>> codec = ColumnCodec([Span])
>>> writer = codec.writer()
>>> root = writer.add((Span(1, 2), Span(1, 2)))
>>> codec.read(*writer.written([root]))
[(Span(start=1, end=2), Span(start=1, end=2))]
"""

from __future__ import annotations

import re
import types
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, reduce
from itertools import chain, groupby, repeat
from operator import or_
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from eqlite.datatypes import DataType
from eqlite.functions.registry import FUNCTIONS, Function

PLAIN, NODES, MIXED = range(3)
"""The mode of a column: plain values, numbers of earlier values, or both, with each number in a list."""

Column = tuple[int, list[Any]]
Table = tuple[str, list[Column]]

_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN_CLASSES = frozenset({str, bool, int, types.NoneType})
_LEAVES: dict[str, Callable[[Any], object]] = {
    "float": float,  # as text, since -0.0 and 0.0 are equal
    "integer": lambda digits: int(digits, 16),  # of more than 64 bits
    "text": lambda digits: bytes.fromhex(digits).decode("utf-8", "surrogatepass"),  # with lone surrogates
    "characters": tuple,  # segments of wildcards
    "datatype": DataType,
    "function": FUNCTIONS.__getitem__,
}
_COLLECTIONS: dict[str, Callable[[Iterable[Any]], object]] = {"tuple": tuple, "frozenset": frozenset}


class NotEncodable(Exception):
    """A value of an unknown class, or data that no `ColumnCodec` wrote."""


class _Node(NamedTuple):
    """The number of a value in the writer."""

    number: int


class _Row(NamedTuple):
    """A value of the writer: its depth, its table, the mode of a collection, and its parts."""

    depth: int
    kind: str
    mode: int
    parts: tuple[Any, ...]


class _AttributeType(NamedTuple):
    """The values that an attribute may have: classes, items of collections, and texts (None for any)."""

    classes: frozenset[type]
    items: _AttributeType | None = None
    texts: frozenset[str] | None = None


@dataclass(frozen=True)
class _ClassLayout:
    """The attributes of a class of the register, with their types."""

    kind: type[Any]
    classes: tuple[type, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(attribute.name for attribute in fields(self.kind))

    @cached_property
    def attribute_types(self) -> tuple[_AttributeType, ...]:
        hints = get_type_hints(self.kind)
        return tuple(_attribute_type(hints[name], self.classes) for name in self.names)

    def values(self, instance: object) -> tuple[object, ...]:
        """Return the values of the attributes."""
        return tuple([getattr(instance, name) for name in self.names])

    def make(self, columns: Sequence[list[Any]]) -> list[Any]:
        """Return the values of a table. Attributes are set as they are, without `__post_init__`."""
        for name, expected, column in zip(self.names, self.attribute_types, columns, strict=True):
            if len(column) != len(columns[0]) or not _fits(column, expected):
                raise NotEncodable(f"{self.kind.__name__}.{name}")
        instances = [*map(object.__new__, repeat(self.kind, len(columns[0])))]
        for name, column in zip(self.names, columns, strict=True):
            slot = getattr(self.kind, name, None)
            if isinstance(slot, types.MemberDescriptorType):  # 90 ns instead of 145
                deque(map(slot.__set__, instances, column), maxlen=0)
            else:
                deque(map(object.__setattr__, instances, repeat(name), column), maxlen=0)
        return instances


class ColumnCodec:
    """Writes and reads values of the classes of a register, and tuples and frozen sets of them."""

    def __init__(self, classes: Iterable[type[Any]]) -> None:
        register = tuple(classes)
        self._layouts = {kind.__name__: _ClassLayout(kind, register) for kind in register}

    def writer(self) -> Writer:
        """Return a writer, whose values share equal parts."""
        return Writer({layout.kind: layout.values for layout in self._layouts.values()})

    def read(self, tables: Iterable[Table], roots: Iterable[int]) -> list[Any]:
        """Return the values that were written.

        Raises:
            NotEncodable: no writer wrote this data.
        """
        values: list[Any] = []
        try:
            for name, columns in tables:
                values += self._read_table(name, columns, values)
            return [values[root] for root in roots]
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise NotEncodable(repr(error)) from error

    def _read_table(self, name: str, columns: list[Column], values: list[Any]) -> Iterable[Any]:
        if name in self._layouts:
            return self._layouts[name].make([_resolve(mode, column, values) for mode, column in columns])
        ((mode, rows),) = columns
        if name in _LEAVES:
            return map(_LEAVES[name], rows)
        collection = _COLLECTIONS[name]
        if mode == PLAIN:
            return map(collection, rows)
        if mode == NODES:
            value = values.__getitem__
            return [collection(map(value, row)) for row in rows]
        return [collection(_resolve(mode, row, values)) for row in rows]


def _resolve(mode: int, column: list[Any], values: list[Any]) -> list[Any]:
    """Return a column's values, given those of the tables before it."""
    if mode == PLAIN:
        return column
    if mode == NODES:
        return [*map(values.__getitem__, column)]
    return [values[item[0]] if item.__class__ is list else item for item in column]


class Writer:
    """Collects values, and returns tables in which equal ones occur once."""

    def __init__(self, attributes: dict[type, Callable[[Any], tuple[object, ...]]]) -> None:
        self._attributes = attributes
        self._rows: list[_Row] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._seen: dict[int, _Node] = {}  # by id
        self._held: list[object] = []  # so that no other value gets their ids

    def add(self, value: object) -> int:
        """Add a value and return its number.

        Raises:
            NotEncodable: a part of it is of an unknown class.
        """
        self._held.append(value)
        pending = [(value, *self._parts(value))]
        while pending:  # no recursion, since a plan may be deeper than Python's stack
            item, kind, parts = pending[-1]
            row, missing = self._row(parts)
            if missing:
                pending += [(part, *self._parts(part)) for part in missing]
            else:
                pending.pop()
                if id(item) not in self._seen:
                    self._seen[id(item)] = self._number(kind, tuple(row))
        return self._seen[id(value)].number

    def _row(self, parts: Iterable[object]) -> tuple[list[object], list[object]]:
        """Return the parts of a value, and those that have to be added first."""
        row: list[object] = []
        missing: list[object] = []
        for part in parts:
            if part is None or part is True or part is False or (part.__class__ is str and part.isascii()):
                row.append(part)
            elif (node := self._seen.get(id(part))) is not None:
                row.append(node)
            else:
                (row if _is_plain(part) else missing).append(part)
        return row, missing

    def _parts(self, value: object) -> tuple[str, Iterable[object]]:
        """Return the name of the table of a value, and its parts. Those of a leaf are plain."""
        kind = type(value)
        if kind in self._attributes:
            return kind.__name__, self._attributes[kind](value)
        match value:
            case tuple():
                text = _characters(value)
                return ("tuple", value) if text is None else ("characters", (text,))
            case frozenset():
                return "frozenset", sorted(value, key=repr)
            case float():
                return "float", (repr(value),)
            case int():
                return "integer", (f"{value:x}",)
            case str():
                return "text", (value.encode("utf-8", "surrogatepass").hex(),)
            case DataType():
                return "datatype", (value.value,)
            case Function() if FUNCTIONS.get(value.name.lower()) is value:
                return "function", (value.name.lower(),)
            case _:
                raise NotEncodable(kind.__name__)

    def _number(self, kind: str, row: tuple[Any, ...]) -> _Node:
        classes = tuple(map(type, row))  # since 1 equals True
        number = self._numbers.setdefault((kind, row, classes), len(self._rows))
        if number == len(self._rows):
            depths = [self._rows[part.number].depth for part in row if part.__class__ is _Node]
            depth = 1 + max(depths) if depths else 0
            self._rows.append(_Row(depth, kind, _mode(row) if kind in _COLLECTIONS else PLAIN, row))
        return _Node(number)

    def written(self, roots: Iterable[int]) -> tuple[list[Table], list[int]]:
        """Return the tables, and the indices in them of the values with these numbers."""
        order = sorted(range(len(self._rows)), key=lambda number: self._rows[number][:3])
        index_of = {number: index for index, number in enumerate(order)}
        tables: list[Table] = []
        for (_, kind, mode), group in groupby((self._rows[number] for number in order), key=lambda row: row[:3]):
            rows = [row.parts for row in group]
            if kind in _COLLECTIONS:
                tables.append((kind, [(mode, [_column(row, mode, index_of) for row in rows])]))
            else:
                columns = [*zip(*rows, strict=True)]
                modes = [*map(_mode, columns)]
                tables.append((kind, [(m, _column(c, m, index_of)) for m, c in zip(modes, columns, strict=True)]))
        return tables, [index_of[root] for root in roots]


def _is_plain(value: object) -> bool:
    """Return whether a value can be written as it is.

    MessagePack has integers of 64 bits, and texts in UTF-8.
    """
    kind = value.__class__
    if kind is str:
        return value.isascii() or not _SURROGATE.search(value)  # type: ignore[attr-defined, call-overload]
    return kind in _PLAIN_CLASSES and (kind is not int or -(1 << 63) <= value < 1 << 63)  # type: ignore[operator]


def _characters(values: tuple[Any, ...]) -> str | None:
    """Return the text that consists of these characters, or None for other values."""
    if values and values[0].__class__ is str and len(values[0]) == 1 and {*map(type, values)} == {str}:
        text = "".join(values)
        if len(text) == len(values) and all(values) and _is_plain(text):
            return text
    return None


def _mode(values: Iterable[object]) -> int:
    classes = {*map(type, values)}
    if _Node not in classes:
        return PLAIN
    return NODES if len(classes) == 1 else MIXED


def _column(values: Sequence[Any], mode: int, index_of: dict[int, int]) -> Any:
    if mode == NODES:
        return [index_of[value.number] for value in values]
    if mode == MIXED:
        return [[index_of[value.number]] if value.__class__ is _Node else value for value in values]
    return list(values)


def _attribute_type(hint: Any, classes: tuple[type, ...]) -> _AttributeType:
    """Return the values that a type allows. A class of the register also allows its subclasses."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        parts = [_attribute_type(part, classes) for part in get_args(hint)]
        items = [part.items for part in parts if part.items is not None]
        texts = [part.texts for part in parts if str in part.classes]
        known = (
            frozenset().union(*(part for part in texts if part is not None)) if texts and None not in texts else None
        )
        return _AttributeType(frozenset().union(*(part.classes for part in parts)), items[0] if items else None, known)
    if origin is Literal:
        return _AttributeType(frozenset(map(type, get_args(hint))), texts=frozenset(get_args(hint)))
    if origin in (tuple, frozenset):
        kinds = [kind for kind in get_args(hint) if kind is not Ellipsis]
        return _AttributeType(frozenset({origin}), _attribute_type(reduce(or_, kinds), classes))
    if hint is float:
        return _AttributeType(frozenset({float, int}))
    return _AttributeType(frozenset({hint, *(kind for kind in classes if issubclass(kind, hint))}))


def _fits(values: Iterable[Any], expected: _AttributeType) -> bool:
    values = list(values)
    if not expected.classes.issuperset(map(type, values)):
        return False
    if expected.texts is not None and not expected.texts.issuperset(
        value for value in values if value.__class__ is str
    ):
        return False
    if expected.items is None:
        return True
    return _fits(
        chain.from_iterable(value for value in values if value.__class__ in (tuple, frozenset)), expected.items
    )
