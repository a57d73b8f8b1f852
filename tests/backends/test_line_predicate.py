"""Undecoded lines: which conditions can read them, which lines fit, and that all others are handed back."""

from __future__ import annotations

import json
from typing import Any

import pytest

import eqlite
from eqlite import plan
from eqlite.backends.python import PythonBackend
from eqlite.backends.python.line_predicate import LinePredicate
from eqlite.events.json_decoding import DecodingRefused


def line_predicate(text: str, schema: eqlite.Schema | None = None) -> LinePredicate | None:
    made = eqlite.compile(f"any where {text}", schema=schema).plan.query
    assert isinstance(made, plan.EventQuery)
    return PythonBackend().line_predicate(made.condition, name="lines")


def reading(text: str) -> LinePredicate:
    found = line_predicate(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        'a == "x"',
        'a.b.c : ("x*", "*y") and not d in ("1", "2")',
        "a > 5 and b == true",
        "a != null",
        'a regex "x+"',
        'a < "x"',
        'cidrMatch(a, "10.0.0.0/8")',
        'a == "x" or a == 1',
    ],
)
def test_conditions_on_plain_fields_read_lines(text: str):
    assert line_predicate(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "length(a) > 1",
        '@timestamp > "2026"',
        "true",
        'a == "x" and a.b == "y"',
        'fields.a == "x"',
        'hits.a == "x"',
        '_source.a == "x"',
    ],
)
def test_others_do_not(text: str):
    assert line_predicate(text) is None


@pytest.mark.parametrize(
    "definition",
    [
        {"null_value": "x"},
        {"type": "constant_keyword", "value": "x"},
        {"type": "text", "fields": {"raw": {"type": "keyword"}}},
    ],
)
def test_fields_with_conversions_do_not(definition: dict[str, str]):
    schema = eqlite.Schema.from_mapping({"properties": {"a": {"type": "keyword", **definition}}})
    assert line_predicate('a : "*"', schema) is None


def test_fields_with_copies_do_not():
    properties = {"a": {"type": "keyword"}, "b": {"type": "keyword", "copy_to": "a"}}
    assert line_predicate('a == "x"', eqlite.Schema.from_mapping({"properties": properties})) is None


def test_values_over_ignore_above_are_left_out():
    schema = eqlite.Schema.from_mapping({"properties": {"a": {"type": "keyword", "ignore_above": 3}}})
    for condition in ('a : "x*"', 'a like "xx*" or a == "x"', 'a regex ".+"', "a != null", 'a >= "x"'):
        matches = line_predicate(condition, schema)
        assert matches is not None
        documents = (
            {"a": "xxx"},
            {"a": "xxxx"},
            {"a": ["xxxx", "x"]},
            {"a": ["xxxx"]},
            {"a": None},
            {"a": "x\U0001f600"},
        )
        answers = [matches(json.dumps(document).encode()) for document in documents]
        assert answers == [True, False, True, False, False, condition != 'a like "xx*" or a == "x"']


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"a": {"b": "x"}, "n": 1}, True),
        ({"a": {"b": ["y", "x"]}, "n": 1}, True),
        ({"a": {"b": "y"}, "n": 1}, False),
        ({"a": {}, "n": 1}, False),
        ({"n": 1}, False),
        ({"a": None, "n": 1}, False),
        ({"a": {"b": None}, "n": 1}, False),
        ({"a": {"b": "x", "c": {"deep": [1, {}]}}, "n": 1.0, "other": {"a": {"b": 1}}}, True),
        ({"_index": "logs", "_source": {"a": {"b": "x"}, "n": 1}}, True),
        ({"_source": {"a": {"b": "y"}, "n": 1}, "a": {"b": "x"}}, False),
        ({"_source": None, "a": {"b": "x"}, "n": 1}, True),
    ],
    ids=str,
)
def test_lines_of_the_usual_shape_are_answered(document: dict[str, Any], expected: bool):
    assert reading('a.b == "x" and n == 1')(json.dumps(document).encode()) is expected


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": {"b": 1}}',
        b'{"a": {"b": true}}',
        b'{"a": {"b": ["x", null]}}',
        b'{"a": {"b": ["x", 1]}}',
        b'{"a": {"b": {"c": 1}}}',
        b'{"a.b": "x"}',
        b'{"a": [{"b": "x"}]}',
        b'{"a": "x"}',
        b'{"hits": {"hits": []}}',
        b'{"_id": "1", "fields": {"a.b": ["x"]}}',
        b'{"_source": {"a.b": "x"}}',
        b'{"_source": [1]}',
        b'{"a": {"b": "\\ud800"}}',
        b'{"a": {"b": "\xff"}}',
        b'{"a": {"b": "x"}',
        b'{"a": {"b": "x"}} x',
        b'\xef\xbb\xbf{"a": {"b": "x"}}',
        b"[]",
        b"null",
        b"",
        b'{"a": {"b": NaN}}',
        b'{"a": {"b": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    ],
    ids=lambda line: line[:40].decode(errors="replace"),
)
def test_lines_of_any_other_shape_are_handed_back(line: bytes):
    with pytest.raises(DecodingRefused):
        reading('a.b == "x"')(line)


def test_of_a_name_given_twice_the_last_value_counts():
    assert not reading('a == "x"')(b'{"a": "x", "a": "y"}')
    assert not reading('a.b == "x"')(b'{"a": {"b": "x"}, "a": {"c": 1}}')


def test_numbers_are_read_as_they_are_written():
    matches = reading("n > 9007199254740992")
    assert matches(b'{"n": 9007199254740993}')
    assert not matches(b'{"n": 9007199254740992}')
    assert matches(b'{"n": 1e300}')
    assert matches(b'{"n": 100000000000000000000000000000}')
