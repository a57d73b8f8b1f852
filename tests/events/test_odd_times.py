"""Odd times: recognised scales and texts, counted with an example."""

from __future__ import annotations

from typing import Any

import pytest

from eqlite.events.odd_times import odd_times


@pytest.mark.parametrize(
    ("time", "looks_like"),
    [
        (1777888800, "epoch seconds"),
        ("1777888800", "epoch seconds"),
        (1777888800.25, "epoch seconds"),
        (1777888800123456, "epoch microseconds"),
        (1777888800123456789, "epoch nanoseconds"),
        (133588988810000000, "a Windows FILETIME"),
        ("133588988810000000", "a Windows FILETIME"),
        ("May 4, 2026 @ 08:14:41.907", "Kibana's display of a date"),
        ("04/May/2026:08:14:41 +0000", "no date of ISO 8601"),
        ("soon", "no date of ISO 8601"),
        ("2026-05-04T10:00:00Z", None),
        ("2026", None),
        (1777888800123, None),
        (["2026-05-04T10:00:00Z"], None),
        (0, None),
        (None, None),
        ([], None),
    ],
)
def test_times_that_look_wrong_are_named(time: Any, looks_like: str | None) -> None:
    found = odd_times([{"@timestamp": time}, {"@timestamp": "2026-05-04"}], "@timestamp")
    assert [each.looks_like for each in found] == ([] if looks_like is None else [looks_like])


def test_events_are_counted_with_an_example() -> None:
    documents: list[dict[str, Any]] = [{"when": number} for number in range(1777888800, 1777888807)] + [
        {"when": "soon"}
    ]
    first, second = odd_times(documents, "when")
    assert (first.events, first.example, second.events, second.example) == (7, "1777888800", 1, "soon")
