"""Arrays in join keys: they multiply, and neither memory nor other detections may be lost for it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tests.harness import ndjson, rule_set
from tests.hostile.growth import assert_linear

import eqlite
from eqlite.execution.run import RunStats, run_files
from eqlite.limits import MAX_KEYS_PER_EVENT, MAX_KEYS_PER_RUN
from eqlite.rules.compiled import Compiled

QUERIES = (
    "sequence by a, b [process where n == 1] [process where n == 2]",
    "sequence by user [process where n == 1] [process where n == 2]",
    "sequence by a, b with maxspan=1h [process where n == 1] ![process where n == 3] [process where n == 2]",
    "sample by a, b [process where n == 1] [process where n == 2]",
    "process where n == 3",
)
SIDE = 128


def event(number: int, n: int, side: int = SIDE) -> dict[str, Any]:
    """Return an event of a kilobyte with `side * side` join keys."""
    arrays = {"a": list(range(side)), "b": list(range(side))} if side else {}
    return {"@timestamp": number, "event": {"category": "process"}, "n": n, "user": f"u{number // 2}", **arrays}


def compiled(backend: str) -> Compiled:
    return rule_set(*QUERIES).compile(backend=backend)


def found_by_search(backend: str, events: Sequence[dict[str, Any]]) -> list[int]:
    return [len(query.search(events)) for _, query in compiled(backend)]


def found_by_streams(backend: str, events: Sequence[dict[str, Any]]) -> list[int]:
    counts = []
    for _, query in compiled(backend):
        stream = query.stream()
        counts.append(sum(len(stream.push(one)) for one in events) + len(stream.flush()))
    return counts


def found_by_run(backend: str, events: Sequence[dict[str, Any]]) -> list[int]:
    rules = rule_set(*QUERIES)
    found = [detection.rule.query for detection in rules.run(events, backend=backend)]
    return [found.count(query) for query in QUERIES]


def found_by_files(jobs: int) -> Callable[[str, Sequence[dict[str, Any]]], list[int]]:
    def found_in(backend: str, events: Sequence[dict[str, Any]]) -> list[int]:
        data = ndjson(events)
        found = [detection.rule.query for detection in run_files(compiled(backend), [io.BytesIO(data)], jobs=jobs)]
        return [found.count(query) for query in QUERIES]

    return found_in


WAYS = {
    "search": found_by_search,
    "streams": found_by_streams,
    "run": found_by_run,
    "files": found_by_files(1),
    "two jobs": found_by_files(2),
}


@pytest.mark.parametrize("backend", ["python", "reference"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way_takes_the_same_first_keys(
    way: Callable[[str, Sequence[dict[str, Any]]], list[int]], backend: str
) -> None:
    events = [event(0, 1), event(1, 2), event(2, 3), event(3, 1, side=3), event(4, 2, side=3)]
    assert way(backend, events) == [MAX_KEYS_PER_EVENT + 9, 1, MAX_KEYS_PER_EVENT + 9, MAX_KEYS_PER_EVENT, 1]


@pytest.mark.slow
def test_what_is_certain_is_found_beside_keys_without_end() -> None:
    hostile = [event(number, 1) for number in range(2 * MAX_KEYS_PER_RUN // MAX_KEYS_PER_EVENT)]
    certain = [event(1_000 + number, 1 + number % 2, side=number % 4) for number in range(200)]
    data = ndjson([*hostile, *certain])
    for jobs in (1, 2):
        stats = RunStats()
        rules = rule_set(QUERIES[1], QUERIES[0])
        found = list(run_files(rules.compile(), [io.BytesIO(data)], jobs=jobs, stats=stats))
        assert sum(detection.rule.query == QUERIES[1] for detection in found) == 100
        assert sum(detection.rule.query == QUERIES[0] for detection in found) > 0
        assert stats.faults == len(hostile)
        assert "join keys" in stats.fault_examples[0]


@pytest.mark.slow
@pytest.mark.parametrize("query", [QUERIES[0], QUERIES[3]])
def test_cpu_grows_as_the_number_of_such_events(query: str) -> None:
    def search(count: int) -> None:
        eqlite.compile(query).search([event(number, 1 + number % 2, side=40) for number in range(count)])

    assert_linear(search, 10)
