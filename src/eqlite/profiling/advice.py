"""Advice about a clause: why it is expensive, or why its rule cannot match.

The order of the clauses in the query does not matter, since the cheap ones are tested first. The author of a rule can
only change which tests there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from eqlite import plan
from eqlite.fields import Field
from eqlite.predicates.complexity import USUALLY_ARRAYS, cost, is_too_complex
from eqlite.predicates.literal_search import longest_literal, sort_patterns
from eqlite.predicates.raw_values import SEPARATOR
from eqlite.profiling.model import Finding
from eqlite.values.wildcard import Pattern

_NOTABLE_SHARE = 0.25
"""Share of the time of its rule, below which a clause gets no advice."""
_MOST, _HALF = 0.95, 0.5
_ENOUGH_EVENTS = 100
_MANY = 6
_EXPENSIVE = 4
"""Least `cost` of an expensive test: that of a pattern. Equality and numbers cost less."""


@dataclass(frozen=True, slots=True)
class MeasuredClause:
    """The measurements of one clause.

    `share` is its share of the time of its rule, from 0 to 1.
    """

    condition: plan.Condition
    evaluated: int
    held: int
    share: float


def findings(clauses: Sequence[MeasuredClause], absent: Collection[Field], events: int) -> list[tuple[Finding, ...]]:
    """Return the findings about each clause of a condition.

    Args:
        clauses: in the order in which they are tested.
        absent: the fields that no event has.
        events: the number of events.
    """
    first = next((clause for clause in clauses if clause.evaluated and clause.held < _HALF * clause.evaluated), None)
    return [tuple(_findings(clause, absent, events, is_first=clause is first)) for clause in clauses]


def _findings(clause: MeasuredClause, absent: Collection[Field], events: int, *, is_first: bool) -> Iterator[Finding]:
    condition, evaluated = clause.condition, clause.evaluated
    if not evaluated:
        return
    missing = None if clause.held or is_too_complex(condition) else absent_field(condition, absent)
    if missing is not None:
        yield Finding("field-absent", f"no event has `{missing}`, so the rule cannot match such events")
    if clause.share >= _NOTABLE_SHARE:
        yield from _costly(clause, events, is_first=is_first)
    if not clause.held and missing is None:
        yield Finding("never-held", f"held for none of the {evaluated:,} events that reached it")


def _costly(clause: MeasuredClause, events: int, *, is_first: bool) -> Iterator[Finding]:
    """Yield the reasons why a clause is expensive."""
    condition, evaluated = clause.condition, clause.evaluated
    if any(isinstance(leaf, plan.Script) for leaf in plan.leaves(condition)):
        yield Finding("script", "computed for each event: compare a field with a constant where that is enough")
    pattern = pattern_without_literal(condition)
    if pattern is not None:
        yield Finding(
            "no-literal", f"`{pattern}` contains no literal text, so every value is scanned character by character"
        )
    field = _array_without_case(condition)
    if field is not None:
        yield Finding("ignores-case", f"`{field}` holds arrays of lower-case values: `==` or `in` costs much less")
    tests = _alternatives(condition)
    if tests >= _MANY:
        yield Finding(
            "many-alternatives",
            f"an `or` of {tests:,} tests, all evaluated where none holds: test a common condition first",
        )
    if evaluated >= _ENOUGH_EVENTS and clause.held >= _MOST * evaluated:
        part = f"{clause.held / evaluated:.0%}" if clause.held < evaluated else "each"
        yield Finding(
            "holds-for-most",
            f"held for {part} of {evaluated:,} events, so it rules out little: add a rarer condition",
        )
    if is_first and evaluated >= _HALF * events and _is_expensive(condition):
        yield Finding(
            "expensive-first-test",
            f"the first selective test is an expensive one, run on {evaluated:,} of {events:,} events: "
            "add an equality that holds for few, such as on event.type, event.action or host.os.type",
        )


def absent_field(condition: plan.Condition, absent: Collection[Field]) -> str | None:
    """Return an absent field that the condition needs, or None."""
    match condition:
        case plan.Exists(field=field) | plan.FieldTest(field=field):
            return field.name if field in absent else None
        case plan.AllOf(terms=terms):
            return next((name for term in terms if (name := absent_field(term, absent)) is not None), None)
        case plan.AnyOf(terms=terms):
            names = [absent_field(term, absent) for term in terms]
            return names[0] if None not in names else None
        case _:
            return None


def pattern_without_literal(condition: plan.Condition) -> str | None:
    """Return a pattern of the condition without a required literal, or None."""
    for leaf in plan.leaves(condition):
        if not isinstance(leaf, plan.FieldTest):
            continue
        if isinstance(leaf.test, plan.TextRegex):
            if not leaf.test.regex.required_literal:
                return leaf.test.pattern
        elif isinstance(leaf.test, plan.TextLike):
            shapes = sort_patterns(leaf.test.patterns)
            for pattern in shapes.general:
                if pattern.least_length is None and not longest_literal(pattern).strip(SEPARATOR):
                    return _written(pattern)
    return None


def _array_without_case(condition: plan.Condition) -> str | None:
    """Return a field of lower-case arrays that the condition compares without case, or None."""
    match condition:
        case plan.FieldTest(field=field, test=plan.TextIn(insensitive=True)) if field.path in USUALLY_ARRAYS:
            return field.name
        case plan.Negation(operand=operand):
            return _array_without_case(operand)
        case _:
            return None


def _alternatives(condition: plan.Condition) -> int:
    """Return the number of tests that an `or` evaluates when none holds, or 0."""
    inner = condition.operand if isinstance(condition, plan.Negation) else condition
    return sum(1 for _ in plan.leaves(inner)) if isinstance(inner, plan.AnyOf) else 0


def _is_expensive(condition: plan.Condition) -> bool:
    if is_too_complex(condition):
        return True
    return cost(condition.operand if isinstance(condition, plan.Negation) else condition) >= _EXPENSIVE


def _written(pattern: Pattern) -> str:
    return "*".join("".join(atom[0] if atom else "?" for atom in segment.atoms) for segment in pattern.segments)
