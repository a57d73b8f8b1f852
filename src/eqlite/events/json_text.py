"""JSON text that arrives in chunks, with the length of the value at the current position."""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Iterator

from eqlite.events.json_decoding import NOT_JSON, SAFE_RECURSION, TOO_DEEP, TOO_LONG, json_problem
from eqlite.limits import MAX_JSON_DEPTH, MAX_LINE_BYTES

_parse = json.JSONDecoder().raw_decode
# Blanks, commas, the byte order mark of a file that was appended, and the record separator of RFC 7464.
_skip = re.compile(r"[ \t\r\n,\ufeff\x1e]*").match
# For a text that ends too early, json reports a position this close to its end, or an unterminated string.
_NEAR_END = 16
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_MOST_WASTED = 4
"""The most characters parsed in vain, as a multiple of those read. Beyond it, a value has to end on its line."""
_PORTION_BYTES = 1 << 13
"""The size of the pieces loaded. It is small, since json counts the lines from the start of a text to each error."""
_WASTED_AT_ONCE = 1 << 20
_DEEP = 1 << 14
"""About the number of characters parsed until a value turns out to be too deep."""


class Unreadable(Exception):
    """There is no value at the current position."""

    def __init__(self, reason: str, detail: str, parsed: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.parsed = parsed


class JsonText:
    """The loaded part of a text, with the means to read more of it.

    Bytes that are not UTF-8 become lone surrogates (`surrogateescape`), so that they come out unchanged.

    Attributes:
        line: the number of the line of the next character, from 1.
        indent: the number of blanks at the start of that line, as far as it was read.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.line = 1
        self.indent = 0
        self._in_indent = True
        self._chunks = _portions(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._position = 0
        self._at_end = False
        self._read = self._wasted = 0

    def skip_blanks(self) -> str:
        """Skip blanks and commas, and return the next character, or `""` at the end."""
        while True:
            match = _skip(self._text, self._position)
            assert match is not None
            self.advance(match.end() - self._position)
            if match.end() < len(self._text):
                return self._text[match.end()]
            if not self._read_more():
                return ""

    def rest_of_line(self, most: int = MAX_LINE_BYTES) -> str:
        """Return the rest of the line without its end, up to a number of characters."""
        while (end := self._text.find("\n", self._position, self._position + most)) < 0:
            if len(self._text) - self._position >= most or not self._read_more():
                return self._text[self._position : self._position + most]
        return self._text[self._position : end]

    def next_line(self) -> str | None:
        """Skip the end of a line and return the next line, or None at the end of the text."""
        if self._position >= len(self._text) and not self._read_more():
            return None
        if self._text[self._position] == "\n":
            self.advance(1)
        rest = self.rest_of_line()
        return rest if self._position < len(self._text) else None

    def advance(self, size: int) -> str:
        """Return the next `size` characters and move behind them."""
        taken = self._text[self._position : self._position + size]
        self._position += size
        newlines = taken.count("\n")
        if newlines:
            self.line += newlines
            self.indent, self._in_indent = 0, True
        if self._in_indent:
            tail = taken[taken.rfind("\n") + 1 :]
            stripped = tail.lstrip(" \t")
            self.indent += len(tail) - len(stripped)
            self._in_indent = not stripped
        return taken

    def measure_value(self, limit: int) -> int:
        """Return the length in characters of the value at the current position.

        Raises:
            Unreadable: there is none, or it has more than `limit` characters.
        """
        if self._wasted > _WASTED_AT_ONCE + _MOST_WASTED * self._read:
            return _measure(self.rest_of_line())
        try:
            return self._measure(limit)
        except Unreadable as problem:
            self._wasted += problem.parsed
            raise

    def _measure(self, limit: int) -> int:
        while True:
            size = len(self._text) - self._position
            try:
                value, end = _parse_safely(self._text, self._position)
            except RecursionError:
                raise Unreadable(TOO_DEEP, f"more than {MAX_JSON_DEPTH} levels", min(size, _DEEP)) from None
            except json.JSONDecodeError as error:
                parsed = error.pos - self._position
                ends_early = error.msg.startswith("Unterminated") or error.pos > len(self._text) - _NEAR_END
                message = json_problem(error)
            except ValueError as error:  # an integer of more digits than Python converts
                raise Unreadable(NOT_JSON, str(error), size) from None
            else:
                # A number or a word at the very end may continue. Other values have an end of their own.
                if isinstance(value, (dict, list, str)) or end < len(self._text) or not self._read_more():
                    return end - self._position
                continue
            if ends_early and size > limit:
                raise Unreadable(TOO_LONG, f"more than {limit} characters in one value", size)
            if not ends_early or not self._read_more():
                raise Unreadable(NOT_JSON, message, size if ends_early else parsed)

    def _read_more(self) -> bool:
        """Read at least as much as is loaded, so that a long value is parsed only a few times."""
        if self._at_end:
            return False
        rest = self._text[self._position :]
        pieces = [rest]
        size = 0
        for chunk in self._chunks:
            piece = self._decoder.decode(chunk)
            pieces.append(piece)
            size += len(piece)
            if size and size >= len(rest):
                break
        else:
            pieces.append(self._decoder.decode(b"", final=True))
            self._at_end = True
        self._text = "".join(pieces)
        self._position = 0
        self._read += size
        return len(self._text) > len(rest)


def _portions(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _PORTION_BYTES):
            yield chunk[start : start + _PORTION_BYTES]


def _parse_safely(text: str, start: int) -> tuple[object, int]:
    """Return the value at a position, and the position of its end.

    The parser stops at Python's recursion limit. If a program raised that, it would run out of stack, and end the
    process.

    Raises:
        RecursionError: it is nested too deeply.
        ValueError: there is none.
    """
    if sys.getrecursionlimit() > SAFE_RECURSION:
        depth = 0
        for token in _BRACKET.finditer(text, start):
            depth += 1 if token[0] in "[{" else -1 if token[0] in "]}" else 0
            if depth <= 0:
                break
            if depth > 2 * MAX_JSON_DEPTH:
                raise RecursionError
    return _parse(text, start)


def _measure(text: str) -> int:
    """Return the length in characters of the value at the start of a text."""
    try:
        return _parse_safely(text, 0)[1]
    except RecursionError:
        raise Unreadable(TOO_DEEP, f"more than {MAX_JSON_DEPTH} levels") from None
    except ValueError as error:
        raise Unreadable(NOT_JSON, str(error)) from None
