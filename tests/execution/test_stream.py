"""Rules over a stream find what a run finds, in batches of any size, over snapshots, and in two halves.

Covers `execution/correlation/live_correlator.py`, `execution/matcher.py`, `execution/hit_rows.py`,
`execution/hit_batch.py`, `execution/hits.py`.
"""

from __future__ import annotations

import asyncio
import json
import pickle
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.sequence_strategies import inputs, queries
from tests.execution.stream_events import OPTIONS, event, ids, numbered, with_ids
from tests.harness import numbers, rule_set

import eqlite
from eqlite.errors import SearchFailure
from eqlite.events.document import EventSource
from eqlite.execution.run import run_files
from eqlite.execution.stream import RuleStream, resume_stream
from eqlite.execution.tuning import Tuning
from eqlite.limits import AHEAD_VOTES
from eqlite.ruleset import RuleSet


def test_after_a_flush_nothing_is_scheduled() -> None:
    stream = with_ids(["sequence with maxspan=1h [any where n == 1] ![any where n == 2]"]).stream()
    stream.push_many([{"@timestamp": 0, "n": 1}, {"@timestamp": 0, "n": 3}])
    (clock,) = stream._correlator.clocks.values()
    assert len(clock.due) == 1
    assert len(stream.flush()) == 1
    assert clock.due == []


@pytest.mark.parametrize("options", OPTIONS)
@given(st.lists(queries(), min_size=1, max_size=4), inputs(), st.data())
def test_batches_and_snapshots_give_what_a_run_gives(options, texts, events, data) -> None:
    rules = with_ids([*texts, 'any where kind == "A"', "sample by k [any where true] [any where true]"])
    events = numbered(events, with_tiebreaker=bool(options))
    expected = ids(list(rules.run(events, **options)))
    compiled = rules.compile(**options)
    tuning = Tuning(events_between_sweeps=data.draw(st.sampled_from([1, 5, 1_024])))
    stream = RuleStream(compiled, tuning=tuning)
    found: list[eqlite.Detection] = []
    start = 0
    while start < len(events):
        size = data.draw(st.integers(1, 5))
        found += stream.push_many(events[start : start + size])
        start += size
        if data.draw(st.booleans()):
            stream = resume_stream(stream.snapshot(), compiled, tuning=tuning)
    found += stream.flush()
    assert ids(found) == expected
    assert stream.stats.detections == len(found)


@given(st.lists(queries(), min_size=1, max_size=4), inputs(), st.randoms(use_true_random=False))
def test_events_within_the_lateness_may_come_in_any_order(texts, events, random) -> None:
    rules = with_ids(texts)
    events = numbered(events, with_tiebreaker=False)
    times = sorted({event["@timestamp"] for event in events})
    events = [{**event, "@timestamp": 1_000_000 + 1_000 * times.index(event["@timestamp"])} for event in events]
    by_time: dict[int, list[dict[str, Any]]] = {}
    for given_event in events:
        by_time.setdefault(given_event["@timestamp"], []).append(given_event)
    shuffled = []
    for start in range(0, len(by_time), 2):
        pair = sorted(by_time)[start : start + 2]
        random.shuffle(pair)
        shuffled += [event for time in pair for event in by_time[time]]
    expected = Counter(numbers(list(rules.run(events))))
    stream = rules.stream(allowed_lateness="1s")
    found = [each for event in shuffled for each in stream.push(event)] + stream.flush()
    assert Counter(numbers(found)) == expected
    assert stream.stats.late == 0


@pytest.mark.parametrize("options", OPTIONS)
@given(st.lists(queries(), min_size=1, max_size=3), inputs(), st.sampled_from(["rows", "pickle", "arrow"]))
def test_two_halves_give_what_a_run_gives(options, texts, events, form) -> None:
    rules = with_ids(
        [*texts, 'any where kind == "A"', "sample by k [any where true] [any where kind == 'B']".replace("'", '"')]
    )
    events = numbered(events, with_tiebreaker=bool(options))
    matcher = pickle.loads(pickle.dumps(rules.matcher(**options)))
    correlator = rules.correlator(**options)
    found: list[eqlite.Detection] = []
    for start in range(0, len(events), 4):
        hits: Any = matcher.match(events[start : start + 4], origin=("topic", start))
        if form == "pickle":
            hits = pickle.loads(pickle.dumps(list(hits)))
        elif form == "arrow":
            hits = hits.to_arrow()
        found += correlator.add(hits)
    found += correlator.flush()
    assert Counter(numbers(found)) == Counter(numbers(list(rules.run(events, **options))))


