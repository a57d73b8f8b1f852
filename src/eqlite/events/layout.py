"""Layout of the documents in a text: one a line, a bulk request, or another."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator

from eqlite.events.answers import ANSWER_START, LONG_ANSWER_BYTES, is_object
from eqlite.events.bulk import action_of
from eqlite.events.json_decoding import BadJson, decode
from eqlite.events.json_stream import COMMENT_LINE, starts_array
from eqlite.limits import MAX_LINE_BYTES


class Layout(enum.Enum):
    """The layout of a text, which decides how to split it."""

    LINES = "one document a line"
    BULK = "action lines and documents"
    VALUES = "one JSON value after another"
    UNKNOWN = "no line shows it"


# Lines of a document over several lines end like this. A damaged line rarely does.
_OPEN_ENDS = (b"{", b"[", b",", b":")
_BLANKS = b" \t\r\n\x1e"
_MOST_LINES = 100
_FIRST_VALUE = json.JSONDecoder().raw_decode


def look_ahead(chunks: Iterator[bytes]) -> tuple[bytes, Layout]:
    """Read the start of a text up to the first line that shows its layout, and return both.

    Lines without a document or the start of one are skipped, so that a damaged first line does not hide the others. The
    result depends on the text alone, not on the sizes of the chunks.
    """
    head = bytearray()
    line_start = 0
    may_be_values = False
    for chunk in chunks:
        head += chunk
        while (end := head.find(b"\n", line_start)) >= 0:
            layout = _layout_of(bytes(head[line_start:end]))
            if layout is not None:
                return bytes(head), layout
            may_be_values = may_be_values or head[line_start:end].lstrip(_BLANKS)[:1] == b"{"
            line_start = end + 1
        if len(head) - line_start > MAX_LINE_BYTES:
            return bytes(head), _layout_of_long_line(bytes(head[line_start:]))
        if line_start > MAX_LINE_BYTES:
            return bytes(head), Layout.UNKNOWN
    layout = _layout_of(bytes(head[line_start:]))
    return bytes(head), layout or (Layout.VALUES if may_be_values else Layout.UNKNOWN)


def holds_documents(head: bytes) -> bool:
    r"""Return whether a text begins like JSON documents, by its first bytes.

    >>> holds_documents(b'starting up\n{"user": "ann"}\n'), holds_documents(b"{\nint x;\n}")
    (True, False)
    """
    start = head.lstrip(_BLANKS)
    if re.match(rb"\[\s*(?:\{|\]\s*$)|\{\s*[\"}]", start):
        return True
    return any(_layout_of(line) in (Layout.LINES, Layout.BULK) for line in start.split(b"\n")[:_MOST_LINES])


def _layout_of(line: bytes) -> Layout | None:
    """Return the layout that a line shows, or None if it shows none."""
    start = line.strip(_BLANKS)
    if start.startswith(b"["):
        return Layout.VALUES if starts_array(start[:4096].decode("utf-8", "replace")) else None
    if not start.startswith(b"{"):
        return None
    if len(start) >= LONG_ANSWER_BYTES and is_object(start):  # an action is shorter
        return Layout.LINES
    try:
        value = decode(start)
    except BadJson:
        return Layout.VALUES if start.endswith(_OPEN_ENDS) else None
    return Layout.BULK if isinstance(value, dict) and action_of(value) is not None else Layout.LINES


def _layout_of_long_line(line: bytes) -> Layout:
    """Return the layout of a text whose line is longer than a line may be."""
    start = line[:MAX_LINE_BYTES].decode("utf-8", "surrogateescape").lstrip()
    if start.startswith("["):
        return Layout.VALUES if starts_array(start[:4096]) else Layout.LINES
    if not start.startswith("{"):
        return Layout.LINES
    if ANSWER_START.match(line.lstrip()):  # one line, which may be longer than one of NDJSON
        return Layout.VALUES
    try:
        end = _FIRST_VALUE(start)[1]
    except (ValueError, RecursionError):
        return Layout.LINES
    return Layout.VALUES if start[end : end + 100].lstrip(" \t,")[:1] == "{" else Layout.LINES


def is_comment(line: bytes) -> bool:
    """Return whether a line is one that Kibana's Dev Tools put before an answer."""
    return COMMENT_LINE.match(line[:4096].decode("utf-8", "replace")) is not None
