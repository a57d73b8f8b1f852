"""Spans of the values of a TOML file, which `tomllib` does not give.

The scanner takes for granted that the text is valid TOML: `tomllib` has read it. It walks from statement to statement,
leaping over strings, so that it costs little beside the parsing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from eqlite.source import Span

_STATEMENT = re.compile(r"[ \t\r\n]*(?:(#|\[\[?|[A-Za-z0-9_-]+(?=[ \t]*=))(?:[ \t]*=[ \t]*)?)?")
_SPACES = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BETWEEN_PAIRS = re.compile(r"(?:[ \t\r\n,]++|#[^\n]*+)*")
_SCALAR = re.compile(r"[^,\]}#\r\n]*")
_STOP = re.compile(r"[\"'#\[\]{}]")
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[ \t]*\r?\n[ \t\r\n]*|.)|\r\n")
_LINE_BREAK = re.compile(r"\r\n")


def find_value(text: str, path: tuple[str, ...]) -> Span | None:
    r"""Return the span of the value of a key, or None if it is not there.

    >>> text = '[rule]\nname = "query = 1"\nquery = "any where true"'
    >>> span = find_value(text, ("rule", "query"))
    >>> text[span.start : span.end]
    '"any where true"'
    """
    table: tuple[str, ...] = ()
    for key, start, end in _statements(text):
        if end is None:
            table = key
            continue
        whole = (*table, *key)
        if whole == path:
            return Span(start, end)
        if text.startswith("{", start) and whole == path[: len(whole)]:
            return _find_inline(text, start, path[len(whole) :])
    return None


def _find_inline(text: str, start: int, path: tuple[str, ...]) -> Span | None:
    """Return the span of the value of a key in the inline table that opens at `start`."""
    offset = _end(_BETWEEN_PAIRS, text, start + 1)
    while not text.startswith("}", offset):
        key, equals = _read_key(text, offset)
        begin = _end(_SPACES, text, equals + 1)
        end = _value_end(text, begin)
        if key == path:
            return Span(begin, end)
        if text.startswith("{", begin) and key == path[: len(key)]:
            return _find_inline(text, begin, path[len(key) :])
        offset = _end(_BETWEEN_PAIRS, text, end)
    return None


def find_table(text: str, path: tuple[str, ...]) -> Span | None:
    """Return the span of the header of a table."""
    for key, start, end in _statements(text):
        if end is None and key == path:
            return Span(start, _line_end(text, start))
    return None


def find_elements(text: str, array: Span) -> Iterator[Span]:
    """Yield the spans of the elements of an array.

    >>> text = "queries = ['a', 'b']"
    >>> [text[span.start : span.end] for span in find_elements(text, Span(10, 20))]
    ["'a'", "'b'"]
    """
    offset = _end(_BETWEEN_PAIRS, text, array.start + 1)
    while offset < array.end and not text.startswith("]", offset):
        end = _value_end(text, offset)
        yield Span(offset, end)
        offset = _end(_BETWEEN_PAIRS, text, max(end, offset + 1))


def find_in_each(text: str, table: str, key: str) -> list[Span | None]:
    """Return the span of the value of a key, or None, for each table of an array `[[table]]`."""
    found: list[Span | None] = []
    is_inside = False
    for name, start, end in _statements(text):
        if end is None:
            is_inside = name == (table,)
            found += [None] if is_inside else []
        elif is_inside and name == (key,):
            found[-1] = Span(start, end)
    return found


def _statements(text: str) -> Iterator[tuple[tuple[str, ...], int, int | None]]:
    """Yield every key with the bounds of its value, and every table's name with its place and no end."""
    offset = 0
    while (statement := _STATEMENT.match(text, offset)) is not None:
        start = statement.end()
        symbol = statement[1]
        if symbol is None:  # anything but a comment, a table or a bare key
            if start == len(text):
                return
            key, equals = _read_key(text, start)
            start = _end(_SPACES, text, equals + 1)
            end = _value_end(text, start)
            yield key, start, end
            offset = max(end, start + 1)
        elif symbol == "#":
            offset = _line_end(text, start)
        elif symbol[0] == "[":
            key, end = _read_key(text, start)
            yield key, statement.start(1), None
            offset = _line_end(text, end)
        else:
            end = _value_end(text, start)
            yield (symbol,), start, end
            offset = max(end, start)


