"""Faults: each search and each stream counts its own.

Covers `engine/stats.py`, `engine/search.py`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

import eqlite

SEQUENCE = "sequence [any where 1 / n > 0] [any where n == 2]"


def events(faulty: int) -> list[dict[str, int]]:
    return [{"@timestamp": number, "n": int(number >= faulty)} for number in range(50)]


@pytest.mark.parametrize("backend", ["python", "reference"])
@pytest.mark.parametrize("text", ["any where 1 / n > 0", SEQUENCE])
def test_searches_in_threads_count_their_own_faults(text: str, backend: str) -> None:
    query = eqlite.compile(text, backend=backend)
    barrier = Barrier(4)

    def faults(faulty: int) -> int:
        stats = eqlite.SearchStats()
        barrier.wait()
        for _ in range(20):
            query.search(events(faulty), stats=stats)
        return stats.faults

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(faults, [0, 1, 7, 50])) == [0, 20, 140, 1_000]


@pytest.mark.parametrize("backend", ["python", "reference"])
def test_searches_of_one_query_side_by_side_do_not_mix(backend: str) -> None:
    query = eqlite.compile("any where 1 / n > 0", backend=backend)
    searches = [query.new_search() for _ in range(3)]
    for place in range(9):
        searches[place % 3].take({"n": 0 if place < 5 else 1}, place, place)
    assert [search.faults.count for search in searches] == [2, 2, 1]


def test_events_of_unusual_shape_count_their_faults_too() -> None:
    stats = eqlite.SearchStats()
    query = eqlite.compile('any where a.b == "x" and 1 / a.n > 0')
    assert not query.search([{"a.b": "x", "a.n": 0}, {"a": {"b": "x", "n": 0}}], stats=stats)
    assert (stats.events, stats.faults) == (2, 2)


def test_the_counts_of_several_searches_add_up() -> None:
    stats = eqlite.SearchStats()
    for divisor in ("n", "m"):
        eqlite.search(f"any where number({divisor}) > 0", [{divisor: divisor}, {divisor: 1}], stats=stats)
    assert (stats.events, stats.matches, stats.faults, len(stats.fault_examples)) == (4, 2, 2, 2)


def test_a_strict_search_that_raises_has_counted() -> None:
    stats = eqlite.SearchStats()
    with pytest.raises(eqlite.EventError):
        eqlite.search("any where 1 / n > 0", [{"n": 1}, {"n": 0}, {"n": 1}], strict=True, stats=stats)
    assert (stats.events, stats.matches) == (2, 0)


def test_untimed_events_of_a_sequence_are_counted() -> None:
    stats = eqlite.SearchStats()
    assert not eqlite.search("sequence [any where true] [any where true]", [{"n": 1}, {"@timestamp": 1}], stats=stats)
    assert (stats.events, stats.untimed) == (2, 1)


def test_a_stream_counts_its_own_faults_and_saves_them() -> None:
    query = eqlite.compile(SEQUENCE)
    one, other = query.stream(), query.stream()
    for event in events(3):
        one.push(event)
    assert (one.stats.faults, one.stats.fault_examples) == (3, ["/ by zero"])
    assert (other.stats.faults, other.stats.fault_examples) == (0, [])
    resumed = query.resume(one.snapshot())
    assert resumed.stats == one.stats
    resumed.push({"@timestamp": 99, "n": 0})
    assert (resumed.stats.faults, one.stats.faults) == (4, 3)
