"""Events too far ahead: one makes no other late, a gap in the input stops nothing, and nothing is lost in between."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqlite
from eqlite.engine.event_clock import EventClock
from eqlite.engine.snapshots import EventTable, decode_event
from eqlite.limits import AHEAD_VOTES

DAY = 86_400_000
PAIR = "sequence by k [any where n == 1] [any where n == 2]"
FAR = 253_402_300_799_000  # the end of the year 9999


def event(time: int, n: int, k: str = "x") -> dict:
    return {"@timestamp": time, "n": n, "k": k}


def start(stream: eqlite.Stream) -> None:
    """Push the two events with which a clock starts."""
    stream.push(event(0, 0))
    stream.push(event(0, 0))


def with_clock(stream: eqlite.Stream, **bounds: int) -> eqlite.Stream:
    """Return a stream with a clock of other bounds, in the state of its own."""
    old, table = stream._clock, EventTable()
    saved = old.dump(table)
    stream._clock = EventClock(old.lateness_ns, old.max_ahead_ns, **bounds)
    stream._clock.load(saved, [decode_event(row) for row in table.rows])
    return stream


def keys(matches: list[eqlite.Match]) -> list[tuple]:
    return [match.join_keys for match in matches]


def test_one_event_far_ahead_makes_no_other_late() -> None:
    stream = eqlite.compile(PAIR).stream()
    assert not stream.push(event(1, 1))
    assert not stream.push(event(FAR, 2, "far"))
    assert keys(stream.push(event(2, 2))) == [("x",)]
    assert (stream.stats.late, stream.stats.ahead) == (0, 1)


def test_the_bound_is_the_time_to_the_newest_event() -> None:
    stream = eqlite.compile(PAIR).stream(max_ahead="1h")
    stream.push(event(0, 1))
    stream.push(event(3_600_000, 0))
    assert stream.stats.ahead == 0
    stream.push(event(7_200_001, 0))
    assert stream.stats.ahead == 1


@pytest.mark.parametrize("is_set", [True, False])
def test_lateness_is_the_time_behind_the_newest_event(is_set: bool) -> None:
    stream = eqlite.compile(PAIR).stream(allowed_lateness="10s")
    if is_set:
        assert not stream.advance(100_000)
    else:
        assert not stream.push(event(100_000, 0))
    assert not stream.push(event(90_000, 1))
    assert not stream.push(event(90_000, 2))
    assert stream.stats.late == 0
    stream.push(event(89_999, 1, "late"))
    assert stream.stats.late == 1
    assert not stream.push(event(100_000, 0))
    assert not stream.push(event(100_000, 2, "late"))
    assert keys(stream.advance(100_001)) == [("x",)]


@pytest.mark.parametrize("bound", [None, "40d", timedelta(days=40)])
def test_another_bound_may_be_given(bound) -> None:
    stream = eqlite.compile(PAIR).stream(max_ahead=bound)
    stream.push(event(0, 1))
    assert keys(stream.push(event(40 * DAY, 2))) == [("x",)]
    assert stream.stats.ahead == 0


@pytest.mark.parametrize("query", ["any where true", "sample by k [any where n == 1] [any where n == 2]"])
def test_where_order_does_not_count_nothing_is_ahead(query: str) -> None:
    stream = eqlite.compile(query).stream()
    for time in (1, FAR, 2):
        stream.push(event(time, 1))
    assert stream.stats.ahead == 0


@pytest.mark.parametrize("first", [FAR, 0])
def test_a_first_event_of_a_wrong_time_makes_none_late(first: int) -> None:
    query = eqlite.compile(PAIR)
    stream = query.stream()
    assert not stream.push(event(first, 1))
    assert not stream.push(event(900 * DAY, 1))
    resumed = query.resume(stream.snapshot())
    for each in (stream, resumed):
        assert keys(each.push(event(900 * DAY + 1, 2))) == [("x",)]
        assert (each.stats.late, each.stats.ahead) == (0, int(first == FAR))


def test_the_clock_starts_with_two_events_that_are_close() -> None:
    stream = eqlite.compile(PAIR).stream(max_ahead="1s")
    for second in (90, 50, 10, 70, 30):
        assert not stream.push(event(second * 1_000, 1, f"k{second}"))
    assert stream.stats.ahead == 5
    stream.push(event(50_500, 0))
    assert (stream.stats.ahead, stream.stats.open) == (2, 3)
    assert keys(stream.push(event(51_000, 2, "k10"))) == [("k10",)]
    assert stream.stats.late == 0


def test_without_a_bound_no_event_is_set_aside() -> None:
    stream = eqlite.compile("any where true | head 1").stream(max_ahead=None)
    assert len(stream.push(event(FAR, 1))) == 1


def test_moving_the_clock_starts_it() -> None:
    stream = eqlite.compile("sequence with maxspan=1s [any where n == 1] ![any where n == 2]").stream()
    assert not stream.push(event(DAY, 1))
    assert not stream.advance(1)
    assert len(stream.advance(2 * DAY)) == 1


def test_an_event_ahead_is_matched_when_its_time_comes() -> None:
    stream = eqlite.compile(PAIR).stream(max_ahead="10s")
    start(stream)
    stream.push(event(15_000, 1))
    assert stream.stats.ahead == 1
    assert not stream.push(event(8_000, 2))
    assert keys(stream.push(event(16_000, 2))) == [("x",)]
    assert (stream.stats.ahead, stream.stats.late) == (0, 0)


def test_what_is_ahead_is_matched_at_the_end_of_a_stream() -> None:
    stream = eqlite.compile(PAIR).stream()
    start(stream)
    for time, n in ((0, 1), (FAR, 2), (FAR - DAY, 0), (1, 0)):
        assert not stream.push(event(time, n))
    assert keys(stream.flush()) == [("x",)]
    assert not stream.push(event(0, 1))  # the clock begins anew
    assert keys(stream.push(event(1, 2))) == [("x",)]
    assert (stream.stats.ahead, stream.stats.late) == (0, 0)


def test_after_a_gap_the_stream_goes_on_and_has_lost_nothing() -> None:
    stream = eqlite.compile(PAIR).stream()
    start(stream)
    found = []
    for number in range(AHEAD_VOTES + 10):
        found += stream.push(event(3 * DAY + number, 1 + number % 2, f"k{number // 2}"))
        assert bool(found) == (number >= AHEAD_VOTES - 1)
    assert len(found) == (AHEAD_VOTES + 10) // 2
    assert (stream.stats.ahead, stream.stats.late) == (0, 0)


def test_a_few_that_lag_behind_do_not_stop_a_stream() -> None:
    stream = eqlite.compile(PAIR).stream()
    found = []
    for number in range(3 * AHEAD_VOTES):
        found += stream.push(event(3 * DAY + number if number % 3 else 1, 1 + number % 2, f"k{number}"))
        found += stream.push(event(3 * DAY + number, 2 - number % 2, f"k{number}"))
    assert stream.stats.ahead == 0
    assert len(found) > AHEAD_VOTES


def test_a_few_that_run_ahead_never_move_the_clock() -> None:
    stream = eqlite.compile(PAIR).stream()
    for number in range(5 * AHEAD_VOTES):
        stream.push(event(FAR + number if number % 2 else number, 0))
    assert stream.stats.late == 0


def test_moving_the_clock_ends_a_gap_at_once() -> None:
    stream = eqlite.compile(PAIR).stream()
    start(stream)
    for time, n in ((0, 0), (3 * DAY, 1), (3 * DAY + 1, 2), (FAR, 1)):
        assert not stream.push(event(time, n))
    assert keys(stream.advance(3 * DAY + 5)) == [("x",)]
    assert stream.stats.ahead == 1
    assert not stream.push(event(3 * DAY + 6, 1))
    assert keys(stream.push(event(3 * DAY + 7, 2))) == [("x",)]


def test_of_too_many_events_ahead_the_latest_are_left_out() -> None:
    stream = with_clock(eqlite.compile(PAIR).stream(), max_events_ahead=3)
    stream.push(event(0, 0))
    for number in range(6):
        stream.push(event(9 * DAY - number, 1, f"k{number}"))
        stream.push(event(number, 0))
    assert stream.stats.ahead == 6
    assert len(stream.flush()) == 0
    assert (stream.stats.open, stream.stats.ahead) == (0, 3)


def test_keys_of_events_ahead_are_counted_and_given_back() -> None:
    stream = eqlite.compile(PAIR).stream()
    start(stream)
    for number in range(3):
        stream.push({**event(9 * DAY + number, 1), "k": ["a", "b"]})
        assert stream._clock.keys == 2 * (number + 1)
    stream.flush()
    assert stream._clock.keys == 0


@given(
    st.lists(st.tuples(st.integers(0, 3) | st.sampled_from([20, 400]), st.integers(1, 2), st.sampled_from("xy"))),
    st.sampled_from(["0s", "2s"]),
    st.integers(1, 5),
    st.data(),
)
def test_whatever_the_gaps_nothing_is_lost(steps, lateness, votes, data) -> None:
    query = eqlite.compile(PAIR)
    events, now = [], 0
    for step, n, k in steps:
        now += step * 1000
        events.append(event(now, n, k))
    stream = with_clock(query.stream(allowed_lateness=lateness, max_ahead="10s"), ahead_votes=votes)
    found = []
    for one in events:
        found += stream.push(one)
        if data.draw(st.booleans()):
            resumed = with_clock(query.resume(stream.snapshot()), ahead_votes=votes)
            assert resumed.stats == stream.stats
            stream = resumed
    found += stream.flush()
    assert Counter(map(repr, found)) == Counter(map(repr, query.search(events)))
    assert (stream.stats.late, stream.stats.ahead) == (0, 0)
