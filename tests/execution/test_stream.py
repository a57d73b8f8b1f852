"""Rules over a stream find what a run finds, in batches of any size, over snapshots, and in two halves."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.test_streams import inputs, queries

import eqlite
from eqlite.execution.correlation import live_correlator
from eqlite.execution.run import run_files
from eqlite.ruleset import RuleSet


def rule_set(texts: Sequence[str]) -> RuleSet:
    rules = [{"rule_id": str(number), "query": text} for number, text in enumerate(texts)]
    return RuleSet(eqlite.load_rule(json.dumps(rule) + "\n") for rule in rules)


def ids(found: Sequence[eqlite.Detection]) -> Counter[str]:
    return Counter(detection.id for detection in found)


def numbers(found: Sequence[eqlite.Detection]) -> list[str]:
    return ["-".join("none" if e is None else str(e["n"]) for e in detection.events) for detection in found]


def numbered(events: list[dict[str, Any]], *, with_tiebreaker: bool) -> list[dict[str, Any]]:
    """Return events in order, each with its number in place of a tiebreaker that others may have, too."""
    events.sort(key=lambda event: (event["@timestamp"], event.get("t", 9) if with_tiebreaker else 0))
    return [{**event, "n": number} for number, event in enumerate(events)]


def test_after_a_flush_nothing_is_scheduled() -> None:
    stream = rule_set(["sequence with maxspan=1h [any where n == 1] ![any where n == 2]"]).stream()
    stream.push({"@timestamp": 0, "n": 1})
    (clock,) = stream._correlator.clocks.values()
    assert len(clock.due) == 1
    assert len(stream.flush()) == 1
    assert clock.due == []


OPTIONS = [{}, {"tiebreaker_field": "t"}]


@pytest.mark.parametrize("options", OPTIONS)
@given(st.lists(queries(), min_size=1, max_size=4), inputs(), st.data())
def test_batches_and_snapshots_give_what_a_run_gives(options, texts, events, data) -> None:
    rules = rule_set([*texts, 'any where kind == "A"', "sample by k [any where true] [any where true]"])
    events = numbered(events, with_tiebreaker=bool(options))
    expected = ids(list(rules.run(events, **options)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live_correlator, "EVENTS_BETWEEN_SWEEPS", data.draw(st.sampled_from([1, 5, 1_024])))
        stream = rules.stream(**options)
        found: list[eqlite.Detection] = []
        start = 0
        while start < len(events):
            size = data.draw(st.integers(1, 5))
            found += stream.push_many(events[start : start + size])
            start += size
            if data.draw(st.booleans()):
                stream = rules.resume(stream.snapshot(), **options)
        found += stream.flush()
    assert ids(found) == expected
    assert stream.stats.detections == len(found)


@given(st.lists(queries(), min_size=1, max_size=4), inputs(), st.randoms(use_true_random=False))
def test_events_within_the_lateness_may_come_in_any_order(texts, events, random) -> None:
    rules = rule_set(texts)
    events = numbered(events, with_tiebreaker=False)
    times = sorted({event["@timestamp"] for event in events})
    events = [{**event, "@timestamp": 1_000_000 + 1_000 * times.index(event["@timestamp"])} for event in events]
    by_time: dict[int, list[dict[str, Any]]] = {}
    for event in events:
        by_time.setdefault(event["@timestamp"], []).append(event)
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
    rules = rule_set(
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
    one, two = rule_set(["any where true", "any where n >= 0"])
    event = {"_index": "i", "_id": "7", "_source": {"n": 1}}
    (first,) = RuleSet([one]).run([event])
    (again,) = RuleSet([one]).run(iter([event]))
    (other,) = RuleSet([two]).run([event])
    assert first.id == again.id != other.id
    assert first.to_dict()["id"] == first.id


SEQUENCE = 'sequence by k with maxspan=10s [any where kind == "A"] [any where kind == "B"]'

UNFOLLOWED = "sequence with maxspan=5s [any where n == 9] ![any where n == 8]"


def event(second: int, kind: str, number: int = 0) -> dict[str, Any]:
    return {"@timestamp": 1_767_225_600_000 + second * 1_000, "kind": kind, "k": "x", "n": number}


def test_detections_come_as_soon_as_they_are_certain() -> None:
    stream = rule_set(
        [SEQUENCE, 'any where kind == "B"', "sequence with maxspan=5s [any where n == 9] ![any where n == 8]"]
    ).stream()
    assert numbers(stream.push(event(1, "A", 1))) == []
    assert sorted(numbers(stream.push(event(2, "B", 2)))) == ["1-2", "2"]
    assert numbers(stream.push(event(3, "C", 9))) == []
    assert numbers(stream.push(event(20, "C", 3))) == ["9-none"]
    assert stream.flush() == []


def test_a_quiet_stream_comes_to_decisions_by_advance() -> None:
    stream = rule_set([UNFOLLOWED]).stream()
    stream.push(event(3, "C", 9))
    assert numbers(stream.advance("2026-01-01T00:00:30Z")) == ["9-none"]
    with pytest.raises(ValueError, match="no time that can be read"):
        stream.advance("soon")


def test_what_comes_late_is_counted_and_left_out_of_sequences() -> None:
    stream = rule_set([SEQUENCE, 'any where kind == "A"']).stream()
    stream.push(event(5, "C"))
    assert numbers(stream.push(event(4, "A", 1))) == ["1"]
    assert numbers(stream.push(event(6, "B", 2))) == []
    assert stream.stats.late == 1


def test_an_event_of_the_year_9999_makes_no_others_late() -> None:
    stream = rule_set([SEQUENCE]).stream()
    stream.push(event(1, "A", 1))
    stream.push({**event(1, "A", 2), "@timestamp": "9999-01-01T00:00:00Z"})
    assert numbers(stream.push(event(2, "B", 3))) == ["1-3"]
    assert (stream.stats.late, stream.stats.ahead) == (0, 1)
    resumed = rule_set([SEQUENCE]).resume(stream.snapshot())
    assert resumed.stats.ahead == 1
    assert resumed.flush() == []


def test_what_is_open_is_bounded_for_each_rule() -> None:
    stream = rule_set([SEQUENCE]).stream(max_open=3)
    for number in range(10):
        stream.push({**event(1, "A", number), "k": str(number)})
    assert (stream.stats.open, stream.stats.dropped) == (3, 7)
    with pytest.raises(ValueError, match="max_open must be 1 or more"):
        rule_set([SEQUENCE]).stream(max_open=0)


def test_a_snapshot_outlives_added_changed_and_removed_rules() -> None:
    other = SEQUENCE.replace('"B"', '"D"')
    stream = rule_set([SEQUENCE, other]).stream()
    stream.push(event(1, "A", 1))
    snapshot = stream.snapshot()
    changed = rule_set([SEQUENCE, other.replace("10s", "9s"), 'any where kind == "D"']).resume(snapshot)
    assert sorted(numbers(changed.push_many([event(2, "B", 2), event(3, "D", 3)]))) == ["1-2", "3"]
    assert numbers(rule_set([other]).resume(snapshot).push(event(2, "D", 2))) == []  # it has another id
    same = rule_set(["any where false", other]).resume(snapshot)
    assert numbers(same.push(event(2, "D", 2))) == ["1-2"]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data.replace(b"rules", b"other")]
)
def test_a_damaged_snapshot_is_refused(damage) -> None:
    stream = rule_set([SEQUENCE]).stream()
    stream.push(event(1, "A", 1))
    with pytest.raises(eqlite.SnapshotError):
        rule_set([SEQUENCE]).resume(damage(stream.snapshot()))


def test_a_value_without_a_json_form_is_rejected_and_counted() -> None:
    stream = rule_set(["any where true"]).stream()
    assert numbers(stream.push_many([event(1, "A", 1), {"n": b"x"}, event(2, "A", 2)])) == ["1", "2"]
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
        return [found async for found in rule_set([SEQUENCE]).stream().follow(source())]

    assert numbers(asyncio.run(run())) == ["0-1"]


def test_lines_and_bad_lines_are_matched() -> None:
    hits = (
        rule_set(['any where kind == "A"'])
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
    compiled = rule_set(["any where a == 1"]).compile()
    found = list(run_files(compiled, [path], jobs=jobs))
    assert len(ids(found)) == len(found) == text.count("1")
    assert ids(found) == ids(list(run_files(compiled, [path])))
