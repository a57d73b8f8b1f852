"""Takes documents out of what Elasticsearch and Kibana wrap around them.

| wrapping | what is taken |
|---|---|
| `{"_index", "_id", "_source": {…}}` | `_source` |
| `{"_index", "_id", "fields": {…}}` | `fields`, where there is no `_source` |
| `{"hits": {"hits": […]}}` | each hit |
| `{"hits": {"events": […]}}`, `{"hits": {"sequences": [{"events": […]}]}}` | each event of an EQL search's answer |
| anything else | the document itself |
"""

from __future__ import annotations

from collections.abc import Mapping

Unwrapped = tuple[dict[str, object], str | None, str | None]
"""A document with the index and the id that its envelope names."""


def unwrap(value: Mapping[str, object]) -> list[Unwrapped]:
    """Return the documents inside `value`, in order; none for an answer without hits.

    The placeholder of a missing event (`![…]` in a sequence) is no document and is left out.

    >>> unwrap({"_index": "logs", "_id": "7", "_source": {"user": "ann"}})
    [({'user': 'ann'}, 'logs', '7')]
    >>> unwrap({"user": "ann"})
    [({'user': 'ann'}, None, None)]
    """
    if "_source" not in value and "hits" in value and "@timestamp" not in value:
        hits = _hits(value["hits"])
        if hits is not None:
            return [_unwrap_hit(hit) for hit in hits if not hit.get("missing")]
    return [_unwrap_hit(value)]


def _unwrap_hit(hit: Mapping[str, object]) -> Unwrapped:
    document = hit.get("_source")
    if document is None and ("_id" in hit or "_index" in hit):
        document = hit.get("fields")
    if isinstance(document, dict):
        return document, _text(hit.get("_index")), _text(hit.get("_id"))
    return (hit if isinstance(hit, dict) else dict(hit)), None, None


def _hits(value: object) -> list[Mapping[str, object]] | None:
    """Return the hits of a search's answer; None if `value` is only a field that happens to be called `hits`."""
    if not isinstance(value, Mapping):
        return None
    for name in ("hits", "events"):
        if name in value:
            return _objects(value[name])
    sequences = _objects(value.get("sequences"))
    if sequences is None:
        return None
    events: list[Mapping[str, object]] = []
    for sequence in sequences:
        found = _objects(sequence.get("events"))
        if found is None:
            return None
        events.extend(found)
    return events


def _objects(value: object) -> list[Mapping[str, object]] | None:
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return value
    return None


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)
