"""Events that look like envelopes: objects without a time or category, around objects that have one.

They are searched as they are, which finds nothing, so the summary of a run names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from eqlite.events.bulk import action_of
from eqlite.events.envelopes import is_envelope
from eqlite.events.intake import RawLine
from eqlite.events.json_decoding import BadJson, decode_object

_DOCUMENT_KEYS = ("@timestamp", "event", "event.category", "_source")
_LIST_NAMES = frozenset(
    ("hits", "events", "records", "Records", "docs", "documents", "items", "results", "data", "logs", "entries", "rows")
)
"""Names under which programs list documents."""
_REQUEST_KEYS = frozenset(("query", "size", "from", "sort", "fields", "_source", "aggs", "track_total_hits", "filter"))


class _Head(msgspec.Struct, gc=False, rename={"time": "@timestamp", "source": "_source"}):
    time: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    event: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    source: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decode_head = msgspec.json.Decoder(_Head).decode


class LookAlike(NamedTuple):
    """Events of one form that look like envelopes.

    Attributes:
        form: a description of their content.
        events: their number among the sampled events.
        file: the file of the first one.
        line: its line.
    """

    form: str
    events: int
    file: str
    line: int


def look_alikes(lines: Iterable[RawLine]) -> list[LookAlike]:
    """Return the events among some lines that look like envelopes, by form."""
    found: dict[str, LookAlike] = {}
    for file, number, data in lines:
        form = _form_on(data)
        if form is not None:
            first = found.get(form, LookAlike(form, 0, file, number))
            found[form] = first._replace(events=first.events + 1)
    return list(found.values())


def form_of(value: Mapping[str, object]) -> str | None:
    """Return the envelope that a document resembles, or None.

    >>> form_of({"records": [{"@timestamp": "2026-05-04T10:00:00Z"}]})
    '`records`, a list of objects'
    >>> form_of({"event": {"category": "file"}, "records": [{"n": 1}]}) is None
    True
    """
    if any(key in value for key in _DOCUMENT_KEYS) or is_envelope(value):
        return None
    action = action_of(value)
    if action is not None:
        return f"`{action.name}`, an action of a bulk request"
    if isinstance(value.get("query"), Mapping) and value.keys() <= _REQUEST_KEYS:
        return "`query`, the body of a search request"
    for key, inner in value.items():
        if isinstance(inner, list) and inner and isinstance(inner[0], Mapping):
            if key in _LIST_NAMES or _is_document(inner[0]):
                return f"`{key}`, a list of objects"
        elif isinstance(inner, Mapping) and (_is_document(inner) or is_envelope(inner)):
            return f"`{key}`, an object with a document in it"
        elif isinstance(inner, str) and inner[:100].lstrip().startswith('{"') and inner.rstrip().endswith("}"):
            return f"`{key}`, a text that is a document"
    return None


def _is_document(value: Mapping[str, object]) -> bool:
    return any(key in value for key in _DOCUMENT_KEYS)


def _form_on(data: bytes) -> str | None:
    try:
        head = _decode_head(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not (head.time is head.event is head.source is msgspec.UNSET):
        return None
    try:
        return form_of(decode_object(data))
    except BadJson:
        return None
