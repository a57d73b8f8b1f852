"""What a program may give to a run: mappings of every kind, iterators, readers, paths; and what it may not."""

from __future__ import annotations

import io
import itertools
import json
from collections import OrderedDict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import eqlite
from eqlite import EventError, Rule, RuleSet, read_events
from eqlite.events.intake import ReadStats
from eqlite.execution.run import RunStats
from eqlite.source import Source

QUERIES = (
    'any where process.name == "sh"',
    "any where process.pid == 7",
    'any where @timestamp == "2026-05-04T08:00:00Z" and process.name != null',
    "sequence by host [any where n == 0] [any where n == 1]",
    "sample by host [any where n == 0] [any where n == 1]",
)
RULES = RuleSet([Rule(name=f"rule {n}", query=text, source=Source(text)) for n, text in enumerate(QUERIES)])


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {"@timestamp": f"2026-05-04T08:00:{number:02}Z", "host": "h", "n": number, **fields}


def names(found: Any) -> list[str]:
    return [detection.rule.name for detection in found]


EVENTS = [event(0, process={"name": "sh", "pid": 7}), event(1, process={"name": "id"})]
EXPECTED = names(RULES.run(EVENTS))


def test_the_rules_find_something() -> None:
    assert sorted(EXPECTED) == [f"rule {n}" for n in range(5)]


def test_all_iterables_of_mappings_give_the_same() -> None:
    for events in (tuple(EVENTS), iter(EVENTS), (e for e in EVENTS), map(OrderedDict, EVENTS)):
        assert names(RULES.run(events)) == EXPECTED
    assert names(RULES.run(MappingProxyType(e) for e in EVENTS)) == EXPECTED


def test_the_detection_holds_the_events_that_were_given() -> None:
    found = [detection for detection in RULES.run(iter(EVENTS)) if detection.kind == "sequence"]
    assert [event is given for detection in found for event, given in zip(detection.events, EVENTS, strict=True)] == [
        True
    ] * 2


def test_a_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text("\n".join(map(json.dumps, EVENTS)), encoding="utf-8")
    stats = RunStats()
    found = list(RULES.run(path, stats=stats))
    assert names(found) == EXPECTED
    assert names(RULES.run(str(path))) == EXPECTED
    assert stats.reading.evaluated == 2
    assert {source.line for detection in found for source in detection.sources if source} == {1, 2}


def test_what_read_events_returns_counts_for_its_own_stats() -> None:
    data = b"oops\n" + b"\n".join(json.dumps(e).encode() for e in EVENTS)
    reading, running, rejects = ReadStats(), RunStats(), io.BytesIO()
    assert names(RULES.run(read_events(io.BytesIO(data), stats=reading, rejects=rejects), stats=running)) == EXPECTED
    assert (reading.read, reading.rejected, rejects.getvalue()) == (3, 1, b"oops\n")
    assert running.reading is reading


def test_a_reader_that_has_begun_goes_on_where_it_is() -> None:
    data = b"\n".join(json.dumps(e).encode() for e in [event(9, process={"name": "sh"}), *EVENTS])
    reader = read_events(io.BytesIO(data))
    assert next(reader)["n"] == 9
    assert names(RULES.run(reader)) == EXPECTED
    assert names(RULES.run(itertools.islice(read_events(io.BytesIO(data)), 1, None))) == EXPECTED


def test_an_event_of_a_file_may_be_changed_before_the_run() -> None:
    def renamed() -> Any:
        for found in read_events(io.BytesIO(json.dumps(EVENTS[0]).encode())):
            found.document["process"] = {"name": "other"}
            yield found

    assert names(RULES.run(renamed())) == ["rule 2"]


@pytest.mark.parametrize(
    "document",
    [
        {**EVENTS[0], "@timestamp": datetime(2026, 5, 4, 8, tzinfo=UTC)},
        {**EVENTS[0], "@timestamp": datetime(2026, 5, 4, 8)},  # noqa: DTZ001 - a program may well give such
        event(0, process={"name": ("sh",), "pid": Decimal(7)}),
        event(0, process=MappingProxyType({"name": {"sh"}, "pid": 7.0})),
        event(0, **{"process.name": "sh", "process.pid": "7"}),
        event(0, **{"process.name": ["sh"], "process": {"pid": [7]}}),
        event(0, process={"name": "sh", "pid": 7, "other": float("nan"), "half": "\ud800"}),
        event(0, process={"name": "sh", "pid": 7}, big=10**400, much=float("inf")),
        event(0, process={"name": "sh", "pid": 7}, big=10**5_000),
        {"_index": "i", "_id": "1", "_source": EVENTS[0]},
        {"_index": "i", "_source": {**EVENTS[0], "_source": {"process": {"name": "id"}}}},
        event(0, process={"name": "sh", "pid": 7}, hits={"hits": []}),
        event(0, process={"name": "sh", "pid": 7}, fields={"process.name": ["id"]}),
    ],
    ids=range(13),
)
def test_every_shape_of_a_document_gives_the_same(document: dict[str, Any]) -> None:
    other = EVENTS[1]
    for by_index in (False, True):
        stats = RunStats()
        assert names(RULES.run([document, other], by_index=by_index, stats=stats)) == EXPECTED
        assert names(RULES.run(iter([document, other]), by_index=by_index)) == EXPECTED
        assert stats.reading.evaluated == 2
    for rule in RULES:
        alone = names(RuleSet([rule]).run([document, other]))
        assert alone == [rule.name]
        assert len(rule.compile().search([document, other])) == 1


@pytest.mark.parametrize(
    "value", [b"sh", object(), {"key": 1j}, [[bytearray(b"x")]]], ids=["bytes", "object", "in", "deep"]
)
def test_a_value_that_json_lacks_rejects_its_event_alone(value: object) -> None:
    stats = RunStats()
    assert names(RULES.run([event(5, other=value), *EVENTS], stats=stats)) == EXPECTED
    reading = stats.reading
    assert (reading.read, reading.rejected, reading.evaluated) == (3, 1, 2)
    assert reading.reasons == {"not a value of JSON": 1}
    assert reading.samples[0].line == 1
    assert "JSON has no form" in reading.samples[0].detail


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["events.ndjson"], "this is a str"),
        (EVENTS[0], "put it into a list"),
        ([b'{"n": 1}'], "this is a bytes"),
        ([[EVENTS[0]]], "this is a list"),
        (7, "events are mappings"),
        (None, "events are mappings"),
    ],
    ids=repr,
)
def test_what_is_no_event_is_refused_with_what_to_write(given: Any, message: str) -> None:
    with pytest.raises(EventError, match=message):
        list(RULES.run(given))


def test_a_search_refuses_the_same() -> None:
    query = eqlite.compile("any where true")
    for given in (["x"], EVENTS[0], None, 7):
        with pytest.raises(EventError):
            query.search(given)  # type: ignore[arg-type]
