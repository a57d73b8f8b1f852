"""The reference backend: a plain interpreter of the plan, the executable definition of a query's meaning.

Slow and obvious on purpose. Every case of the conformance suite and every property test runs on it and on the fast
backend, and they must agree.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator, Sequence
from typing import Any, assert_never

from eqlite import plan
from eqlite.datatypes import DataType
from eqlite.engine.faults import Faults, Predicate
from eqlite.engine.match import Event
from eqlite.engine.reference_sequences import match_sequences_by_lists
from eqlite.engine.sequences import EventHits, Found, Reference
from eqlite.fields import Field, field_values, script_value, to_boolean
from eqlite.functions.registry import Value, ValueFault
from eqlite.limits import MAX_COMBINATIONS, MAX_SCRIPT_STEPS
from eqlite.plan.evaluation import evaluate
from eqlite.values.distinct import distinct_key
from eqlite.values.network import parse_address
from eqlite.values.numbers import to_number
from eqlite.values.text import fold_ascii, to_text
from eqlite.values.versions import version_key

_STEP_SIGNS = 64
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class ReferenceBackend:
    """A backend that interprets conditions, and matches sequences by lists."""

    name = "reference"
    is_incremental = False
    is_indexed = False

    def predicate(self, condition: plan.Condition, *, name: str) -> Predicate:  # noqa: ARG002 - protocol
        """Return the condition as a function of a document and of the faults that it counts."""
        steps = script_steps(condition)
        return lambda event, faults: holds(condition, event, faults, steps)

    def match_sequences(
        self, query: plan.SequenceQuery, events: Sequence[EventHits[Reference]]
    ) -> list[Found[Reference]]:
        """Return the sequences among the hits of all events."""
        return match_sequences_by_lists(query, events)


def script_steps(condition: plan.Condition) -> int:
    """Return the most steps of each script leaf of a condition on one event, as in `script_values`."""
    return MAX_SCRIPT_STEPS // max(1, sum(isinstance(leaf, plan.Script) for leaf in plan.leaves(condition)))


def holds(condition: plan.Condition, event: Event, faults: Faults, steps: int = MAX_SCRIPT_STEPS) -> bool:
    """Return whether an event meets a condition, with at most `steps` for each script leaf."""
    match condition:
        case plan.Always(holds=always):
            return always
        case plan.Negation(operand=operand):
            return not holds(operand, event, faults, steps)
        case plan.AllOf(terms=terms):
            for term in terms:  # noqa: SIM110 - `all` takes C stack at every level, of which Python 3.12 allows little
                if not holds(term, event, faults, steps):
                    return False
            return True
        case plan.AnyOf(terms=terms):
            for term in terms:  # noqa: SIM110 - as above
                if holds(term, event, faults, steps):
                    return True
            return False
        case plan.Exists(field=field):
            return bool(field_values(event, field))
        case plan.FieldTest(field=field, test=test):
            return any(passes(test, as_kind(value, field, test.kind)) for value in field_values(event, field))
        case plan.Script(expression=expression):
            return script_holds(expression, event, faults, steps)
        case _:
            assert_never(condition)


def as_kind(value: Any, field: Field, kind: plan.Kind) -> Any:
    """Return an untyped value as the kind that a test needs, or None.

    A typed value is returned unchanged.
    """
    if field.type is not DataType.UNKNOWN:
        return value
    match kind:
        case "text":
            return to_text(value)
        case "number":
            return to_number(value)
        case "boolean":
            return to_boolean(value)
        case "address":
            return parse_address(value)
        case "instant":
            return None


def passes(test: plan.Test, value: Any) -> bool:
    """Return whether a value passes a test. None never does."""
    if value is None:
        return False
    match test:
        case plan.TextIn(texts=texts, insensitive=insensitive):
            return (fold_ascii(value) if insensitive else value) in texts
        case plan.TextLike(patterns=patterns):
            return any(pattern.matches(value) for pattern in patterns)
        case plan.TextRegex():
            return test.regex.matches(value)
        case plan.TextRange(operator=sign, bound=bound, versions=True):
            return bool(_ORDER[sign](version_key(value), version_key(bound)))
        case plan.TextRange(operator=sign, bound=bound):
            return bool(_ORDER[sign](value, bound))
        case plan.NumberIn(numbers=numbers):
            return value in numbers
        case plan.NumberRange(operator=sign, bound=bound):
            return bool(_ORDER[sign](value, bound))
        case plan.BooleanIn(values=values):
            return value in values
        case plan.AddressIn(blocks=blocks):
            return any(block.contains(value) for block in blocks)
        case plan.InstantIn(intervals=intervals):
            return any(first <= value <= last for first, last in intervals)
        case _:
            assert_never(test)


def script_holds(expression: plan.Expression, event: Event, faults: Faults, steps: int) -> bool:
    """Return whether an expression is true for some combination of the values of its field mentions.

    A fault makes that combination null. Equal values of a field are tried once. More combinations than the steps
    allow count as a fault.
    """
    return any(value is True for value in script_values(expression, event, faults, steps))


def script_values(
    expression: plan.Expression, event: Event, faults: Faults, steps: int = MAX_SCRIPT_STEPS
) -> Iterator[Value]:
    """Yield the value of an expression for each combination of the values of its field mentions.

    A combination takes a step for each part of the expression, and one for every 64 characters of the values.
    """
    nodes = list(plan.nodes(expression))
    mentions = [node for node in nodes if isinstance(node, plan.FieldValue)]
    choices = [_mention_values(event, mention.field) for mention in mentions]
    keys = [id(mention) for mention in mentions]
    taken = 0
    for tried, combination in enumerate(itertools.product(*choices)):
        if tried:  # one value of each field is always tried
            taken += len(nodes) + sum([len(value) for value in combination if value.__class__ is str]) // _STEP_SIGNS
            if tried >= MAX_COMBINATIONS or taken > steps:
                faults.record("too many combinations of array values")
                return
        try:
            yield evaluate(expression, dict(zip(keys, combination, strict=True)))
        except ValueFault as fault:
            faults.record(str(fault))
            yield None


def _mention_values(event: Event, field: Field) -> list[Any]:
    values = [script_value(value, field) for value in field_values(event, field)]
    if len(values) == 1:
        return values
    distinct = {distinct_key(value): value for value in values}
    return list(distinct.values()) or [None]
