"""Sequences and samples of a rule set find what each finds alone, whether or not the input comes in order."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.test_streams import inputs, queries

import eqlite
from eqlite.rules import asking, joining
from eqlite.rules.ruleset import RuleSet
from eqlite.rules.running import RunStats, run_files

OPTIONS = {"tiebreaker_field": "t"}


def numbers(events: Sequence[Any]) -> str:
    return "-".join("none" if each is None else str(each["n"]) for each in events)


def found_alone(rules: RuleSet, events: list[dict]) -> Counter:
    compiled = rules.compile(**OPTIONS)
    return Counter((rule.query, numbers(match.events)) for rule, query in compiled for match in query.search(events))


def found_together(rules: RuleSet, events: list[dict], stats: RunStats) -> Counter:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.ndjson"
        path.write_text("".join(json.dumps(each) + "\n" for each in events))
        found = run_files(rules.compile(**OPTIONS), [path], stats=stats)
        return Counter((detection.rule.query, numbers(detection.events)) for detection in found)


def iso(milliseconds: int) -> str:
    """Return a time around the turn of a day."""
    day, rest = divmod(86_395_000 + milliseconds, 86_400_000)
    seconds = rest / 1000
    return f"2026-01-{1 + day:02}T{int(seconds // 3600):02}:{int(seconds // 60 % 60):02}:{seconds % 60:06.3f}Z"


def epoch(milliseconds: int) -> int:
    return 1_767_225_600_000 + 86_395_000 + milliseconds


@given(st.lists(queries(), min_size=2, max_size=4), inputs(), st.booleans(), st.integers(0, 6), st.data())
def test_rules_together_find_what_each_finds_alone(texts, events, is_sorted, orderly, data) -> None:
    rules = RuleSet([eqlite.load_rule(text) for text in texts])
    writers = data.draw(st.sampled_from([[iso], [epoch], [iso, epoch]]))
    if is_sorted:
        events.sort(key=lambda event: (event["@timestamp"], event.get("t", 9)))
    for event in events:
        event["@timestamp"] = data.draw(st.sampled_from(writers))(event["@timestamp"])
    events += [{**event, "@timestamp": "soon"} for event in events[:1]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joining, "ORDERLY_EVENTS", orderly)
        patch.setattr(joining, "_EVENTS_BETWEEN_SWEEPS", 2)
        patch.setattr(asking, "ENOUGH_CONDITIONS", 1)
        together = found_together(rules, events, stats := RunStats())
        patch.setattr(asking, "ENOUGH_CONDITIONS", 1_000)
        assert together == found_alone(rules, events) == found_together(rules, events, plainly := RunStats())
    assert (stats.untimed, stats.reading.read) == (plainly.untimed, plainly.reading.read)


def test_a_file_that_turns_out_unsorted_is_read_again(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(joining, "ORDERLY_EVENTS", 10)
    rules = RuleSet(
        [eqlite.load_rule(f'sequence by u [any where k == "a"] [any where k == "b" and n != {n}]') for n in range(3)]
    )
    events = [{"@timestamp": iso(n * 1000), "u": "x", "k": "c", "n": n} for n in range(50)]
    events.append({"@timestamp": iso(60_000), "u": "x", "k": "b", "n": 50})
    events.append({"@timestamp": iso(59_000), "u": "x", "k": "a", "n": 51})
    path = tmp_path / "events.ndjson"
    path.write_text("".join(json.dumps(each) + "\n" for each in events))
    stats = RunStats()
    assert [numbers(found.events) for found in run_files(rules.compile(), [path], stats=stats)] == ["51-50"] * 3
    assert (stats.reading.read, stats.detections) == (52, 3)
