"""Requirements: the tests of fields without which a condition cannot hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile

from eqlite import plan
from eqlite.predicates.complexity import conjuncts, is_too_complex, reads_one_plain_field

Requirements = Mapping[str, plan.Condition]
"""By the path of a field the tests that its values must pass, whatever the other fields hold."""
_LEAVES = (plan.Exists, plan.FieldTest)
Cost = Callable[[Requirements], float]
"""Returns how many events are likely to meet the most selective of several requirements; infinite for none."""


def certain_terms(condition: plan.Condition) -> list[plan.Condition]:
    """Return the conjuncts that are evaluated before any script.

    A condition that fails on an event (a script does) must be evaluated wherever its predicate would get as far as
    that. So the terms behind the first script, in the order of evaluation, require nothing.
    """
    if is_too_complex(condition):
        return []
    return list(takewhile(lambda term: not _has_script(term), conjuncts(condition)))


def requirements_of(terms: Iterable[plan.Condition]) -> Requirements:
    """Return the requirements of conjuncts. Of fields that are not named they require nothing.

    >>> import eqlite
    >>> query = eqlite.compile('any where a == "x" and (b == "y" or a == "z") and length(c) > 3')
    >>> list(requirements_of(certain_terms(query.plan.stages[0].condition)))
    ['a']
    """
    return _all_of([_required(term, holds=True) for term in terms])


def alternatives_of(terms: Iterable[plan.Condition], cost: Cost) -> list[Requirements]:
    """Return alternatives, one of which every event meets that meets the terms. Empty if there is no good choice.

    They cover what `requirements_of` cannot: terms such as `name == "x" or path == "y"`, which ask several fields.
    """
    choices = [_alternatives(term, cost, holds=True) for term in terms if not isinstance(term, _LEAVES)]
    several = [choice for choice in choices if len(choice) > 1]
    return min(several, key=lambda choice: _cost_of(choice, cost), default=[])


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
            if holds:
                return {field.path: condition}
            return {} if field.ignore_above is not None else {field.path: plan.Negation(condition)}
        case _:
            return {}


def _alternatives(condition: plan.Condition, cost: Cost, *, holds: bool) -> list[Requirements]:
    match condition:
        case plan.Negation(operand=operand):
            return _alternatives(operand, cost, holds=not holds)
        case plan.AllOf(terms=terms) | plan.AnyOf(terms=terms):
            choices = [_alternatives(term, cost, holds=holds) for term in terms]
            if isinstance(condition, plan.AllOf) is not holds:
                return [each for choice in choices for each in choice]
            choices.append([_required(condition, holds=holds)])
            return min(choices, key=lambda choice: _cost_of(choice, cost))
        case _:
            return [_required(condition, holds=holds)]


def _cost_of(alternatives: Iterable[Requirements], cost: Cost) -> float:
    return max(map(cost, alternatives), default=math.inf)


def _all_of(parts: Iterable[Requirements]) -> Requirements:
    found: dict[str, list[plan.Condition]] = {}
    for part in parts:
        for path, required in part.items():
            found.setdefault(path, []).append(required)
    return {path: terms[0] if len(terms) == 1 else plan.AllOf(tuple(terms)) for path, terms in found.items()}


def _any_of(parts: list[Requirements]) -> Requirements:
    """Return the requirements that every case shares: only fields of which each case requires something."""
    common = [path for path in parts[0] if all(path in part for part in parts[1:])] if parts else []
    return {path: plan.AnyOf(tuple(part[path] for part in parts)) for path in common}
