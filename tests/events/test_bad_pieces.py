"""Damaged pieces of input hide nothing else: at every place, in every layout, from files and pipes, in several jobs.

Covers `events/json_stream.py`, `events/json_text.py`, `events/line_documents.py`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.events.intake import ReadStats
from eqlite.events.readers import read_events

Text = list[str]


def pretty(documents: list[dict[str, object]], indent: int | str = 2) -> Text:
    return [json.dumps(document, indent=indent) for document in documents]


def ndjson(pieces: Text) -> str:
    return "\n".join(pieces) + "\n"


def compact_array(pieces: Text) -> str:
    return "[" + ",\n".join(pieces) + "]\n"


def array_of_lines(pieces: Text) -> str:
    return "[\n" + ",\n".join(pieces) + "\n]\n"


def indented_array(pieces: Text) -> str:
    return "[\n" + ",\n".join("  " + piece.replace("\n", "\n  ") for piece in pieces) + "\n]\n"


DOCUMENTS: list[dict[str, object]] = [
    {"n": number, "process": {"args": [{"a": 1}, {"b": [2]}], "name": "ä [ { ,"}} for number in range(4)
]
LINES = [json.dumps(document) for document in DOCUMENTS]
LAYOUTS: dict[str, tuple[Callable[[Text], str], Text]] = {
    "ndjson": (ndjson, LINES),
    "array": (compact_array, LINES),
    "array of lines": (array_of_lines, LINES),
    "indented array": (indented_array, pretty(DOCUMENTS)),
    "array with tabs": (indented_array, pretty(DOCUMENTS, "\t")),
    "documents over several lines": (ndjson, pretty(DOCUMENTS)),
}
BAD = [
    "oops",
    "{",
    "[",
    "}",
    "{]",
    '{"n":',
    '{"n": {',
    '{"n": [',
    '{"n": [1,',
    '{"n": 1',
    '{"n": 1,',
    '{"n": oops}',
    '{"n": "cut',
    '"text"',
    '"cut',
    "7",
    "null",
    "[INFO] starting",
    "[2026-05-04] up",
    '{"n": 1}}',
    '{"a": {\n  "b": oops\n}}',
    '{\n  "a": [\n    {"n": 77},\n    oops\n  ]\n}',
    '{\n  "a": [\n    {"n": 77},\n  "b": 1\n}',
]
"""Pieces that are no documents. What is a document inside of one, `{"n": 77}`, is none by itself."""


def read(text: str, size: int | None = None) -> tuple[list[object], ReadStats]:
    stats = ReadStats()
    raw = io.BytesIO(text.encode())
    stream = raw if size is None else Trickle(raw, size)
    found = [event.get("n") for event in read_events(stream, stats=stats)]  # type: ignore[arg-type]
    assert stats.read == stats.evaluated + stats.rejected
    assert stats.evaluated == len(found)
    return found, stats


class Trickle:
    """A pipe that gives a few bytes at a time."""

    def __init__(self, data: io.BytesIO, size: int) -> None:
        self._data = data
        self._size = size

    def read(self, _size: int = -1, /) -> bytes:
        return self._data.read(self._size)


@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_bad_piece_hides_no_document(layout: str, bad: str, place: int) -> None:
    write, pieces = LAYOUTS[layout]
    text = write([*pieces[:place], bad, *pieces[place:]])
    found, stats = read(text)
    good = [0, 1, 2, 3]
    if bad == '{"n": 1}}' and layout != "ndjson":  # a document, and a bracket too many
        good.insert(place, 1)
    assert found == good
    # `[[INFO] starting` does not look like the beginning of an array: then its end is one bad line more.
    has_hidden_start = layout == "array" and place == 0 and bad.startswith("[") and bad != "["
    assert stats.rejected == bad.count("\n") + 1 + has_hidden_start
    again, same = read(text, 3)
    assert (again, same.rejected, same.samples) == (found, stats.rejected, stats.samples)


GOOD = st.integers(0, 99).map(lambda n: {"n": n, "list": [{"inner": n}, "{"], "deep": {"x": [[n]]}})
ALONE = st.sampled_from([bad for bad in BAD if "\n" not in bad and bad != '{"n": 1}}'])
# Two bad pieces, or two around a good one, may be a document together.
PARTS = st.lists(st.tuples(st.none() | ALONE, GOOD, GOOD), max_size=6).map(
    lambda groups: [part for group in groups for part in group if part is not None]
)


@given(
    PARTS, st.sampled_from(["lines", "array of lines", "several lines", "indented array"]), st.sampled_from([1, 9, 999])
)
def test_what_is_read_is_good_and_what_is_bad_is_counted(parts: list[object], layout: str, size: int) -> None:
    indent = 2 if layout in ("several lines", "indented array") else None
    pieces = [part if isinstance(part, str) else json.dumps(part, indent=indent) for part in parts]
    write = {"lines": ndjson, "several lines": ndjson, "array of lines": array_of_lines}.get(layout, indented_array)
    found, stats = read(write(pieces))
    good = [part["n"] for part in parts if isinstance(part, dict)]
    assert found == good
    assert stats.rejected == len(parts) - len(good)
    assert read(write(pieces), size)[0] == found
