"""Evaluation of expressions in a script leaf, with three-valued logic.

The analyzer folds constants with it, the reference backend evaluates scripts with it. Null is None.

Source: eql-semantics 3.4, 4.5 and 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from eqlite import plan
from eqlite.datatypes import DataType
from eqlite.fields import to_boolean
from eqlite.functions.registry import Value, ValueFault
from eqlite.values import numbers
from eqlite.values.numbers import ArithmeticFault
from eqlite.values.regex.compile import compile_regex
from eqlite.values.text import equals_ignoring_case, to_text
from eqlite.values.wildcard import like_pattern

Bindings = Mapping[int, Value]
"""The value of each field mention, by the `id` of its node."""

_LINE_END = re.compile("([\n\r\u0085\u2028\u2029])")
_OPERATIONS: dict[str, Callable[..., int | float | None]] = {
    "+": numbers.add,
    "-": numbers.subtract,
    "*": numbers.multiply,
    "/": numbers.divide,
    "%": numbers.modulo,
}


def evaluate(expression: plan.Expression, bindings: Bindings) -> Value:  # noqa: C901 - one case for each kind
    """Return the value of an expression, where None is null.

    Raises:
        ValueFault: where Elasticsearch's script would throw.
    """
    match expression:
        case plan.Constant(value=value):
            return value
        case plan.FieldValue():
            return bindings[id(expression)]
        case plan.Invoke(function=function, arguments=arguments, insensitive=insensitive):
            call = function.insensitive if insensitive and function.insensitive else function.implementation
            return call(*[evaluate(argument, bindings) for argument in arguments])
        case plan.Calculate():
            return _calculated(expression, bindings)
        case plan.Negative(operand=operand):
            return negate(evaluate(operand, bindings))
        case plan.Compare(operator=operator, left=left, right=right):
            return compare(operator, *_alike(left, right, bindings))
        case plan.SameText(left=left, right=right):
            return same_text(evaluate(left, bindings), evaluate(right, bindings))
        case plan.Contained():
            return _contained(expression, bindings)
        case plan.Like(value=value, pattern=pattern, insensitive=insensitive):
            return like(evaluate(value, bindings), pattern, insensitive=insensitive)
        case plan.Regex(value=value, pattern=pattern, insensitive=insensitive):
            return matches_regex(evaluate(value, bindings), pattern, insensitive=insensitive)
        case plan.IsNull(operand=operand):
            return evaluate(operand, bindings) is None
        case plan.Not(operand=operand):
            return invert(evaluate(operand, bindings))
        case plan.And(terms=terms):
            return conjoin([evaluate(term, bindings) for term in terms])
        case plan.Or(terms=terms):
            return disjoin([evaluate(term, bindings) for term in terms])
        case _:
            raise AssertionError(f"no meaning for {type(expression).__name__}")


def left_chain(calculation: plan.Calculate) -> list[plan.Calculate]:
    """Return a calculation and those inside it on its left, the innermost first.

    `1 + 2 + 3 …` leans to the left as far as it is long: for a loop, where recursion would be deep.
    """
    chain = [calculation]
    while isinstance(inner := chain[-1].left, plan.Calculate):
        chain.append(inner)
    return chain[::-1]


def _calculated(expression: plan.Calculate, bindings: Bindings) -> Value:
    chain = left_chain(expression)
    value = evaluate(chain[0].left, bindings)
    for link in chain:
        value = calculate(link.operator, value, evaluate(link.right, bindings), link.bits)
    return value


# --- three-valued logic ----------------------------------------------------------------------------------------------


def invert(value: Value) -> bool | None:
    """Return `not value`, or null for null."""
    return None if value is None else value is not True


def conjoin(values: list[Value]) -> bool | None:
    """Return the `and` of the values: false wins over null, null over true."""
    if any(value is False for value in values):
        return False
    return None if any(value is None for value in values) else True


def disjoin(values: list[Value]) -> bool | None:
    """Return the `or` of the values: true wins over null, null over false."""
    if any(value is True for value in values):
        return True
    return None if any(value is None for value in values) else False


# --- operators -------------------------------------------------------------------------------------------------------


def calculate(operator: str, left: Value, right: Value, bits: int = 64) -> int | float | None:
    """Return `left operator right` by Java's rules. Text is read as a number, or gives null.

    Raises:
        ValueFault: on overflow and on division of whole numbers by zero.
    """
    try:
        return _OPERATIONS[operator](numbers.to_number(left), numbers.to_number(right), bits=bits)
    except ArithmeticFault as fault:
        raise ValueFault(str(fault)) from None


def negate(value: Value) -> int | float | None:
    """Return `-value`, or null if it is not a number."""
    try:
        return numbers.negate(numbers.to_number(value))
    except ArithmeticFault as fault:
        raise ValueFault(str(fault)) from None


def compare(operator: str, left: Value, right: Value) -> bool | None:
    """Return `left operator right`, or null for null and for values of different kinds."""
    order = numbers.compare(left, right)
    if order is None:
        return None
    match operator:
        case "==":
            return order == 0
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case ">":
            return order > 0
        case _:
            return order >= 0


def same_text(left: Value, right: Value) -> bool | None:
    """Return whether two texts are equal in any case, or null if one is null."""
    if left is None or right is None:
        return None
    return equals_ignoring_case(to_text(left), to_text(right))


def like(value: Value, pattern: str, *, insensitive: bool) -> bool | None:
    """Return whether a computed value matches a wildcard pattern, in which a line end is met by itself alone."""
    if value is None:
        return None
    wanted, found = _LINE_END.split(pattern), _LINE_END.split(to_text(value))
    return len(wanted) == len(found) and all(
        like_pattern(part, insensitive=insensitive).matches(line) for part, line in zip(wanted, found, strict=True)
    )


def matches_regex(value: Value, pattern: str, *, insensitive: bool) -> bool | None:
    """Return whether a computed value matches a Java regular expression, or null for null."""
    if value is None:
        return None
    return compile_regex(pattern, insensitive=insensitive, flavour="java").matches(to_text(value))


def coerce(value: Value, other: Value) -> Value:
    """Return an untyped value as the kind of what it is compared with."""
    if isinstance(other, bool):
        return to_boolean(value)
    if isinstance(other, (int, float)):
        return numbers.to_number(value)
    if isinstance(other, str) and value is not None:
        return to_text(value)
    return value


def _alike(left: plan.Expression, right: plan.Expression, bindings: Bindings) -> tuple[Value, Value]:
    """Return both values, an untyped field's as the kind of the other's."""
    a, b = evaluate(left, bindings), evaluate(right, bindings)
    if isinstance(left, plan.FieldValue) and left.field.type is DataType.UNKNOWN:
        a = coerce(a, b)
    elif isinstance(right, plan.FieldValue) and right.field.type is DataType.UNKNOWN:
        b = coerce(b, a)
    return a, b


def _contained(expression: plan.Contained, bindings: Bindings) -> bool | None:
    return disjoin([compare("==", *_alike(expression.value, item, bindings)) for item in expression.items])
