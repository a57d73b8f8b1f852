"""The table: what it chooses of an event, its width, and hostile values."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from eqlite.events.document import Event, EventSource
from eqlite.execution.detection import Detection
from eqlite.report import Layout, writer_named
from eqlite.rules.model import Rule, Tactic, Threat
from eqlite.source import Source

EXECUTION = Threat("MITRE ATT&CK", Tactic("TA0002", "Execution"))


def rule(name: str = "A rule", **settings: Any) -> Rule:
    return Rule(name=name, query="", source=Source(""), **settings)


def table(*detections: Detection, fields: tuple[str, ...] = (), width: int = 80, **layout: Any) -> str:
    out = io.StringIO()
    writer_named("table")(detections, out, Layout(fields=lambda _: [fields], width=width, **layout))
    return out.getvalue()


def of_event(document: dict[str, Any], **settings: Any) -> Detection:
    return Detection(rule(**settings), "event", (Event(document, source=EventSource("e", 1)),), {}, None, None)


def summary_of(document: dict[str, Any], *fields: str) -> list[str]:
    """Return what the table says of an event: its lines below the name and the severity of the rule."""
    lines = table(of_event(document), fields=fields).splitlines()[6:-3]
    return [line[15:] for line in lines]


def test_nothing_is_printed_for_no_detection() -> None:
    assert table() == ""


def test_a_command_line_says_what_happened() -> None:
    process = {"name": "a", "command_line": "a -b"}
    assert summary_of({"process": process}, "process.name") == ["a -b", "process.name  a"]


def test_a_tested_field_is_the_headline_without_a_process() -> None:
    document = {"process": {"name": "svchost.exe"}, "dns": {"question": {"name": "evil.example"}}}
    assert summary_of(document, "dns.question.name", "process.pid") == ["evil.example"]


def test_uninformative_and_missing_fields_are_left_out() -> None:
    document = {"event": {"category": "process", "type": "start"}, "process": {"args": ["a", "b"], "pid": 1}}
    asked = ("event.category", "event.type", "process.pid", "process.ppid", "process.args")
    assert summary_of(document, *asked) == ["a b", "process.pid  1"]


def test_host_and_user_stand_on_one_line() -> None:
    document = {"host": {"name": "h", "hostname": "other"}, "user": {"id": 0}, "process": {"name": "a"}}
    assert summary_of(document) == ["a", "host.name h · user.id 0"]


def test_an_event_that_says_nothing_is_an_event() -> None:
    assert summary_of({}) == ["an event"]


def test_empty_text_is_shown_as_such() -> None:
    assert summary_of({"process": {"name": "a"}, "x": ""}, "x") == ["a", 'x  ""']


def test_the_footer_counts_severities_and_tactics() -> None:
    found = [
        of_event({}, severity="low"),
        of_event({}, severity="critical", threat=(EXECUTION,)),
        of_event({}, severity="low", threat=(EXECUTION,)),
        of_event({}),
    ]
    *_, counts, tactics = table(*found).splitlines()
    assert counts == " 4 detections · 1 critical · 2 low · 1 no severity"
    assert tactics == " TA0002 Execution 2"


def test_matches_of_a_query_name_no_rule() -> None:
    shown = table(of_event({}, severity="low"), names_rule=False)
    assert "A rule" not in shown
    assert "low" not in shown
    assert shown.endswith(" 1 match\n")


def test_a_missing_event_and_a_missing_time_are_shown() -> None:
    first = {"@timestamp": "2026-01-01T00:00:02Z", "process": {"name": "a"}}
    earlier = {"@timestamp": "2026-01-01T00:00:00.5Z", "process": {"name": "b"}}
    events = (Event(first), None, Event({"process": {"name": "c"}}), Event(earlier))
    shown = table(Detection(rule(), "sequence", events, {"k": None}, None, None))
    for part in ("k = null", "1  +0s  a", "2  no such event", "3  +?  c", "4  -1.5s  b"):
        assert part in shown


def test_a_stage_shows_tested_and_distinguishing_fields() -> None:
    documents = [
        {"event": {"outcome": word, "type": "start"}, "process": {"name": "a"}, "n": 1} for word in ("no", "yes")
    ]
    detection = Detection(rule(), "sequence", tuple(map(Event, documents)), {}, None, None)
    out = io.StringIO()
    stages = [("event.outcome", "event.type"), ("event.outcome", "event.type", "n")]
    writer_named("table")([detection], out, Layout(fields=lambda _: stages, width=80))
    shown = [line[15:].strip() for line in out.getvalue().splitlines()]
    assert [line for line in shown if line.startswith(("event.", "n "))] == [
        "event.outcome  no",
        "event.outcome  yes",
        "n              1",
    ]


hostile = st.text(st.characters(codec=None), max_size=300)


@given(hostile, hostile, hostile, st.integers(10, 200))
def test_no_value_leaves_its_line_or_commands_the_terminal(name: str, value: str, key: str, width: int) -> None:
    document = {"process": {"args": [value, value]}, "host": {"name": value}, "x": value}
    event = Event(document, id=value, source=EventSource(name, 1))
    detection = Detection(rule(name, severity=name), "event", (event,), {key: value}, None, None)
    lines = table(detection, fields=("x",), width=width).split("\n")
    assert all(line.isprintable() for line in lines)
    assert max(map(cell_len, lines)) <= max(width, 40)


@pytest.mark.parametrize("size", [1_000_000])
def test_huge_values_cost_little(size: int) -> None:
    document = {"process": {"args": ["a" * size] * 10 + ["b"] * size}}
    assert "…" in table(of_event(document))
