"""Index routing: which documents a rule sees, by its index patterns.

Source: architecture, section 6. A document that names no index is seen by every rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from eqlite.fields import raw_values
from eqlite.values.wildcard import like_pattern

_BACKING = re.compile(r"^\.ds-(.+)-\d{4}\.\d{2}\.\d{2}-\d{6}$")
_PREFIXES = ("partial-", "restored-")


def index_names(document: Mapping[str, Any], index: str | None) -> tuple[str, ...]:
    """Return the names under which a document may be searched: its index, and its data stream."""
    names = [] if index is None else [stream_name(index)]
    parts = [raw_values(document, f"data_stream.{part}") for part in ("type", "dataset", "namespace")]
    if all(parts):
        names.append("-".join(str(part[0]) for part in parts))
    return tuple(names)


@lru_cache(maxsize=4096)
def stream_name(index: str) -> str:
    """Return an index name without its cluster and without what data streams and snapshots put around it.

    >>> stream_name("europe:.ds-logs-endpoint.events.process-default-2026.03.02-000001")
    'logs-endpoint.events.process-default'
    """
    name = index.rpartition(":")[2]
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    backing = _BACKING.match(name)
    return backing.group(1) if backing is not None else name


@lru_cache(maxsize=1 << 16)
def covers(patterns: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Tell whether index patterns cover a document of these names. A later `-pattern` takes away again.

    >>> covers(("logs-*", "-logs-endpoint.*"), ("logs-endpoint.events-default",))
    False
    """
    return not patterns or not names or any(_covered(patterns, name) for name in names)


def _covered(patterns: Iterable[str], name: str) -> bool:
    covered = False
    for pattern in patterns:
        excludes = pattern.startswith("-")
        text = stream_name(pattern.removeprefix("-"))
        if like_pattern(text, insensitive=False).matches(name):
            covered = not excludes
    return covered
