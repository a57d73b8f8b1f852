"""Splitting of JSON with another layout than one document a line: arrays, and documents over several lines.

The elements of an array come one by one, so a file may be larger than memory. A single document, such as an answer with
its hits, is held whole: at most `MAX_DOCUMENT_BYTES` of text, and about ten times that while it is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eqlite.events.intake import Intake, Rejected
from eqlite.events.json_decoding import NOT_JSON, NOT_UTF8, BadJson, decode_object
from eqlite.events.json_text import JsonText, Unreadable

MAX_DOCUMENT_BYTES = 256 << 20
_WINDOW = 4096
"""The part of a line to search first, since a line may hold a whole file, and many damaged elements."""

COMMENT_LINE = re.compile(r"[ \t]*(?:#|(?:GET|POST|PUT|DELETE|HEAD|PATCH)[ \t]+\S+[ \t]*\r?$)")
"""A line that Kibana's Dev Tools put before an answer: a comment, or a request."""

_SCALAR = r'(?:null|true|false|NaN|"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)'
# An array: of objects, of plain values, empty, continued on the next line, or with a bad element before an object.
_ARRAY_START = re.compile(rf'\[\s*+(?:[\]{{]|$|{_SCALAR}\s*+(?:[,\]]|$)|[^\]\n]*?,\s*+(?:\{{"|$))')
# An unterminated string reaches to the end of the line, so that it is scanned only once.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|[\[\]{},]')
_END_OF_LOST = re.compile(r"([ \t]*+)[}\]][}\] \t]*+,?[ \t]*+(?=\{)")


def starts_array(line: str) -> bool:
    """Return whether a line that begins with `[` begins an array of documents, not text such as `[INFO] up`."""
    return _ARRAY_START.match(line) is not None


def split_values(
    chunks: Iterator[bytes], file: str, intake: Intake, *, limit: int = MAX_DOCUMENT_BYTES
) -> Iterator[tuple[int, bytes]]:
    """Yield the text of every value with its line. Values of a top-level array come one by one.

    A damaged element alone is rejected if its end is certain. Otherwise each line is rejected, up to the next one on
    which a document starts that is indented no deeper than the damaged one.
    """
    splitter = _Splitter(JsonText(chunks), file, intake, limit)
    yield from splitter.values()


class _Splitter:
    """The state of `split_values`: the text, and the top-level array that is open."""

    def __init__(self, text: JsonText, file: str, intake: Intake, limit: int) -> None:
        self._text = text
        self._file = file
        self._intake = intake
        self._limit = limit
        self._in_array = False
        self._array_line = 0
        self._has_lost_end = False

    def values(self) -> Iterator[tuple[int, bytes]]:
        """Yield line and text of each value."""
        text = self._text
        while character := text.skip_blanks():
            if self._passes_bracket(character):
                continue
            if not self._in_array and character != "{":
                self._pass_line()
                continue
            line = text.line
            try:
                size = text.measure_value(self._limit)
            except Unreadable as problem:
                self._lose(problem)
                continue
            value = text.advance(size)
            self._has_lost_end = False
            try:
                yield line, value.encode()
            except UnicodeEncodeError:
                self._reject(line, NOT_UTF8, "", value)
        if self._in_array and not self._has_lost_end:
            self._reject(self._array_line, NOT_JSON, "the array does not end", "")

    def _passes_bracket(self, character: str) -> bool:
        """Skip the bracket around a top-level array, and return whether there was one."""
        is_bracket = character == ("]" if self._in_array else "[")
        if is_bracket and (self._in_array or starts_array(self._text.rest_of_line(_WINDOW))):
            self._in_array = not self._in_array
            self._array_line = self._text.line
            self._text.advance(1)
            return True
        return False

    def _reject(self, line: int, reason: str, detail: str, lost: str) -> None:
        self._intake.reject(Rejected(self._file, line, reason, detail), lost.encode("utf-8", "surrogateescape"))

    def _pass_line(self) -> None:
        """Reject the rest of a line on which no document starts, or skip a comment."""
        line, rest = self._text.line, self._text.rest_of_line()
        self._text.advance(len(rest))
        if COMMENT_LINE.match(rest):
            return
        try:
            decode_object(rest.encode("utf-8", "surrogateescape"))
        except BadJson as problem:
            self._reject(line, problem.reason, problem.detail, rest)

    def _lose(self, problem: Unreadable) -> None:
        """Reject the value at the current position, and skip to the next one."""
        text = self._text
        line, indent, rest = text.line, text.indent, text.rest_of_line(_WINDOW)
        size = _size_of_lost(rest)
        if size == len(rest) == _WINDOW:
            rest = text.rest_of_line()
            size = _size_of_lost(rest)
        lost = text.advance(size)
        self._has_lost_end = lost.endswith("]")
        self._reject(line, problem.reason, problem.detail, lost)
        if size < len(rest):
            return
        while (following := text.next_line()) is not None and not self._starts_anew(following, indent):
            prefix = _END_OF_LOST.match(following)
            has_document = prefix is not None and len(prefix[1]) <= indent
            size = prefix.end() if prefix is not None and has_document else len(following)
            line = text.line
            lost = text.advance(size)
            if lost.strip():
                self._has_lost_end = lost.rstrip().endswith("]")
                self._reject(line, NOT_JSON, "part of a document that is not JSON", lost)
            if has_document:
                return

    def _starts_anew(self, rest: str, indent: int) -> bool:
        """Return whether a line starts a new document, array or comment after a lost document."""
        stripped = rest.lstrip(" \t")
        if len(rest) - len(stripped) > indent or not stripped:
            return False
        if stripped[0] == "{":
            return True
        return stripped.startswith("]" if self._in_array else "[") or COMMENT_LINE.match(rest) is not None


def _size_of_lost(rest: str) -> int:
    """Return the length of a damaged value: up to its closing bracket, or to the end of the line."""
    depth = 0
    for token in _TOKEN.finditer(rest):
        character = token[0][0]
        if character in "[{":
            depth += 1
        elif character in "]}":
            if depth == 0:
                return token.start() or len(rest)
            depth -= 1
            if depth == 0 and re.match(r"\s*[\[{,\]]", rest[token.end() : token.end() + 100]):
                return token.end()
        elif character == "," and depth == 0 and token.start():
            return token.start()
    return len(rest)
