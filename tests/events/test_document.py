"""`Event`: a mapping over its document, pickled and copied."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import strategies as st

from eqlite.errors import EventError
from eqlite.events.document import Event, EventSource, iterate_events
from eqlite.events.envelopes import unwrap


def test_event_is_a_mapping_over_its_document():
    event = Event({"user": {"name": "ann"}, "n": None})
    assert isinstance(event, Mapping)
    assert dict(event) == {"user": {"name": "ann"}, "n": None}
    assert event["user"] == {"name": "ann"}
    assert "n" in event
    assert event.get("missing", 3) == 3
    assert len(event) == 2
    assert list(event.keys()) == ["user", "n"]


def test_event_equals_a_mapping_of_the_same_content():
    assert Event({"a": 1}, id="x") == {"a": 1}
    assert Event({"a": 1}) == Event({"a": 1}, index="other")
    assert Event({"a": 1}) != Event({"a": 2})


def test_event_hands_out_the_document_itself():
    document: dict[str, object] = {"a": 1}
    assert Event(document).document is document


def test_event_survives_pickling():
    event = Event({"a": [1]}, index="i", id="d", source=EventSource("f", 3))
    again = pickle.loads(pickle.dumps(event))
    assert (again, again.index, again.id, again.source) == (event, "i", "d", EventSource("f", 3))


@pytest.mark.parametrize(
    ("value", "documents"),
    [
        ({"a": 1}, [({"a": 1}, None, None)]),
        ({"_source": {"a": 1}}, [({"a": 1}, None, None)]),
        ({"_index": "i", "_id": "d", "_source": {"a": 1}}, [({"a": 1}, "i", "d")]),
        ({"_index": "i", "_id": 7, "_source": {"a": 1}}, [({"a": 1}, "i", "7")]),
        ({"_id": "d", "fields": {"a": [1]}}, [({"a": [1]}, None, "d")]),
        ({"_index": "i", "fields": {"a": [1]}}, [({"a": [1]}, "i", None)]),
        ({"_id": "d", "_source": {"b": 2}, "fields": {"a": [1], "b": [3]}}, [({"b": 2, "a": [1]}, None, "d")]),
    ],
)
def test_single_envelopes(value, documents):
    assert unwrap(value) == documents


@pytest.mark.parametrize(
    "document",
    [
        {"fields": {"a": [1]}},
        {"_source": "syslog"},
        {"_id": "d", "fields": "none"},
        {"hits": 5},
        {"hits": {"total": 5}},
        {"hits": {"hits": 5}},
        {"hits": {"events": ["a"]}},
        {"hits": {"sequences": [{"events": 1}]}},
        {"@timestamp": "2026-01-01T00:00:00Z", "hits": {"hits": [{"a": 1}]}},
    ],
)
def test_document_that_only_resembles_an_envelope_is_itself(document):
    assert unwrap(document) == [(document, None, None)]


def test_hits_of_a_search():
    answer = {
        "took": 1,
        "hits": {"total": {"value": 2}, "hits": [{"_id": "1", "_source": {"a": 1}}, {"_id": "2", "fields": {}}]},
    }
    assert unwrap(answer) == [({"a": 1}, None, "1"), ({}, None, "2")]


def test_answer_without_hits_holds_no_document():
    assert unwrap({"took": 1, "hits": {"total": {"value": 0}, "hits": []}}) == []


def test_events_of_an_eql_search():
    assert unwrap({"hits": {"events": [{"_id": "1", "_source": {"a": 1}}]}}) == [({"a": 1}, None, "1")]


def test_missing_event_of_a_sequence_is_no_document():
    events = [{"_id": "1", "_source": {"a": 1}}, {"_index": "", "_id": "", "_source": {}, "missing": True}]
    answer = {
        "hits": {"sequences": [{"join_keys": ["x"], "events": events}, {"events": [{"_id": "2", "_source": {}}]}]}
    }
    assert unwrap(answer) == [({"a": 1}, None, "1"), ({}, None, "2")]


NAMES = st.sampled_from(["a", "b", "", "_source", "_id", "_index", "fields", "hits", "events", "@timestamp", "ä"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
PIECES = st.sampled_from(
    b'\\ud800 \\u00e9 \\u005fsource \\u12 \\x \\ " \x00 \x1f \x80 \xff \xed\xa0\x80 \xef\xbb\xbf NaN -Infinity '
    b"- 01 1. .5 1e 1e999 -1e999 +1 nul { } [ ] , : /**/".split()
)


@pytest.mark.parametrize("path", ["events.ndjson", Path("events.ndjson")])
def test_a_path_is_no_list_of_events(path):
    with pytest.raises(EventError, match="`read_events` reads files"):
        iterate_events(path)
