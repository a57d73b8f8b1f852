"""Persistent cache of analyses: plan and diagnostics by query text and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from eqlite import plan
from eqlite.cache.codec import NotPlain, Table, Tables
from eqlite.cache.store import Store, digest
from eqlite.diagnostics import Diagnostic
from eqlite.fields import Field
from eqlite.gc_policy import relaxed_gc
from eqlite.query import Analysis, Query, compile, query_of, read_plan
from eqlite.semantics.schema import Schema
from eqlite.semantics.settings import SETTING_NAMES, Settings
from eqlite.source import Source, Span
from eqlite.values.network import Block
from eqlite.values.wildcard import Pattern, Segment

_DEFAULTS: dict[str, Any] = {**(compile.__kwdefaults__ or {})}
_NODES = [
    kind for kind in vars(plan).values() if isinstance(kind, type) and kind.__module__.startswith(f"{plan.__name__}.")
]


@dataclass(frozen=True, slots=True)
class Kept:
    """An analysis, whose diagnostics are without their source."""

    plan: plan.Plan | None
    diagnostics: tuple[Diagnostic, ...] = ()


TABLES = Tables((*_NODES, Field, Block, Pattern, Segment, Span, Diagnostic, Kept))


class _Content(msgspec.Struct, array_like=True):
    """What a file holds: the keys, the tables, and where in them stands what belongs to each key."""

    keys: list[bytes]
    tables: list[Table]
    roots: list[int]


class Plans:
    """The plans of the queries of some rule files, under the same options of `eqlite.compile`."""

    def __init__(self, paths: tuple[str, ...], options: Mapping[str, Any]) -> None:
        schema = options.get("schema")
        fields = "" if schema is None else repr((schema.name, sorted(schema.fields.items())))
        settings = [(_DEFAULTS | dict(options))[name] for name in SETTING_NAMES]
        self._store = Store(("plans", repr(settings), fields, *paths))
        self._kept = self._read()
        self._used: dict[bytes, Kept] = {}
        self._has_new = False

    def compile(self, source: Source, options: Mapping[str, Any]) -> Query:
        """Return what `eqlite.compile` does, and raise what it raises."""
        told = _DEFAULTS | dict(options)
        if told.keys() != _DEFAULTS.keys():
            return compile(source, **options)  # which says that there is no such option
        settings = Settings(*(told[name] for name in SETTING_NAMES))
        return query_of(source, self._read_plan(source, told["schema"], settings), told)

    def _read_plan(self, source: Source, schema: Schema | None, settings: Settings) -> Analysis:
        """Return the plan and diagnostics of `eqlite.query.read_plan`, from the cache where they are in it."""
        key = digest(source.text, repr(settings))
        kept = self._kept.get(key)
        if kept is not None:
            self._used[key] = kept
            return kept.plan, [replace(diagnostic, source=source) for diagnostic in kept.diagnostics]
        made, diagnostics = read_plan(source, schema, settings)
        self._used[key] = Kept(made, tuple([replace(diagnostic, source=None) for diagnostic in diagnostics]))
        self._has_new = True
        return made, diagnostics

    def save(self) -> None:
        """Keep what was asked for, and nothing else, if there is anything new in it."""
        if not self._has_new:
            return
        with relaxed_gc():
            writer = TABLES.writer()
            numbers: dict[bytes, int] = {}
            for key, kept in self._used.items():
                try:
                    numbers[key] = writer.add(kept)
                except NotPlain:  # such as a schema's null value that no field can have
                    continue
            self._store.write(msgspec.msgpack.encode(_Content([*numbers], *writer.written(numbers.values()))))

    def _read(self) -> dict[bytes, Kept]:
        data = self._store.read()
        if data is None:
            return {}
        try:
            with relaxed_gc():
                content = msgspec.msgpack.decode(data, type=_Content)
                kept = TABLES.read(content.tables, content.roots)
                if not all(isinstance(analysis, Kept) for analysis in kept):
                    return {}
                return dict(zip(content.keys, kept, strict=True))
        except (msgspec.MsgspecError, NotPlain, RecursionError, ValueError):
            return {}