def test_the_two_halves_give_the_ids_of_a_run(tmp_path) -> None:
    rules = eqlite.load_rules("examples/rules")
    events = list(eqlite.read_events("examples/incident.ndjson"))
    correlator = rules.correlator()
    found = correlator.add(rules.matcher().match(events)) + correlator.flush()
    assert ids(found) == ids(list(rules.run("examples/incident.ndjson"))) == ids(list(rules.run(events)))


def test_an_id_depends_on_the_rule_and_the_events_alone() -> None:
    one, two = with_ids(["any where true", "any where n >= 0"])
    event = {"_index": "i", "_id": "7", "_source": {"n": 1}}
    (first,) = RuleSet([one]).run([event])
    (again,) = RuleSet([one]).run(iter([event]))
    (other,) = RuleSet([two]).run([event])
    assert first.id == again.id != other.id
    assert first.to_dict()["id"] == first.id


SEQUENCE = 'sequence by k with maxspan=10s [any where kind == "A"] [any where kind == "B"]'

UNFOLLOWED = "sequence with maxspan=5s [any where n == 9] ![any where n == 8]"


def test_detections_come_as_soon_as_they_are_certain() -> None:
    stream = with_ids(
        [SEQUENCE, 'any where kind == "B"', "sequence with maxspan=5s [any where n == 9] ![any where n == 8]"]
    ).stream()
    assert numbers(stream.push(event(1, "A", 1))) == []
    assert set(numbers(stream.push(event(2, "B", 2)))) == {(1, 2), 2}
    assert numbers(stream.push(event(3, "C", 9))) == []
    assert numbers(stream.push(event(20, "C", 3))) == [(9, None)]
    assert stream.flush() == []


def test_a_quiet_stream_comes_to_decisions_by_advance() -> None:
    stream = with_ids([UNFOLLOWED]).stream()
    stream.push(event(3, "C", 9))
    assert numbers(stream.advance("2026-01-01T00:00:30Z")) == [(9, None)]
    with pytest.raises(ValueError, match="no time that can be read"):
        stream.advance("soon")


def test_what_comes_late_is_counted_and_left_out_of_sequences() -> None:
    stream = with_ids([SEQUENCE, 'any where kind == "A"']).stream()
    stream.push_many([event(1, "C"), event(5, "C")])
    assert numbers(stream.push(event(4, "A", 1))) == [1]
    assert numbers(stream.push(event(6, "B", 2))) == []
    assert stream.stats.late == 1


def test_an_event_of_the_year_9999_makes_no_others_late() -> None:
    stream = with_ids([SEQUENCE]).stream()
    stream.push(event(1, "A", 1))
    stream.push({**event(1, "A", 2), "@timestamp": "9999-01-01T00:00:00Z"})
    assert numbers(stream.push(event(2, "B", 3))) == [(1, 3)]
    assert (stream.stats.late, stream.stats.ahead) == (0, 1)
    resumed = with_ids([SEQUENCE]).resume(stream.snapshot())
    assert resumed.stats.ahead == 1
    assert resumed.flush() == []


FAR = "9999-01-01T00:00:00Z"


@pytest.mark.parametrize("first", [FAR, "1970-01-01T00:00:00Z"])
def test_a_first_event_of_a_wrong_time_makes_none_late(first: str) -> None:
    stream = with_ids([SEQUENCE]).stream()
    assert stream.push({**event(1, "A", 0), "@timestamp": first}) == []
    assert stream.push(event(1, "A", 1)) == []
    resumed = with_ids([SEQUENCE]).resume(stream.snapshot())
    for each in (stream, resumed):
        assert numbers(each.push(event(2, "B", 2))) == [(1, 2)]
        assert (each.stats.late, each.stats.ahead) == (0, int(first == FAR))


