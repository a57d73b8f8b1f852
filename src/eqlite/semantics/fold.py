"""Constant folding, by Elasticsearch's rules for constants.

Null behaves differently here than in a leaf: a constant null is a third truth value, and swallows the `and` around it
(eql-semantics 2.3 and 4.3). It also applies to `?field` if no index has the field.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from eqlite import plan
from eqlite.datatypes import DataType
from eqlite.functions.registry import Value, ValueFault
from eqlite.language.literals import INT_MAX
from eqlite.plan.evaluation import evaluate, invert, left_chain
from eqlite.source import Span
from eqlite.values.java_types import UnsignedLong
from eqlite.values.regex.compile import RegexLimitError, RegexSyntaxError, compile_regex
from eqlite.values.wildcard import like_pattern

Fault = tuple[Span, str]
"""A constant expression for which Elasticsearch fails the search, and the reason."""
Node = TypeVar("Node", bound=plan.Expression)

_CONSTANT = frozenset({plan.Constant})
_PLAIN = frozenset({plan.FieldValue, plan.Constant})


def fold(expression: plan.Expression, faults: list[Fault] | None = None) -> plan.Expression:  # noqa: C901 - one a kind
    """Return the expression with all constant parts computed. `faults` gets the places of `1 / 0` and the like."""
    match expression:
        case plan.Constant() | plan.FieldValue():
            return expression
        case plan.And(terms=terms):
            return _fold_and([fold(term, faults) for term in terms], expression)
        case plan.Or(terms=terms):
            return _fold_or([fold(term, faults) for term in terms], expression)
        case plan.Not(operand=operand):
            return _fold_not(fold(operand, faults), expression)
        case plan.Compare(left=left, right=right):
            return _fold_comparison(_with(expression, left=fold(left, faults), right=fold(right, faults)))
        case plan.Like(value=value):
            return _fold_like(_with(expression, value=fold(value, faults)))
        case plan.Regex(value=value):
            return _fold_regex(_with(expression, value=fold(value, faults)))
        case plan.Contained(value=value, items=items):
            folded = [fold(item, faults) for item in items]
            return _fold_contained(replace(expression, value=fold(value, faults), items=tuple(folded)))
        case plan.Invoke(arguments=arguments):
            return compute(replace(expression, arguments=tuple([fold(part, faults) for part in arguments])), faults)
        case plan.Calculate():
            return _fold_calculation(expression, faults)
        case plan.SameText(left=left, right=right):
            return compute(_with(expression, left=fold(left, faults), right=fold(right, faults)), faults)
        case plan.Negative(operand=operand) | plan.IsNull(operand=operand):
            return compute(_with(expression, operand=fold(operand, faults)), faults)
        case _:
            raise AssertionError(f"cannot fold {type(expression).__name__}")


def _with(expression: Node, **parts: plan.Expression) -> Node:
    """Return the expression with these parts: itself where they are its own, as most are."""
    for name, part in parts.items():
        if getattr(expression, name) is not part:
            return replace(expression, **parts)  # type: ignore[arg-type]
    return expression


def compute(expression: plan.Expression, faults: list[Fault] | None = None) -> plan.Expression:
    """Return the value of an expression whose parts are all constants, and any other unchanged."""
    if not _CONSTANT.issuperset(map(type, plan.operands(expression))):
        return expression
    try:
        return constant(evaluate(expression, {}), expression)
    except ValueFault as fault:  # Elasticsearch refuses the search; see differences.md
        if faults is not None:
            faults.append((expression.span, str(fault)))
    except (RegexSyntaxError, RegexLimitError):
        pass  # said by the check of regular expressions
    return constant(None, expression)


def constant(value: Value, origin: plan.Expression) -> plan.Constant:
    """Return a constant that replaces `origin`."""
    value = int(value) if isinstance(value, UnsignedLong) else value  # plans are saved as data, which has no such class
    return plan.Constant(value, type=_type_of(value), span=origin.span)


def _type_of(value: Value) -> DataType:
    match value:
        case None:
            return DataType.NULL
        case bool():
            return DataType.BOOLEAN
        case int():
            return DataType.INTEGER if -INT_MAX - 1 <= value <= INT_MAX else DataType.LONG
        case float():
            return DataType.DOUBLE
        case _:
            return DataType.KEYWORD


def _is(expression: plan.Expression, value: Value) -> bool:
    return isinstance(expression, plan.Constant) and expression.value is value


def _fold_and(terms: list[plan.Expression], origin: plan.Expression) -> plan.Expression:
    if any(_is(term, False) for term in terms):
        return constant(False, origin)
    if any(_is(term, None) for term in terms):
        return constant(None, origin)
    left = _without_repeats([term for term in terms if not _is(term, True)])
    if len(left) > 1:
        return plan.And(tuple(left), span=origin.span)
    return left[0] if left else constant(True, origin)


def _fold_or(terms: list[plan.Expression], origin: plan.Expression) -> plan.Expression:
    if any(_is(term, True) for term in terms):
        return constant(True, origin)
    left = _without_repeats([term for term in terms if not isinstance(term, plan.Constant)])
    if len(left) > 1:
        return plan.Or(tuple(left), span=origin.span)
    if left:
        return left[0]
    return constant(None if any(_is(term, None) for term in terms) else False, origin)


def _without_repeats(terms: list[plan.Expression]) -> list[plan.Expression]:
    """Return the terms, plain tests once each. Comparing deeper ones would take quadratic time."""
    if len(terms) >= 1_000:
        return terms
    unique: dict[object, plan.Expression] = {}
    for term in terms:
        unique.setdefault(term if is_plain_test(term) else object(), term)  # an object is like no other
    return list(unique.values())


def is_plain_test(term: plan.Expression) -> bool:
    """Return whether an expression, or what it negates, is made of fields and constants alone."""
    test = term.operand if isinstance(term, plan.Not) else term
    return _PLAIN.issuperset(map(type, plan.operands(test)))


def _fold_not(operand: plan.Expression, origin: plan.Expression) -> plan.Expression:
    if isinstance(operand, plan.Constant):
        return constant(invert(operand.value), origin)
    return operand.operand if isinstance(operand, plan.Not) else plan.Not(operand, span=origin.span)


def _fold_calculation(node: plan.Calculate, faults: list[Fault] | None) -> plan.Expression:
    chain = left_chain(node)
    left = fold(chain[0].left, faults)
    for link in chain:
        left = compute(replace(link, left=left, right=fold(link.right, faults)), faults)
    return left


def _fold_comparison(node: plan.Compare) -> plan.Expression:
    left, right = node.left, node.right
    if node.operator == "==":
        if _is(left, None) or _is(right, None):
            other = right if _is(left, None) else left
            return compute(plan.IsNull(other, span=node.span))
        if isinstance(right, plan.Constant) and isinstance(right.value, bool) and _is_condition(left):
            return left if right.value else _fold_not(left, node)
    return compute(node)


def _is_condition(expression: plan.Expression) -> bool:
    """Return whether `expression == true` says no more than the expression alone."""
    return expression.type is DataType.BOOLEAN and not isinstance(expression, (plan.FieldValue, plan.Constant))


def _fold_like(node: plan.Like) -> plan.Expression:
    if like_pattern(node.pattern, insensitive=node.insensitive).matches_any_value:
        return _not_null(node.value, node)
    return compute(node)


def _fold_regex(node: plan.Regex) -> plan.Expression:
    """Rewrite a pattern that matches everything, or one text only, as Lucene does for any value."""
    try:
        regex = compile_regex(node.pattern, flavour="lucene" if isinstance(node.value, plan.FieldValue) else "script")
    except (RegexSyntaxError, RegexLimitError):  # said by the check of regular expressions
        return compute(node)
    if regex.matches_everything:
        return _not_null(node.value, node)
    if regex.single_string is not None:
        text = plan.Constant(regex.single_string, type=DataType.KEYWORD, span=node.span)
        if node.insensitive:
            return compute(plan.SameText(node.value, text, span=node.span))
        return _fold_comparison(plan.Compare("==", node.value, text, span=node.span))
    return compute(node)


def _not_null(value: plan.Expression, origin: plan.Expression) -> plan.Expression:
    return _fold_not(compute(plan.IsNull(value, span=origin.span)), origin)


def _fold_contained(node: plan.Contained) -> plan.Expression:
    if all(_is(item, None) for item in node.items):
        return constant(None, node)
    return compute(node)
