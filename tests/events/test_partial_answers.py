"""Answers of a search that do not hold all that the search found are recognised, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eqlite.events.intake import RawLine
from eqlite.events.partial_answers import partial_answers

HIT = {"_index": "i", "_id": "1", "_source": {"n": 1}}


def lacks(value: Any) -> list[str]:
    line = RawLine("a.json", 3, json.dumps(value).encode())
    found = list(partial_answers([line]))
    assert all(each[:2] == ("a.json", 3) for each in found)
    return [each.lacks for each in found]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"hits": {"total": {"value": 2, "relation": "eq"}, "hits": [HIT]}}, ["1 of 2 hits"]),
        ({"hits": {"total": 20_000, "hits": [HIT]}}, ["1 of 20,000 hits"]),
        ({"timed_out": True, "hits": {"hits": [HIT]}}, ["timed out"]),
        ({"_shards": {"total": 5, "failed": 2}, "hits": {"hits": [HIT]}}, ["2 of 5 shards failed"]),
        ({"is_partial": True, "response": {"hits": {"total": 9, "hits": [HIT]}}}, ["1 of 9 hits"]),
        ({"responses": [{"hits": {"total": 2, "hits": [HIT]}}, {"hits": {"hits": []}}]}, ["1 of 2 hits"]),
        ({"hits": {"total": {"value": 3}, "sequences": []}}, ["0 of 3 hits"]),
    ],
)
def test_a_partial_answer_is_recognised(value: Any, expected: list[str]) -> None:
    assert lacks(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"hits": {"total": {"value": 1}, "hits": [HIT]}, "timed_out": False, "_shards": {"total": 1, "failed": 0}},
        {"hits": 3},
        {"hits": {"total": "many"}},
        {"@timestamp": 1, "timed_out": True, "hits": {"total": 9, "hits": []}},
        {"_source": {"hits": {"total": 9, "hits": []}}},
        {"n": "hits"},
        [{"hits": {}}],
    ],
)
def test_whole_answers_and_documents_are_none(value: Any) -> None:
    assert lacks(value) == []


def test_a_damaged_line_is_none() -> None:
    assert list(partial_answers([RawLine("a.json", 1, b'{"hits": {"total": 9,')])) == []
