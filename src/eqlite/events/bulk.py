"""Bodies of bulk requests: an action line with index and id, then the document on a line of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from eqlite.events.json_decoding import BadJson, decode_object

_METADATA = frozenset(
    (
        *("_index", "_id", "_type", "_parent", "_routing", "_version", "_version_type", "_retry_on_conflict"),
        *("parent", "routing", "version", "version_type", "pipeline", "op_type", "if_seq_no"),
        *("if_primary_term", "require_alias", "require_data_stream", "retry_on_conflict", "dynamic_templates"),
        *("list_executed_pipelines"),
    )
)
_ACTION_START = re.compile(rb'\s*\{\s*"(?:index|create|update|delete)"\s*:\s*\{')


class Action(NamedTuple):
    """The action of a bulk request on a document, with its index and id."""

    name: str
    index_name: str | None
    id: str | None


def action_of(value: Mapping[str, object]) -> Action | None:
    """Return the action of an action line, or None for a document.

    >>> action_of({"index": {"_index": "logs", "_id": "7"}})
    Action(name='index', index_name='logs', id='7')
    >>> action_of({"index": {"name": "logs"}}) is None
    True
    """
    if len(value) != 1:
        return None
    ((name, target),) = value.items()
    if name not in ("index", "create", "update", "delete") or not isinstance(target, dict):
        return None
    if not target.keys() <= _METADATA:
        return None
    index, id = target.get("_index"), target.get("_id")
    return Action(name, index if isinstance(index, str) else None, None if id is None else str(id))


class BulkBody:
    """Turns the pairs of a bulk body into search hits, so that readers only handle one shape."""

    def __init__(self) -> None:
        self._action: Action | None = None

    def hits(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        r"""Yield a replacement for each line: a blank line for an action, a hit for a document.

        Documents without an action before them, and lines that are not JSON, stay as they are.

        >>> list(BulkBody().hits([b'{"create": {"_index": "logs"}}\n', b'{"user": "ann"}\n']))
        [b'\n', b'{"_index":"logs","_id":null,"_source":{"user": "ann"}}\n']
        """
        for line in lines:
            action = _action_on(line)
            if action is not None:
                self._action = None if action.name == "delete" else action
                yield b"\n"
            elif self._action is not None and (document := _object_on(line)) is not None:
                yield _hit(self._action, line.strip(), document)
                self._action = None
            else:
                yield line


def _action_on(line: bytes) -> Action | None:
    if _ACTION_START.match(line) is None:
        return None
    try:
        return action_of(decode_object(line))
    except BadJson:
        return None


def _object_on(line: bytes) -> dict[str, object] | None:
    try:
        return None if line.isspace() else decode_object(line)
    except BadJson:
        return None


def _hit(action: Action, line: bytes, document: dict[str, object]) -> bytes:
    """Return the hit for a document, or a blank line for an update by a script."""
    if action.name == "update":
        changed = document.get("doc", document.get("upsert"))
        if not isinstance(changed, dict):
            return b"\n"
        line = json.dumps(changed).encode()
    metadata = json.dumps({"_index": action.index_name, "_id": action.id}, separators=(",", ":"))
    return metadata[:-1].encode() + b',"_source":' + line + b"}\n"