def test_an_event_rule_does_not_wait_for_the_time_of_an_event() -> None:
    stream = with_ids([SEQUENCE, 'any where kind == "A"']).stream()
    for number, time in enumerate([FAR, "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", FAR]):
        assert numbers(stream.push({**event(1, "A", number), "@timestamp": time})) == [number]


def test_of_an_event_set_aside_only_what_rules_need_is_held() -> None:
    stream = with_ids([SEQUENCE, "sequence [any where n == 5] [any where n == 6]"]).stream()
    stream.push_many([event(1, "C", 0), event(1, "C", 0)])
    stream.push_many([{**event(1, kind, number), "@timestamp": FAR} for number, kind in enumerate("CA")])
    (clock,) = [shared.clock for shared in stream._correlator.clocks.values()]
    held = [(given, [rule.index for rule, _ in waiting]) for given, waiting in (hits.reference for hits in clock.ahead)]
    assert held == [(None, []), ({**event(1, "A", 1), "@timestamp": FAR}, [0])]
    assert clock.keys == 1


def test_events_set_aside_vote_on_after_a_snapshot() -> None:
    rules = with_ids([SEQUENCE])
    stream = rules.stream()
    stream.push_many([event(1, "C"), event(1, "C")])
    later = [{**event(number % 60, "AB"[number % 2], number), "@timestamp": FAR} for number in range(AHEAD_VOTES)]
    found = stream.push_many(later[:-1])
    assert found == []
    assert rules.resume(stream.snapshot()).push(later[-1]) != []


def test_rules_taken_away_leave_each_clock_to_its_own_rules() -> None:
    settings = [{"rule_id": "other", "timestamp_override": "event.ingested"}, {"rule_id": "own"}]
    other, own = (eqlite.load_rule(json.dumps({"query": SEQUENCE, **each})) for each in settings)
    stream = RuleSet([other, own]).stream()
    stream.push_many([{**event(second, "A", second), "event": {"ingested": FAR}} for second in (1, 2)])
    found = RuleSet([own]).resume(stream.snapshot()).push(event(3, "B", 3))
    assert numbers(found) == [(2, 3)]


def test_a_fault_under_strict_is_that_of_the_event_pushed() -> None:
    rules = with_ids([SEQUENCE])
    stream = rules.stream(strict=True)
    stream.push_many([event(1, "C"), event(1, "C")])
    with pytest.raises(SearchFailure, match="@timestamp"):
        stream.push({**event(1, "A"), "@timestamp": [FAR, "9999-01-02T00:00:00Z"]})
    assert stream.push(event(2, "C")) == []
    assert stream.flush() == []


def test_the_rows_of_one_event_do_not_start_a_clock() -> None:
    rules = with_ids([SEQUENCE, f"{SEQUENCE} until [any where false]"])
    matcher, correlator = rules.matcher(), rules.correlator()
    events = [{**event(1, "A", 0), "@timestamp": FAR}, event(1, "A", 1), event(2, "B", 2)]
    found = correlator.add(matcher.match(events))
    assert numbers(found) == [(1, 2), (1, 2)]


def test_what_is_open_is_bounded_for_each_rule() -> None:
    stream = with_ids([SEQUENCE]).stream(max_open=3)
    for number in range(10):
        stream.push({**event(1, "A", number), "k": str(number)})
    assert (stream.stats.open, stream.stats.dropped) == (3, 7)
    with pytest.raises(ValueError, match="max_open must be 1 or more"):
        with_ids([SEQUENCE]).stream(max_open=0)


def test_a_snapshot_outlives_added_changed_and_removed_rules() -> None:
    other = SEQUENCE.replace('"B"', '"D"')
    stream = with_ids([SEQUENCE, other]).stream()
    stream.push(event(1, "A", 1))
    snapshot = stream.snapshot()
    changed = with_ids([SEQUENCE, other.replace("10s", "9s"), 'any where kind == "D"']).resume(snapshot)
    assert set(numbers(changed.push_many([event(2, "B", 2), event(3, "D", 3)]))) == {(1, 2), 3}
    assert numbers(with_ids([other]).resume(snapshot).push(event(2, "D", 2))) == []  # it has another id
    same = with_ids(["any where false", other]).resume(snapshot)
    assert numbers(same.push(event(2, "D", 2))) == [(1, 2)]


