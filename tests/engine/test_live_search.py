"""Several queries over one stream: each event is read once, held once in a snapshot, and taken in any order.

Covers `engine/snapshot_form.py`, `engine/stages.py`.
"""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.sequence_strategies import inputs, queries

import eqlite
from eqlite.engine.event_clock import EventClock
from eqlite.engine.live_search import LiveSearch
from eqlite.engine.order import NO_TIME, ordinal
from eqlite.engine.search import Result, StageMatcher
from eqlite.engine.sequences import EventHits
from eqlite.engine.snapshot_form import SavedSearch, problems_of_search
from eqlite.engine.snapshots import EventTable
from eqlite.errors import SearchFailure

SECOND = 1_000_000_000
PAIR = "sequence by k [any where n == 1] [any where n == 2]"


def stage_matcher(query: eqlite.Query) -> StageMatcher:
    return StageMatcher(query.plan, query.stage_predicates, query.new_faults())


def hits_of(query: eqlite.Query, event: dict[str, Any], place: int) -> EventHits[int]:
    tests = stage_matcher(query)
    return EventHits(ordinal(event, place, query.plan), place, tests.with_keys(event, tests.matching(event)))


def places(results: list[Result[int]]) -> list[tuple[int | None, ...]]:
    return sorted([result.events for result in results], key=repr)


def saved_and_loaded(searches: list[LiveSearch[int]]) -> list[LiveSearch[int]]:
    table = EventTable(lambda place: place)
    payload = msgspec.msgpack.encode({"searches": [each.dump(table) for each in searches], "events": table.rows})
    saved = msgspec.msgpack.decode(payload)
    assert len(set(saved["events"])) == len(saved["events"])
    loaded = []
    for search, state in zip(searches, saved["searches"], strict=True):
        state = msgspec.convert(state, SavedSearch)
        assert not list(problems_of_search(state, search.plan, events=len(saved["events"])))
        loaded.append(LiveSearch(search.plan, max_open=1_000_000))
        loaded[-1].load(state, saved["events"])
    return loaded


@given(st.lists(queries(), min_size=1, max_size=3), inputs(), st.integers(1, 7), st.randoms(), st.booleans())
def test_events_of_a_batch_may_come_in_any_order(texts, events, size, chance: random.Random, is_saved) -> None:
    compiled = [eqlite.compile(text, tiebreaker_field="t") for text in texts]
    searches: list[LiveSearch[int]] = [LiveSearch(query.plan, max_open=1_000_000) for query in compiled]
    clock: EventClock[int] = EventClock(2 * SECOND)
    found: list[list[Result[int]]] = [[] for _ in compiled]
    for start in range(0, len(events), size):
        batch = list(enumerate(events[start : start + size], start))
        watermarks = [clock.move(ordinal(event, place, compiled[0].plan)) for place, event in batch]
        chance.shuffle(batch)
        for number, query in enumerate(compiled):
            for place, event in batch:
                hits = hits_of(query, event, place)
                found[number] += searches[number].take(hits) if hits.stages else []
            if searches[number].waits or chance.random() < 0.5:
                found[number] += searches[number].advance(max(watermarks))
        searches = saved_and_loaded(searches) if is_saved else searches
    for query, search, results in zip(compiled, searches, found, strict=True):
        results += search.flush()
        events_of = {id(event): place for place, event in enumerate(events)}
        expected = [
            tuple(None if event is None else events_of[id(event)] for event in match.events)
            for match in query.search(events)
        ]
        assert places(results) == sorted(expected, key=repr)
        assert (search.late, search.held, search.open, search.matches) == (0, 0, 0, len(results))


def test_without_a_watermark_all_events_are_held() -> None:
    query = eqlite.compile(PAIR)
    search: LiveSearch[int] = LiveSearch(query.plan, max_open=10)
    for place in range(4):
        assert not search.take(hits_of(query, {"@timestamp": 9 - place, "k": 1, "n": 1 + place % 2}, place))
    assert (search.held, search.keys, search.is_idle, search.waits) == (4, 4, False, True)
    assert places(search.advance((7_000_000, -1, 0))) == []
    assert search.held == 3
    assert places(search.flush()) == [(2, 1)]


def test_events_before_the_watermark_are_late() -> None:
    query = eqlite.compile(PAIR)
    search: LiveSearch[int] = LiveSearch(query.plan, max_open=10)
    search.advance((5_000_000, -1, 0))
    assert not search.take(hits_of(query, {"@timestamp": 4, "k": 1, "n": 1}, 0))
    assert (search.late, search.held, search.is_idle) == (1, 0, True)


def test_more_held_than_may_be_moves_the_watermark() -> None:
    query = eqlite.compile(PAIR)
    search: LiveSearch[int] = LiveSearch(query.plan, max_open=2)
    for place, time in enumerate((5, 3, 4)):
        search.take(hits_of(query, {"@timestamp": time, "k": 1, "n": 1 + place % 2}, place))
    assert search.held == 2
    search.take(hits_of(query, {"@timestamp": 3, "k": 1, "n": 1}, 3))
    assert search.late == 1


def test_a_sequence_leaves_out_what_has_no_time() -> None:
    query = eqlite.compile(PAIR)
    hits = hits_of(query, {"k": 1, "n": 1}, 0)
    assert hits.ordinal[0] == NO_TIME
    search: LiveSearch[int] = LiveSearch(query.plan, max_open=2)
    assert not search.take_untimed(hits)
    assert search.untimed == 1
    with pytest.raises(SearchFailure, match="@timestamp"):
        LiveSearch(query.plan, max_open=2, strict=True).take_untimed(hits)


def test_events_without_a_time_that_no_pipe_asks_for_go() -> None:
    for text, expected in (("any where true | tail 2", [8_998, 8_999]), ("any where true | head 2 | tail 1", [1])):
        query = eqlite.compile(text)
        search: LiveSearch[int] = LiveSearch(query.plan, max_open=2)
        for place in range(9_000):
            search.take_untimed(hits_of(query, {}, place))
            assert len(search._untimed) < 1_100
        assert [result.events[0] for result in search.flush()] == expected
