"""Expressions: computations inside a script condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Literal as OneOf

from eqlite.datatypes import DataType
from eqlite.fields import Field, Scalar
from eqlite.functions.registry import Function
from eqlite.source import Span


@dataclass(frozen=True, slots=True)
class Expression:
    """Base of all expressions: their type and the span they come from."""

    span: Span = attribute(default=Span(0, 0), kw_only=True, compare=False, repr=False)
    type: DataType = attribute(default=DataType.BOOLEAN, kw_only=True)


@dataclass(frozen=True, slots=True)
class Constant(Expression):
    """A value known before any event, where None is null."""

    value: Scalar | None


@dataclass(frozen=True, slots=True)
class FieldValue(Expression):
    """One value of a field. Every mention iterates on its own: two mentions of one array give all pairs."""

    field: Field


@dataclass(frozen=True, slots=True)
class Invoke(Expression):
    """A function call."""

    function: Function
    arguments: tuple[Expression, ...]
    insensitive: bool = False


@dataclass(frozen=True, slots=True)
class Calculate(Expression):
    """`left operator right` by Java's rules. `bits`: the width in which whole numbers must fit."""

    operator: OneOf["+", "-", "*", "/", "%"]
    left: Expression
    right: Expression
    bits: int = 64


@dataclass(frozen=True, slots=True)
class Negative(Expression):
    """Unary minus."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Compare(Expression):
    """`left operator right`, or null for null and for values of different kinds."""

    operator: OneOf["==", "<", "<=", ">", ">="]
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class SameText(Expression):
    """Equality of two texts, whatever the case (Unicode, unit by unit)."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Contained(Expression):
    """`value in (items)`: true, or null if a comparison was null, or false."""

    value: Expression
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Like(Expression):
    """`value like pattern`. On computed values `*` and `?` do not match line ends."""

    value: Expression
    pattern: str
    insensitive: bool = False


@dataclass(frozen=True, slots=True)
class Regex(Expression):
    """`value regex pattern`. On computed values the pattern is Java's."""

    value: Expression
    pattern: str
    insensitive: bool = False


@dataclass(frozen=True, slots=True)
class IsNull(Expression):
    """True where the operand is null, else false."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Not(Expression):
    """Three-valued `not`."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class And(Expression):
    """Three-valued `and`."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or(Expression):
    """Three-valued `or`."""

    terms: tuple[Expression, ...]


def operands(expression: Expression) -> tuple[Expression, ...]:
    """Return the direct parts of an expression, in order."""
    match expression:
        case Invoke(arguments=parts) | And(terms=parts) | Or(terms=parts):
            return parts
        case Calculate(left=left, right=right) | Compare(left=left, right=right) | SameText(left=left, right=right):
            return (left, right)
        case Contained(value=value, items=items):
            return (value, *items)
        case Negative(operand=part) | IsNull(operand=part) | Not(operand=part):
            return (part,)
        case Like(value=part) | Regex(value=part):
            return (part,)
        case _:
            return ()


def field_mentions(expression: Expression) -> Iterator[FieldValue]:
    """Yield the field references of an expression from left to right, each mention on its own."""
    return (node for node in nodes(expression) if isinstance(node, FieldValue))


def nodes(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and all its parts, from left to right."""
    pending = [expression]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(operands(node)))
