"""Sequences: the worked cases in shorthand, and the two engines beside each other.

Covers `engine/reference_sequences.py`, `engine/sequence_search.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite import plan
from eqlite.engine.reference_sequences import match_sequences_by_lists
from eqlite.engine.sequence_search import in_result_order, match_sequences
from eqlite.engine.sequences import UNTIL, EventHits, Found, SequenceMatcher

ALWAYS = plan.Always(holds=True)
MILLI = 1_000_000


def later_first(stages: dict[int, tuple]) -> tuple:
    return tuple(sorted(stages.items(), reverse=True))


def sequence(count: int, *, missing: tuple[int, ...] = (), maxspan_ms: int | None = None, until: bool = False):
    stages = tuple(plan.Stage(ALWAYS, (None,), missing=number in missing) for number in range(count))
    return plan.SequenceQuery(stages, maxspan_ms, plan.Stage(ALWAYS) if until else None)


def hits_of(text: str, letters: str) -> list[EventHits[None]]:
    """Read `A1 B2@x U3`: a stage's letter, the time in milliseconds, perhaps a key; `U` is until; order is place."""
    hits = []
    for place, token in enumerate(text.split()):
        event, _, key = token.partition("@")
        time = int(event.lstrip("ABCDNXU"))
        labels = event[: len(event) - len(str(time))]
        stages = {UNTIL if label == "U" else letters.index(label): ((key,) if key else (),) for label in labels}
        hits.append(EventHits((time * MILLI, 2, "", place), None, later_first(stages)))
    return hits


