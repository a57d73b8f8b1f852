"""Sequences of two events: how keys are kept, and let go."""

from __future__ import annotations

import sys

import pytest

from eqlite.engine.pairs import PairMatcher
from eqlite.engine.sequence_search import sequence_matcher
from eqlite.engine.sequences import Found, Link
from eqlite.fields import NANOS_PER_MILLI
from eqlite.plan import SequenceQuery
from eqlite.query import compile as compile_query

SECOND = 1_000 * NANOS_PER_MILLI
MANY = 20_000


def matcher(max_open: int | None = None) -> PairMatcher[int]:
    query = compile_query("sequence by k with maxspan=10s [any where a == 1] [any where b == 1]").plan.query
    assert isinstance(query, SequenceQuery)
    found = sequence_matcher(query, max_open)
    assert isinstance(found, PairMatcher)
    return found


def begin(pairs: PairMatcher[int], number: int, second: int, key: str) -> None:
    pairs.begin(Link((second * SECOND, 2, "", number), number), ((key,),))


def complete(pairs: PairMatcher[int], number: int, second: int, key: str) -> list[Found[int]]:
    return pairs.take(((second * SECOND, 2, "", number), number, ((1, ((key,),)),)))


@pytest.mark.parametrize("max_open", [None, 100_000])
def test_a_key_that_begins_again_counts_from_then_on(max_open: int | None) -> None:
    pairs = matcher(max_open)
    begin(pairs, 0, 0, "x")
    begin(pairs, 1, 2, "y")
    begin(pairs, 2, 8, "x")
    pairs.advance(15 * SECOND, [])
    assert [key for key, *_ in pairs.open_keys()] == [("x",)]
    (found,) = complete(pairs, 3, 17, "x")
    assert found.events == (2, 3)
    assert not pairs.states


@pytest.mark.parametrize("is_completed", [True, False], ids=["completed", "too old"])
def test_keys_that_are_gone_leave_no_room_behind(is_completed: bool) -> None:
    pairs = matcher()
    for number in range(MANY):
        begin(pairs, number, 0, f"key {number}")
    large = sys.getsizeof(pairs.states)
    if is_completed:
        assert all(complete(pairs, number, 1, f"key {number}") for number in range(MANY))
    begin(pairs, MANY, 30, "last")
    assert list(pairs.states) == [("last",)]
    assert sys.getsizeof(pairs.states) < large / 100
    assert complete(pairs, MANY + 1, 31, "last")


def test_the_oldest_key_is_dropped_beyond_the_limit() -> None:
    pairs = matcher(3)
    for number in range(5):
        begin(pairs, number, number, "abcab"[number])
    assert list(pairs.states) == [("c",), ("a",), ("b",)]
    assert pairs.dropped == 0
    begin(pairs, 5, 5, "d")
    assert list(pairs.states) == [("a",), ("b",), ("d",)]
    assert pairs.dropped == 1
