"""Large values in the first events of a run, before anything is known of how events look."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType

import pytest

import eqlite
from eqlite.values.text import to_text

RULES = eqlite.RuleSet(
    eqlite.load_rule(f'process where process.args : ("*{number}x*", "y{number}*") and process.name == "a{number}"')
    for number in range(40)
)


def calls_of(code: CodeType, work: Callable[[], object]) -> int:
    """Return how often a function is called while something is done."""
    count = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code is code

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("values", [list(range(2_000)), [0.5] * 2_000, [[n, f"x{n}", None] for n in range(1_000)]])
def test_each_value_is_made_a_text_once_for_all_rules(values: list[object]) -> None:
    RULES.compile()
    event = {"event": {"category": "process"}, "process": {"args": values, "name": values}}
    found: list[object] = []
    assert calls_of(to_text.__code__, lambda: found.extend(RULES.run([event]))) <= 6 * len(values)
    assert found == []


def test_large_arrays_find_what_small_ones_do() -> None:
    for filler in ([], list(range(200)), ["z"] * 200, [[1, ["z", None]]] * 200):
        event = {"event": {"category": "process"}, "process": {"args": ["y7q", *filler], "name": [*filler, "a7"]}}
        assert [detection.rule.query for detection in RULES.run([event])] == [list(RULES)[7].query]
