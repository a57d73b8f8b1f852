"""Runtime of generated code: tests on a field's raw value unless it is a plain text.

A raw value is what stands in the event: None, a scalar, or an array, possibly nested, with nulls and objects in it,
which are no values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from eqlite.fields import is_within, to_boolean
from eqlite.values.json_values import ARRAYS, json_scalar
from eqlite.values.network import Block, parse_address
from eqlite.values.numbers import to_number
from eqlite.values.text import fold_ascii, to_text

SEPARATOR = "\0"
STAND_IN = "\udc00"
"""Replaces a NUL inside a value, so that it cannot pass for the end of one; no pattern tested on joined text has it."""

EMPTY: dict[str, Any] = {}


def each(value: Any) -> Iterator[Any]:
    """Yield the values in a raw value: arrays opened, each once, nulls and objects left out."""
    if value.__class__ is not list and not isinstance(value, ARRAYS):
        scalar = None if isinstance(value, Mapping) else json_scalar(value)
        if scalar.__class__ is list:
            yield from each(scalar)
        elif scalar is not None:
            yield scalar
        return
    pending = [iter(value)]
    opened = {id(value): value}
    while pending:
        for item in pending[-1]:
            if isinstance(item, ARRAYS):
                if id(item) in opened:
                    continue
                opened[id(item)] = item  # held, so that its id stays its own
                pending.append(iter(item))
                break
            if item is not None and not isinstance(item, Mapping):
                scalar = json_scalar(item)
                if scalar.__class__ is list:
                    pending.append(iter(scalar))
                    break
                if scalar is not None:
                    yield scalar
        else:
            pending.pop()


def exists(value: Any) -> bool:
    """Return whether there is any value."""
    return value.__class__ is str or next(each(value), None) is not None


def within(value: Any, ignore_above: int) -> Any:
    """Return a raw value without the texts that are longer than a field's `ignore_above`.

    >>> within("abcd", 3), within(("abc", "abcd"), 3), within(None, 3)
    (None, ('abc',), None)
    """
    if value.__class__ is str:
        return value if is_within(value, ignore_above) else None
    if value is None:
        return None
    searchable = tuple(item for item in each(value) if is_within(to_text(item), ignore_above))
    return searchable if isinstance(value, ARRAYS) else searchable[0] if searchable else None


def joined(value: Any) -> str:
    r"""Return all texts of a raw value between separators, or `""` if there are none.

    >>> joined(["a", 1]), joined(None)
    ('\x00a\x001\x00', '')
    """
    if value.__class__ is str:
        return f"\0{value}\0" if SEPARATOR not in value else _safely_joined([value])
    if value is None:
        return ""
    if value.__class__ in (list, tuple) and value:
        try:
            text = "\0".join(value)
        except TypeError:
            return _safely_joined([to_text(item) for item in each(value)])
        return f"\0{text}\0" if text.count("\0") == len(value) - 1 else _safely_joined(value)
    return _safely_joined([to_text(item) for item in each(value)])


def _safely_joined(texts: Sequence[str]) -> str:
    if not texts:
        return ""
    return "".join(["\0", "\0".join(text.replace("\0", STAND_IN) for text in texts), "\0"])


def any_text(value: Any, passes: Callable[[str], bool]) -> bool:
    """Return whether some value's text passes."""
    if value.__class__ is str:
        return passes(value)
    return any(passes(to_text(item)) for item in each(value))


def any_in(value: Any, texts: frozenset[str]) -> bool:
    """Return whether some value's text is among `texts`. For values other than str, which are tested in line."""
    if value.__class__ is list and {*map(type, value)} == {str}:
        return not texts.isdisjoint(value)
    return any(to_text(found) in texts for found in each(value))


def any_folded_in(value: Any, texts: frozenset[str]) -> bool:
    """Return whether some value's text, ASCII letters in lower case, is among `texts`."""
    if value.__class__ is list and value:
        try:
            text = fold_ascii("\0".join(value))
        except TypeError:
            pass
        else:
            found = text.split("\0")
            if len(found) == len(value):
                return not texts.isdisjoint(found)
    return any(fold_ascii(to_text(item)) in texts for item in each(value))


def any_number(value: Any, passes: Callable[[int | float], bool]) -> bool:
    """Return whether some value, read as a number, passes."""
    if value.__class__ is int:
        return passes(value)
    return any(passes(number) for item in each(value) if (number := to_number(item)) is not None)


def any_boolean(value: Any, booleans: frozenset[bool]) -> bool:
    """Return whether some value, read as a boolean, is among `booleans`."""
    return any(to_boolean(item) in booleans for item in each(value))


def any_address(value: Any, blocks: tuple[Block, ...]) -> bool:
    """Return whether some value, read as an IP address, lies in one of the blocks."""
    for item in each(value):
        address = parse_address(item)
        if address is not None and any(block.first <= address <= block.last for block in blocks):
            return True
    return False