def map_string(text: str, start: int, value: str) -> tuple[tuple[int, int], ...] | None:
    r"""Return the way from a string's value back to its literal at `start`, in the form of `Source.offsets`.

    None if the literal does not give that value.

    >>> map_string(r'"a\tb"', 0, "a\tb")
    ((0, 1), (2, 4))
    """
    begin, end, _ = _string_bounds(text, start)
    if text.startswith(value, begin) and len(value) == end - begin:
        return ((0, begin),)
    offsets = [(0, begin)]
    removed = 0
    longer = _ESCAPE if text[start] == '"' else _LINE_BREAK
    for match in longer.finditer(text, begin, end):
        written = match.group()
        width = 0 if written[0] == "\\" and "\n" in written else 1
        offset = match.start() - begin - removed + width
        removed += len(written) - width
        if offsets[-1][0] == offset:
            offsets.pop()
        offsets.append((offset, match.end()))
    return tuple(offsets) if end - begin - removed == len(value) else None


def _read_key(text: str, offset: int) -> tuple[tuple[str, ...], int]:
    """Return a dotted key, and the offset of the character after it: `=` or `]`."""
    parts: list[str] = []
    while True:
        offset = _end(_SPACES, text, offset)
        bare = _BARE_KEY.match(text, offset)
        if bare is not None:
            parts.append(bare.group())
            offset = bare.end()
        else:
            begin, end, after = _string_bounds(text, offset)
            is_plain = text[offset] == "'" or "\\" not in text[begin:end]
            parts.append(text[begin:end] if is_plain else tomllib.loads(f"key = {text[offset:after]}")["key"])
            offset = after
        offset = _end(_SPACES, text, offset)
        if not text.startswith(".", offset):
            return tuple(parts), offset
        offset += 1


def _value_end(text: str, start: int) -> int:
    """Return the end of a value: a string, array, inline table, or anything up to a comma or comment."""
    if text.startswith(('"', "'"), start):
        return _string_bounds(text, start)[2]
    if not text.startswith(("[", "{"), start):
        return _end(_SCALAR, text, start)
    depth = 0
    offset = start
    while (stop := _STOP.search(text, offset)) is not None:
        symbol = stop.group()
        offset = stop.end()
        if symbol in "\"'":
            offset = _string_bounds(text, stop.start())[2]
        elif symbol == "#":
            offset = _line_end(text, offset)
        else:
            depth += 1 if symbol in "[{" else -1
            if depth == 0:
                return offset
    return len(text)


def _string_bounds(text: str, start: int) -> tuple[int, int, int]:
    """Return the start and end of the content of a string, and the end of its literal."""
    quote = text[start]
    if not text.startswith(quote * 3, start):
        end = _closing(text, quote, start + 1)
        return start + 1, end, end + 1
    begin = start + 3
    if text.startswith("\n", begin):
        begin += 1
    elif text.startswith("\r\n", begin):
        begin += 2
    end = _closing(text, quote * 3, begin)
    # Up to two quotes may stand right before the closing ones.
    for _ in range(2):
        if text.startswith(quote, end + 3):
            end += 1
    return begin, end, end + 3


def _closing(text: str, quotes: str, begin: int) -> int:
    """Return the offset of the closing quotes: those that no backslash escapes."""
    offset = begin
    while (end := text.find(quotes, offset)) >= 0:
        if quotes[0] == "'" or text[end - 1] != "\\":
            return end
        escapes = end - 1
        while escapes > begin and text[escapes - 1] == "\\":
            escapes -= 1
        if (end - escapes) % 2 == 0:
            return end
        offset = end + 1
    return len(text)


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return end if end >= 0 else len(text)


def _end(pattern: re.Pattern[str], text: str, offset: int) -> int:
    match = pattern.match(text, offset)
    assert match is not None  # each of the patterns matches an empty text
    return match.end()
