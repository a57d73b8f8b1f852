"""The value of one expression, of constants alone or over an event."""

from __future__ import annotations

from typing import Any

from eqlite import plan
from eqlite.backends.reference import holds, script_values
from eqlite.diagnostics import Collector
from eqlite.engine.faults import Faults
from eqlite.engine.match import Event
from eqlite.errors import error_for
from eqlite.events import document_of
from eqlite.language import ast
from eqlite.language.parser import parse_expression
from eqlite.language.walk import transform
from eqlite.semantics.context import Context
from eqlite.semantics.fold import fold
from eqlite.semantics.lower import lower
from eqlite.semantics.resolve import as_condition, resolve
from eqlite.semantics.schema import Schema
from eqlite.semantics.settings import Settings
from eqlite.source import Source


def evaluate(expression: str, event: Event | None = None) -> Any:
    """Return the value of an expression.

    Without an event, the rules for constants apply: null stays null, and fields are null. With an event, a condition is
    True or False, and any other expression has its value, or a tuple of values if arrays give several. A null is None.

    Raises:
        EqlSyntaxError, EqlSemanticError, LimitError: the expression is wrong.

    >>> import eqlite
    >>> eqlite.evaluate('concat("a", "||", 1)'), eqlite.evaluate("7 / 2"), eqlite.evaluate("null < 5")
    ('a||1', 3, None)
    >>> event = {"tags": ["x", "yy"]}
    >>> eqlite.evaluate("length(tags)", event), eqlite.evaluate("length(tags) == 2", event)
    ((1, 2), True)
    """
    collector = Collector(Source(expression))
    context = Context(collector, None if event is not None else Schema({}), Settings())
    tree = _optional_fields(parse_expression(expression)) if event is None else parse_expression(expression)
    resolved = resolve(tree, context)
    if event is not None and _is_condition(tree):
        resolved = as_condition(resolved)
    error = error_for(collector.diagnostics)
    if error is not None:
        raise error
    folded = fold(resolved)
    if event is None:
        assert isinstance(folded, plan.Constant)
        return folded.value
    document, faults = document_of(event), Faults()
    if _is_condition(tree) or isinstance(folded, plan.Constant):
        if isinstance(folded, plan.Constant):
            return folded.value is True if _is_condition(tree) else folded.value
        return holds(lower(folded, context), document, faults)
    values = tuple(script_values(folded, document, faults))
    return values[0] if len(values) == 1 else values


def _is_condition(tree: ast.Expr) -> bool:
    """Return whether an expression is a condition rather than a value."""
    if isinstance(tree, ast.Call):
        return tree.name.lower() in ("cidrmatch", "endswith", "startswith", "stringcontains")
    return isinstance(tree, (ast.And, ast.Or, ast.Not, ast.Comparison, ast.Membership, ast.PatternMatch))


def _optional_fields(tree: ast.Expr) -> ast.Expr:
    """Return the expression with every field optional: without an event they are all null."""

    def optional(node: ast.Node) -> ast.Node:
        return ast.FieldRef(node.parts, True, span=node.span) if isinstance(node, ast.FieldRef) else node

    return transform(tree, optional)