def times(found: list[Found]) -> list[list[object]]:
    return [["!" if event is None else event[0] // MILLI for event in each.ordinals] for each in found]


CASES = [
    ("AB", {}, "A1 A2 B3 B4 A5", [[2, 3]]),
    ("AB", {}, "A1 B2 A3 B4", [[1, 2], [3, 4]]),
    ("ABC", {}, "A1 B2 A3 B4 C5", [[3, 4, 5]]),
    ("ABC", {}, "A1 B2 A3 C4 B5 C6", [[1, 2, 4], [3, 5, 6]]),
    ("AB", {}, "AB1 AB2 AB3", [[1, 2], [2, 3]]),
    ("AB", {"maxspan_ms": 5}, "A0 B5", [[0, 5]]),
    ("AB", {"maxspan_ms": 5}, "A0 A1 B6", [[1, 6]]),
    ("AB", {"maxspan_ms": 5}, "A0 B6 A7", []),
    ("ABC", {"maxspan_ms": 5}, "A0 B5 C5", [[0, 5, 5]]),
    ("ABC", {"maxspan_ms": 5}, "A0 B1 C5", [[0, 1, 5]]),
    ("ABC", {"maxspan_ms": 5}, "A0 B1 C6", []),
    ("AB", {"until": True}, "A1 U2 B3", []),
    ("AB", {"until": True}, "A1 B2 U3", [[1, 2]]),
    ("AB", {"until": True}, "U1 A2 B3", [[2, 3]]),
    ("AB", {"until": True}, "A1 U2 A3 B4", [[3, 4]]),
    ("ABC", {"until": True}, "A1 BU2 C3", []),
    ("ABC", {"until": True}, "A1 B2 CU3", [[1, 2, 3]]),
    ("AB", {}, "A5 B5", [[5, 5]]),
    ("AB", {}, "B5 A5", []),
    ("NXB", {"missing": (1,), "maxspan_ms": 9}, "N1 B2 N3 X4 B5", [[1, "!", 2]]),
    ("NX", {"missing": (1,), "maxspan_ms": 2}, "N1 N2 X3 N4", [[4, "!"]]),
    ("XN", {"missing": (0,), "maxspan_ms": 3}, "X0 N10 X20 N21 N29", [["!", 10], ["!", 29]]),
]


@pytest.mark.parametrize("match", [match_sequences, match_sequences_by_lists])
@pytest.mark.parametrize(("letters", "options", "events", "expected"), CASES)
def test_worked_cases(letters, options, events, expected, match) -> None:
    query = sequence(len(letters), **options)
    assert times(match(query, hits_of(events, letters))) == expected


@pytest.mark.parametrize("match", [match_sequences, match_sequences_by_lists])
def test_keys_never_meet(match) -> None:
    hits = hits_of("A1@x B2@y B3@x A4@y B5@y", "AB")
    assert [(found.key, *times([found])) for found in match(sequence(2), hits)] == [(("x",), [1, 3]), (("y",), [4, 5])]


def test_when_most_are_undone_the_others_still_wait() -> None:
    matcher = SequenceMatcher(sequence(2, missing=(1,), maxspan_ms=1_000))
    for hits in hits_of(" ".join(f"A1@{key}" for key in range(1_500)), "AB"):
        assert not matcher.take(hits)
    for hits in hits_of(" ".join(f"B2@{key}" for key in range(10, 1_500)), "AB"):
        assert not matcher.take(hits)
    assert len(matcher.deadlines) < 1_500
    assert matcher.open == 1_500 + 10  # the keys, and the sequences that wait
    assert [found.key for found in matcher.finish()] == [(str(key),) for key in range(10)]


@st.composite
def sequence_searches(draw: st.DrawFn) -> tuple[plan.SequenceQuery, list[EventHits[None]]]:
    count = draw(st.integers(1, 4))
    missing = draw(st.sets(st.integers(0, count - 1), max_size=count - 1))
    maxspan = draw(st.none() | st.integers(1, 12)) if not missing else draw(st.integers(1, 12))
    query = sequence(count, missing=tuple(missing), maxspan_ms=maxspan, until=draw(st.booleans()))
    hits = []
    for place in range(draw(st.integers(0, 14))):
        where = (
            draw(st.integers(0, 12)) * MILLI // draw(st.sampled_from([1, 1, 2])),
            *draw(st.sampled_from([(0, 0), (0, 1), (1, "a"), (2, "")])),
            place,
        )
        keys = tuple(draw(st.lists(st.sampled_from([("x",), ("y",), (None,)]), min_size=1, max_size=2, unique=True)))
        stages = [UNTIL, *range(count)] if query.until is not None else list(range(count))
        met = draw(st.lists(st.sampled_from(stages), min_size=1, max_size=3, unique=True))
        hits.append(EventHits(where, None, later_first(dict.fromkeys(met, keys))))
    return query, draw(st.permutations(hits))


@given(sequence_searches())
def test_the_fast_engine_agrees_with_the_lists(search) -> None:
    query, hits = search
    found, expected = match_sequences(query, hits), match_sequences_by_lists(query, hits)
    assert in_result_order(plan.Plan(query), found, None) == in_result_order(plan.Plan(query), expected, None)
    if not any(stage.missing for stage in query.stages):
        assert found == expected


def series(shared: Path) -> list[dict]:
    return json.loads((shared / "conformance" / "series.json").read_text(encoding="utf-8"))["cases"]


def test_every_series_of_elasticsearch(shared: Path) -> None:
    cases = series(shared)
    assert len(cases) == 25
    for case in cases:
        names, places, stages = {}, {}, {}
        for stage, events in enumerate(case["stages"]):
            for event in events:
                key, _, name = event.rpartition("|")
                place = places.setdefault(event, len(places))
                where = (int("".join(filter(str.isdigit, name))) * MILLI, 2, "", place)
                names[place] = event
                stages.setdefault(where, {})[stage] = ((key,) if key else (),)
        hits = [EventHits(where, None, later_first(met)) for where, met in stages.items()]
        query = sequence(len(case["stages"]))
        for match in (match_sequences, match_sequences_by_lists):
            found = [[names[event[-1]] for event in each.ordinals if event is not None] for each in match(query, hits)]
            bare = [[name.rpartition("|")[2] for name in names_] for names_ in found]
            assert bare == [[name.rpartition("|")[2] for name in events] for events in case["expected"]], case["name"]
