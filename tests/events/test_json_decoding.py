"""Decoding of JSON: accepted values, and rejections with their reasons."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.events.json_decoding import NOT_AN_OBJECT, NOT_JSON, NOT_UTF8, TOO_DEEP, BadJson, decode, decode_object
from eqlite.limits import MAX_JSON_DEPTH

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


@given(VALUES)
def test_decodes_what_json_writes(value):
    assert decode(json.dumps(value).encode()) == value


@given(st.binary())
def test_any_bytes_are_decoded_or_rejected(data):
    try:
        decode(data)
    except BadJson as problem:
        reason = problem.reason
    else:
        reason = None
    assert reason in (None, NOT_JSON, NOT_UTF8, TOO_DEEP)


def test_byte_order_mark_of_an_appended_file_is_skipped():
    assert decode(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_lone_surrogate_is_taken():
    assert decode(rb'{"a": "\ud800"}') == {"a": "\ud800"}


def test_nan_and_numbers_beyond_a_double_are_taken():
    value = decode(b'{"a": NaN, "b": 1e999, "c": 123456789012345678901234567890}')
    assert math.isnan(value["a"])
    assert value["b"] == math.inf
    assert value["c"] == 123456789012345678901234567890
    assert decode(b'{"a": ' + b"1" * 10_000 + b', "b": -' + b"1" * 5_000 + b"}") == {"a": math.inf, "b": -math.inf}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", NOT_JSON),
        (b"{", NOT_JSON),
        (b'{"a": 1} x', NOT_JSON),
        (b"2026-01-01 started", NOT_JSON),
        (b'{"a": "\xff"}', NOT_UTF8),
    ],
)
def test_rejected_with_a_reason(data, reason):
    with pytest.raises(BadJson) as caught:
        decode(data)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b'{"a": "b', "unterminated string, column 7"),
        (b'{"a": "b\n"}', "invalid control character, column 9"),
        (b"{'a': 1}", "expecting property name enclosed in double quotes, column 2"),
    ],
)
def test_what_json_says_ends_before_the_place(data, detail):
    with pytest.raises(BadJson) as caught:
        decode(data)
    assert caught.value.detail == detail


@pytest.mark.parametrize(("data", "kind"), [(b"7", "number"), (b'"a"', "string"), (b"[]", "array"), (b"null", "null")])
def test_only_objects_are_events(data, kind):
    with pytest.raises(BadJson) as caught:
        decode_object(data)
    assert (caught.value.reason, caught.value.detail) == (NOT_AN_OBJECT, f"a JSON {kind}")


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_limit(opening, closing):
    core = b"1"
    levels = MAX_JSON_DEPTH - 1
    assert decode_object(b'{"a":' + opening * levels + core + closing * levels + b"}")
    for deeper in (levels + 1, 5_000, 200_000):
        with pytest.raises(BadJson) as caught:
            decode_object(b'{"a":' + opening * deeper + core + closing * deeper + b"}")
        assert caught.value.reason == TOO_DEEP


def test_many_shallow_brackets_are_no_depth():
    assert len(decode(b"[" + b"[]," * 1000 + b"{}]")) == 1001
    assert decode(b'{"a": "' + b"[" * 1000 + b'"}') == {"a": "[" * 1000}
