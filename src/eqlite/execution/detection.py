"""Detections: the matches of rules, as objects and as plain data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from eqlite.events.document import AnyEvent, Event, EventSource, document_of
from eqlite.functions.registry import Value
from eqlite.limits import MAX_JSON_DEPTH
from eqlite.rules.model import Rule
from eqlite.values.json_values import is_plain, json_value

RECORD_SCHEMA = 1
"""The version of the form of a detection as plain data: keys are added, never renamed or removed."""


def event_record(event: AnyEvent | None, *, documents: bool = True) -> dict[str, Any] | None:
    """Return an event with its source, index and id as plain data. None for a missing one."""
    if event is None:
        return None
    source = event.source if isinstance(event, Event) else None
    record: dict[str, Any] = {
        "source": None if source is None else {"file": source.file, "line": source.line},
        "_index": event.index if isinstance(event, Event) else None,
        "_id": event.id if isinstance(event, Event) else None,
    }
    if documents:
        document = document_of(event)
        is_read = isinstance(event, Event) and event.is_read
        record["document"] = document if is_read or is_plain(document) else json_value(document, depth=MAX_JSON_DEPTH)
    return record


def origin_of(event: AnyEvent | None, position: int | None) -> str | None:
    """Return the origin of an event: index and id, else file and line, else its position in the input.

    None for a missing event.
    """
    if not isinstance(event, Event):
        return None if event is None else str(position)
    if event.origin is not None:
        return event.origin
    if event.id is not None:
        return f"{event.index or ''}/{event.id}"
    if event.source is None:
        return str(position)
    location = f"{event.source.file}:{event.source.line}"
    return location if event.is_alone else f"{location}#{position}"


def detection_id(rule: Rule, origins: Sequence[str | None]) -> str:
    """Return the id of a detection: the SHA-256 of the rule's id (or query) and the events' origins.

    A sink that gets a detection twice, after a restart for example, recognizes it by its id.
    """
    parts = [rule.rule_id or rule.query, *("" if origin is None else origin for origin in origins)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


class Detection(msgspec.Struct, frozen=True):
    """One match of a rule. Its attributes cannot be set.

    Attributes:
        rule: the rule.
        kind: `event`, `sequence` or `sample`.
        events: the events in the order of the stages; None in the place of a missing event.
        join_keys: the values that the events have in common, by the name of the field.
        start, end: times of the first and the last event, ISO 8601 in UTC; None where an event has no readable time.
        id: a text that is the same for the same rule and events, from run to run: see
            `docs/explanation/stability.md`.

    >>> import eqlite
    >>> rules = eqlite.load_rules("examples/rules")
    >>> found = list(rules.run("examples/incident.ndjson"))[-1]
    >>> found.rule.name, found.kind, list(found.join_keys.values())
    ('Password Guessed', 'sequence', ['web-2', '198.51.100.9'])
    >>> found.start, found.end, found.sources[0].line
    ('2026-05-04T08:31:00.100Z', '2026-05-04T08:31:05.700Z', 11)
    """

    rule: Rule
    kind: Literal["event", "sequence", "sample"]
    events: tuple[AnyEvent | None, ...]
    join_keys: Mapping[str, Value]
    start: str | None
    end: str | None
    id: str = ""

    def to_dict(self, *, documents: bool = True) -> dict[str, Any]:
        """Return the detection as `eqlite run --format ndjson` writes it, in plain dicts and lists.

        Args:
            documents: include the events' documents, not only their sources, indices and ids.

        >>> import eqlite
        >>> rules = eqlite.load_rules("examples/rules")
        >>> found = next(rules.run("examples/incident.ndjson")).to_dict(documents=False)
        >>> found["rule"]["severity"], found["kind"], found["events"][0]["source"]["line"]
        ('high', 'event', 3)
        """
        rule = self.rule
        return {
            "schema": RECORD_SCHEMA,
            "rule": {
                "id": rule.rule_id,
                "name": rule.name,
                "severity": rule.severity,
                "risk_score": rule.risk_score,
                "tactics": list(rule.tactics),
                "techniques": list(rule.techniques),
            },
            "kind": self.kind,
            "start": self.start,
            "end": self.end,
            "join_keys": dict(self.join_keys),
            "id": self.id,
            "events": [event_record(event, documents=documents) for event in self.events],
        }

    @property
    def sources(self) -> tuple[EventSource | None, ...]:
        """Return file and line of each event. None for a missing event and for one that came from no file."""
        return tuple(event.source if isinstance(event, Event) else None for event in self.events)
