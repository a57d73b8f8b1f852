"""Estimated cost, depth and width of conditions."""

from __future__ import annotations

from eqlite import plan
from eqlite.datatypes import DataType
from eqlite.fields import Field

MAX_DEPTH = 40


MAX_LEAVES = 2_000


MAX_NAME_PARTS = 20


_PLAIN_TYPES = (DataType.UNKNOWN, DataType.KEYWORD)


USUALLY_ARRAYS = frozenset({"event.category", "event.type"})
"""Fields of nearly every rule whose values come as arrays in ECS documents: more expensive to test than a text."""


def reads_one_plain_field(leaf: plan.Condition) -> bool:
    """Return whether a leaf reads one plain field (apart from `ignore_above`), so that code can be generated."""
    if isinstance(leaf, plan.Exists):
        return _is_plain(leaf.field)
    if not isinstance(leaf, plan.FieldTest) or not _is_plain(leaf.field):
        return False
    if isinstance(leaf.test, (plan.TextIn, plan.TextLike, plan.TextRegex)):
        return True
    if isinstance(leaf.test, plan.TextRange):
        return not leaf.test.versions
    return leaf.field.type is DataType.UNKNOWN and not isinstance(leaf.test, plan.InstantIn)


def _is_plain(field_: Field) -> bool:
    parts = field_.path.split(".")
    is_usual = all(parts) and len(parts) <= MAX_NAME_PARTS
    return is_usual and field_.type in _PLAIN_TYPES and field_.null_value is None and field_.is_direct


def is_too_complex(condition: plan.Condition) -> bool:
    """Return whether a condition is interpreted for its depth or its number of leaves."""
    leaves, pending = 0, [(condition, 1)]
    while pending:
        node, level = pending.pop()
        if level > MAX_DEPTH:
            return True
        kind = node.__class__
        if kind is plan.AllOf or kind is plan.AnyOf:
            pending += [(term, level + 1) for term in node.terms]  # type: ignore[union-attr]
        elif kind is plan.Negation:
            pending.append((node.operand, level + 1))  # type: ignore[union-attr]
        elif kind is not plan.Always:
            leaves += 1
            if leaves > MAX_LEAVES:
                return True
    return False


def conjuncts(condition: plan.Condition) -> list[plan.Condition]:
    """Return the conjuncts in the order of evaluation.

    The cheapest come first, except in interpreted conditions, which keep the order of the text.
    """
    terms: list[plan.Condition] = [*condition.terms] if isinstance(condition, plan.AllOf) else [condition]
    return terms if is_too_complex(condition) else sorted(terms, key=cost)


def cost(condition: plan.Condition) -> float:
    """Return the estimated cost of a condition, by which conjuncts are sorted. Ties keep their order.

    A negation counts more than what it negates: it holds for most events and so decides little.
    """
    match condition:
        case plan.Negation(operand=operand):
            return cost(operand) + 4
        case plan.AllOf(terms=terms):
            return min(map(cost, terms)) + 1
        case plan.AnyOf(terms=terms):
            return sum(map(cost, terms))
        case plan.FieldTest(test=plan.TextLike(patterns=found)):
            return 4 + len(found) / 8
        case plan.FieldTest(test=plan.TextIn(insensitive=insensitive), field=field):
            return 2 if insensitive else 1.2 if field.path in USUALLY_ARRAYS else 1
        case plan.FieldTest(test=plan.NumberIn() | plan.NumberRange() | plan.BooleanIn()):
            return 0.9
        case plan.FieldTest(test=plan.TextRegex()):
            return 20
        case plan.FieldTest():
            return 15
        case plan.Script():
            return 50
        case _:
            return 1.5
