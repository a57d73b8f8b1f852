"""Searches as Kibana's Dev Tools have them: `GET index/_eql/search` and a body, also copied as a `curl` command.

The body is JSON with comments and texts in three double quotes, between which nothing is an escape.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from eqlite.rules.formats.json_spans import NotJson, map_string, read_members, read_value
from eqlite.rules.formats.settings import NotARule, RuleFile, add_rule
from eqlite.rules.model import LoadedRules
from eqlite.source import Source, Span

_REQUEST = "/_eql/search"
_INDEX = re.compile(r"[^\s/\"'?]*+\Z")
_MAX_INDEX_CHARACTERS = 1_000
_TOKEN = re.compile(
    r'"""(?P<raw>(?:[^"]++|"(?!""))*+)"{3}|(?P<text>"(?:[^"\\\n]++|\\.)*+")|(?P<comment>#[^\n]*+|//[^\n]*+|/\*.*?\*/)'
    r"|(?P<open>[{\[])|(?P<close>[}\]])",
    re.DOTALL,
)


class _Body(NamedTuple):
    """A body as JSON.

    Attributes:
        json: the text.
        end: where the body ends in the file.
        shifts: where the text went on in the file: pairs of an offset in `json` and one in the file.
        raw: offsets in `json` of texts that stood in three quotes, and where their content begins in the file.
    """

    json: str
    end: int
    shifts: list[tuple[int, int]]
    raw: dict[int, int]


def load_console(file: RuleFile, result: LoadedRules) -> None:
    """Add a rule for each request to search with EQL.

    Raises:
        NotARule: there is no such request, or none with a body.
    """
    text = file.text
    number = 0
    found = text.find(_REQUEST)
    while found >= 0:
        offset = found + len(_REQUEST)
        following = text.find(_REQUEST, offset)
        start = text.find("{", offset, following if following >= 0 else len(text))
        if start >= 0:
            number += 1
            body = _read_body(text, start)
            _add(body, start, _index_before(text, found), number, file, result)
            following = text.find(_REQUEST, body.end) if body.end > following else following
        found = following
    if not number:
        raise NotARule("no request to `_eql/search` with a body")


def _index_before(text: str, end: int) -> str:
    """Return the last part of a path, empty for other text."""
    found = _INDEX.search(text, max(0, end - _MAX_INDEX_CHARACTERS), end)
    return found.group() if found is not None else ""


def _read_body(text: str, start: int) -> _Body:
    """Return the body that begins with the bracket at `start`, without comments and with plain texts."""
    pieces: list[str] = []
    shifts: list[tuple[int, int]] = []
    raw: dict[int, int] = {}
    length, offset, depth = 0, start, 0
    for token in _TOKEN.finditer(text, start):
        before = text[offset : token.start()]
        shifts.append((length, offset))
        piece = token.group()
        if token.lastgroup == "raw":
            raw[length + len(before)] = token.start("raw")
            piece = json.dumps(token["raw"])
        elif token.lastgroup == "comment":
            piece = ""
        pieces += (before, piece)
        length += len(before) + len(piece)
        offset = token.end()
        depth += (token.lastgroup == "open") - (token.lastgroup == "close")
        if depth == 0:
            break
    return _Body("".join(pieces), offset, shifts, raw)


def _add(body: _Body, start: int, index: str, number: int, file: RuleFile, result: LoadedRules) -> None:
    try:
        whole = read_value(body.json, 0)
    except NotJson as error:
        offset = _file_offset(body, error.offset)
        result.problems.append(file.problem("bad-rule-file", f"not JSON: {error.message}", offset, offset + 1))
        return
    assert isinstance(whole.value, dict)
    values = {"name": file.stem if number == 1 else f"{file.stem} ({number})", **whole.value}
    if index and index.upper() not in ("GET", "POST"):
        values.setdefault("index", [index])

    def find(name: str) -> Span | None:
        found = [member.span for member in read_members(body.json, 0) if member.name == name]
        return found[-1] if found else None

    def locate(path: tuple[str, ...]) -> Span | None:
        span = find(path[0]) if path else None
        if span is None:
            return Span(start, start + 1)
        return Span(_file_offset(body, span.start), _file_offset(body, span.end))

    def source_for(query: str) -> Source:
        span = find("query")
        if span is None:
            return Source(query, file.path)
        if span.start in body.raw:
            return Source(query, file.path, file.text, ((0, body.raw[span.start]),))
        shift = _file_offset(body, span.start) - span.start
        offsets = tuple((here, there + shift) for here, there in map_string(body.json, span.start))
        return Source(query, file.path, file.text, offsets)

    add_rule(result, file, values, locate=locate, source_for=source_for)


def _file_offset(body: _Body, offset: int) -> int:
    found = 0
    for here, there in body.shifts:
        if here > offset:
            break
        found = there + offset - here
    return found
