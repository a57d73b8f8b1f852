"""All shipped sequence rules over a stream that is killed again and again: no detection is lost, none comes twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import eqlite
from eqlite.engine.faults import Faults
from eqlite.execution.correlation.keyed_state import StateKey
from eqlite.plan import SequenceQuery, Stage
from eqlite.query import Query
from eqlite.ruleset import RuleSet
from eqlite.strategies.events import _chosen_leaves, _document, _settle

KILL_POINTS = 200
GROUPS = 20
ROUNDS = 3
EXAMPLES = 4
FEWEST_COMPLETE = 0.8
"""The share of rules of which events can be made that complete a sequence."""
START_MS = 1_767_225_600_000

Document = dict[str, Any]


@st.composite
def events_for_stages(draw: st.DrawFn, query: Query) -> list[Document]:
    """Return an event for each stage, which meets it if its conditions do not exclude each other."""
    found = []
    for stage in query.plan.stages:
        values: dict[str, list[Any]] = {}
        for leaf, wanted in _chosen_leaves(draw, stage.condition, wanted=True):
            _settle(draw, leaf, values, wanted=wanted)
        found.append(_document(draw, values, hostile=False))
    return found


def put(document: Document, path: str, value: object) -> None:
    *folders, name = path.split(".")
    for folder in folders:
        inner = document.get(folder)
        if not isinstance(inner, dict):
            inner = document[folder] = {}
        document = inner
    document[name] = value


def with_key(document: Document, stage: Stage, key: str) -> Document:
    """Return an event with one text in all fields of the key, whatever was there before."""
    changed = deepcopy(document)
    for field in stage.keys:
        if field is not None:
            changed.pop(field.name, None)
            put(changed, field.name, key)
    return changed


def completing_events(query: Query) -> list[Document] | None:
    """Return events for the positive stages of a sequence, in order. None if there are none for some."""
    met: dict[int, Document] = {}

    @settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(events_for_stages(query))
    def collect(documents: list[Document]) -> None:
        for number, (stage, document) in enumerate(zip(query.plan.stages, documents, strict=True)):
            keyed = with_key(document, stage, "key")
            if number not in met and query.stage_predicates[number](keyed, Faults()):
                met[number] = keyed

    collect()
    sequence = query.plan.query
    assert isinstance(sequence, SequenceQuery)
    wanted = [number for number, stage in enumerate(sequence.stages) if not stage.missing]
    return [met[number] for number in wanted] if all(number in met for number in wanted) else None


def rounds_of(query: Query, made: list[Document], number: int, chance: random.Random) -> Iterator[tuple[int, Document]]:
    """Yield times and events of some sequences, each with a key of its own, all open at the same time as others."""
    sequence = query.plan.query
    assert isinstance(sequence, SequenceQuery)
    positive = [stage for stage in sequence.stages if not stage.missing]
    span_ms = min(sequence.maxspan_ms or 60_000, 60_000)
    for one in range(ROUNDS):
        start = chance.randrange(60_000)
        times = sorted(chance.randrange(span_ms // 2 + 1) for _ in made)
        for time, stage, document in zip(times, positive, made, strict=True):
            yield START_MS + start + time, with_key(document, stage, f"key {number} {one}")


@pytest.fixture(scope="module")
def rules(shared: Path) -> RuleSet:
    pack = eqlite.load_rules(shared / "corpus" / "rules.tar.gz")
    return RuleSet([rule for rule in pack if rule.query.lstrip().startswith("sequence")])


@pytest.fixture(scope="module")
def groups(rules: RuleSet) -> list[tuple[RuleSet, list[Document]]]:
    """Return all rules in groups, each with events in order, which complete sequences of most rules."""
    found = []
    compiled = rules.compile()
    complete = 0
    for group in range(GROUPS):
        chance = random.Random(group)
        timed: list[tuple[int, Document]] = []
        for number, (_, query) in enumerate(compiled[group::GROUPS]):
            made = completing_events(query)
            if made is not None:
                complete += 1
                timed += rounds_of(query, made, number, chance)
        timed.sort(key=lambda pair: pair[0])
        events = [{**document, "@timestamp": time} for time, document in timed]
        found.append((RuleSet([rule for rule, _ in compiled[group::GROUPS]]), events))
    assert complete >= FEWEST_COMPLETE * len(compiled), (complete, len(compiled))
    return found


def ids(found: list[eqlite.Detection]) -> Counter[str]:
    return Counter(detection.id for detection in found)


def batches(events: list[Document], kills: int, chance: random.Random) -> Iterator[list[Document]]:
    """Yield the events up to each kill, and then the rest."""
    places = sorted(chance.sample(range(1, len(events)), kills))
    for start, end in zip([0, *places], [*places, len(events)], strict=True):
        yield events[start:end]


@pytest.mark.slow
def test_a_stream_killed_anywhere_loses_and_repeats_nothing(groups: list[tuple[RuleSet, list[Document]]]) -> None:
    kills = 0
    for number, (rules, events) in enumerate(groups):
        stream = rules.stream()
        found: list[eqlite.Detection] = []
        snapshot = None
        for batch in batches(events, KILL_POINTS // GROUPS, random.Random(number)):
            if snapshot is not None:
                stream = rules.resume(snapshot)
                kills += 1
            found += stream.push_many(batch)
            snapshot = stream.snapshot()
        found += stream.flush()
        assert ids(found) == ids(list(rules.run(events)))
        assert len(ids(found)) == len(found) > ROUNDS
    assert kills == KILL_POINTS


@pytest.mark.slow
def test_states_by_key_killed_anywhere_lose_and_repeat_nothing(groups: list[tuple[RuleSet, list[Document]]]) -> None:
    for number, (rules, events) in enumerate(groups):
        matcher, correlator = rules.matcher(), rules.correlator()
        store: dict[StateKey, bytes | None] = {}
        found: list[eqlite.Detection] = []
        position = 0
        for batch in batches(events, KILL_POINTS // GROUPS, random.Random(-1 - number)):
            correlator = rules.correlator()
            assert correlator.load(store.items()) == []
            found += correlator.add(matcher.match(batch, origin=("topic", position)))
            position += len(batch)
            store |= correlator.dump_changed()
        found += correlator.flush()
        whole = rules.correlator()
        expected = whole.add(matcher.match(events, origin=("topic", 0))) + whole.flush()
        assert ids(found) == ids(expected)
        assert len(found) == sum(1 for _ in rules.run(events))
