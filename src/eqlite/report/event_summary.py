"""Summary of an event for people: what happened, the fields that the rule tests, host and user."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from rich.cells import chop_cells
from rich.text import Text

from eqlite.events.document import AnyEvent, Event, document_of
from eqlite.execution.detection import Detection
from eqlite.fields import raw_values
from eqlite.report.escaping import safe
from eqlite.values.dates.instants import parse_timestamp
from eqlite.values.text import to_text

_HEADLINES = (
    "process.command_line",
    "process.args",
    "process.executable",
    "process.name",
    "registry.path",
    "file.path",
    "dll.path",
    "dns.question.name",
    "url.original",
    "destination.domain",
    "destination.ip",
    "event.action",
)
"""What best tells in one line what happened, the best first."""
_CONTEXT = (
    ("host.name", "host.hostname"),
    ("user.name", "user.id"),
    ("orchestrator.resource.name", "container.name"),
)
"""Where and by whom; of each group the first that an event has."""
_UNINFORMATIVE = (
    *("event.category", "event.type", "event.kind", "event.module", "event.dataset", "event.outcome"),
    *("host.os.type", "host.os.family", "agent.type", "data_stream.dataset"),
)
"""Tested by most rules and the same in all that they find."""
_MOST_FIELDS, _MOST_FIELDS_OF_A_STAGE = 5, 3
_MOST_CHARACTERS = 1_000
_NANOS = 1_000_000_000


def join_key_line(detection: Detection) -> Iterator[Text]:
    """Yield a line with the join keys of a sequence or sample."""
    if detection.join_keys:
        keys = (
            f"{name} = {'null' if value is None else to_text(value)}" for name, value in detection.join_keys.items()
        )
        yield Text(safe(", ".join(keys), most=_MOST_CHARACTERS), style="bold")


def summarize_events(detection: Detection, fields: Sequence[Collection[str]], width: int) -> Iterator[Text]:
    """Yield the lines about an event, or about each event of a sequence with its time offset.

    Args:
        detection: what was found.
        fields: the fields that each stage of the rule tests; the last ones hold for all that follow.
        width: of a line, in columns; what does not fit is for the caller to cut.
    """
    is_alone = len(detection.events) == 1
    little = _uninformative_fields(detection)
    start_ns: int | None = None
    for number, event in enumerate(detection.events, 1):
        if event is None:
            yield Text(f"{number}  no such event", style="dim italic")
            continue
        document = document_of(event)
        tested = fields[min(number, len(fields)) - 1] if fields else ()
        if is_alone:
            yield from _event(event, document, tested, width, little=little)
            continue
        time_ns = parse_timestamp(raw_values(document, "@timestamp"))
        start_ns = time_ns if start_ns is None else start_ns
        before = Text(f"{number}  {_offset(time_ns, start_ns)}  ", style="cyan")
        yield from _stage(before, [*_event(event, document, tested, width - len(before), little=little, is_stage=True)])


def _uninformative_fields(detection: Detection) -> list[str]:
    """Return the fields not worth showing: common ones with the same value in all events."""
    documents = [document_of(event) for event in detection.events if event is not None]
    return [name for name in _UNINFORMATIVE if len({_shown(document, name) for document in documents}) < 2]


def _stage(before: Text, lines: list[Text]) -> Iterator[Text]:
    for number, line in enumerate(lines):
        yield Text.assemble(before if number == 0 else " " * len(before), line)


def _event(
    event: AnyEvent,
    document: Mapping[str, Any],
    fields: Collection[str],
    width: int,
    *,
    little: Collection[str],
    is_stage: bool = False,
) -> Iterator[Text]:
    headline = _headline(document, fields)
    yield from _in_two_lines(_shown(document, headline), width) if headline else [Text("an event", style="dim")]
    context = [name for group in _CONTEXT if (name := _first(document, group)) is not None]
    shown = {headline, *context, *little}
    tested = [name for name in fields if name not in shown and raw_values(document, name)]
    tested.sort(key=lambda name: _rank(name, headline))
    tested = tested[: _MOST_FIELDS_OF_A_STAGE if is_stage else _MOST_FIELDS]
    column = max(map(len, tested), default=0)
    for name in tested:
        yield Text.assemble((f"{safe(name):<{column}}  ", "dim"), _shown(document, name) or '""')
    if context:
        yield Text(" · ".join(f"{name} {_shown(document, name)}" for name in context), style="dim")
    if isinstance(event, Event) and (event.source is not None or event.id is not None):
        yield _origin(event)


def _in_two_lines(text: str, width: int) -> Iterator[Text]:
    first, *rest = chop_cells(text, width)
    yield Text(first)
    if rest:
        yield Text(rest[0] + ("…" if len(rest) > 1 else ""))


def _origin(event: Event) -> Text:
    text = Text()
    if event.source is not None:
        text.append(f"{safe(event.source.file)}:{event.source.line}", style="blue")
    if event.id is not None:
        text.append(f"{'  ' if text else ''}{safe(event.id, most=_MOST_CHARACTERS)}", style="dim")
    return text


def _headline(document: Mapping[str, Any], fields: Collection[str]) -> str | None:
    """Return the field that best describes the event.

    A field that the rule tests comes first, but for processes always the most descriptive one.
    """
    there = [name for name in _HEADLINES if _shown(document, name)]
    tested = next((name for name in there if name in fields), None)
    if tested is None or tested.startswith("process."):
        return next(iter(there), None)
    return tested


def _rank(name: str, headline: str | None) -> tuple[bool, bool, str]:
    """Return the sort key of a field: descriptive ones first, then those of the headline's object."""
    group = (headline or "").partition(".")[0]
    return (name not in _HEADLINES[:-1], name.partition(".")[0] != group, name)


def _first(document: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if _shown(document, name)), None)


def _offset(time_ns: int | None, start_ns: int | None) -> str:
    if time_ns is None or start_ns is None:
        return "+?"
    seconds = (time_ns - start_ns) / _NANOS
    return f"{seconds:+.3f}".rstrip("0").rstrip(".") + "s"


def _shown(document: Mapping[str, Any], name: str) -> str:
    parts: list[str] = []
    room = _MOST_CHARACTERS
    for value in raw_values(document, name):
        parts.append(to_text(value)[:room])
        room -= len(parts[-1]) + 1
        if room <= 0:
            break
    return safe(" ".join(parts), most=_MOST_CHARACTERS)
