"""Canonical form of documents: nested objects instead of dotted keys, without nulls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def nested(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a document with dotted keys as objects, arrays of one as their element, nulls and empty arrays left out.

    Every field has the same values in both, except for explicit nulls. None if a field has values under two keys, of
    which one would be lost.

    >>> nested({"process.name": ["bash"], "process": {"pid": 7, "parent.pid": None}})
    {'process': {'name': 'bash', 'pid': 7}}
    >>> nested({"process.name": "bash", "process": {"name": "sh"}})
    """
    result: dict[str, Any] = {}
    pending: list[tuple[Mapping[str, Any], dict[str, Any]]] = [(document, result)]
    for part, into in pending:
        for key, value in part.items():
            if value.__class__ is list and len(value) < 2:
                value = value[0] if value else None
            if value is None:
                continue
            holder, name = (into, key) if "." not in key else _holder(into, key)
            if holder is None:
                return None
            if value.__class__ is dict:
                below = holder.setdefault(name, {})
                if below.__class__ is not dict:
                    return None
                pending.append((value, below))
            elif name in holder:
                return None
            else:
                holder[name] = value
    return result


def _holder(into: dict[str, Any], key: str) -> tuple[dict[str, Any] | None, str]:
    """Return the object that holds a dotted key, and the key there. None if another value is in the way."""
    *parents, name = key.split(".")
    if not all((*parents, name)):
        return None, name
    for parent in parents:
        into = into.setdefault(parent, {})
        if into.__class__ is not dict:
            return None, name
    return into, name
