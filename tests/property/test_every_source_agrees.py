"""Whatever a program gives to a run, all rules together find in it what each of them finds alone."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from eqlite import Rule, RuleSet, read_events
from eqlite.source import Source

START = datetime(2026, 5, 4, tzinfo=UTC)
QUERIES = (
    'process where process.name : ("sh", "b*") and process.pid > 4',
    "process where not process.name == null and process.args == null",
    'any where length(process.name) == 2 or process.args : "*x*"',
    'any where process.name != "sh" and host in ("a", "b")',
    "sequence by host with maxspan=5s [process where true] [file where true]",
    "sequence by host, process.name [any where process.pid > 4] [any where process.pid < 5] until [file where true]",
    "sequence with maxspan=3s [process where true] ![file where true] [network where true]",
    "sample by host [process where true] [file where true]",
)
RULES = RuleSet([Rule(name=str(number), query=text, source=Source(text)) for number, text in enumerate(QUERIES)])
NAMES = st.sampled_from(["sh", "bash", "B", "zx"])


@st.composite
def documents(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """Return an event, nested, dotted or mixed; its arrays are lists or tuples, its time is a text or a datetime."""
    leaves: dict[str, Any] = {
        "event.category": draw(st.sampled_from(["process", "file", "network", ["process", "file"]])),
        "process.name": draw(NAMES | st.none() | st.lists(NAMES, max_size=2) | st.just(float("nan"))),
        "process.pid": draw(st.integers(0, 9) | st.just("7") | st.just(5.5) | st.lists(st.integers(0, 9), max_size=2)),
        "process.args": draw(st.none() | st.lists(NAMES, max_size=3)),
        "host": draw(st.sampled_from(["a", "b", ["a", "b"], None])),
    }
    time = START + timedelta(milliseconds=number * 900 + draw(st.sampled_from([0, 0, 0, 0, -2_000])))
    leaves["@timestamp"] = draw(st.sampled_from([time, time.isoformat(), [time.isoformat()]]))
    document: dict[str, Any] = {}
    for path, value in leaves.items():
        if isinstance(value, list) and draw(st.booleans()):
            value = tuple(value)
        *parents, name = [path] if draw(st.booleans()) else path.split(".")
        holder = document
        for parent in parents:
            holder = holder.setdefault(parent, {})
        holder[name] = value
    return document


events = st.integers(0, 8).flatmap(lambda count: st.tuples(*(documents(number) for number in range(count)))).map(list)


def found_alone(given_events: list[dict[str, Any]]) -> list[tuple[str, list[int | None]]]:
    numbers = {id(event): number for number, event in enumerate(given_events)}
    return sorted(
        (rule.name, [None if event is None else numbers[id(event)] for event in match.events])
        for rule in RULES
        for match in rule.compile(backend="reference").search(given_events)
    )


def found_together(given_events: Any, **options: Any) -> list[tuple[str, list[int | None]]]:
    """Return the detections with the numbers of their events: those of `n`."""
    found = RULES.run(given_events, **options)
    return sorted((d.rule.name, [None if e is None else int(e["n"]) for e in d.events]) for d in found)


@given(events)
def test_a_run_finds_what_each_rule_finds_alone(given_events: list[dict[str, Any]]) -> None:
    numbered = [{**event, "n": number} for number, event in enumerate(given_events)]
    expected = found_alone(numbered)
    assert found_together(numbered) == expected
    assert found_together(iter(numbered), by_index=True) == expected
    wrapped = [{"_index": "logs", "_id": str(number), "_source": event} for number, event in enumerate(numbered)]
    lines = "\n".join(json.dumps(event, default=lambda value: value.isoformat()) for event in wrapped).encode()
    assert found_together(read_events(io.BytesIO(lines))) == expected
    assert found_together(iter(list(read_events(io.BytesIO(lines))))) == expected
