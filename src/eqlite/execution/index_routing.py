"""Index routing: chooses the rules that see a document, by their index patterns.

A document that names no index is seen by every rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from eqlite.fields import Field
from eqlite.values.wildcard import like_pattern

_BACKING = re.compile(r"\.ds-(.+)-\d{4}\.\d{2}\.\d{2}-\d{6}")
_STREAM_PARTS = ("data_stream.type", "data_stream.dataset", "data_stream.namespace")
_STREAM_FIELDS = tuple(Field(name, name) for name in _STREAM_PARTS)
# Prefixes of lifecycle management: of mounted snapshots, downsampled indices and copies with fewer shards. Since 7.15
# four random characters follow the last.
_PREFIX = re.compile(r"partial-|restored-|downsample-\d+(?:nanos|micros|ms|[smhd])-|(?:shrink|fm-clone)-")
_RANDOM = re.compile(r"[a-z0-9_-]{1,4}-(?=.)")
_COMMA = re.compile(r",(?![^<>]*>)")
_DATE_MATH = re.compile(r"(?<!\\)\{[^{}]*(?:\{[^{}]*\}[^{}]*)?\}")
_ALERTS = ".internal.alerts-"


MAX_ROUTES = 4_096
"""The most cached routes. The names of indices come from events, so there may be any number."""
_MAX_NAME_LENGTH = 1_024


@dataclass(frozen=True, eq=False)
class Route:
    """The rules that see the documents of an index, by their indices."""

    names: tuple[str, ...]
    rules: frozenset[int]


class IndexRouter:
    """Finds the route of each document, once for each index."""

    def __init__(self, patterns: Sequence[tuple[str, ...]], stream: tuple[Field, ...] = _STREAM_FIELDS) -> None:
        """Route by the index patterns of each rule. `stream` are the fields that name a document's data stream."""
        self._patterns = list(patterns)
        self._stream = stream
        self._routes: dict[tuple[str, ...], Route] = {}

    def route(self, document: Mapping[str, Any], index: str | None) -> Route:
        """Return the route of a document. `index` is the one that its envelope names."""
        names = index_names(document, index, self._stream)
        route = self._routes.get(names)
        if route is None:
            seen = [rule for rule, patterns in enumerate(self._patterns) if covers(patterns, names)]
            route = Route(names, frozenset(seen))
            if sum(map(len, names)) < _MAX_NAME_LENGTH:
                if len(self._routes) >= MAX_ROUTES:
                    self._routes.clear()
                self._routes[names] = route
        return route


def stream_fields(constants: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the fields that name a document's data stream. `constants` are values that a mapping gives to all."""
    return tuple(Field(name, name, constant=constants.get(name)) for name in _STREAM_PARTS)


def index_names(
    document: Mapping[str, Any], index: str | None, stream: tuple[Field, ...] = _STREAM_FIELDS
) -> tuple[str, ...]:
    """Return the names under which a document may be searched: its index, and its data stream.

    `index` is the one that the envelope names. Without it, a document may name its index itself, as exported tables do.
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
    """Return an index name without its cluster and the affixes of data streams, snapshots and alerts.

    >>> stream_name("europe:.ds-logs-endpoint.events.process-default-2026.03.02-000001")
    'logs-endpoint.events.process-default'
    """
    return next(_stream_names(index))


def _stream_names(index: str) -> Iterator[str]:
    """Yield the names that patterns may use for an index: two, where the name may have a random suffix."""
    name = index.rpartition(":")[2]
    while (prefix := _PREFIX.match(name)) is not None:
        name = name[prefix.end() :]
        random = _RANDOM.match(name) if prefix.group() in ("shrink-", "fm-clone-") else None
        if random is not None and _BACKING.fullmatch(name, random.end()):
            name = name[random.end() :]
        elif random is not None:
            yield name
            name = name[random.end() :]
    backing = _BACKING.fullmatch(name)
    if backing is not None:
        yield backing.group(1)
    else:
        yield name.removeprefix(".internal") if name.startswith(_ALERTS) else name


def covers(patterns: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Return whether index patterns cover a document of these names. A later `-pattern` takes away again.

    >>> covers(("logs-*", "-logs-endpoint.*"), ("logs-endpoint.events-default",))
    False
    """
    return not patterns or not names or any(_covered(patterns, form) for name in names for form in _stream_names(name))


def _covered(patterns: tuple[str, ...], name: str) -> bool:
    covered = False
    for text, excludes in _parse(patterns):
        if like_pattern(text, insensitive=False).matches(name):
            covered = not excludes
    return covered


@lru_cache(maxsize=10_000)
def _parse(patterns: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """Return the texts of patterns, and whether each excludes. Date math stands for any date.

    >>> _parse(("eu:logs-*,-<logs-{now/d}>",))
    (('logs-*', False), ('logs-*', True))
    """
    parsed: list[tuple[str, bool]] = []
    for pattern in (part.strip() for listed in patterns for part in _COMMA.split(listed)):
        excludes = pattern.startswith("-")
        body = pattern.removeprefix("-")
        body = unquote(body) if body[:3].upper() == "%3C" else body
        if body.startswith("<") and body.endswith(">"):
            body = _DATE_MATH.sub("*", body[1:-1])
        _, colon, text = body.rpartition(":")
        if not text or (colon and excludes):
            continue  # `-europe:*` excludes a cluster, and documents do not reliably name theirs
        excludes = excludes or text.startswith("-")
        parsed.append((stream_name(text.removeprefix("-")).removeprefix(".ds-"), excludes))
    return tuple(parsed)
