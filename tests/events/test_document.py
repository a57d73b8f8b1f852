"""`Event`: a mapping over its document, decoded on first access, pickled and copied."""

import copy
import json
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eqlite.errors import EventError
from eqlite.events.document import Event, EventSource, iterate_events
from eqlite.events.envelopes import is_plain, unwrap
from eqlite.events.json_decoding import decode_object
from eqlite.limits import MAX_JSON_DEPTH


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


def test_undecoded_event_is_decoded_once_where_it_is_looked_at():
    event = Event.undecoded(b'{"user": {"name": "ann"}}', EventSource("f", 3))
    assert event.source == EventSource("f", 3)
    assert (event.index, event.id) == (None, None)
    assert event["user"] == {"name": "ann"}
    assert event.document is event.document
    assert repr(event).startswith("Event({'user': {'name': 'ann'}}, ")


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda event: pickle.loads(pickle.dumps(event))])
def test_undecoded_event_survives_copying(again):
    event = again(Event.undecoded(b'{"a": [1]}', EventSource("f", 3)))
    assert (event.document, event.source) == ({"a": [1]}, EventSource("f", 3))


def test_event_has_no_other_attributes():
    event = Event.undecoded(b"{}", EventSource("f", 3))
    assert not hasattr(event, "documents")
    with pytest.raises(AttributeError, match="no attribute `documents`"):
        _ = event.documents


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


@given(
    document=st.dictionaries(NAMES, VALUES, max_size=4),
    changes=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 2), st.just(b"") | PIECES), max_size=2),
    ascii_only=st.booleans(),
)
@example(document={"a": 1}, changes=[(0, 0, b"\xef\xbb\xbf")], ascii_only=True)
@example(document={"a": "x"}, changes=[(7, 0, b"\xff")], ascii_only=True)
def test_plain_text_holds_a_document_that_can_be_decoded(document, changes, ascii_only):
    data = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    for place, size, piece in changes:
        data = data[:place] + piece + data[place + size :]
    if is_plain(data):
        found = decode_object(data)
        assert [whole is found for whole, _, _ in unwrap(found)] == [True]


@pytest.mark.parametrize("data", [b"{}", b'{"a": {"_source": {}, "hits": 1}, "fields": [1.5e3, "\xc3\xa4"]}\r'])
def test_usual_documents_are_plain(data):
    assert is_plain(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"_source": {"a": 1}}',
        b'{"_id": "1", "fields": {"a": [1]}}',
        b'{"_index": null}',
        b'{"\\u0068its": {"hits": []}}',
        b"[1]",
        b'{"a": 1',
        b'{"a": "\xff"}',
        b'{"a": ' + b"[" * MAX_JSON_DEPTH + b"]" * MAX_JSON_DEPTH + b"}",
        b'{"a": ' + b"9" * (sys.get_int_max_str_digits() + 1) + b"}",
    ],
)
def test_other_texts_are_decoded_to_know_what_they_hold(data):
    assert not is_plain(data)


@pytest.mark.parametrize("path", ["events.ndjson", Path("events.ndjson")])
def test_a_path_is_no_list_of_events(path):
    with pytest.raises(EventError, match="`read_events` reads files"):
        iterate_events(path)
