"""Context of one analysis: text, schema, settings, and the collector of problems."""

from __future__ import annotations

from dataclasses import dataclass, field

from eqlite import plan
from eqlite.diagnostics import Collector
from eqlite.language import ast
from eqlite.semantics.schema import Schema
from eqlite.semantics.settings import Settings
from eqlite.semantics.targets import Target, target_named

_LONGEST_QUOTE = 2_000


@dataclass(frozen=True, slots=True)
class Context:
    """The analysis of one query.

    Attributes:
        constancy: for expressions that were asked, by `id`, whether they read no field (`operands.is_constant`).
    """

    collector: Collector
    schema: Schema | None
    settings: Settings
    constancy: dict[int, tuple[plan.Expression, bool]] = field(default_factory=dict, repr=False)

    @property
    def target(self) -> Target:
        """Return the version of Elasticsearch whose meaning counts."""
        return target_named(self.settings.target)

    def text(self, node: ast.Node) -> str:
        """Return a node's text, as messages of Elasticsearch quote it, cut if it is huge."""
        text = self.collector.source.text
        if node.span.end - node.span.start <= _LONGEST_QUOTE:
            return text[node.span.start : node.span.end]
        return f"{text[node.span.start : node.span.start + _LONGEST_QUOTE]}…"
