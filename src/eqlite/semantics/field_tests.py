"""Tests of a field against a constant, by the type of the field.

Without a type the constant decides: text is compared with the value's text, a number with the value as a number, a
boolean with the value as a boolean. With a type the constant is converted as Elasticsearch does (eql-semantics 3.3);
one that the type refuses is reported as a warning and matches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from eqlite import plan
from eqlite.datatypes import DATES, FLOATS, INTEGERS, NUMBERS, STRINGS, DataType
from eqlite.fields import Field, Scalar
from eqlite.semantics.context import Context
from eqlite.source import Span
from eqlite.values.dates.instants import date_interval
from eqlite.values.network import Block, parse_address, parse_block
from eqlite.values.numbers import narrow, parse_number
from eqlite.values.text import to_text
from eqlite.values.wildcard import literal_pattern

_FIRST, _LAST = -(2**63), 2**63 - 1
_ADDRESS_LAST = 2**128 - 1


def equality_tests(
    field: Field, values: Iterable[Scalar], span: Span, context: Context, *, in_list: bool = False
) -> list[plan.Test]:
    """Return the tests of `field == value` or `field in (values)`, of which one suffices. Empty: nothing matches."""
    kind = field.type
    if kind is DataType.UNKNOWN:
        return _untyped_tests(values)
    if kind in STRINGS:
        return [plan.TextIn(frozenset(map(to_text, values)))]
    if kind in NUMBERS:
        numbers = [_number(value, field, span, context, report_range=in_list) for value in values]
        valid = frozenset(number for number in numbers if number is not None)
        return [plan.NumberIn(valid)] if valid else []
    if kind is DataType.BOOLEAN:
        booleans = [_boolean(value, field, span, context) for value in values]
        truths = frozenset(value for value in booleans if value is not None)
        return [plan.BooleanIn(truths)] if truths else []
    if kind is DataType.IP:
        blocks = tuple(block for value in values if (block := _block(value, field, span, context)) is not None)
        return [plan.AddressIn(blocks)] if blocks else []
    if kind in DATES:
        intervals = tuple(found for value in values if (found := _interval(value, field, span, context)) is not None)
        return [plan.InstantIn(intervals)] if intervals else []
    return []


def _untyped_tests(values: Iterable[Scalar]) -> list[plan.Test]:
    texts, numbers, booleans = set(), set(), set()
    for value in values:
        if isinstance(value, str):
            texts.add(value)
        elif isinstance(value, bool):
            booleans.add(value)
        else:
            numbers.add(value)
    tests: list[plan.Test] = []
    if texts:
        tests.append(plan.TextIn(frozenset(texts)))
    if numbers:
        tests.append(plan.NumberIn(frozenset(numbers)))
    if booleans:
        tests.append(plan.BooleanIn(frozenset(booleans)))
    return tests


def insensitive_test(text: str, context: Context) -> plan.Test:
    """Return the test of `field : text`, and of one item of `field in~ (…)`: equality after folding."""
    pattern = literal_pattern(text, insensitive=True, unicode=context.target.folds_unicode)
    single = pattern.single_value if pattern.folded else None
    return plan.TextLike((pattern,)) if single is None else plan.TextIn(frozenset({single}), insensitive=True)


def range_tests(
    field: Field, operator: plan.RangeOperator, value: Scalar, span: Span, context: Context
) -> list[plan.Test]:
    """Return the test of `field operator value`. Empty: nothing matches."""
    kind = field.type
    if kind is DataType.BOOLEAN or (kind is DataType.UNKNOWN and isinstance(value, bool)):
        return _boolean_range(field, operator, value, span, context)
    if kind in STRINGS:
        return [plan.TextRange(operator, to_text(value), versions=kind is DataType.VERSION)]
    if kind is DataType.UNKNOWN:
        if isinstance(value, str):
            return [plan.TextRange(operator, value)]
        return [plan.NumberRange(operator, value)]
    if kind in NUMBERS:
        bound = _number(value, field, span, context, report_range=True, is_range=True)
        return [] if bound is None else [plan.NumberRange(operator, bound)]
    if kind is DataType.IP:
        return _address_range(field, operator, value, span, context)
    if kind in DATES:
        interval = _interval(value, field, span, context)
        return [] if interval is None else [plan.InstantIn((_beside(operator, *interval),))]
    return []


def _beside(operator: plan.RangeOperator, first: int, last: int) -> tuple[int, int]:
    """Return the instants that `< <= > >=` a constant covering `first` to `last`."""
    match operator:
        case ">":
            return (last + 1, _LAST)
        case ">=":
            return (first, _LAST)
        case "<":
            return (_FIRST, first - 1)
        case _:
            return (_FIRST, last)


def _boolean_range(
    field: Field, operator: plan.RangeOperator, value: Scalar, span: Span, context: Context
) -> list[plan.Test]:
    bound = _boolean(value, field, span, context)
    if bound is None:
        return []
    valid = frozenset(
        truth
        for truth in (False, True)
        if {"<": truth < bound, "<=": truth <= bound, ">": truth > bound, ">=": truth >= bound}[operator]
    )
    return [plan.BooleanIn(valid)] if valid else []


def _address_range(
    field: Field, operator: plan.RangeOperator, value: Scalar, span: Span, context: Context
) -> list[plan.Test]:
    address = parse_address(value)
    if address is None:
        _refuse(value, field, f"'{to_text(value)}' is not an IP string literal.", span, context)
        return []
    match operator:
        case ">":
            first, last = address + 1, _ADDRESS_LAST
        case ">=":
            first, last = address, _ADDRESS_LAST
        case "<":
            first, last = 0, address - 1
        case _:
            first, last = 0, address
    return [plan.AddressIn((Block(first, last),))] if first <= last else []


def _number(
    value: Scalar, field: Field, span: Span, context: Context, *, report_range: bool, is_range: bool = False
) -> int | float | None:
    number = parse_number(value) if isinstance(value, str) else None if isinstance(value, bool) else value
    if number is None:
        _refuse(value, field, f'For input string: "{to_text(value)}"', span, context)
        return None
    if field.type in FLOATS:
        return narrow(number, field.type)
    if field.type in INTEGERS and narrow(number, field.type) is None:
        if report_range:
            words = f"Value [{to_text(value)}] is out of range for a {field.type.es_name}"
            _refuse(value, field, words, span, context)
        return None
    if isinstance(number, float) and not number.is_integer() and not is_range:
        return None
    return number


def _boolean(value: Scalar, field: Field, span: Span, context: Context) -> bool | None:
    truth = {"true": True, "false": False}.get(to_text(value))
    if truth is None:
        words = f"Can't parse boolean value [{to_text(value)}], expected [true] or [false]"
        _refuse(value, field, words, span, context)
    return truth


def _block(value: Scalar, field: Field, span: Span, context: Context) -> Block | None:
    block = parse_block(value) if isinstance(value, str) else None
    if block is None:
        _refuse(value, field, f"'{to_text(value)}' is not an IP string literal.", span, context)
    return block


def _interval(value: Scalar, field: Field, span: Span, context: Context) -> tuple[int, int] | None:
    literal = to_text(value) if isinstance(value, bool) else value
    interval = date_interval(literal, field.formats or None, nanos=field.type is DataType.DATE_NANOS)
    if interval is None:
        formats = "||".join(field.formats) or "strict_date_optional_time||epoch_millis"
        words = f"failed to parse date field [{to_text(value)}] with format [{formats}]"
        _refuse(value, field, words, span, context)
    return interval


def _refuse(value: Scalar, field: Field, words: str, span: Span, context: Context) -> None:
    context.collector.report(
        "literal-out-of-type",
        f"`{to_text(value)}` is no value of field `{field.name}`, which is of type {field.type.es_name}",
        span,
        label="matches nothing",
        note=f"Elasticsearch fails the search: {words}",
    )
