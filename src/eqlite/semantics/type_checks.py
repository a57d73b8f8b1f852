"""Does an operand fit its place? The checks that operators and functions share, with Elasticsearch's words."""

from __future__ import annotations

from typing import Literal

from eqlite import plan
from eqlite.datatypes import FLOATS, INTEGERS, NUMBERS, STRINGS, UNTYPED, DataType
from eqlite.language import ast
from eqlite.semantics.context import Context
from eqlite.source import Span

Operator = Literal["+", "-", "*", "/", "%"]


def is_constant(expression: plan.Expression, context: Context) -> bool:
    """Return whether an expression reads no field.

    The answer is cached for the expression around it, so that no part is visited twice.
    """
    if isinstance(expression, plan.Constant):
        return True
    known = context.constancy
    pending, constant = [expression], True
    while pending and constant:
        node = pending.pop()
        if id(node) in known:
            constant = known[id(node)][1]
        elif isinstance(node, plan.FieldValue):
            constant = False
        else:
            pending.extend(reversed(plan.operands(node)))
    known[id(expression)] = expression, constant
    return constant


def calculation(operator: Operator, left: plan.Expression, right: plan.Expression, span: Span) -> plan.Calculate:
    """Return the calculation with its type and width: 32 bits for whole numbers that no field takes part in."""
    kinds = {
        DataType.LONG if isinstance(side, plan.FieldValue) and side.type in INTEGERS else side.type
        for side in (left, right)
    }
    if kinds & FLOATS:
        kind = DataType.DOUBLE
    elif kinds <= NUMBERS:
        kind = DataType.INTEGER if kinds == {DataType.INTEGER} else DataType.LONG
    else:
        kind = DataType.UNKNOWN
    return plan.Calculate(operator, left, right, 32 if kinds == {DataType.INTEGER} else 64, type=kind, span=span)


def literal_text(expression: plan.Expression, context: Context) -> str:
    """Return an operand as it is written."""
    text = context.collector.source.text[expression.span.start : expression.span.end]
    return text if len(text) <= 60 else f"{text[:59]}…"


def expect_boolean(found: plan.Expression, written: ast.Expr, node: ast.Expr, ordinal: str, context: Context) -> None:
    """Report an operand of `and`, `or` or `not` that is neither true nor false."""
    if found.type not in UNTYPED and found.type is not DataType.BOOLEAN:
        report_type(found, written, node, ordinal, "boolean", context, id="not-boolean")


def expect_numeric(found: plan.Expression, written: ast.Expr, node: ast.Expr, ordinal: str, context: Context) -> None:
    """Report an operand of arithmetic that is no number."""
    if found.type not in UNTYPED and found.type not in NUMBERS:
        report_type(found, written, node, ordinal, "numeric", context)


def expect_string(
    found: plan.Expression,
    written: ast.Expr,
    node: ast.Expr,
    ordinal: str,
    context: Context,
    *,
    quoted: str | None = None,
    hint: str = "",
) -> None:
    """Report an operand that is no string. `quoted` is what Elasticsearch names instead of the node's text."""
    if found.type not in UNTYPED and found.type not in STRINGS:
        report_type(found, written, node, ordinal, "string", context, quoted=quoted, hint=hint)


def report_type(
    found: plan.Expression,
    written: ast.Expr,
    node: ast.Expr,
    ordinal: str,
    family: str,
    context: Context,
    *,
    quoted: str | None = None,
    hint: str = "",
    id: str = "type-mismatch",
) -> None:
    """Report an operand that is not of the family asked for."""
    place = f"{ordinal} argument" if ordinal else "argument"
    help_ = None
    if family == "string" and found.type in NUMBERS and quoted == ":":
        shown = context.text(written)
        help_ = (
            "use `==`" if isinstance(found, plan.Constant) else f"use `==`, or match its text: `string({shown}) : …`"
        )
    elif family == "boolean":
        shown = context.text(written)
        help_ = f"compare it: `{shown} {'> 0' if found.type in NUMBERS else '!= null'}`" if len(shown) < 40 else None
    elif family == "string":
        help_ = f"`string({context.text(written)})` gives its text" if len(context.text(written)) < 40 else None
    context.collector.report(
        id,
        f"`{literal_text(found, context)}` is of type {found.type.es_name}; here stands a {_family_name(family)}",
        written.span,
        label=f"expected a {_family_name(family)}",
        help=help_,
        elasticsearch=(
            f"{place} of [{quoted or context.text(node)}] must be [{family}], found value [{context.text(written)}] "
            f"type [{found.type.es_name}]{hint}"
        ),
        elasticsearch_offset=node.span.start,
    )


def _family_name(family: str) -> str:
    return {"numeric": "number", "ip": "IP address", "boolean": "condition"}.get(family, family)


def expect_exact(
    found: plan.Expression, node: ast.Expr, place: str, context: Context, *, quoted: str | None = None
) -> bool:
    """Report a text field without exact values, or a keyword with a normalizer. Return whether it is exact.

    `place` is Elasticsearch's word for the operand: `first argument `, or nothing. `quoted` is what Elasticsearch names
    instead of the node's text.
    """
    if not isinstance(found, plan.FieldValue) or context.schema is None:
        return True
    mapped = context.schema.find(found.field.name)
    if mapped is None:
        return True
    last = mapped.name.rpartition(".")[2]
    several = "has several exact sub-fields" if mapped.exact else "has no exact values to compare with"
    message = f"text field `{found.field.name}` {several}"
    if mapped.type is DataType.TEXT and len(mapped.exact) != 1:
        reason = (
            f"Multiple exact keyword candidates available for [{last}]; specify which one to use"
            if mapped.exact
            else f"No keyword/multi-field defined exact matches for [{last}]; define one or use MATCH/QUERY instead"
        )
    elif mapped.normalized:
        reason = "Normalized keyword field cannot be used for exact match operations"
        message = f"`{found.field.name}` has a normalizer: it keeps no exact values to compare with"
    else:
        return True
    candidates = " or ".join(f"`{name}`" for name in mapped.exact)
    context.collector.report(
        "text-without-keyword",
        message,
        found.span,
        help=f"ask for {candidates}" if candidates else "add a keyword sub-field to the mapping",
        elasticsearch=(
            f"[{quoted or context.text(node)}] cannot operate on {place}field of data type [{mapped.type.es_name}]: "
            f"{reason}"
        ),
        elasticsearch_offset=node.span.start,
    )
    return False
