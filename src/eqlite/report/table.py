"""Detections as a table for people: when, which rule, and what happened, in the fields that the rule asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from eqlite.events.document import Event, document_of
from eqlite.fields import raw_values
from eqlite.rules.detection import Detection
from eqlite.rules.model import Rule
from eqlite.values.dates import parse_timestamp
from eqlite.values.text import to_text

SEVERITY_STYLES = {"low": "cyan", "medium": "yellow", "high": "dark_orange", "critical": "bold red"}
_HEADLINES = (
    "process.command_line",
    "process.args",
    "process.executable",
    "process.name",
    "registry.path",
    "file.path",
    "dns.question.name",
    "url.original",
    "destination.domain",
    "destination.ip",
    "event.action",
)
"""What best tells in one line what happened; the first that an event has."""
_CONTEXT = (
    "host.name",
    "host.hostname",
    "user.name",
    "user.id",
    "container.id",
    "process.parent.executable",
    "process.parent.name",
)
_MOST_CHARACTERS = 240
_NANOS = 1_000_000_000


def print_table(detections: Iterable[Detection], console: Console) -> int:
    """Print the detections; return how many there were."""
    found = list(detections)
    if not found:
        return 0
    table = Table(box=box.HORIZONTALS, show_lines=True, pad_edge=False, expand=True, header_style="bold")
    table.add_column("Time (UTC)", width=12, no_wrap=True)
    table.add_column("Rule", ratio=2, min_width=18)
    table.add_column("What happened", ratio=5)
    for detection in found:
        table.add_row(_time(detection.end), _rule(detection.rule), _story(detection))
    console.print(table)
    return len(found)


def _time(instant: str | None) -> Text:
    if instant is None:
        return Text("no time", style="dim")
    date, _, clock = instant.rstrip("Z").partition("T")
    return Text.assemble(date, "\n", (clock[:12], "dim"))


def _rule(rule: Rule) -> Text:
    text = Text(safe(rule.name))
    severity = rule.severity or "no severity"
    text.append(f"\n{severity}", style=SEVERITY_STYLES.get(severity, "dim"))
    if rule.risk_score is not None:
        text.append(f" · risk {rule.risk_score}", style="dim")
    tactics = dict.fromkeys(threat.tactic.name or threat.tactic.id for threat in rule.threat)
    if tactics:
        text.append(f"\n{safe(', '.join(tactics))}", style="dim")
    return text


def _story(detection: Detection) -> Text:
    """Return what happened: an event, or the events of a sequence with their distance from the first."""
    text = Text()
    if detection.join_keys:
        keys = ", ".join(
            f"{name} = {to_text(value) if value is not None else 'null'}" for name, value in detection.join_keys.items()
        )
        text.append(f"{safe(keys)}\n", style="bold")
    start_ns: int | None = None
    for number, event in enumerate(detection.events, 1):
        if number > 1:
            text.append("\n")
        if event is None:
            text.append(f"{number}  no such event", style="dim italic")
            continue
        document = document_of(event)
        if len(detection.events) > 1:
            time_ns = parse_timestamp(raw_values(document, "@timestamp"))
            start_ns = time_ns if start_ns is None else start_ns
            text.append(f"{number}  {_offset(time_ns, start_ns)}  ", style="dim")
        text.append_text(_event(event, document))
    return text


def _key(value: object) -> str:
    return "null" if value is None else to_text(value)


def _offset(time_ns: int | None, start_ns: int | None) -> str:
    if time_ns is None or start_ns is None:
        return "+?"
    return f"+{(time_ns - start_ns) / _NANOS:.3f}".rstrip("0").rstrip(".") + "s"


def _event(event: Event | Mapping[str, Any], document: Mapping[str, Any]) -> Text:
    headline = next((name for name in _HEADLINES if raw_values(document, name)), None)
    text = Text(_shown(document, headline) if headline is not None else "an event")
    context = {name: _shown(document, name) for name in _CONTEXT if name != headline and raw_values(document, name)}
    if "host.name" in context:
        context.pop("host.hostname", None)
    if "process.parent.executable" in context:
        context.pop("process.parent.name", None)
    if context:
        text.append("\n" + " · ".join(f"{name} {value}" for name, value in context.items()), style="dim")
    if isinstance(event, Event) and event.source is not None:
        text.append(f"\n{safe(event.source.file)}:{event.source.line}", style="blue")
        if event.id is not None:
            text.append(f"  {safe(event.id)}", style="dim")
    return text


def _shown(document: Mapping[str, Any], name: str) -> str:
    return safe(" ".join(map(to_text, raw_values(document, name))))


def safe(text: str) -> str:
    r"""Return a text that cannot command a terminal: control characters as escapes, long texts cut.

    >>> safe("a\x1b[2J")
    'a\\x1b[2J'
    """
    if len(text) > _MOST_CHARACTERS:
        text = f"{text[: _MOST_CHARACTERS - 1]}…"
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
