"""Streams: what is certain and when, late events, limits, snapshots; and that they find what a search finds.

Covers `engine/snapshots.py`, `engine/stream_pipes.py`.
"""

from __future__ import annotations

import json
import random
import warnings
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.sequence_strategies import inputs, queries, written

import eqlite


def event(text: str) -> dict:
    """Make an event of `A1` or `A1.key`: kind, second, key."""
    label, _, key = text.partition(".")
    document = {"@timestamp": int(label[1:]) * 1000, "kind": label[0], "label": text}
    return {**document, "k": key.split(",")} if key else document


def labels(matches: list[eqlite.Match]) -> list[str]:
    return ["-".join("none" if e is None else e["label"] for e in match.events) for match in matches]


def push_all(stream: eqlite.Stream, events: str) -> list[str]:
    """Return, for each event, `event:matches` where there are any."""
    told = []
    for text in events.split():
        found = labels(stream.push(event(text)))
        told += [f"{text}:{','.join(found)}"] if found else []
    return told


CASES = [
    ("sequence [A] [B]", "A1 A2 B3 B4", ["B3:A2-B3"], []),
    ("sequence with maxspan=5s [A] ![B]", "A1 C6 C7", ["C7:A1-none"], []),
    ("sequence with maxspan=5s [A] ![B]", "A1 B2 C7", [], []),
    ("sequence with maxspan=5s [A] ![B]", "A1 C2", [], ["A1-none"]),
    ("sequence with maxspan=5s ![B] [A]", "B1 A3 A7", ["A7:none-A7"], []),
    ("sequence with maxspan=5s ![B] [A] ![B]", "C0 A1 B2 A3 C8", ["A1:none-A1-none", "C8:none-A3-none"], []),
    ("sequence by k [A] [B] until [U]", "A1.x A2.y U3.x B4.x,y", ["B4.x,y:A2.y-B4.x,y"], []),
    ("sequence [A] [B] | head 1", "A1 B2 A3 B4", ["B2:A1-B2"], []),
    ("sequence [A] [B] | tail 1", "A1 B2 A3 B4", [], ["A3-B4"]),
    ('any where kind == "A"', "A2 A1 B3", ["A2:A2", "A1:A1"], []),
    ('any where kind == "A" | tail 1', "A1 A2 B3", [], ["A2"]),
    ("sample by k [A] [B]", "A1.x B2.x", [], ["A1.x-B2.x"]),
]


@pytest.mark.parametrize(("query", "events", "told", "at_the_end"), CASES)
def test_matches_come_as_soon_as_they_are_certain(query, events, told, at_the_end) -> None:
    stream = eqlite.compile(written(query)).stream()
    assert push_all(stream, events) == told
    assert labels(stream.flush()) == at_the_end


def test_an_event_that_is_late_is_counted_and_left_out() -> None:
    stream = eqlite.compile(written("sequence [A] [B]")).stream()
    assert push_all(stream, "C1 B5 A4 B6") == []
    assert stream.stats.late == 1


def test_within_the_allowed_lateness_events_are_put_in_order() -> None:
    stream = eqlite.compile(written("sequence [A] [B]")).stream(allowed_lateness="3s")
    assert push_all(stream, "B5 A3 C7 A1 C9") == ["C9:A3-B5"]
    assert (stream.stats.late, stream.stats.held) == (1, 0)


def test_the_clock_moves_without_events_too() -> None:
    stream = eqlite.compile(written("sequence with maxspan=5s [A] ![B]")).stream()
    stream.push(event("A1"))
    assert labels(stream.advance(6000)) == []
    assert labels(stream.advance("1970-01-01T00:00:06.001Z")) == ["A1-none"]
    with pytest.raises(ValueError, match="soon"):
        stream.advance("soon")


def test_state_ends_with_maxspan() -> None:
    stream = eqlite.compile(written("sequence by k with maxspan=10s [A] [B]")).stream()
    for second in range(1000):
        stream.push(event(f"A{second}.{second}"))
        assert stream.stats.open <= 13


