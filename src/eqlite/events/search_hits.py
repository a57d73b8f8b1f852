"""Search hits: their documents, with the fields that the hit adds or removes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eqlite.fields import raw_values

Unwrapped = tuple[dict[str, object], str | None, str | None]
"""A document with the index and the id that its envelope names."""

_MOST_NESTED = 8
"""The most levels of inner hits in inner hits. Collapsed hits have one."""


def plain(document: Mapping[str, object]) -> Unwrapped:
    """Return a row of a table as a document. Its index and id, if any, are columns."""
    return dict(document), text_or_none(document.get("_index")), text_or_none(document.get("_id"))


def unwrap_hit(hit: Mapping[str, object], depth: int = 0) -> list[Unwrapped]:
    """Return the documents of a hit and its inner hits. An object that is no hit is a document itself.

    Inner hits that are parts of the document (`_nested`), or repeat the hit, are left out.
    """
    inner = hit.get("inner_hits")
    document = document_in(hit)
    if (
        inner is None
        or not isinstance(inner, Mapping)
        or depth >= _MOST_NESTED
        or not {"_id", "_index", "_source"} & hit.keys()
    ):
        if document is None:
            return [(hit if isinstance(hit, dict) else dict(hit), None, None)]
        return [_named(hit, document)]
    documents = [] if document is None else [_named(hit, document)]
    names = {unwrapped[1:] for unwrapped in documents}
    for group in inner.values():
        hits = hits_of(group.get("hits")) if isinstance(group, Mapping) else None
        for inner_hit in hits or ():
            for unwrapped in [] if "_nested" in inner_hit else unwrap_hit(inner_hit, depth + 1):
                if unwrapped[2] is None or unwrapped[1:] not in names:
                    documents.append(unwrapped)
                    names.add(unwrapped[1:])
    return documents


def _has_inner_hits(hit: Mapping[str, object]) -> bool:
    return isinstance(hit["inner_hits"], Mapping) and not {"_id", "_index", "_source"}.isdisjoint(hit)


def document_in(hit: Mapping[str, object]) -> dict[str, object] | None:
    """Return the document of a hit as a query sees it, or None if it has none.

    `fields` replaces a missing `_source`. Otherwise it adds values that the source lacks: those of runtime fields and
    constants. Fields named in `_ignored` were not indexed, so they only have the values in `fields`.
    """
    fields = hit.get("fields")
    source = hit.get("_source")
    if source is None and ("_id" in hit or "_index" in hit):
        return fields if isinstance(fields, dict) else None
    if isinstance(source, dict):
        document = source
    elif isinstance(source, Mapping):
        document = dict(source)
    else:
        return None
    ignored = hit.get("_ignored")
    if isinstance(ignored, list):
        for path in ignored:
            document = _without(document, path) if isinstance(path, str) else document
    if fields is not None and isinstance(fields, Mapping):
        lacking = {path: value for path, value in fields.items() if not _is_in(document, path)}
        document = {**document, **lacking} if lacking else document
    return document


def hits_of(value: object) -> list[Mapping[str, object]] | None:
    """Return the hits of a search's answer, or None if `value` is an ordinary field named `hits`."""
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


def text_or_none(value: object) -> str | None:
    """Return the text of an index or an id."""
    return value if value is None or isinstance(value, str) else str(value)


def _named(hit: Mapping[str, object], document: dict[str, object]) -> Unwrapped:
    return document, text_or_none(hit.get("_index")), text_or_none(hit.get("_id"))


def _objects(value: object) -> list[Mapping[str, object]] | None:
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return value
    return None


def _is_in(document: Mapping[str, object], path: str) -> bool:
    """Return whether a document has a value at a path, or an object."""
    if raw_values(document, path):
        return True
    part: Any = document
    for key in path.split("."):
        part = part.get(key) if isinstance(part, Mapping) else None
    return isinstance(part, (Mapping, list)) and bool(part)


def _without(document: dict[str, Any], path: str) -> dict[str, Any]:
    """Return a document without the values at a path, whether its keys are nested or dotted."""
    changed: dict[str, Any] = {}
    for key, value in document.items():
        if key == path:
            if isinstance(value, Mapping):
                changed[key] = value
        elif path.startswith(f"{key}."):
            changed[key] = _without_below(value, path[len(key) + 1 :])
        else:
            changed[key] = value
    return changed


def _without_below(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return _without(value, path)
    return [_without_below(item, path) for item in value] if isinstance(value, list) else value
