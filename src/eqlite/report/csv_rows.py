"""`csv`: a row for each detection, without the events themselves, for spreadsheets and databases.

A row is a line. Values are quoted where they need it, control characters stand as escapes, and an apostrophe keeps
spreadsheets from taking a cell for a formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO

from eqlite.events.document import Event
from eqlite.execution.detection import Detection
from eqlite.report import Layout
from eqlite.report.escaping import safe_cell
from eqlite.report.json_records import to_json

COLUMNS = (
    "start",
    "end",
    "rule_id",
    "rule_name",
    "severity",
    "risk_score",
    "kind",
    "join_keys",
    "event_ids",
    "sources",
)
_OF_THE_RULE = frozenset({"rule_id", "rule_name", "severity", "risk_score"})
_NEEDS_QUOTES = frozenset(',"')


def write(detections: Iterable[Detection], out: TextIO, layout: Layout) -> None:
    """Write a header and the rows.

    Ids and sources of several events are separated by spaces, `-` stands for a missing one.
    """
    chosen = [name for name in COLUMNS if layout.names_rule or name not in _OF_THE_RULE]
    out.write(",".join(chosen) + "\n")
    for detection in detections:
        cells = dict(zip(COLUMNS, _cells(detection), strict=True))
        out.write(",".join(quoted(cells[name]) for name in chosen) + "\n")


def quoted(cell: str) -> str:
    r"""Return an escaped cell, quoted if necessary.

    >>> quoted("a"), quoted('say "a".'), quoted("a\rb"), quoted("=a,b")
    ('a', '"say ""a""."', 'a\\rb', '"\'=a,b"')
    """
    cell = safe_cell(cell)
    return cell if _NEEDS_QUOTES.isdisjoint(cell) else '"{}"'.format(cell.replace('"', '""'))


def _cells(detection: Detection) -> Iterator[str]:
    rule = detection.rule
    yield detection.start or ""
    yield detection.end or ""
    yield rule.rule_id or ""
    yield rule.name
    yield rule.severity or ""
    yield "" if rule.risk_score is None else str(rule.risk_score)
    yield detection.kind
    yield to_json(dict(detection.join_keys)) if detection.join_keys else ""
    yield _listed([event.id if isinstance(event, Event) else None for event in detection.events])
    yield _listed([None if source is None else f"{source.file}:{source.line}" for source in detection.sources])


def _listed(names: list[str | None]) -> str:
    return " ".join(name or "-" for name in names) if any(names) else ""