def test_without_maxspan_what_began_longest_ago_is_given_up() -> None:
    stream = eqlite.compile(written("sequence by k [A] [B]")).stream(max_open=3)
    with pytest.warns(RuntimeWarning, match="max_open"):
        assert push_all(stream, "A1.a A2.b A3.c A4.a A5.d") == []
    assert (stream.stats.open, stream.stats.dropped) == (3, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert push_all(stream, "B6.a B7.b B8.c A9.e A9.f") == ["B6.a:A4.a-B6.a", "B8.c:A3.c-B8.c"]


def test_undecided_sequences_are_bounded_too() -> None:
    stream = eqlite.compile(written("sequence with maxspan=1d [A] ![B]")).stream(max_open=5)
    with pytest.warns(RuntimeWarning, match="max_open"):
        push_all(stream, " ".join(f"A{second}" for second in range(1, 100)))
    assert stream.stats.open <= 5
    assert labels(stream.flush()) == ["A96-none", "A97-none", "A98-none", "A99-none"]


def test_held_events_are_bounded_too() -> None:
    stream = eqlite.compile(written("sequence [A] [B]")).stream(allowed_lateness="1d", max_open=10)
    push_all(stream, " ".join(f"A{second}" for second in range(100)))
    assert stream.stats.held <= 10


def test_events_without_time_are_counted() -> None:
    stream = eqlite.compile(written("sequence [A] [B]")).stream()
    stream.push({"kind": "A"})
    assert stream.stats.untimed == 1


def test_after_a_flush_the_stream_begins_anew() -> None:
    stream = eqlite.compile(written("sequence [A] [B]")).stream()
    assert push_all(stream, "A5") == []
    assert stream.flush() == []
    assert push_all(stream, "A1 B6") == ["B6:A1-B6"]


# --- snapshots -------------------------------------------------------------------------------------------------------


def test_results_given_before_a_snapshot_count_for_head() -> None:
    query = eqlite.compile("any where true | head 3")
    stream = query.stream()
    assert push_all(stream, "A1 A2") == ["A2:A1,A2"]
    resumed = query.resume(stream.snapshot())
    assert len(push_all(resumed, "A3 A4 A5")) == 1


def test_a_snapshot_of_another_query_is_refused() -> None:
    snapshot = eqlite.compile(written("sequence [A] [B]")).stream().snapshot()
    with pytest.raises(eqlite.SnapshotError, match="another query"):
        eqlite.compile(written("sequence [A] [C]")).resume(snapshot)
    with pytest.raises(eqlite.SnapshotError, match="other options"):
        eqlite.compile(written("sequence [A] [B]"), tiebreaker_field="n").resume(snapshot)
    eqlite.compile("// the same\n" + written("sequence [A]    [B]")).resume(snapshot)


def test_damaged_snapshots_are_refused() -> None:
    query = eqlite.compile(written("sequence by k [A] [B]"))
    stream = query.stream()
    push_all(stream, "A1.x A2.y")
    snapshot = stream.snapshot()
    for end in range(0, len(snapshot), 3):
        with pytest.raises(eqlite.SnapshotError):
            query.resume(snapshot[:end])
    with pytest.raises(eqlite.SnapshotError, match="form 5"):
        query.resume(snapshot.replace(b"eqlite-stream 5", b"eqlite-stream 6", 1))
    with pytest.raises(eqlite.SnapshotError, match="damaged"):
        query.resume(snapshot[:-1] + bytes([snapshot[-1] ^ 1]))


def test_snapshots_hold_whatever_json_can() -> None:
    query = eqlite.compile(written("sequence by k [A] [B]"))
    odd = {"@timestamp": "9999-01-01T00:00:00Z", "kind": "A", "k": "\ud800", "big": 10**30, "deep": [{"a": None}]}
    stream = query.stream()
    stream.push(odd)
    (match,) = query.resume(stream.snapshot()).push({**odd, "kind": "B"})
    assert match.events == (odd, {**odd, "kind": "B"})


def test_events_that_were_read_know_their_place_after_a_snapshot(tmp_path) -> None:
    path = tmp_path / "day.ndjson"
    path.write_text("\n".join(json.dumps(event(text)) for text in ("A1", "B2")))
    query = eqlite.compile(written("sequence [A] [B]"))
    first, second = eqlite.read_events(path)
    stream = query.stream()
    stream.push(first)
    (match,) = query.resume(stream.snapshot()).push(second)
    assert [found.source.line for found in match.events] == [1, 2]


def test_what_cannot_be_saved_is_said() -> None:
    stream = eqlite.compile(written("sequence [A] [B]")).stream()
    stream.push({**event("A1"), "what": object()})
    with pytest.raises(eqlite.SnapshotError, match="cannot be saved"):
        stream.snapshot()


@pytest.mark.slow
def test_kill_and_resume_anywhere_loses_and_repeats_nothing() -> None:
    query = eqlite.compile(
        written("sequence by k with maxspan=30s [A] by j ![C] by j [B] by j ![D] by j until [U] by j")
    )
    chance = random.Random(7)
    events = [
        {"@timestamp": n * 1000 - chance.choice([0, 0, 2500]), "kind": chance.choice("AAABBBBCDU"), "n": n}
        | {"k": chance.randrange(300), "j": [chance.randrange(2), 2]}
        for n in range(50_000)
    ]

    def followed(stream: eqlite.Stream, start: int, end: int) -> list[str]:
        return [repr(match) for one in events[start:end] for match in stream.push(one)]

    stream = query.stream(allowed_lateness="3s")
    snapshots, outputs = [stream.snapshot()], []
    for start in range(0, len(events), 1000):
        outputs.append(followed(stream, start, start + 1000))
        snapshots.append(stream.snapshot())
    rest = [repr(match) for match in stream.flush()]
    whole = [line for output in outputs for line in output]
    assert len(whole) > 500
    assert stream.stats.late == 0
    for kill in sorted(chance.sample(range(50_000), 200)):
        number = kill // 1000
        begin, end = number * 1000, number * 1000 + 1000
        given = followed(query.resume(snapshots[number]), begin, kill)  # and here it is killed
        resumed = query.resume(snapshots[number])
        assert resumed.stats.events == begin
        again = followed(resumed, begin, kill)
        assert again == given
        assert again + followed(resumed, kill, end) == outputs[number]
        assert resumed.snapshot() == snapshots[number + 1]
    last = query.resume(snapshots[-1])
    assert [repr(match) for match in last.flush()] == rest


# --- beside a search -------------------------------------------------------------------------------------------------


def counted(matches: list[eqlite.Match]) -> Counter:
    return Counter(repr(match) for match in matches)


@given(queries(), inputs())
def test_a_stream_finds_what_a_search_finds(text, events) -> None:
    query = eqlite.compile(text, tiebreaker_field="t")
    stream = query.stream(allowed_lateness="2s")
    found = [match for one in events for match in stream.push(one)] + stream.flush()
    assert counted(found) == counted(query.search(events))
    assert stream.stats.late == 0
    assert stream.stats.matches == len(found)


@given(queries(), inputs())
def test_sorted_events_need_no_lateness(text, events) -> None:
    query = eqlite.compile(text, tiebreaker_field="t")
    events.sort(key=lambda one: (one["@timestamp"], one.get("t", 9)))
    stream = query.stream()
    found = [match for one in events for match in stream.push(one)] + stream.flush()
    assert counted(found) == counted(query.search(events))


@given(queries(), inputs(), st.data())
def test_a_resumed_stream_goes_on_as_if_nothing_had_been(text, events, data) -> None:
    query = eqlite.compile(text, tiebreaker_field="t")
    lateness = data.draw(st.sampled_from(["0s", "1s"]))
    straight, resumed = query.stream(allowed_lateness=lateness), query.stream(allowed_lateness=lateness)
    for one in events:
        assert resumed.push(one) == straight.push(one)
        if data.draw(st.booleans()):
            resumed = query.resume(resumed.snapshot())
        assert resumed.stats == straight.stats
    assert resumed.flush() == straight.flush()
