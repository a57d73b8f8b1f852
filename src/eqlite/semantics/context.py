"""What the analysis of one query shares: its text, schema, settings, and where problems go."""

from __future__ import annotations

from dataclasses import dataclass

from eqlite.diagnostics import Collector
from eqlite.language import ast
from eqlite.semantics.schema import Schema


@dataclass(frozen=True, slots=True)
class Settings:
    """How a query reads events, as the parameters of Elasticsearch's EQL search name it."""

    event_category_field: str = "event.category"
    timestamp_field: str = "@timestamp"
    tiebreaker_field: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """The analysis of one query."""

    collector: Collector
    schema: Schema | None
    settings: Settings

    def text(self, node: ast.Node) -> str:
        """Return a node's text, as messages of Elasticsearch quote it."""
        return self.collector.source.text[node.span.start : node.span.end]
