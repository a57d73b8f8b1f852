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

import sys
from collections.abc import Mapping

import msgspec

from eqlite.events.json_decoding import Nothing, has_few_brackets

Unwrapped = tuple[dict[str, object], str | None, str | None]
"""A document with the index and the id that its envelope names."""


class _Plain(msgspec.Struct, gc=False):
    """A document without the names that a wrapping has: no value is of their type. What else it has is passed over."""

    _source: Nothing | msgspec.UnsetType = msgspec.UNSET
    _index: Nothing | msgspec.UnsetType = msgspec.UNSET
    _id: Nothing | msgspec.UnsetType = msgspec.UNSET
    hits: Nothing | msgspec.UnsetType = msgspec.UNSET


_decode_plain = msgspec.json.Decoder(_Plain).decode


def is_plain(data: bytes) -> bool:
    """Tell whether a JSON text is known to hold one document without a wrapping; False says nothing.

    It takes less than half the time that decoding takes, which cannot fail any more then.

    >>> is_plain(b'{"user": "ann"}'), is_plain(b'{"_source": {"user": "ann"}}'), is_plain(b'{"user": "ann"')
    (True, False, False)
    """
    if len(data) > (sys.get_int_max_str_digits() or len(data)) or not has_few_brackets(data):
        return False  # who knows whether all numbers can be converted, and how deep it is
    try:
        if not data.isascii():
            data.decode()  # the decoder passes over texts that nobody wants
        _decode_plain(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


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
