"""Conditions on join keys: what one stage asks of its key, every other stage asks of its own.

An event of a sequence has the same key as the others. With one value per key a condition on it therefore holds for all
of them; where a key is an array, asking the others too leaves out sequences joined by another value of the array.
Source: eql-settled A1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from eqlite import plan
from eqlite.datatypes import DataType
from eqlite.fields import Field
from eqlite.functions.registry import ValueFault
from eqlite.limits import MAX_KEY_CONDITIONS
from eqlite.plan.evaluation import evaluate, left_chain
from eqlite.semantics.fold import constant, fold, is_plain_test
from eqlite.semantics.targets import Target


class TooManyCopies(Exception):
    """Conditions on join keys that would be copied to more stages than a stated limit allows."""


class KeyedCondition(NamedTuple):
    """A stage before lowering: its folded condition, its keys, and whether it asks for a missing event."""

    expression: plan.Expression
    keys: tuple[Field | None, ...]
    missing: bool = False


def copied_conditions(stages: Sequence[KeyedCondition], target: Target) -> list[list[plan.Expression]]:
    """Return for each stage the conditions that it takes over from the others, in their order.

    A condition is copied if it reads join keys of its stage alone and holds no `or`; equalities of one value that are
    joined by `or` count as one `in`. Stages of missing events give and take nothing. Earlier versions of Elasticsearch
    copy more: see `Target`.

    Raises:
        TooManyCopies: copies of more than `MAX_KEY_CONDITIONS` parts would be made.
    """
    copies: list[list[plan.Expression]] = [[] for _ in stages]
    gives = [not stage.missing or target.copies_conditions_of_missing_events for stage in stages]
    found = [list(_key_conditions(stage, target)) if given else [] for stage, given in zip(stages, gives, strict=True)]
    takers = sum(not stage.missing for stage in stages)
    count = sum(
        (takers - (not stage.missing)) * sum(_size(condition.expression) for condition in conditions)
        for stage, conditions in zip(stages, found, strict=True)
    )
    if count > MAX_KEY_CONDITIONS:
        raise TooManyCopies(f"{count:,} parts, and {MAX_KEY_CONDITIONS:,} are allowed")
    for giver, (stage, conditions) in enumerate(zip(stages, found, strict=True)):
        for taker, other in enumerate(stages):
            if taker != giver and not other.missing and conditions:
                renamed = _renaming(stage.keys, other.keys)
                copies[taker] += [_renamed_condition(*condition, renamed) for condition in conditions]
    return copies


def _size(condition: plan.Expression) -> int:
    """Return of how many parts an expression is made."""
    count, pending = 0, [condition]
    while pending:
        pending.extend(plan.operands(pending.pop()))
        count += 1
    return count


class _KeyCondition(NamedTuple):
    """A condition on join keys, with the names of the fields that it reads."""

    expression: plan.Expression
    names: set[str]


def _key_conditions(stage: KeyedCondition, target: Target) -> Iterator[_KeyCondition]:
    """Yield the conjuncts of a stage that are to be copied."""
    names = {key.name for key in stage.keys if key is not None}
    for condition in _conjuncts(stage.expression):
        mentioned = {mention.field.name for mention in plan.field_mentions(condition)}
        is_copied = (
            bool(mentioned & names) if target.copies_mixed_conditions else bool(mentioned) and mentioned <= names
        )
        if is_copied and not _holds_or(condition):
            yield _KeyCondition(condition, mentioned)


def _conjuncts(expression: plan.Expression) -> Iterator[plan.Expression]:
    """Yield the parts of an `and`, and the common parts of all terms of an `or` in front of it."""
    pending = [expression]
    while pending:
        node = pending.pop()
        match node:
            case plan.And(terms=terms):
                pending.extend(reversed(terms))
            case plan.Or(terms=terms):
                yield from _factors(node, terms)
            case _:
                yield node


def _factors(node: plan.Or, terms: Sequence[plan.Expression]) -> Iterator[plan.Expression]:
    """Yield the factors of `(a and b) or (a and c)`, as Elasticsearch simplifies it: `a`, and `b or c`."""
    parts = [term.terms if isinstance(term, plan.And) else (term,) for term in terms]
    plain = [{part: None for part in each if is_plain_test(part)} for each in parts]
    common = {part for part in plain[0] if all(part in each for each in plain[1:])}
    if not common:
        yield node
        return
    yield from (part for part in plain[0] if part in common)
    rests = [[part for part in each if not (is_plain_test(part) and part in common)] for each in parts]
    if all(rests):
        yield plan.Or(tuple(rest[0] if len(rest) == 1 else plan.And(tuple(rest)) for rest in rests), span=node.span)


def _holds_or(condition: plan.Expression) -> bool:
    """Return whether an `or` is left once equalities of one value are made an `in`."""
    pending = [condition]
    while pending:
        node = pending.pop()
        if isinstance(node, plan.Or) and not _is_list(node):
            return True
        pending.extend(plan.operands(node))
    return False


def _is_list(node: plan.Or) -> bool:
    """Return whether an `or` is a list of constants that one value may equal."""
    values = []
    for term in node.terms:
        match term:
            case plan.Compare(operator="==", left=value, right=plan.Constant()) | plan.Contained(value=value):
                values.append(value)
            case _:
                return False
    first = values[0]  # compared whole only where it is small: an expression may be deep
    return all(value is first or (is_plain_test(value) and value == first) for value in values[1:])


def _renaming(keys: Sequence[Field | None], others: Sequence[Field | None]) -> dict[str, Field | None]:
    """Return the key of another stage for each key of a stage that is not the same field."""
    renamed: dict[str, Field | None] = {}
    for key, other in zip(keys, others, strict=True):
        if key is not None and key.name not in renamed:
            renamed[key.name] = other
    return {name: other for name, other in renamed.items() if other is None or other.name != name}


def _renamed_condition(
    condition: plan.Expression, names: set[str], renamed: Mapping[str, Field | None]
) -> plan.Expression:
    """Return a condition, which reads the fields of `names`, with the keys of another stage."""
    if names.isdisjoint(renamed):
        return condition
    copy = _renamed(condition, renamed)
    if any(renamed.get(name, 0) is None for name in names):  # `?k` that no index has: null is written out there
        if next(plan.field_mentions(copy), None) is not None:
            return fold(copy)
        try:
            return constant(evaluate(copy, {}), condition)
        except ValueFault:
            return constant(None, condition)
    return copy


def _renamed(node: plan.Expression, renamed: Mapping[str, Field | None]) -> plan.Expression:
    match node:
        case plan.FieldValue(field=field):
            if field.name not in renamed:
                return node
            other = renamed[field.name]
            if other is None:
                return plan.Constant(None, type=DataType.NULL, span=node.span)
            return plan.FieldValue(replace(other, optional=False), type=other.type, span=node.span)
        case plan.And(terms=terms) | plan.Or(terms=terms):
            return replace(node, terms=tuple([_renamed(term, renamed) for term in terms]))
        case plan.Invoke(arguments=arguments):
            return replace(node, arguments=tuple([_renamed(part, renamed) for part in arguments]))
        case plan.Calculate():
            chain = left_chain(node)
            left = _renamed(chain[0].left, renamed)
            for link in chain:
                left = replace(link, left=left, right=_renamed(link.right, renamed))
            return left
        case plan.Compare(left=left, right=right) | plan.SameText(left=left, right=right):
            return replace(node, left=_renamed(left, renamed), right=_renamed(right, renamed))
        case plan.Negative(operand=part) | plan.IsNull(operand=part) | plan.Not(operand=part):
            return replace(node, operand=_renamed(part, renamed))
        case plan.Contained(value=value) | plan.Like(value=value) | plan.Regex(value=value):
            return replace(node, value=_renamed(value, renamed))
        case _:
            return node
