"""Index routing: which documents a rule sees, by its index patterns.

Source: architecture, section 6. A document that names no index is seen by every rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from eqlite.fields import Field
from eqlite.values.wildcard import like_pattern

_BACKING = re.compile(r"\.ds-(.+)-\d{4}\.\d{2}\.\d{2}-\d{6}")
_STREAM_PARTS = ("data_stream.type", "data_stream.dataset", "data_stream.namespace")
_STREAM_FIELDS = tuple(Field(name, name) for name in _STREAM_PARTS)
_PREFIXES = ("partial-", "restored-")
_ALERTS = ".internal.alerts-"


def stream_fields(constants: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the fields that name a document's data stream; `constants` holds values that a mapping gives to all."""
    return tuple(Field(name, name, constant=constants.get(name)) for name in _STREAM_PARTS)


def index_names(
    document: Mapping[str, Any], index: str | None, stream: tuple[Field, ...] = _STREAM_FIELDS
) -> tuple[str, ...]:
    """Return the names under which a document may be searched: its index, and its data stream.

    `index` is what the envelope names; without one, a document may name its index itself, as exported tables do.
    `stream` are the fields that name the data stream.

    >>> index_names({"data_stream": {"type": "logs", "dataset": "nginx", "namespace": "prod"}}, "eu:logs")
    ('eu:logs', 'logs-nginx-prod')
    """
    own = document.get("_index") if index is None else index
    names = [own] if isinstance(own, str) else []
    parts = [field.raw_values(document) for field in stream]
    if all(parts):
        names.append("-".join(str(part[0]) for part in parts))
    return tuple(names)


def stream_name(index: str) -> str:
    """Return an index name without its cluster and without what data streams, snapshots and alerts put around it.

    >>> stream_name("europe:.ds-logs-endpoint.events.process-default-2026.03.02-000001")
    'logs-endpoint.events.process-default'
    """
    name = index.rpartition(":")[2]
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    backing = _BACKING.fullmatch(name)
    if backing is not None:
        return backing.group(1)
    return name.removeprefix(".internal") if name.startswith(_ALERTS) else name


def covers(patterns: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Tell whether index patterns cover a document of these names. A later `-pattern` takes away again.

    >>> covers(("logs-*", "-logs-endpoint.*"), ("logs-endpoint.events-default",))
    False
    """
    return not patterns or not names or any(_covered(patterns, stream_name(name)) for name in names)


def _covered(patterns: tuple[str, ...], name: str) -> bool:
    covered = False
    for pattern in patterns:
        cluster, _, text = pattern.rpartition(":")
        if cluster.startswith("-"):
            continue  # `-europe:*` leaves out a cluster, and documents do not say for sure from which one they are
        excludes = text.startswith("-")
        text = stream_name(text.removeprefix("-")).removeprefix(".ds-")
        if like_pattern(text, insensitive=False).matches(name):
            covered = not excludes
    return covered
