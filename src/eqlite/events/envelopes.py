"""Unwrapping of documents from the envelopes of Elasticsearch, Kibana and other programs.

`SHAPES` lists every envelope; the reference page of events is checked against it. An object with a `@timestamp` is a
document whatever else it holds, unless it is a search hit. So is an object with other names than its shape has: a
field that happens to be called `events` stays a field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from eqlite.events.json_decoding import BadJson, decode
from eqlite.events.search_hits import Unwrapped, hits_of, plain, unwrap_hit

__all__ = [
    "ANSWER_KEYS",
    "SHAPES",
    "Shape",
    "Unwrapped",
    "envelope_of",
    "is_envelope",
    "may_be_envelope",
    "unwrap",
]

Object = Mapping[str, object]

ANSWER_KEYS = frozenset(
    (
        *("took", "timed_out", "_shards", "_clusters", "hits", "aggregations", "suggest", "profile", "status"),
        *("error", "id", "is_partial", "is_running", "is_async", "_scroll_id", "pit_id", "point_in_time_id"),
        *("terminated_early", "num_reduce_phases", "shard_failures", "completion_status", "max_score", "total"),
        *("start_time_in_millis", "expiration_time_in_millis", "completion_time_in_millis", "response"),
        *("responses", "docs", "columns", "values", "rows", "all_columns", "cursor", "documents_found"),
        *("values_loaded", "rawResponse", "isPartial", "isRunning", "isRestored", "loaded", "expected"),
        *("events", "Records"),
    )
)
"""Names at the top level of answers: of Elasticsearch's own, and of those around documents in files."""


class Shape(NamedTuple):
    """One kind of envelope.

    Attributes:
        key: the name at the top level that identifies it.
        form: an example of it, for documentation and messages.
        holds: a description of the events in it.
        documents: returns the documents of an object; None if it is not of this shape.
    """

    key: str
    form: str
    holds: str
    documents: Callable[[Object], list[Unwrapped] | None]


def may_be_envelope(value: Object) -> bool:
    """Return whether an object has a key that envelopes have, as a quick test before `unwrap`."""
    if "_source" in value or "fields" in value or "inner_hits" in value:
        return True
    return _may_be_answer(value)


def unwrap(value: Object) -> list[Unwrapped]:
    """Return the documents inside `value` in order, or none for an answer without hits.

    The placeholder of a missing event (`![…]` in a sequence) is no document and is left out.

    >>> unwrap({"_index": "logs", "_id": "7", "_source": {"user": "ann"}})
    [({'user': 'ann'}, 'logs', '7')]
    >>> unwrap({"user": "ann"})
    [({'user': 'ann'}, None, None)]
    """
    if "_source" not in value and _may_be_answer(value):
        for shape in SHAPES:
            documents = shape.documents(value) if shape.key in value else None
            if documents is not None:
                return documents
    return unwrap_hit(value)


def is_envelope(value: Object) -> bool:
    """Return whether an object wraps documents, and is not one itself.

    >>> is_envelope({"_id": "7", "fields": {"user": ["ann"]}}), is_envelope({"fields": {"user": ["ann"]}})
    (True, False)
    """
    documents = unwrap(value)
    return len(documents) != 1 or documents[0][0] is not value


def envelope_of(value: Object) -> str | None:
    """Return the form of the envelope of an object, or None for a document.

    >>> envelope_of({"events": [{"user": "ann"}]}), envelope_of({"events": [{"user": "ann"}], "host": "a"})
    ('{"events": [document, …]}', None)
    """
    if "_source" in value:
        return '{"_source": {…}}'
    if "@timestamp" in value:
        return None
    return next((shape.form for shape in SHAPES if shape.key in value and shape.documents(value) is not None), None)


def _may_be_answer(value: Object) -> bool:
    if "@timestamp" in value:
        return False
    return not _KEYS.isdisjoint(value) or isinstance(value.get("log"), str)  # most logs are objects


def _objects(value: object) -> list[Object] | None:
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return value
    return None


def _flat(answers: list[Object]) -> list[Unwrapped]:
    return [document for answer in answers for document in unwrap(answer)]


def _answer(value: Object) -> list[Unwrapped] | None:
    """Return the hits of a search, also of an answer reduced to its `hits`."""
    hits = _objects(value["hits"]) if isinstance(value["hits"], list) else hits_of(value["hits"])
    if hits is None:
        return None
    are_hits = bool(hits) and all(_is_hit(hit) for hit in hits)
    if not are_hits and (isinstance(value["hits"], list) or not value.keys() <= ANSWER_KEYS):
        return None
    return [document for hit in hits if not hit.get("missing") for document in unwrap_hit(hit)]


def _is_hit(value: Object) -> bool:
    return any(name in value for name in ("_source", "_id", "_index", "inner_hits"))


def _inside(key: str) -> Callable[[Object], list[Unwrapped] | None]:
    """Return the function that unwraps an answer inside another."""

    def documents(value: Object) -> list[Unwrapped] | None:
        inner = value[key]
        if not isinstance(inner, Mapping) or (key == "response" and not value.keys() <= ANSWER_KEYS):
            return None
        found = [_BY_KEY[name].documents(inner) for name in ("hits", "columns") if name in inner]
        return next((unwrapped for unwrapped in found if unwrapped is not None), None)

    return documents