def test_ids_are_the_same_after_a_snapshot(tmp_path) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps([event(1, "A", 1), event(2, "B", 2)]))  # not alone on its line
    rules = rule_set([SEQUENCE])
    events = list(eqlite.read_events(path))
    stream = rules.stream()
    stream.push(events[0])
    found = rules.resume(stream.snapshot()).push(events[1])
    assert ids(found) == ids(list(rules.run(events)))


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data.replace(b"rules", b"other")]
)
def test_a_damaged_snapshot_is_refused(damage) -> None:
    stream = with_ids([SEQUENCE]).stream()
    stream.push(event(1, "A", 1))
    with pytest.raises(eqlite.SnapshotError):
        with_ids([SEQUENCE]).resume(damage(stream.snapshot()))


def test_a_value_without_a_json_form_is_rejected_and_counted() -> None:
    stream = with_ids(["any where true"]).stream()
    assert numbers(stream.push_many([event(1, "A", 1), {"n": b"x"}, event(2, "A", 2)])) == [1, 2]
    assert (stream.stats.reading.read, stream.stats.reading.rejected) == (3, 1)


def test_index_routing_counts_what_no_rule_sees() -> None:
    rule = eqlite.load_rule(json.dumps({"rule_id": "r", "query": "any where true", "index": ["logs-*"]}) + "\n")
    stream = RuleSet([rule]).stream(by_index=True)
    found = stream.push_many([{"_index": name, "_source": {"n": 1}} for name in ("logs-a", "other")])
    assert (len(found), stream.stats.unrouted) == (1, 1)


def test_an_asynchronous_source_is_followed() -> None:
    async def source() -> AsyncIterator[dict[str, Any]]:
        for number, kind in enumerate("AB"):
            yield event(number, kind, number)

    async def run() -> list[eqlite.Detection]:
        return [found async for found in with_ids([SEQUENCE]).stream().follow(source())]

    assert numbers(asyncio.run(run())) == [(0, 1)]


def test_lines_and_bad_lines_are_matched() -> None:
    hits = (
        with_ids(['any where kind == "A"'])
        .matcher()
        .match([json.dumps(event(1, "A")).encode(), b"oops\n"], origin="file")
    )
    assert [(hit.rule, hit.origin, hit.stages, hit.starts) for hit in hits] == [("0", "file:0", (0,), True)]
    assert (hits.stats.read, hits.stats.rejected) == (2, 1)


SEVERAL = ['[{"a": 1}, {"a": 1}]', '{"a": 1} {"a": 1}', '{"a": 1}\n{"a": 1}\n', '[{"a": 1},\n{"a": 1}, {"a": 1}]']


@pytest.mark.parametrize("text", SEVERAL)
@pytest.mark.parametrize("jobs", [1, 2])
def test_ids_of_equal_documents_differ(tmp_path, text, jobs) -> None:
    path = tmp_path / "events.json"
    path.write_text(text)
    compiled = with_ids(["any where a == 1"]).compile()
    found = list(run_files(compiled, [path], jobs=jobs))
    assert len(ids(found)) == len(found) == text.count("1")
    assert ids(found) == ids(list(run_files(compiled, [path])))


def test_origins_count_rejected_events_and_lines() -> None:
    matcher = with_ids(["any where a == 1"]).matcher()
    lines = [b"oops", b'{"a": 1}', b'{"a": 1} {"a": 1}', b'{"a": 1}']
    expected = ["topic:41", "topic:42#0", "topic:42#1", "topic:43"]
    assert [hit.origin for hit in matcher.match(lines, origin=("topic", 40))] == expected
    assert [hit.origin for hit in matcher.match([{"a": b""}, {"a": 1}], origin=("topic", 7))] == ["topic:8"]


