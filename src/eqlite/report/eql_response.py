"""`eql-response`: the answer of Elasticsearch's `_eql/search`, for programs that read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from eqlite.engine.match import Match
from eqlite.events.document import Event, document_of
from eqlite.query import Kind
from eqlite.report.json_records import Record, to_json


def write(matches: Sequence[Match], kind: Kind, out: TextIO) -> None:
    """Write the answer on one line."""
    out.write(to_json(eql_response(matches, kind)) + "\n")


def eql_response(matches: Sequence[Match], kind: Kind) -> Record:
    """Return the answer as a record. As in Elasticsearch, samples are under `sequences` too."""
    hits: Record = {"total": {"value": len(matches), "relation": "eq"}}
    if kind == "event":
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
