"""Results as plain records: what ndjson, json and csv say, one shape for all.

The record of a detection is a promise (`docs/explanation/stability.md`): keys are added, never renamed or removed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from eqlite.events.document import Event, document_of
from eqlite.query import Match, Query
from eqlite.rules.detection import AnyEvent, Detection

SCHEMA = 1
Record = dict[str, Any]


def detection_record(detection: Detection, *, documents: bool = True) -> Record:
    """Return a detection as `eqlite run` writes it; without `documents` the events are named only."""
    rule = detection.rule
    return {
        "schema": SCHEMA,
        "rule": {
            "id": rule.rule_id,
            "name": rule.name,
            "severity": rule.severity,
            "risk_score": rule.risk_score,
            "tactics": list(rule.tactics),
            "techniques": list(rule.techniques),
        },
        "kind": detection.kind,
        "start": detection.start,
        "end": detection.end,
        "join_keys": dict(detection.join_keys),
        "events": [event_record(event, documents=documents) for event in detection.events],
    }


def match_record(match: Match, query: Query, *, documents: bool = True) -> Record:
    """Return a match as `eqlite query` writes it."""
    return {
        "schema": SCHEMA,
        "kind": query.kind,
        "join_keys": dict(zip(query.key_names, match.join_keys, strict=True)),
        "events": [event_record(event, documents=documents) for event in match.events],
    }


def event_record(event: AnyEvent | Mapping[str, Any] | None, *, documents: bool = True) -> Record | None:
    """Return an event with its source, index and id; None for a missing one."""
    if event is None:
        return None
    source = event.source if isinstance(event, Event) else None
    record: Record = {
        "source": None if source is None else {"file": source.file, "line": source.line},
        "_index": event.index if isinstance(event, Event) else None,
        "_id": event.id if isinstance(event, Event) else None,
    }
    if documents:
        record["document"] = document_of(event)
    return record


def eql_response(matches: list[Match], query: Query) -> Record:
    """Return matches in the shape of the answer of Elasticsearch's `_eql/search`."""
    hits: Record = {"total": {"value": len(matches), "relation": "eq"}}
    if query.kind == "event":
        hits["events"] = [_hit(event) for match in matches for event in match.events]
    else:
        hits["sequences"] = [_sequence(match) for match in matches]
    return {"is_partial": False, "is_running": False, "took": 0, "timed_out": False, "hits": hits}


def _sequence(match: Match) -> Record:
    record: Record = {"join_keys": list(match.join_keys)} if match.join_keys else {}
    return {**record, "events": [_hit(event) for event in match.events]}


def _hit(event: Mapping[str, Any] | None) -> Record:
    if event is None:
        return {"_index": "", "_id": "", "_source": {}, "missing": True}
    index, id = (event.index, event.id) if isinstance(event, Event) else (None, None)
    return {"_index": index or "", "_id": id or "", "_source": document_of(event)}


def to_json(record: Record) -> str:
    r"""Return a record as one line of JSON; what is no text (half a surrogate pair) is written as `\udc00`.

    >>> to_json({"a": 1})
    '{"a":1}'
    """
    try:
        return msgspec.json.encode(record).decode()
    except (UnicodeError, TypeError, OverflowError, ValueError):
        return json.dumps(record, separators=(",", ":"), default=str)
