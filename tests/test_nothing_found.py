"""Reasons for an empty result: categories and fields that no event has."""

from __future__ import annotations

from typing import Any

import pytest

import eqlite
from eqlite.nothing_found import explain

EVENTS: list[dict[str, Any]] = [
    {"event": {"category": ["process"]}, "process": {"name": "nc", "args": ["nc", "-e"]}, "host.name": "a"},
    {"event": {"category": "network"}, "destination": {"ip": "10.0.0.1"}},
]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "file where true",
            ["no event has the category `file`; there are `process` (1) and `network` (1)"],
        ),
        ("process where process.nam == 1", ["no event has `process.nam`; there is `process.name`"]),
        ("process where hst.name == 1", ["no event has `hst.name`; there is `host.name`"]),
        ("process where user.id == 1 and dll.name == 2", ["no event has `dll.name` or `user.id`"]),
        ("sequence by user.id [process where true] [file where true]", ["no event has `user.id`"]),
        ('process where process.name == "other"', []),
        ("any where true", []),
        ("any where length(registry.path) > 1", ["no event has `registry.path`"]),
    ],
)
def test_why_nothing_is_found(text: str, said: list[str]) -> None:
    assert explain([eqlite.compile(text)], EVENTS) == said


def test_events_without_a_category_are_named() -> None:
    query = eqlite.compile("process where true")
    (line,) = explain([query], [{"process": {"name": "nc"}}])
    assert line.startswith("no event has `event.category`")
    assert explain([query], []) == []
    other = eqlite.compile("process where true", event_category_field="kind")
    assert explain([other], EVENTS)[0].startswith("no event has `kind`")


def test_part_of_the_events_is_said_to_be_one() -> None:
    query = eqlite.compile("file where true")
    assert explain([query], EVENTS, total=5)[0].startswith("none of the first 2 events has the category `file`")
    many = (event for _ in range(3_000) for event in EVENTS)
    assert "(500)" in explain([query], many, total=6_000)[0]


def test_many_rules_are_explained_in_a_line() -> None:
    queries = [eqlite.compile(f"process where user.id == {number}") for number in range(9)]
    assert explain(queries, EVENTS) == ["no event has `user.id`, which 9 of 9 rules read"]


def test_names_of_any_kind_do_no_harm() -> None:
    query = eqlite.compile("process where `a b`.c == 1")
    hostile: list[Any] = [{"event": {"category": [1, None, {"x": 1}]}, "x" * 500: {"": [[{"y": 1}]]}, "": None}]
    assert explain([query], hostile)[0].startswith("no event has the category `process`; there is `1` (1)")
