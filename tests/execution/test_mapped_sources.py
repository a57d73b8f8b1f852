"""Fields whose values come from elsewhere than a path of their name: every way to evaluate events reads them alike."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from tests.harness import ndjson, numbers, rule_set

import eqlite
from eqlite import RuleSet, Schema, load_rule
from eqlite.execution.run import run_files

SCHEMA = Schema.from_mapping(
    {
        "properties": {
            "@timestamp": {"type": "date"},
            "event": {"properties": {"category": {"type": "keyword"}}},
            "data_stream": {
                "properties": {
                    "type": {"type": "constant_keyword", "value": "logs"},
                    "dataset": {"type": "constant_keyword", "value": "nginx"},
                    "namespace": {"type": "constant_keyword", "value": "prod"},
                }
            },
            "source": {"properties": {"user": {"type": "keyword", "copy_to": "users"}}},
            "target": {"properties": {"user": {"type": "keyword", "copy_to": "users"}}},
            "users": {"type": "keyword", "ignore_above": 5},
            "seen": {"type": "date", "copy_to": "at"},
            "at": {"type": "date"},
            "order": {"type": "long", "copy_to": "tie"},
            "tie": {"type": "long"},
            "attributes": {"type": "passthrough", "properties": {"pid": {"type": "long"}}},
            "name": {"type": "keyword", "ignore_above": 4},
            "n": {"type": "long"},
        }
    }
)
EVENTS: list[dict[str, Any]] = [
    {"n": 0, "source": {"user": "ada"}, "attributes": {"pid": 1}, "name": "cmd", "seen": "2026-01-01T00:00:00Z"},
    {"n": 1, "target": {"user": ["ada", "bob"]}, "attributes": {"pid": 2}, "seen": "2026-01-01T00:00:01Z"},
    {"n": 2, "users": "bob", "attributes.pid": 3, "name": "longer", "seen": "2026-01-01T00:00:02Z"},
    {"n": 3, "source": {"user": "toolong"}, "attributes": {"pid": 3}, "name": ["a", "longer"]},
]
EVENTS = [
    {"@timestamp": event.get("seen", f"2026-01-01T00:01:0{event['n']}Z"), "event": {"category": "x"}, **event}
    for event in EVENTS
]
QUERIES = {
    'any where data_stream.dataset == "nginx" and pid > 1': [1, 2, 3],
    'any where users : "B*"': [1, 2],
    "any where users == null": [3],
    'any where name == "cmd" or name == "a"': [0, 3],
    'any where name == null or name : "long*"': [1, 2],
    "sequence by users [any where pid == 1] [any where pid == 2]": [(0, 1)],
    "sequence by users, data_stream.type [any where pid == 2] [any where pid == 3]": [(1, 2)],
    'sequence by data_stream.type [any where name == "cmd"] [any where users == null]': [(0, 3)],
    "sample by users [any where pid == 1] [any where pid == 2]": [(0, 1)],
}
LINES = ndjson(EVENTS)


@pytest.mark.parametrize("backend", ["reference", "python"])
@pytest.mark.parametrize(("text", "expected"), QUERIES.items(), ids=QUERIES)
def test_a_query_reads_values_where_the_mapping_says(text, expected, backend):
    query = eqlite.compile(text, schema=SCHEMA, backend=backend)
    assert numbers(query.search(EVENTS)) == expected
    if query.kind != "sample":
        stream = query.stream()
        matches = [match for event in EVENTS for match in stream.push(event)]
        assert numbers([*matches, *stream.flush()]) == expected


@pytest.mark.parametrize("backend", ["reference", "python"])
@pytest.mark.parametrize("jobs", [0, 1, 2])
def test_rules_read_values_where_the_mapping_says(tmp_path, jobs, backend):
    rules = rule_set(*QUERIES)
    path = tmp_path / "events.ndjson"
    path.write_bytes(LINES)
    if jobs:
        detections = list(run_files(rules.compile(schema=SCHEMA, backend=backend), [path], jobs=jobs))
    else:
        detections = list(rules.run(EVENTS, schema=SCHEMA, backend=backend))
    by_query: dict[str, list[object]] = {text: [] for text in QUERIES}
    for detection in detections:
        by_query[detection.rule.query].append(*numbers([detection]))
    assert {text: sorted(hits) for text, hits in by_query.items()} == QUERIES


def test_many_rules_ask_lines_alike_once_they_are_known():
    rules = rule_set(*QUERIES)
    lines = LINES + ndjson(
        {**EVENTS[0], "n": n, "source": {"user": f"u{n}"}, "attributes": {"pid": 9}, "name": "x"}
        for n in range(100, 400)
    )
    hits = numbers(run_files(rules.compile(schema=SCHEMA), [io.BytesIO(lines)]))
    expected = {hit for many in QUERIES.values() for hit in many}
    assert {hit for hit in hits if isinstance(hit, tuple) or hit < 100} == expected


def test_time_and_tiebreaker_may_be_copies():
    text = "sequence [any where pid == 1] [any where pid == 2]"
    events = [{**event, "order": -event["n"], "seen": "2026-01-01T00:00:00Z"} for event in EVENTS[:2]]
    for backend in ("reference", "python"):
        options = {"timestamp_field": "at", "tiebreaker_field": "tie", "backend": backend, "schema": SCHEMA}
        assert numbers(eqlite.search(text, events, **options)) == []
        assert numbers(eqlite.search(text, [{**event, "order": event["n"]} for event in events], **options)) == [(0, 1)]


def test_rules_see_an_index_whose_name_the_mapping_gives():
    rule = load_rule(json.dumps({"name": "r", "type": "eql", "query": "any where n == 1", "index": ["logs-nginx-*"]}))
    other = load_rule(json.dumps({"name": "o", "type": "eql", "query": "any where n == 1", "index": ["logs-aws-*"]}))
    rules = RuleSet([rule, other])
    detections = list(rules.run(EVENTS, schema=SCHEMA, by_index=True))
    assert [detection.rule.name for detection in detections] == ["r"]
