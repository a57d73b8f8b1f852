"""Input that was made to cost much: the work grows with the input, counted in calls and in what is parsed in vain."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
from tests.hostile.growth import assert_linear

from eqlite.errors import EventError
from eqlite.events.intake import ReadStats
from eqlite.events.json_text import JsonText, Unreadable
from eqlite.events.readers import read_events

INPUTS: dict[str, Callable[[int], str]] = {
    "half an object first": lambda n: '{"n": {\n' + '{"n": 1}\n' * n,
    "lists that are never closed": lambda n: '{"a":[\n' * n,
    "objects that are never closed": lambda n: '{"a":{"b":1},"c":\n' * n,
    "lists around documents": lambda n: '{"a":[\n' * 100 + "{},\n" * n,
    "bad elements on a line": lambda n: "[" + "{x}," * n + "]",
    "open elements on a line": lambda n: "[" + '{"a":{x,' * n + "]",
    "arrays on a line": lambda n: "[]" * n,
    "brackets": lambda n: "[" * n,
    "documents on a line": lambda n: "{}" * n + '{"',
    "bad documents over several lines": lambda n: '{\n "a": oops\n}\n' * n,
    "bad lines before any document": lambda n: '{"a" 1}\n' * n,
    "rubbish in an array": lambda n: "[\n" + "oops,\n" * n + "]",
    "comments": lambda n: "# x\n" * n,
    "actions of a bulk body": lambda n: '{"index":{}}\n' * n,
}


def calls(data: bytes) -> int:
    """Return how many functions are called to read some data."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        stats = ReadStats()
        for _ in read_events(io.BytesIO(data), stats=stats):
            pass
    finally:
        sys.setprofile(None)
    assert stats.read == stats.evaluated + stats.rejected
    return count


@pytest.mark.parametrize("name", INPUTS)
def test_twice_the_input_takes_twice_the_calls(name: str) -> None:
    made = INPUTS[name]
    calls(made(1_000).encode())  # modules that are loaded when they are needed do not count
    assert calls(made(2_000).encode()) <= 2.3 * calls(made(1_000).encode())


NEVER_CLOSED = [name for name in INPUTS if "never closed" in name or "around" in name]


@pytest.mark.parametrize("name", NEVER_CLOSED)
def test_what_is_parsed_in_vain_is_bounded(name: str) -> None:
    data = INPUTS[name](20_000).encode()
    text = JsonText(iter([data]))
    parsed = 0
    while text.skip_blanks():
        try:
            text.advance(text.measure_value(1 << 20))
        except Unreadable as problem:
            parsed += problem.parsed
            text.advance(len(text.rest_of_line()))
    assert parsed <= 8 * len(data) + (2 << 20)


TEXTS: dict[str, Callable[[int], str]] = {
    "escaped quotes in a damaged element": lambda n: '{"a": x' + '\\"' * n,
    "quotes in a damaged element": lambda n: '{"a": x' + '"' * n,
    "blanks behind a bracket": lambda n: '{\n"a": x\n}' + " " * n + "x",
    "blanks in a list": lambda n: ("[" + " " * 4_000 + "x\n") * (n // 4_000),
    "blanks and commas in a list": lambda n: ("[" + ", " * 2_000 + "x\n") * (n // 4_000),
    "blanks in a query": lambda n: ("from" + " " * n)[:n] + "x",
    "names in a table": lambda n: "a " * n,
    "blanks before a bracket": lambda n: '{"n":1}\n' + "}" + " " * n + "x",
}


@pytest.mark.parametrize("name", TEXTS)
def test_no_pattern_goes_back_over_hostile_text(name: str) -> None:
    def read(size: int) -> None:
        with contextlib.suppress(EventError):
            for _ in read_events(io.BytesIO(TEXTS[name](size).encode())):
                pass

    assert_linear(read, 50_000)
