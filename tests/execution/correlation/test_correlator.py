"""Sequences and samples of a rule set find what each finds alone, whether or not the input comes in order."""

from __future__ import annotations

import json
import re
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
from eqlite.events import byte_chunks as chunks
from eqlite.execution import dispatcher as asking
from eqlite.execution.correlation import correlator as joining
from eqlite.execution.correlation import deferred_starts as noting
from eqlite.execution.run import RunStats, run_files
from eqlite.ruleset import RuleSet


def numbers(events: Sequence[Any]) -> str:
    return "-".join("none" if each is None else str(each["n"]) for each in events)


def found_alone(rules: RuleSet, events: list[dict], options: dict[str, str]) -> Counter:
    compiled = rules.compile(**options)
    return Counter((rule.query, numbers(match.events)) for rule, query in compiled for match in query.search(events))


def found_together(rules: RuleSet, events: list[dict], options: dict[str, str], stats: RunStats) -> Counter:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.ndjson"
        path.write_text("".join(json.dumps(each) + "\n" for each in events))
        found = run_files(rules.compile(**options), [path], stats=stats)
        return Counter((detection.rule.query, numbers(detection.events)) for detection in found)


def iso(milliseconds: int) -> str:
    """Return a time around the turn of a day."""
    day, rest = divmod(86_395_000 + milliseconds, 86_400_000)
    seconds = rest / 1000
    return f"2026-01-{1 + day:02}T{int(seconds // 3600):02}:{int(seconds // 60 % 60):02}:{seconds % 60:06.3f}Z"


def epoch(milliseconds: int) -> int:
    return 1_767_225_600_000 + 86_395_000 + milliseconds


@pytest.mark.parametrize("options", [{}, {"tiebreaker_field": "t"}])
@given(st.lists(queries(), min_size=2, max_size=4), inputs(), st.booleans(), st.integers(0, 6), st.data())
def test_rules_together_find_what_each_finds_alone(options, texts, events, is_sorted, orderly, data) -> None:
    if data.draw(st.booleans()):  # each stage asks another field, so that what one tells says nothing of others
        texts = [re.sub(r'kind == "(.)"', r"is_\1 == true", text) for text in texts]
        events = [{**event, **{f"is_{kind}": True for kind in event["kind"]}} for event in events]
    rules = RuleSet([eqlite.load_rule(text) for text in texts])
    writers = data.draw(st.sampled_from([[iso], [epoch], [iso, epoch]]))
    if is_sorted:
        events.sort(key=lambda event: (event["@timestamp"], event.get("t", 9)))
    for event in events:
        event["@timestamp"] = data.draw(st.sampled_from(writers))(event["@timestamp"])
    untimed = data.draw(st.sampled_from(["soon", "2026-02-30T10:00:00.000Z", None]))
    events[2:2] = [{**event, "@timestamp": untimed} for event in events[:1]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joining, "ORDERLY_EVENTS", orderly)
        patch.setattr(joining, "_EVENTS_BETWEEN_SWEEPS", data.draw(st.sampled_from([2, 7])))
        patch.setattr(noting, "_MOST_NOTES", data.draw(st.sampled_from([0, 2, 50_000])))
        patch.setattr(noting, "_ENOUGH_TO_TELL", data.draw(st.sampled_from([1, 100])))
        patch.setattr(chunks, "CHUNK_BYTES", data.draw(st.sampled_from([100, 1_000, 100_000])))
        patch.setattr(asking, "ENOUGH_CONDITIONS", 1)
        together = found_together(rules, events, options, stats := RunStats())
        patch.setattr(asking, "ENOUGH_CONDITIONS", 1_000)
        assert together == found_together(rules, events, options, plainly := RunStats())
        assert together == found_alone(rules, events, options)
    assert (stats.untimed, stats.reading.read) == (plainly.untimed, plainly.reading.read)


@pytest.mark.parametrize("nobody_waits", [True, False])
def test_a_file_that_turns_out_unsorted_is_read_again(tmp_path, monkeypatch, nobody_waits) -> None:
    monkeypatch.setattr(joining, "ORDERLY_EVENTS", 10)
    monkeypatch.setattr(asking, "ENOUGH_CONDITIONS", 1)
    rules = RuleSet(
        [eqlite.load_rule(f'sequence by u [any where k == "a"] [any where k == "b" and n != {n}]') for n in range(3)]
    )
    kind = "c" if nobody_waits else "a"
    events = [{"@timestamp": iso(n * 1000), "u": "y", "k": kind, "n": n} for n in range(50)]
    events.append({"@timestamp": iso(60_000), "u": "x", "k": "b", "n": 50})
    events.append({"@timestamp": iso(59_000), "u": "x", "k": "a", "n": 51})
    path = tmp_path / "events.ndjson"
    path.write_text("".join(json.dumps(each) + "\n" for each in events))
    stats = RunStats()
    assert [numbers(found.events) for found in run_files(rules.compile(), [path], stats=stats)] == ["51-50"] * 3
    assert (stats.reading.read, stats.detections) == (52, 3)


