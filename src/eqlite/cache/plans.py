"""Persistent cache of analyses: plan and diagnostics by query text and settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from eqlite import plan
from eqlite.cache.store import Store, digest
from eqlite.diagnostics import Diagnostic
from eqlite.gc_policy import relaxed_gc
from eqlite.options import CompileOptions
from eqlite.query import Analysis, Query, analyze_source
from eqlite.serialization.codec import ColumnCodec, NotEncodable, Table
from eqlite.serialization.queries import ANALYSIS_CLASSES
from eqlite.source import Source


@dataclass(frozen=True, slots=True)
class CachedAnalysis:
    """An analysis, whose diagnostics are without their source."""

    plan: plan.Plan | None
    diagnostics: tuple[Diagnostic, ...] = ()


CODEC = ColumnCodec((*ANALYSIS_CLASSES, CachedAnalysis))


class _Content(msgspec.Struct, array_like=True):
    """The content of a file: keys, tables of `CODEC`, and the root in them for each key."""

    keys: list[bytes]
    tables: list[Table]
    roots: list[int]


class PlanCache:
    """The plans of the queries of some rule files, under the same schema and with the same defaults."""

    def __init__(self, paths: tuple[str, ...], options: CompileOptions) -> None:
        schema_name = "" if options.schema is None else options.schema.name  # which messages show
        self._store = Store(("plans", options.fingerprint(), schema_name, *paths))
        self._cached = self._read()
        self._used: dict[bytes, CachedAnalysis] = {}
        self._has_new = False

    def compile(self, source: Source, options: CompileOptions) -> Query:
        """Compile a query, with its plan from the cache if there. Raises as `eqlite.compile`."""
        return Query.from_analysis(source, self._analyze(source, options), options)

    def _analyze(self, source: Source, options: CompileOptions) -> Analysis:
        """Return the plan and diagnostics of a query, from the cache where they are in it."""
        settings = options.settings
        key = digest(source.text, repr(settings))
        cached = self._cached.get(key)
        if cached is not None:
            self._used[key] = cached
            return cached.plan, [replace(diagnostic, source=source) for diagnostic in cached.diagnostics]
        made, diagnostics = analyze_source(source, options.schema, settings)
        self._used[key] = CachedAnalysis(made, tuple([replace(diagnostic, source=None) for diagnostic in diagnostics]))
        self._has_new = True
        return made, diagnostics

    def save(self) -> None:
        """Write the analyses that this run used, if one of them is new. Others are dropped."""
        if not self._has_new:
            return
        with relaxed_gc():
            writer = CODEC.writer()
            numbers: dict[bytes, int] = {}
            for key, cached in self._used.items():
                try:
                    numbers[key] = writer.add(cached)
                except NotEncodable:  # such as a schema's null value that no field can have
                    continue
            self._store.write(msgspec.msgpack.encode(_Content([*numbers], *writer.written(numbers.values()))))

    def _read(self) -> dict[bytes, CachedAnalysis]:
        data = self._store.read()
        if data is None:
            return {}
        try:
            with relaxed_gc():
                content = msgspec.msgpack.decode(data, type=_Content)
                cached = CODEC.read(content.tables, content.roots)
                if not all(isinstance(analysis, CachedAnalysis) for analysis in cached):
                    return {}
                return dict(zip(content.keys, cached, strict=True))
        except (msgspec.MsgspecError, NotEncodable, RecursionError, ValueError):
            return {}
