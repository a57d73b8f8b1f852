"""A test of the plan as a function of a raw value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eqlite import plan
from eqlite.predicates import raw_values as runtime


def text_range(operator: plan.RangeOperator, bound: str) -> Callable[[str], bool]:
    """Return a function that compares a text with `bound`, by code point, which is UTF-8 byte order."""
    return {"<": bound.__gt__, "<=": bound.__ge__, ">": bound.__lt__, ">=": bound.__le__}[operator]


def number_range(operator: plan.RangeOperator, bound: int | float) -> Callable[[int | float], bool]:
    """Return a function that compares a number with `bound`."""
    match operator:
        case "<":
            return lambda number: number < bound
        case "<=":
            return lambda number: number <= bound
        case ">":
            return lambda number: number > bound
        case _:
            return lambda number: number >= bound


Passes = Callable[[Any], bool]


Test = plan.Test | None
"""None asks whether there is a value."""


def passes_test(test: Test) -> Passes:
    """Return a predicate for raw values of which any passes a test."""
    match test:
        case None:
            return runtime.exists
        case plan.TextIn(texts=texts, insensitive=insensitive):
            within = runtime.any_folded_in if insensitive else runtime.any_in
            return lambda value: within(value, texts)
        case plan.TextLike(patterns=found):
            return lambda value: runtime.any_text(value, lambda text: any(each.matches(text) for each in found))
        case plan.TextRegex():
            matches = test.regex.matches
            return lambda value: runtime.any_text(value, matches)
        case plan.TextRange(operator=operator, bound=bound):
            compare = text_range(operator, bound)
            return lambda value: runtime.any_text(value, compare)
        case plan.NumberIn(numbers=numbers):
            return lambda value: runtime.any_number(value, numbers.__contains__)
        case plan.NumberRange(operator=operator, bound=bound):
            among = number_range(operator, bound)
            return lambda value: runtime.any_number(value, among)
        case plan.BooleanIn(values=booleans):
            return lambda value: runtime.any_boolean(value, booleans)
        case plan.AddressIn(blocks=blocks):
            return lambda value: runtime.any_address(value, blocks)
        case _:
            raise AssertionError(f"no test on one value: {type(test).__name__}")
