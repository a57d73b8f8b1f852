"""Spans in a query's text, and positions in the file that the user edits.

A query may be a file of its own or lie inside another one (a TOML string, a JSON string, a rule page). `Source` keeps
both texts and the way from one to the other, so that every message points into the file the user opens.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field
from functools import lru_cache

_LINE_END = re.compile("\n")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range `start <= i < end` of offsets into a query's text.

    Attributes:
        start, end: offsets in characters.

    Internal: `to`.
    """

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of `other`."""
        return Span(self.start, other.end)


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a text.

    Attributes:
        line, column: both from 1, the column in characters.
    """

    line: int
    column: int


def position_in(text: str, offset: int) -> Position:
    """Return the position of `offset` in `text` (an offset past the end gives the end)."""
    offset = min(offset, len(text))
    starts = _line_starts(text)
    line = bisect.bisect_right(starts, offset)
    return Position(line, offset - starts[line - 1] + 1)


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    """Return the offsets of the line starts of a text.

    They are cached, since one file may hold the queries of thousands of messages.
    """
    return [0, *(found.end() for found in _LINE_END.finditer(text))]


@dataclass(frozen=True, slots=True)
class Source:
    """A query's text, its name, and the document that holds it.

    Attributes:
        text: the query exactly as it is evaluated.
        name: the file's path as the user gave it; None for text given directly.
        document: the whole text of the file that holds the query; None where the query is the file.
        offsets: pairs `(offset in text, offset in document)`, ascending: from each on, both run side by side. A pair
            stands wherever an escape sequence makes the two texts differ.

    Internal: `document_offset`, `query_position`, `line_around`.
    """

    text: str
    name: str | None = None
    document: str | None = field(default=None, repr=False)
    offsets: tuple[tuple[int, int], ...] = field(default=((0, 0),), repr=False)

    def document_offset(self, offset: int) -> int:
        """Return the offset in the document of an offset in the query's text."""
        index = bisect.bisect_right(self.offsets, (offset, 1 << 62)) - 1
        start, document_start = self.offsets[max(index, 0)]
        return document_start + offset - start

    def position(self, offset: int) -> Position:
        """Return the position, in the file the user edits, of an offset in the query's text."""
        if self.document is None:
            return position_in(self.text, offset)
        return position_in(self.document, self.document_offset(offset))

    def query_position(self, offset: int) -> Position:
        """Return the position of an offset counted inside the query alone, as Elasticsearch counts it."""
        return position_in(self.text, offset)

    def line_around(self, offset: int, reach: int) -> tuple[str, int]:
        """Return the part of a line within `reach` of an offset, and the index of the offset in it.

        A file may be one line, with a message for each of its parts.
        """
        text = self.text if self.document is None else self.document
        place = min(offset if self.document is None else self.document_offset(offset), len(text))
        start = text.rfind("\n", max(0, place - reach), place) + 1 or max(0, place - reach)
        end = text.find("\n", place, place + reach)
        return text[start : end if end >= 0 else place + reach].rstrip("\r"), place - start
