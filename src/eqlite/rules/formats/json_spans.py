"""Spans of the values of a JSON text: the outer level is walked here, `json` itself reads the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from eqlite.source import Span

_read_value = json.JSONDecoder().raw_decode
_BLANKS = re.compile(r"[ \t\r\n]*")
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)")


class Placed(NamedTuple):
    """A value, where it stands, and the name it has in its object (empty in an array)."""

    name: str
    value: object
    span: Span


class NotJson(ValueError):
    """A text that is not JSON from `offset` on."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def read_value(text: str, start: int) -> Placed:
    """Return the value that stands at or, behind blanks, after `start`.

    Raises:
        NotJson: there is none.
    """
    start = skip_blanks(text, start)
    try:
        value, end = _read_value(text, start)
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg[:1].lower()}{error.msg[1:]}", error.pos) from None
    except (RecursionError, ValueError):  # an integer of more digits than Python converts is a plain ValueError
        raise NotJson("nested or numbered beyond all use", start) from None
    return Placed("", value, Span(start, end))


def read_members(text: str, start: int) -> Iterator[Placed]:
    """Yield the members of the object whose `{` stands at `start`, in a text that is JSON.

    >>> [(name, value) for name, value, span in read_members('{"a": 1, "b": {"c": 2}}', 0)]
    [('a', 1), ('b', {'c': 2})]
    """
    offset = skip_blanks(text, start + 1)
    while not text.startswith("}", offset):
        name = read_value(text, offset)
        colon = skip_blanks(text, name.span.end)
        member = read_value(text, colon + 1)
        yield Placed(str(name.value), member.value, member.span)
        offset = skip_blanks(text, member.span.end)
        if text.startswith(",", offset):
            offset = skip_blanks(text, offset + 1)


def read_elements(text: str, start: int) -> Iterator[Placed]:
    """Yield the elements of the array whose `[` stands at `start`, in a text that is JSON.

    >>> [value for name, value, span in read_elements("[1, [2, 3]]", 0)]
    [1, [2, 3]]
    """
    offset = skip_blanks(text, start + 1)
    while not text.startswith("]", offset):
        element = read_value(text, offset)
        yield element
        offset = skip_blanks(text, element.span.end)
        if text.startswith(",", offset):
            offset = skip_blanks(text, offset + 1)


def map_string(text: str, start: int) -> tuple[tuple[int, int], ...]:
    r"""Return the way from a string's value back to its literal at `start`, in the form of `Source.offsets`.

    >>> map_string(r'"a\tb"', 0)
    ((0, 1), (2, 4))
    """
    end = read_value(text, start).span.end - 1
    offsets = [(0, start + 1)]
    removed = 0
    for match in _ESCAPE.finditer(text, start + 1, end):
        removed += len(match.group()) - 1
        offsets.append((match.end() - start - 1 - removed, match.end()))
    return tuple(offsets)


def skip_blanks(text: str, offset: int) -> int:
    """Return the offset of the next character that is no blank."""
    match = _BLANKS.match(text, offset)
    return match.end() if match is not None else offset