def _responses(value: Object) -> list[Unwrapped] | None:
    answers = _objects(value["responses"])
    if answers is None or not value.keys() <= {"took", "responses"}:
        return None
    if not all("hits" in answer or "error" in answer for answer in answers):
        return None
    return _flat([answer for answer in answers if "hits" in answer])


def _docs(value: Object) -> list[Unwrapped] | None:
    """Return the documents of `_mget`, and those of a simulated pipeline after its last processor."""
    docs = _objects(value["docs"])
    if docs is None or not value.keys() <= {"docs", "pipeline"}:
        return None
    hits: list[Object] = []
    for doc in docs:
        steps = _objects(doc.get("processor_results"))
        result = (steps[-1] if steps else {}) if steps is not None else doc
        hit = result.get("doc", result)
        if isinstance(hit, Mapping) and ("_source" in hit or "fields" in hit):
            hits.append(hit)
        elif not {"found", "error", "processor_results", "doc", "status"} & doc.keys():
            return None
    return [document for hit in hits for document in unwrap_hit(hit)]


def _alone(key: str) -> Callable[[Object], list[Unwrapped] | None]:
    """Return the function that unwraps a list of documents under the only name of an object."""

    def documents(value: Object) -> list[Unwrapped] | None:
        items = value[key]
        if len(value) > 1 or not isinstance(items, list):
            return None
        found = _objects([item for item in items if item is not None])
        return None if found is None else _flat(found)

    return documents


def _table(value: Object) -> list[Unwrapped] | None:
    """Return the rows of a table of ES|QL or SQL, without nulls."""
    columns, rows = _objects(value["columns"]), value.get("values", value.get("rows"))
    if columns is None or not isinstance(rows, list) or not value.keys() <= ANSWER_KEYS:
        return None
    names = [name for column in columns if isinstance(name := column.get("name"), str)]
    if len(names) < len(columns):
        return None
    if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        lengths = {len(column) if isinstance(column, list) else -1 for column in rows}
        if len(rows) != len(names) or len(lengths) != 1 or -1 in lengths:
            return None
        rows = [list(row) for row in zip(*rows, strict=True)]  # the format with a list for each column
    made = [{name: cell for name, cell in zip(names, row, strict=True) if cell is not None} for row in rows]
    return [plain(row) for row in made]


def _archived(value: Object) -> list[Unwrapped] | None:
    """Return the document on a line of Kibana's archives, or none for a line that creates an index."""
    inner, kind = value["value"], value.get("type")
    if not isinstance(inner, Mapping) or not value.keys() <= {"type", "value"}:
        return None
    if kind in ("index", "data_stream"):
        return [] if {"index", "data_stream"} & inner.keys() else None
    if kind != "doc" or not isinstance(inner.get("source"), dict):
        return None
    index = inner.get("data_stream", inner.get("index"))
    return unwrap_hit({"_source": inner["source"], "_index": index, "_id": inner.get("id")})


def _logged(value: Object) -> list[Unwrapped] | None:
    """Return the document that a program wrote into the log of its container."""
    text = value["log"]
    if not isinstance(text, str) or not value.keys() <= {"log", "stream", "time", "attrs"} or "stream" not in value:
        return None
    if not text.lstrip().startswith("{"):
        return None
    try:
        inner = decode(text.encode("utf-8", "surrogatepass").rstrip())
    except BadJson:
        return None
    return unwrap(inner) if isinstance(inner, dict) else None


SHAPES = (
    Shape("hits", '{"hits": {"hits": [hit, …]}}', "the hits of a search", _answer),
    Shape("response", '{"response": {"hits": …}}', "the hits of an async search", _inside("response")),
    Shape("rawResponse", '{"rawResponse": {"hits": …}}', "the hits, as Kibana passes them on", _inside("rawResponse")),
    Shape("responses", '{"responses": [answer, …]}', "the hits of each search of `_msearch`", _responses),
    Shape("docs", '{"docs": [{"_source": …}, …]}', "the documents of `_mget` or of a simulated pipeline", _docs),
    Shape("expected", '{"expected": [document, …]}', "the documents of a pipeline test", _alone("expected")),
    Shape("events", '{"events": [document, …]}', "the documents of a pipeline test", _alone("events")),
    Shape("Records", '{"Records": [document, …]}', "the records of CloudTrail", _alone("Records")),
    Shape("columns", '{"columns": […], "values": […]}', "the rows of an answer of ES|QL or SQL", _table),
    Shape("value", '{"type": "doc", "value": {"source": …}}', "the `source`, in Kibana's archives", _archived),
    Shape("log", '{"log": "{…}", "stream": …, "time": …}', "the document in `log`, a line of a Docker log", _logged),
)
_BY_KEY = {shape.key: shape for shape in SHAPES}
_KEYS = frozenset(_BY_KEY) - {"log"}
