"""Syntax tree → expressions with types, fields and functions resolved. What does not fit is reported.

Sugar goes here: `!=` becomes `not ==`, `in~` and `:` become `or`s of equalities and patterns, a list of regular
expressions becomes one (eql-semantics 2.2).
"""

from __future__ import annotations

from typing import Literal, assert_never

from eqlite import plan
from eqlite.datatypes import NUMBERS, DataType, are_compatible
from eqlite.language import ast
from eqlite.semantics.context import Context
from eqlite.semantics.field_resolution import resolve_field
from eqlite.semantics.function_calls import resolve_call
from eqlite.semantics.type_checks import (
    calculation,
    expect_boolean,
    expect_exact,
    expect_numeric,
    expect_string,
    is_constant,
    literal_text,
)

Operator = Literal["==", "<", "<=", ">", ">="]

_FLIPPED: dict[str, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


def resolve_condition(node: ast.Expr, context: Context) -> plan.Expression:
    """Return a whole condition, which must be boolean."""
    resolved = resolve(node, context)
    if resolved.type not in (DataType.BOOLEAN, DataType.UNKNOWN, DataType.NULL):
        kind = resolved.type.name
        context.collector.report(
            "not-boolean",
            f"the condition is neither true nor false but of type {resolved.type.es_name}",
            node.span,
            help=_condition_help(context.text(node), resolved.type),
            elasticsearch=f"Condition expression needs to be boolean, found [{kind}]",
        )
    return as_condition(resolved)


def _condition_help(text: str, kind: DataType) -> str:
    shown = text if len(text) <= 40 else "…"
    return f"write `{shown} {'> 0' if kind in NUMBERS else '!= null'}`, or compare it with a value"


def as_condition(expression: plan.Expression) -> plan.Expression:
    """Return a field standing alone as the comparison that it means: `field == true`."""
    if isinstance(expression, plan.FieldValue):
        true = plan.Constant(True, type=DataType.BOOLEAN, span=expression.span)
        return plan.Compare("==", expression, true, span=expression.span)
    return expression


def resolve(node: ast.Expr, context: Context) -> plan.Expression:  # noqa: C901 - one case for each kind of node
    """Return the resolved expression of a node."""
    match node:
        case ast.Literal(value=value, type=kind):
            return plan.Constant(value, type=kind, span=node.span)
        case ast.FieldRef():
            field = resolve_field(node, context)
            if field is None:
                return plan.Constant(None, type=DataType.NULL, span=node.span)
            return plan.FieldValue(field, type=field.type, span=node.span)
        case ast.Call():
            return resolve_call(node, [resolve(argument, context) for argument in node.arguments], context)
        case ast.Negate():
            return _negative(node, context)
        case ast.Arithmetic():
            return _calculation(node, context)
        case ast.Comparison():
            return _comparison(node, context)
        case ast.Membership():
            return _membership(node, context)
        case ast.PatternMatch():
            return _pattern_match(node, context)
        case ast.Not(operand=operand):
            resolved = resolve(operand, context)
            expect_boolean(resolved, operand, node, "", context)
            return plan.Not(as_condition(resolved), span=node.span)
        case ast.And(terms=terms):
            return plan.And(_terms(terms, node, context), span=node.span)
        case ast.Or(terms=terms):
            return plan.Or(_terms(terms, node, context), span=node.span)
        case _:
            assert_never(node)


def _terms(terms: tuple[ast.Expr, ...], node: ast.Expr, context: Context) -> tuple[plan.Expression, ...]:
    resolved = []
    for index, term in enumerate(terms):
        expression = resolve(term, context)
        expect_boolean(expression, term, node, "first" if index == 0 else "second", context)
        resolved.append(as_condition(expression))
    return tuple(resolved)


def _negative(node: ast.Negate, context: Context) -> plan.Expression:
    operand = resolve(node.operand, context)
    expect_numeric(operand, node.operand, node, "", context)
    return plan.Negative(operand, type=operand.type, span=node.span)


def _calculation(node: ast.Arithmetic, context: Context) -> plan.Expression:
    chain = [node]  # `1 + 2 + 3 …` leans to the left as far as it is long: a loop, where recursion would be deep
    while isinstance(chain[-1].left, ast.Arithmetic):
        chain.append(chain[-1].left)
    left = resolve(chain[-1].left, context)
    for link in reversed(chain):
        right = resolve(link.right, context)
        expect_numeric(left, link.left, link, "first", context)
        expect_numeric(right, link.right, link, "second", context)
        left = calculation(link.operator, left, right, link.span)
    return left


def _comparison(node: ast.Comparison, context: Context) -> plan.Expression:
    left, right = resolve(node.left, context), resolve(node.right, context)
    for resolved, ordinal in ((left, "first"), (right, "second")):
        expect_exact(resolved, node, f"{ordinal} argument ", context)
    operator: Operator = "==" if node.operator == "!=" else node.operator
    if is_constant(left, context) and not is_constant(right, context):
        left, right, operator = right, left, _FLIPPED[operator]
        offender: ast.Expr = node.left
    else:
        offender = node.right
    if not is_constant(right, context):
        _report_field_comparison(offender, node.operator, context)
    compared = plan.Compare(operator, left, right, span=node.span)
    return plan.Not(compared, span=node.span) if node.operator == "!=" else compared


def _report_field_comparison(offender: ast.Expr, operator: str, context: Context) -> None:
    context.collector.report(
        "field-comparison",
        "a field can be compared with a constant only",
        offender.span,
        label="no constant",
        help="join two events on equal values in a sequence or sample instead: `by a` … `by b`",
        elasticsearch=(
            "Comparisons against fields are not (currently) supported; "
            f"offender [{context.text(offender)}] in [{'==' if operator == '!=' else operator}]"
        ),
        elasticsearch_word="Line",
    )


def _membership(node: ast.Membership, context: Context) -> plan.Expression:
    value = resolve(node.value, context)
    expect_exact(value, node, "", context)
    items = [resolve(item, context) for item in node.items]
    if node.case_insensitive:
        found = _insensitive_membership(node, value, items, context)
    else:
        for index, (item, written) in enumerate(zip(items, node.items, strict=True)):
            _check_item(item, written, value, index, node, context)
        found = plan.Contained(value, tuple(items), span=node.span)
    return plan.Not(found, span=node.span) if node.negated else found


def _insensitive_membership(
    node: ast.Membership, value: plan.Expression, items: list[plan.Expression], context: Context
) -> plan.Expression:
    expect_string(value, node.value, node, "first", context, quoted="in~", hint="; consider using [in] instead")
    for item, written in zip(items, node.items, strict=True):
        expect_string(item, written, node, "second", context, quoted="in~", hint="; consider using [in] instead")
        if not is_constant(item, context):
            _report_field_comparison(written, "in~", context)
    equalities = tuple(plan.SameText(value, item, span=node.span) for item in items)
    return equalities[0] if len(equalities) == 1 else plan.Or(equalities, span=node.span)


def _check_item(
    item: plan.Expression,
    written: ast.Expr,
    value: plan.Expression,
    index: int,
    node: ast.Membership,
    context: Context,
) -> None:
    if not is_constant(item, context):
        context.collector.report(
            "not-a-constant",
            "a list holds constants only",
            written.span,
            label="no constant",
            elasticsearch=(
                "Comparisons against fields are not (currently) supported; "
                f"offender [{context.text(written)}] in [{context.text(node)}]"
            ),
            elasticsearch_word="Line",
        )
    elif not are_compatible(item.type, value.type):
        context.collector.report(
            "type-mismatch",
            f"`{literal_text(item, context)}` is of type {item.type.es_name}, the field of type {value.type.es_name}",
            written.span,
            elasticsearch=(
                f"{_ordinal(index + 1)} argument of [{context.text(node)}] must be [{value.type.es_name}], "
                f"found value [{context.text(written)}] type [{item.type.es_name}]"
            ),
            elasticsearch_offset=node.span.start,
        )


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _pattern_match(node: ast.PatternMatch, context: Context) -> plan.Expression:
    value = resolve(node.value, context)
    quoted, hint = (":", "; consider using [==] instead") if node.operator == ":" else (None, "")
    expect_exact(value, node, "first argument " if quoted else "", context, quoted=quoted)
    expect_string(value, node.value, node, "first" if quoted else "", context, quoted=quoted, hint=hint)
    for literal in node.patterns:
        if literal.type is not DataType.KEYWORD:  # as nearly all are
            pattern = plan.Constant(literal.value, type=literal.type, span=literal.span)
            expect_string(pattern, literal, node, "second" if quoted else "", context, quoted=quoted, hint=hint)
    texts = [literal.value if isinstance(literal.value, str) else None for literal in node.patterns]
    if node.operator in ("regex", "regex~"):
        return _regex(node, value, texts)
    alternatives = [_alternative(node, value, text) for text in texts]
    return alternatives[0] if len(alternatives) == 1 else plan.Or(tuple(alternatives), span=node.span)


def _regex(node: ast.PatternMatch, value: plan.Expression, texts: list[str | None]) -> plan.Expression:
    if any(text is None for text in texts):
        return plan.Constant(None, type=DataType.NULL, span=node.span)
    joined = "|".join(text for text in texts if text is not None)  # no grouping is added, as in Elasticsearch
    return plan.Regex(value, joined, node.operator == "regex~", span=node.span)


def _alternative(node: ast.PatternMatch, value: plan.Expression, text: str | None) -> plan.Expression:
    """Return the expression for one pattern of `:`, `like` or `like~`."""
    insensitive = node.operator != "like"
    if text is None:
        null = plan.Constant(None, type=DataType.NULL, span=node.span)
        return plan.SameText(value, null, span=node.span)
    if "*" in text or "?" in text:
        return plan.Like(value, text, insensitive, span=node.span)
    constant = plan.Constant(text, type=DataType.KEYWORD, span=node.span)
    if insensitive:
        return plan.SameText(value, constant, span=node.span)
    return plan.Compare("==", value, constant, span=node.span)