@pytest.fixture
def told(monkeypatch) -> Counter:
    """Let small input be trusted, and return how often joining rules are told of events of each kind."""
    monkeypatch.setattr(joining, "ORDERLY_EVENTS", 10)
    monkeypatch.setattr(asking, "ENOUGH_CONDITIONS", 1)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 300)
    told: Counter = Counter()
    take = joining.JoiningRules.take

    def counted(self, hits, reading) -> None:
        told[reading.document["k"]] += 1
        take(self, hits, reading)

    monkeypatch.setattr(joining.JoiningRules, "take", counted)
    return told


def test_a_rule_waits_no_longer_than_its_maxspan(told) -> None:
    kinds = "c" * 10 + "b" * 20 + "a" + "b" * 400
    events = [{"@timestamp": iso(n * 1000), "u": kind, "k": kind, "n": n} for n, kind in enumerate(kinds)]
    rules = RuleSet([eqlite.load_rule('sequence by u with maxspan=10s [any where k == "a"] [any where k == "b"]')])
    assert not found_together(rules, events, {}, RunStats())
    assert 10 < told["b"] < 40


def test_what_nobody_waits_for_is_not_asked(tmp_path, told) -> None:
    rules = RuleSet([eqlite.load_rule('sequence by u with maxspan=1m [any where k == "a"] [any where k == "b"]')])
    kinds = "a" + "b" * 200 + "ab" + "b" * 100
    events = [{"@timestamp": iso(n), "u": "x", "k": kind, "n": n} for n, kind in enumerate(kinds)]
    path = tmp_path / "events.ndjson"
    path.write_text("".join(json.dumps(each) + "\n" for each in events))
    found = [numbers(found.events) for found in run_files(rules.compile(), [path])]
    assert found == ["0-1", "201-202"]
    assert told["a"] == 2
    assert told["b"] < 20


def events_read_again(events: list[dict], query: str, patch: pytest.MonkeyPatch) -> list[int]:
    """Run a rule in small pieces, see that it finds what it finds alone, and return which events were read twice."""
    patch.setattr(joining, "ORDERLY_EVENTS", 3)
    patch.setattr(asking, "ENOUGH_CONDITIONS", 1)
    patch.setattr(chunks, "CHUNK_BYTES", 300)
    again: list[int] = []
    reading = noting.Noted.reading

    def counted(self, note):
        event = reading(self, note)
        again.append(event.document["n"])
        return event

    patch.setattr(noting.Noted, "reading", counted)
    rules = RuleSet([eqlite.load_rule(query)])
    assert found_together(rules, events, {}, RunStats()) == found_alone(rules, events, {})
    return again


def test_what_begins_a_sequence_is_read_again_only_if_one_may_go_on(monkeypatch) -> None:
    kinds = "cccc" + "a" * 50 + "c" * 50 + "aaab" + "a" * 50
    events = [{"@timestamp": iso(n * 10), "u": "x", "k": kind, "n": n} for n, kind in enumerate(kinds)]
    query = 'sequence by u with maxspan=200ms [any where k == "a"] [any where k == "b"]'
    again = events_read_again(events, query, monkeypatch)
    assert {104, 105, 106} <= set(again)  # what is too old is left out, give or take a piece of the file
    assert len(again) < 10


def test_a_rule_that_often_goes_on_is_not_noted_for(monkeypatch) -> None:
    monkeypatch.setattr(noting, "_ENOUGH_TO_TELL", 10)
    events = [{"@timestamp": iso(n), "u": "x", "k": "ab"[n % 2], "n": n} for n in range(200)]
    query = 'sequence by u with maxspan=1m [any where k == "a"] [any where k == "b"]'
    assert len(events_read_again(events, query, monkeypatch)) == 11


def test_a_rule_with_very_many_notes_leaves_them_to_its_machine(monkeypatch) -> None:
    monkeypatch.setattr(noting, "_MOST_NOTES", 20)
    monkeypatch.setattr(joining, "_EVENTS_BETWEEN_SWEEPS", 10)
    events = [{"@timestamp": iso(n), "u": "x", "k": "a", "n": n} for n in range(50)]
    query = 'sequence by u [any where k == "a"] [any where k == "b"]'
    again = events_read_again(events, query, monkeypatch)
    assert 20 < len(again) <= 40


def test_an_event_that_begins_a_sequence_and_ends_it_leaves_nothing_open(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(joining, "ORDERLY_EVENTS", 3)
    monkeypatch.setattr(asking, "ENOUGH_CONDITIONS", 1)
    rules = RuleSet(
        [eqlite.load_rule('sequence by u [any where k == "a"] [any where k == "b"] until [any where stop == true]')]
    )
    kinds = ["c", "c", "a", "b", "c", "a", "b", "a", "b"]
    events = [{"@timestamp": iso(n), "u": "x", "k": kind, "stop": n == 5, "n": n} for n, kind in enumerate(kinds)]
    assert found_together(rules, events, {}, RunStats()) == found_alone(rules, events, {})
    assert sum(found_alone(rules, events, {}).values()) == 2
