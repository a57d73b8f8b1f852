"""A run over input of any shape: one answer from files, pipes and several jobs, by one rule and by many."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import eqlite
from eqlite.events.intake import ReadStats
from eqlite.events.readers import read_events
from eqlite.execution.run import RunStats, run_files
from eqlite.execution.tuning import Tuning
from eqlite.rules.model import Rule
from eqlite.source import Source

QUERIES = [
    'process where process.name == "a"',
    'process where process.name : "?"',
    "any where not process.name == null",
    'file where log.level == "info"',
    "sequence [process where true] [file where true]",
]


def document(number: int) -> dict[str, Any]:
    return {
        "@timestamp": f"2026-05-04T10:00:{number % 60:02}Z",
        "event": {"category": ["process", "file"][number % 2]},
        "process": {"name": "abc"[number % 3]},
        "log": {"level": "info"},
        "n": number,
    }


def bulk(documents: list[dict[str, Any]]) -> list[str]:
    pairs = [({"index": {"_index": "logs-x", "_id": str(each["n"])}}, each) for each in documents]
    return [json.dumps(line) for pair in pairs for line in pair]


LINES = [json.dumps(document(number)) for number in range(40)]
ANSWER = json.dumps({"hits": {"hits": [{"_index": "i", "_id": "1", "_source": document(n)} for n in range(40)]}})
SHAPES = {
    "half an object first": ['{"n": {', *LINES],
    "an open list first": ['{"n": [', *LINES],
    "no object first": ["oops", *LINES],
    "empty array, and a bad line": ["[]", *LINES[:20], '{"n": oops}', *LINES[20:]],
    "bad lines among them": [*LINES[:9], "{", *LINES[9:30], "[1, 2]", "}", *LINES[30:], "null"],
    "several on a line": ["".join(LINES[start : start + 8]) for start in range(0, 40, 8)],
    "several with a bad rest": [LINES[0], "".join(LINES[1:39]) + '{"n": ', LINES[39]],
    "bulk": bulk([document(number) for number in range(40)]),
    "answer": [ANSWER],
    "answers among documents": [*LINES[:3], ANSWER, *LINES[3:]],
    "docker": [json.dumps({"log": line, "stream": "stdout", "time": "x"}) for line in LINES],
    "hits with ignored fields": [
        json.dumps(
            {"_index": "i", "_id": "1", "_source": document(n), "_ignored": ["process.name"], "fields": {"x": [1]}}
        )
        for n in range(40)
    ],
    "indented": [json.dumps(document(number), indent=1) for number in range(40)],
}


def compiled(count: int) -> list[tuple[Rule, eqlite.Query]]:
    made = [(Rule(name=text, query=text, source=Source(text)), eqlite.compile(text)) for text in QUERIES]
    return made[:1] if count == 1 else made


def run(rules: Any, *inputs: Any, **options: Any) -> tuple[list[object], RunStats]:
    stats = RunStats()
    found = run_files(rules, inputs, stats=stats, **options)
    return [(each.rule.name, [event and event["n"] for event in each.events]) for each in found], stats


@pytest.mark.parametrize("by_index", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_all_ways_of_reading_give_one_answer(shape: str, by_index: bool, tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson"
    path.write_text("\n".join(SHAPES[shape]) + "\n")
    stats = ReadStats()
    events = list(read_events(path, stats=stats))
    numbers = {event["n"] for event in events}
    assert numbers == set(range(40))
    expected = [
        (rule.name, [event["n"] for event in match.events])
        for rule, query in compiled(1)
        for match in query.search(events)
    ]
    assert run(compiled(1), path, by_index=by_index)[0] == expected
    found, counted = run(compiled(5), path, by_index=by_index)
    assert (counted.reading.read, counted.reading.reasons) == (stats.read, stats.reasons)
    for others in ({}, {"jobs": 2, "tuning": Tuning(range_bytes=700)}):
        source = path if others else io.BytesIO(path.read_bytes())
        again, same = run(compiled(5), source, by_index=by_index, **others)
        assert again == found
        assert (same.reading.read, same.reading.reasons) == (stats.read, stats.reasons)
        assert sorted(sample.line for sample in same.reading.samples) == [sample.line for sample in stats.samples]
