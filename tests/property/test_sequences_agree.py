"""Every way to match a sequence gives one answer: arrays as keys, conditions on them, times of one millisecond, ties.

The reference backend matches by lists. Searches, streams, rules over files and rules over documents match as events
come.

Covers `engine/order.py`.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.sequence_strategies import inputs, queries
from tests.harness import UNMET, ndjson, numbers, rule_set

import eqlite
from eqlite.engine.order import order_problem, ordinal
from eqlite.execution.run import run_files
from eqlite.values.dates.instants import format_instant

ASKED_OF_KEYS = ['k == "x"', 'k != "x"', 'k : "X*"', 'k in ("x", "1")', 'k == "x" or k == "1"', 'not k : ("x", "z")']
NEVER = 'never == "x"'
FRACTIONS = [0, 0, 1_000, 499_900, 999_999]
BEGIN_NS = 1_767_225_600_000_000_000


@st.composite
def searches(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """Return a query, some of whose stages ask something of a key, and events with times below milliseconds."""
    text = draw(queries())
    if draw(st.booleans()):
        text = re.sub("sequence by (k|[?]k)", r"sequence by \1, ?l", text)

    def asking(match: re.Match[str]) -> str:
        condition = draw(st.sampled_from(["", "", *ASKED_OF_KEYS]))
        return f"{match[0]} and ({condition})" if condition else match[0]

    text = re.sub(r'kind == "[ABC]"', asking, text)
    events = draw(inputs())
    for event in events:
        time_ns = BEGIN_NS + event["@timestamp"] // 300 * 1_000_000 + draw(st.sampled_from(FRACTIONS))
        event["@timestamp"] = draw(st.sampled_from([format_instant(time_ns)] * 3 + [[format_instant(time_ns)]]))
        if draw(st.integers(0, 20)) == 0:
            event["@timestamp"] = [format_instant(time_ns)] * 2
        event["l"] = draw(st.sampled_from([None, "x", ["y", "x"]]))
    return text, events


def ran(text: str, events: list[dict[str, Any]], options: dict[str, str], **settings: str) -> list[Any]:
    """Return what a rule finds that is run over a file together with others."""
    rules = rule_set(text, text, *UNMET)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.ndjson"
        path.write_bytes(ndjson(events))
        found = run_files(rules.compile(**options, **settings), [path])
        return numbers([each for each in found if each.rule is rules[0]])


@pytest.mark.parametrize("options", [{}, {"tiebreaker_field": "t"}])
@given(searches(), st.none() | st.integers(0, 3), st.sampled_from(["head", "tail"]))
def test_both_matchers_give_the_same_sequences_in_order(options, search, size, position) -> None:
    text, events = search
    query, reference = (eqlite.compile(text, backend=backend, **options) for backend in ("python", "reference"))
    stats, reference_stats = eqlite.SearchStats(), eqlite.SearchStats()
    found = query.search(events, size=size, result_position=position, stats=stats)
    assert found == reference.search(events, size=size, result_position=position, stats=reference_stats)
    assert stats == reference_stats


@pytest.mark.parametrize("options", [{}, {"tiebreaker_field": "t"}])
@given(searches())
def test_streams_and_rules_give_what_a_search_gives(options, search) -> None:
    text, events = search
    query = eqlite.compile(text, **options)
    expected = numbers(query.search(events))
    stream = query.stream()
    ordered = sorted(events, key=lambda event: ordinal(event, 0, query.plan)[:3])
    streamed = [match for event in ordered for match in stream.push(event)] + stream.flush()
    assert sorted(map(repr, numbers(streamed))) == sorted(map(repr, expected))
    assert ran(text, events, options) == expected
    assert ran(text, ordered, options) == expected
    assert ran(text, ordered, options, backend="reference") == expected
    assert numbers(rule_set(text).run(events, **options)) == expected
    assert numbers(rule_set(text, *UNMET).run(events, **options)) == expected


@given(searches())
def test_a_condition_on_a_key_of_one_value_may_stand_anywhere(search) -> None:
    text, events = search
    for event in events:
        event.update({name: event[name][0] for name in ("k", "l") if isinstance(event[name], list)})
    kept_apart = re.sub(r"and \((.*?)\)(?=])", rf"and (\1 or {NEVER})", text)  # a real `or` is not copied
    assert eqlite.search(kept_apart, events) == eqlite.search(text, events)


@given(searches())
def test_an_event_with_a_single_place_is_counted_nowhere(search) -> None:
    text, events = search
    query = eqlite.compile(text, tiebreaker_field="t")
    single = [event for event in events if order_problem(event, query.plan) is None]
    stats = eqlite.SearchStats()
    assert query.search(single, stats=stats) == eqlite.search(text, events, tiebreaker_field="t")
    assert stats.faults == 0
