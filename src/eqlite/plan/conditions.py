"""Conditions: tests of a stage on an event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute

from eqlite.fields import Field
from eqlite.plan.expressions import Expression, field_mentions
from eqlite.plan.field_tests import Test
from eqlite.source import Span


@dataclass(frozen=True, slots=True)
class Always:
    """Holds for every event, or for none."""

    holds: bool


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has a value."""

    field: Field
    span: Span = attribute(default=Span(0, 0), kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FieldTest:
    """Any value of the field passes the test."""

    field: Field
    test: Test
    span: Span = attribute(default=Span(0, 0), kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Script:
    """The expression is true for some combination of the values of its fields."""

    expression: Expression
    span: Span = attribute(default=Span(0, 0), kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Negation:
    """The condition does not hold."""

    operand: Condition


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every condition holds."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some condition holds."""

    terms: tuple[Condition, ...]


Condition = Always | Exists | FieldTest | Script | Negation | AllOf | AnyOf


def leaves(condition: Condition) -> Iterator[Exists | FieldTest | Script]:
    """Yield the leaves of a condition from left to right."""
    pending: list[Condition] = [condition]
    while pending:
        node = pending.pop()
        match node:
            case Negation(operand=operand):
                pending.append(operand)
            case AllOf(terms=terms) | AnyOf(terms=terms):
                pending.extend(reversed(terms))
            case Exists() | FieldTest() | Script():
                yield node
            case Always():
                pass


def condition_fields(condition: Condition) -> list[Field]:
    """Return the fields that a condition reads, each once, in order of first mention."""
    found: dict[Field, None] = {}
    for leaf in leaves(condition):
        if isinstance(leaf, Script):
            found.update((mention.field, None) for mention in field_mentions(leaf.expression))
        else:
            found[leaf.field] = None
    return list(found)
