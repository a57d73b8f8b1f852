"""A range under `regex~`: Elasticsearch folds single characters, not ranges."""

from __future__ import annotations

from eqlite.language import ast
from eqlite.language.walk import walk
from eqlite.semantics.context import Context
from eqlite.values.regex.compile import RegexLimitError, RegexSyntaxError, compile_regex


def check_insensitive_range(query: ast.Query, context: Context) -> None:
    """Warn of a range such as `[a-z]` in a pattern of `regex~` on a field (eql-semantics 6.2)."""
    if "regex~" not in context.collector.source.text:
        return  # as for most queries
    for node in walk(query):
        if not isinstance(node, ast.PatternMatch) or node.operator != "regex~":
            continue
        if not isinstance(node.value, ast.FieldRef):
            continue
        for pattern in node.patterns:
            if isinstance(pattern.value, str) and _has_range(pattern.value):
                context.collector.report(
                    "range-in-insensitive-regex",
                    "a range in the pattern of `regex~` does not fold case",
                    pattern.span,
                    help="write both cases: `[a-zA-Z]`",
                )


def _has_range(pattern: str) -> bool:
    try:
        return compile_regex(pattern, insensitive=True).has_range_class
    except (RegexSyntaxError, RegexLimitError):
        return False
