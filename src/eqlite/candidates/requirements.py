"""Requirements: the tests of single fields without which a condition cannot hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile

from eqlite import plan
from eqlite.predicates.complexity import conjuncts, is_too_complex, reads_one_plain_field

Requirements = Mapping[str, plan.Condition]
"""The condition that a field's values must meet, whatever the other fields hold, by the field's path."""


def requirements_of(condition: plan.Condition) -> Requirements:
    """Return the requirements of a condition by field. It requires nothing of the other fields.

    A condition that fails on an event (a script does) must be evaluated wherever its predicate would get as far as
    that. So what stands behind the first script, in the order of evaluation, requires nothing.

    >>> import eqlite
    >>> query = eqlite.compile('any where a == "x" and (b == "y" or a == "z") and length(c) > 3')
    >>> list(requirements_of(query.plan.stages[0].condition))
    ['a']
    """
    if is_too_complex(condition):
        return {}
    certain = takewhile(lambda term: not _has_script(term), conjuncts(condition))
    return _all_of([_required(term, holds=True) for term in certain])


def _has_script(condition: plan.Condition) -> bool:
    return any(isinstance(leaf, plan.Script) for leaf in plan.leaves(condition))


def _required(condition: plan.Condition, *, holds: bool) -> Requirements:
    """Return the requirements for a condition to hold, or not to hold."""
    match condition:
        case plan.Negation(operand=operand):
            return _required(operand, holds=not holds)
        case plan.AllOf(terms=terms) | plan.AnyOf(terms=terms):
            parts = [_required(term, holds=holds) for term in terms]
            return _all_of(parts) if isinstance(condition, plan.AllOf) is holds else _any_of(parts)
        case plan.Exists(field=field) | plan.FieldTest(field=field) if reads_one_plain_field(condition):
            return {field.path: condition} if holds else {}
        case _:
            return {}


def _all_of(parts: Iterable[Requirements]) -> Requirements:
    found: dict[str, list[plan.Condition]] = {}
    for part in parts:
        for path, required in part.items():
            found.setdefault(path, []).append(required)
    return {path: terms[0] if len(terms) == 1 else plan.AllOf(tuple(terms)) for path, terms in found.items()}


def _any_of(parts: list[Requirements]) -> Requirements:
    """Return the requirements that are met in each case: of the fields of which every case requires something."""
    common = [path for path in parts[0] if all(path in part for part in parts[1:])] if parts else []
    return {path: plan.AnyOf(tuple(part[path] for part in parts)) for path in common}