def test_ids_do_not_depend_on_batches_with_rejected_events() -> None:
    rules = with_ids(["any where a == 1"])
    events: list[Any] = [{"a": b""}, {"a": 1}, {"a": b""}, {"a": 1}]
    whole, single = rules.stream(), rules.stream()
    found = [one for event in events for one in single.push(event)]
    assert ids(whole.push_many(events)) == ids(found) == ids(list(rules.run(events)))


VALUES = [
    datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC).replace(tzinfo=None),
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    Decimal("1.5"),
    float("nan"),
    {1, 2},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_snapshot_takes_what_an_event_may_hold(value: object) -> None:
    given = {**event(1, "A", 1), "extra": [{"x": value}]}
    rules = with_ids([SEQUENCE])
    stream, plain = rules.stream(), eqlite.compile(SEQUENCE).stream()
    for each in (stream, plain):
        each.push(event(1, "C"))
        each.push(given)
    resumed = rules.resume(stream.snapshot())
    assert numbers(resumed.push(event(2, "B", 2))) == [(1, 2)]
    assert len(eqlite.compile(SEQUENCE).resume(plain.snapshot()).push(event(2, "B", 2))) == 1


def test_a_snapshot_of_a_document_nested_too_deeply_is_refused() -> None:
    nested: Any = {}
    for _ in range(100_000):
        nested = {"x": nested}
    stream = eqlite.compile(SEQUENCE).stream()
    stream.push({**event(1, "A", 1), "extra": nested})
    with pytest.raises(eqlite.SnapshotError, match="nested too deeply"):
        stream.snapshot()
    rejecting = with_ids([SEQUENCE]).stream()
    rejecting.push({**event(1, "A", 1), "extra": nested})
    assert rejecting.stats.reading.rejected == 1


def test_ids_of_events_are_the_same_after_a_snapshot() -> None:
    rules = with_ids([SEQUENCE])
    source = EventSource("log", 7)
    for first in (
        eqlite.Event(event(1, "A", 1), source=source, is_alone=False),
        eqlite.Event(event(1, "A", 1), source=source, origin="topic:9"),
    ):
        stream = rules.stream()
        stream.push_many([event(1, "C"), first])
        resumed = rules.resume(stream.snapshot())
        assert ids(resumed.push(event(2, "B", 2))) == ids(stream.push(event(2, "B", 2)))


DAMAGE = [
    ("rule", None),
    ("key", ("x", "y")),
    ("key", (["x"],)),
    ("time_ns", "now"),
    ("time_ns", 1.5),
    ("tiebreaker", []),
    ("origin", None),
    ("stages", (9,)),
    ("stages", (-1,)),
    ("stages", None),
    ("event", "text"),
]


@pytest.mark.parametrize(("name", "value"), DAMAGE)
def test_a_damaged_row_is_refused_by_name(name: str, value: object) -> None:
    rules = with_ids([SEQUENCE])
    rows = rules.matcher().match([event(1, "A", 1), event(2, "B", 2)])
    correlator = rules.correlator()
    with pytest.raises(eqlite.EventError, match="this is no hit of these rules"):
        correlator.add([rows[0]._replace(**{name: value})])
    assert numbers(correlator.add(rows)) == [(1, 2)]


@pytest.mark.parametrize("rows", [["x"], [("0", ())], "0", [{"rule": "0"}]])
def test_what_is_no_row_is_refused_by_name(rows: Any) -> None:
    with pytest.raises(eqlite.EventError, match=r"rows are those of `Matcher\.match`"):
        with_ids([SEQUENCE]).correlator().add(rows)


@pytest.mark.parametrize("given", [None, 5, "text"])
def test_what_is_no_list_of_events_is_refused_by_name(given: Any) -> None:
    rules = with_ids([SEQUENCE])
    for take in (rules.stream().push_many, rules.matcher().match):
        with pytest.raises(eqlite.EventError, match="events are mappings in a list or another iterable"):
            take(given)
    with pytest.raises(eqlite.EventError, match="a single event was given"):
        rules.stream().push_many(event(1, "A"))  # type: ignore[arg-type]
