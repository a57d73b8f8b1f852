"""Sequences and samples of a rule set find what each finds alone, whether or not the input comes in order.

Covers `execution/correlation/order_tracker.py`, `execution/correlation/rule_state.py`, `execution/extractors.py`.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.sequence_strategies import inputs, queries
from tests.harness import UNMET, ndjson, numbers, rule_set

from eqlite.events.batches import given_batches
from eqlite.events.intake import Intake, ReadSizes
from eqlite.execution.correlation.correlator import Correlator
from eqlite.execution.rule_matcher import PredicateMatcher
from eqlite.execution.run import RunStats, run_files
from eqlite.execution.tuning import Tuning
from eqlite.ruleset import RuleSet


def found_alone(rules: RuleSet, events: list[dict], options: dict[str, str]) -> Counter:
    compiled = rules.compile(**options)
    return Counter((rule.query, each) for rule, query in compiled for each in numbers(query.search(events)))


def found_together(
    rules: RuleSet,
    events: list[dict],
    options: dict[str, str],
    stats: RunStats,
    *,
    is_piped: bool = False,
    tuning: Tuning = Tuning(),
) -> Counter:
    data = ndjson(events)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.ndjson"
        path.write_bytes(data)
        given = [io.BytesIO(data) if is_piped else path]
        found = list(run_files(rules.compile(**options), given, stats=stats, tuning=tuning))
        return Counter(zip([detection.rule.query for detection in found], numbers(found), strict=True))


def iso(milliseconds: int) -> str:
    """Return a time around the turn of a day."""
    day, rest = divmod(86_395_000 + milliseconds, 86_400_000)
    seconds = rest / 1000
    return f"2026-01-{1 + day:02}T{int(seconds // 3600):02}:{int(seconds // 60 % 60):02}:{seconds % 60:06.3f}Z"


def epoch(milliseconds: int) -> int:
    return 1_767_225_600_000 + 86_395_000 + milliseconds


@pytest.mark.parametrize("options", [{}, {"tiebreaker_field": "t"}])
@given(st.lists(queries(), min_size=2, max_size=4), inputs(), st.booleans(), st.booleans(), st.data())
def test_rules_together_find_what_each_finds_alone(options, texts, events, is_sorted, is_piped, data) -> None:
    if data.draw(st.booleans()):  # each stage asks another field, so that what one tells says nothing of others
        texts = [re.sub(r'kind == "(.)"', r"is_\1 == true", text) for text in texts]
        events = [{**event, **{f"is_{kind}": True for kind in event["kind"]}} for event in events]
    rules, many_rules = rule_set(*texts), rule_set(*texts, *UNMET)
    writers = data.draw(st.sampled_from([[iso], [epoch], [iso, epoch]]))
    if is_sorted:
        events.sort(key=lambda event: (event["@timestamp"], event.get("t", 9)))
    for event in events:
        event["@timestamp"] = data.draw(st.sampled_from(writers))(event["@timestamp"])
    untimed = data.draw(st.sampled_from(["soon", "2026-02-30T10:00:00.000Z", None]))
    events[2:2] = [{**event, "@timestamp": untimed} for event in events[:1]]
    sizes = ReadSizes(chunk_bytes=data.draw(st.sampled_from([100, 1_000, 100_000])))
    tuning = Tuning(sizes, events_between_sweeps=data.draw(st.sampled_from([2, 7])))
    together = found_together(many_rules, events, options, stats := RunStats(), is_piped=is_piped, tuning=tuning)
    assert together == found_together(rules, events, options, plainly := RunStats())
    assert together == found_alone(rules, events, options)
    assert (stats.untimed, stats.reading.read) == (plainly.untimed, plainly.reading.read)


UNSORTED = [{"@timestamp": iso(n * 1000), "u": "y", "k": "a", "n": n} for n in range(50)] + [
    {"@timestamp": iso(60_000), "u": "x", "k": "b", "n": 50},
    {"@timestamp": iso(59_000), "u": "x", "k": "a", "n": 51},
]


@pytest.mark.parametrize("is_piped", [True, False])
def test_input_that_turns_out_unsorted_is_read_again(is_piped) -> None:
    rules = rule_set(*(f'sequence by u [any where k == "a"] [any where k == "b" and n != {n}]' for n in range(3)))
    stats = RunStats()
    found = found_together(rules, UNSORTED, {}, stats, is_piped=is_piped)
    assert found == {(rule.query, (51, 50)): 1 for rule in rules}
    assert (stats.reading.read, stats.detections) == (52, 3)


def test_events_read_again_count_faults_and_missing_times_once() -> None:
    rules = rule_set("sequence by u [any where n >= 0] [any where 2 / zero == 1]")
    events = [{**event, "zero": 0} for event in UNSORTED]
    events[3]["@timestamp"] = "soon"
    stats = RunStats()
    found_together(rules, events, {}, stats)
    assert (stats.faults, stats.untimed) == (len(events), 1)


def correlated(query: str, events: list[dict]) -> Correlator:
    """Return a correlator that trusts the order of events, after these."""
    queries = [each for _, each in rule_set(query).compile()]
    made = Correlator(queries, in_order=True, tuning=Tuning(events_between_sweeps=10))
    matcher = PredicateMatcher(queries)
    for batch in given_batches(events, Intake()):
        made.add(matcher.match(batch, made.faults))
    return made


ODD_TIMES = [None, "soon", [iso(1000), iso(500)], [iso(9000), iso(8000)]]


@pytest.mark.parametrize("time", ODD_TIMES)
def test_an_event_without_a_single_time_disturbs_no_order(time) -> None:
    query = 'sequence [any where k == "a"] [any where k == "b"]'
    events = [{"@timestamp": moment, "k": kind} for moment, kind in [(iso(1000), "a"), (time, "b"), (iso(2000), "b")]]
    made = correlated(query, events)
    assert not made.is_out_of_order
    assert [result.events[1]()["@timestamp"] for result in made.searches[0].results()] == [iso(2000)]
    assert not correlated(query, events[:2]).searches[0].results()
    assert correlated(query, [*events, events[0]]).is_out_of_order


def open_keys(kinds: str, query: str) -> int:
    """Return how many keys are open at the end of sorted events of these kinds, each of a user of its own."""
    events = [{"@timestamp": iso(n * 1000), "u": str(n), "k": kind, "n": n} for n, kind in enumerate(kinds)]
    return sum(len(state.matcher.states) for state in correlated(query, events)._states.values())


def test_what_is_older_than_the_maxspan_is_dropped() -> None:
    query = 'sequence by u with maxspan=10s [any where k == "a"] [any where k == "b"]'
    assert open_keys("a" * 500 + "b" * 100, query) == 0
    assert 10 <= open_keys("a" * 500, query) < 30


def test_an_event_that_starts_and_ends_leaves_nothing_open() -> None:
    query = 'sequence by u [any where k == "a"] [any where k == "b"] until [any where stop == true]'
    rules = rule_set(query, *UNMET)
    kinds = ["c", "c", "a", "b", "c", "a", "b", "a", "b"]
    events = [{"@timestamp": iso(n), "u": "x", "k": kind, "stop": n == 5, "n": n} for n, kind in enumerate(kinds)]
    assert found_together(rules, events, {}, RunStats()) == found_alone(rules, events, {})
    assert sum(found_alone(rules, events, {}).values()) == 2
