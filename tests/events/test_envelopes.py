"""Every envelope: from a file, as a mapping, by the fast readers of lines and by the slow one, in one answer.

Covers `events/look_alikes.py`, `events/search_hits.py`, `events/nesting.py`.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import eqlite
from eqlite.errors import EventError
from eqlite.events.document import document_of
from eqlite.events.envelopes import SHAPES, envelope_of, unwrap
from eqlite.events.intake import RawLine, ReadStats
from eqlite.events.look_alikes import form_of, look_alikes
from eqlite.events.readers import read_events

ONE: dict[str, Any] = {
    "@timestamp": "2026-05-04T10:00:00Z",
    "event": {"category": "process"},
    "n": 1,
    "log": {"level": "a"},
}
TWO: dict[str, Any] = {"event.category": ["file"], "n": 2, "process": {"name": "nc"}}
HITS = [{"_index": "logs", "_id": "1", "_source": ONE}, {"_index": "logs", "_id": "2", "_source": TWO}]
ANSWER = {"took": 3, "timed_out": False, "hits": {"total": {"value": 2}, "hits": HITS}}
ENVELOPES: dict[str, Any] = {
    "search": ANSWER,
    "hits alone": {"hits": HITS},
    "eql": {"is_partial": False, "took": 1, "hits": {"events": HITS}},
    "eql sequences": {"hits": {"sequences": [{"events": [*HITS, {"_index": "", "_id": "", "missing": True}]}]}},
    "async": {"id": "F", "is_partial": False, "is_running": False, "response": ANSWER},
    "kibana": {"id": "F", "isPartial": False, "rawResponse": ANSWER, "warning": None, "total": 5},
    "msearch": {"took": 1, "responses": [{"hits": {"hits": [hit]}, "status": 200} for hit in HITS] + [{"error": {}}]},
    "mget": {"docs": [*HITS, {"_index": "logs", "_id": "3", "found": False}]},
    "simulate": {"docs": [{"doc": hit} for hit in HITS]},
    "simulate verbose": {"docs": [{"processor_results": [{"doc": {"_source": {}}}, {"doc": hit}]} for hit in HITS]},
    "simulate request": {"pipeline": {"processors": []}, "docs": HITS},
    "expected": {"expected": [ONE, None, TWO]},
    "events": {"events": [ONE, TWO]},
    "CloudTrail": {"Records": [ONE, TWO]},
    "inner hits": {"hits": {"hits": [{"_index": "l", "_id": "1", "inner_hits": {"r": {"hits": {"hits": HITS}}}}]}},
    "collapsed": {"hits": {"hits": [{**HITS[0], "inner_hits": {"r": {"hits": {"hits": HITS}}}}]}},
    "hits of a search through another": {"expected": HITS},
}
SINGLE: dict[str, Any] = {
    "source": HITS[0],
    "get": {**HITS[0], "found": True, "_version": 3},
    "archive": {"type": "doc", "value": {"index": "logs", "id": "1", "source": ONE}},
    "docker": {"log": json.dumps(ONE) + "\n", "stream": "stdout", "time": "2026-05-04T10:00:00Z"},
    "docker of a hit": {"log": json.dumps(HITS[0]), "stream": "stderr", "time": "x", "attrs": {"tag": "a"}},
}
DOCUMENTS: dict[str, Any] = {
    "hits as a number": {"hits": 3},
    "hits of a cache": {"hits": {"hits": 3, "misses": 1}},
    "hits with a user": {"hits": {"hits": [{"a": 1}]}, "user": "ann"},
    "events and more": {"events": [{"a": 1}], "user": "ann"},
    "texts": {"events": ["a", "b"]},
    "time": {"@timestamp": "2026-05-04T10:00:00Z", "docs": [{"_source": {"a": 1}}]},
    "docs of another kind": {"docs": [{"title": "a"}]},
    "records": {"records": [{"a": 1}]},
    "responses of another kind": {"responses": [{"code": 200}]},
    "response": {"response": {"status": 200, "hits": 3}},
    "columns": {"columns": ["a"], "values": [1]},
    "value": {"type": "doc", "value": {"source": "a"}},
    "log": {"log": {"level": "info"}},
    "log as text": {"log": "starting", "stream": "stdout", "time": "x"},
    "log with more": {"log": '{"a": 1}', "stream": "stdout", "host": "h"},
    "fields without a hit": {"fields": {"a": [1]}},
    "action": {"index": {"_index": "logs"}, "n": 1},
}


def read(text: str) -> list[dict[str, object]]:
    return [event.document for event in read_events(io.BytesIO(text.encode()))]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ENVELOPES)
def test_events_of_an_envelope_are_its_documents(name: str, indent: int | None) -> None:
    text = json.dumps(ENVELOPES[name], indent=indent)
    assert read(text) == [ONE, TWO]
    assert read(f"# GET logs-*/_search\n{text}\n") == [ONE, TWO]
    assert read(f"GET logs-*/_search\n{text}\n\n#! a warning\n{text}") == [ONE, TWO] * 2
    assert read(json.dumps({"n": 0}) + "\n" + json.dumps(ENVELOPES[name])) == [{"n": 0}, ONE, TWO]
    with pytest.raises(EventError, match="envelope of 2"):
        document_of(ENVELOPES[name])


@pytest.mark.parametrize("name", SINGLE)
def test_envelope_of_one_document_is_that_document(name: str) -> None:
    assert read(json.dumps(SINGLE[name])) == [ONE]
    assert document_of(SINGLE[name]) == ONE
    assert eqlite.compile("process where n == 1").matches(SINGLE[name])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_with_the_name_of_an_envelope_stays_one(name: str) -> None:
    document = DOCUMENTS[name]
    assert envelope_of(document) is None
    assert read(json.dumps(document)) == [document]
    assert document_of(document) == document


@pytest.mark.parametrize("name", [*ENVELOPES, *SINGLE])
def test_known_envelopes_look_like_no_others(name: str) -> None:
    assert form_of({**ENVELOPES, **SINGLE}[name]) is None
    assert form_of({"_id": "1", "fields": ONE}) is None


def test_index_and_id_come_with_the_document() -> None:
    assert [(event.index, event.id) for event in read_events(io.BytesIO(json.dumps(ANSWER).encode()))] == [
        ("logs", "1"),
        ("logs", "2"),
    ]
    assert unwrap(SINGLE["archive"]) == [(ONE, "logs", "1")]


def test_rows_of_a_table_are_events() -> None:
    columns = [{"name": "process.name", "type": "keyword"}, {"name": "n", "type": "long"}]
    rows = [{"process.name": "nc", "n": 1}, {"process.name": "ls"}]
    assert read(json.dumps({"took": 2, "columns": columns, "values": [["nc", 1], ["ls", None]]})) == rows
    assert read(json.dumps({"columns": columns, "rows": [["nc", 1], ["ls", None]]})) == rows
    three = {"columns": columns, "values": [["nc", "ls", "a"], [1, None, 3]]}  # a list for each column
    assert read(json.dumps(three)) == [*rows, {"process.name": "a", "n": 3}]


def test_nested_inner_hits_are_no_events() -> None:
    nested = {"_index": "l", "_id": "1", "_nested": {"field": "users", "offset": 0}, "_source": {"first": "a"}}
    hit = {"_index": "l", "_id": "1", "_source": ONE, "inner_hits": {"users": {"hits": {"hits": [nested]}}}}
    assert read(json.dumps(hit)) == [ONE]


def test_lines_that_make_an_index_are_no_events() -> None:
    lines = [{"type": "index", "value": {"index": "logs", "mappings": {}}}, SINGLE["archive"]]
    assert read("\n\n".join(json.dumps(line, indent=1) for line in lines)) == [ONE]


@pytest.mark.parametrize(
    ("hit", "document"),
    [
        ({"_source": {"a": {"b": 1, "c": 2}}, "_ignored": ["a.b"]}, {"a": {"c": 2}}),
        ({"_source": {"a.b": 1, "a": [{"b": 2}, {"c": 3}]}, "_ignored": ["a.b"]}, {"a": [{}, {"c": 3}]}),
        ({"_source": {"a": 1}, "_ignored": ["x.y", 7]}, {"a": 1}),
        ({"_source": {"a": 1}, "fields": {"a": [2], "b.c": [3]}}, {"a": 1, "b.c": [3]}),
        ({"_source": {"b": {"c": 1}}, "fields": {"b.c": [3], "b.d": [4]}}, {"b": {"c": 1}, "b.d": [4]}),
        ({"_source": {"b": {"c": None}}, "fields": {"b.c": [3]}}, {"b": {"c": None}, "b.c": [3]}),
        ({"_source": {"a": ["s", "long"]}, "fields": {"a": ["s"]}, "_ignored": ["a"]}, {"a": ["s"]}),
    ],
)
def test_hit_says_more_about_its_fields(hit: dict[str, Any], document: dict[str, Any]) -> None:
    assert read(json.dumps(hit)) == read(json.dumps({"_index": "l", "_id": "1", **hit})) == [document]
    assert document_of(hit) == document


BULK = [
    {"index": {"_index": "logs", "_id": "1"}},
    ONE,
    {"create": {}},
    TWO,
    {"delete": {"_index": "logs", "_id": "1"}},
    {"update": {"_id": "5", "_index": "logs"}},
    {"doc": {"n": 3}},
    {"update": {"_id": "5"}},
    {"script": "ctx._source.n++"},
]


def test_body_of_a_bulk_request_is_its_documents() -> None:
    lines = [json.dumps(line) for line in BULK]
    stats, rejects = ReadStats(), io.BytesIO()
    text = "\n".join([*lines[:1], "oops", *lines[1:], '{"n": oops}', ""])
    events = list(read_events(io.BytesIO(text.encode()), stats=stats, rejects=rejects))
    assert [event.document for event in events] == [ONE, TWO, {"n": 3}]
    assert [(event.index, event.id) for event in events] == [("logs", "1"), (None, None), ("logs", "5")]
    assert [event.source.line for event in events if event.source] == [3, 5, 8]
    assert (stats.read, stats.rejected, rejects.getvalue()) == (5, 2, b'oops\n{"n": oops}\n')


def test_shapes_are_told_by_their_keys() -> None:
    assert len({shape.key for shape in SHAPES}) == len(SHAPES)


@pytest.mark.parametrize(
    "value",
    [
        {"records": [{"a": 1}]},
        {"alerts": [ONE]},
        {"result": {"rawResponse": ANSWER}},
        {"message": json.dumps(ONE)},
        {"index": {"_index": "logs"}},
        {"query": {"match_all": {}}, "size": 5},
    ],
)
def test_what_looks_like_an_envelope_is_named(value: dict[str, Any]) -> None:
    assert form_of(value) is not None
    found = look_alikes(
        [RawLine("a.json", 1, json.dumps(value).encode()), RawLine("a.json", 2, json.dumps(ONE).encode())]
    )
    assert [(each.events, each.file, each.line) for each in found] == [(1, "a.json", 1)]
    assert form_of({**value, "@timestamp": "2026"}) is None


def test_reference_page_lists_every_shape() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "events.md").read_text(encoding="utf-8")
    assert [shape.form for shape in SHAPES if f"| `{shape.form}` |" not in page] == []
    assert [shape.holds for shape in SHAPES if shape.holds.replace("|", "\\|") not in page] == []
