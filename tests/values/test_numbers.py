"""Numbers as Elasticsearch has them: reading, narrowing, Java arithmetic, comparison in scripts."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.datatypes import DataType
from eqlite.values import numbers
from eqlite.values.java_types import UnsignedLong
from eqlite.values.numbers import (
    ArithmeticFault,
    add,
    compare,
    divide,
    modulo,
    multiply,
    narrow,
    negate,
    parse_double,
    parse_long,
    parse_number,
    subtract,
    to_int32,
    to_number,
)
from eqlite.values.text import to_text

MIN_LONG, MAX_LONG, MAX_UNSIGNED = -(2**63), 2**63 - 1, 2**64 - 1
OPERATIONS = [add, subtract, multiply, divide, modulo]
longs = st.integers(MIN_LONG, MAX_LONG)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("42", 42),
        ("+42", 42),
        ("-0042", -42),
        (" \t42\r\n\0", 42),
        ("4.5", 4.5),
        ("4.", 4.0),
        (".5", 0.5),
        ("-1.5e-3", -0.0015),
        ("1E3", 1000.0),
        ("9223372036854775807", MAX_LONG),
        ("18446744073709551615", MAX_UNSIGNED),
        ("18446744073709551616", 2.0**64),
        ("-9223372036854775809", -(2.0**63)),
        ("0" * 9999 + "7", 7),
    ],
)
def test_text_under_a_number_is_read_as_a_number(text: str, number: float) -> None:
    assert parse_number(text) == number
    assert type(parse_number(text)) is type(number)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "+", "-", ".", "e3", "1e", "--1", "1 2", "1,5", "ten", "true", "0x10", "1_000", "1d", "1f", "0b1"),
        *("NaN", "nan", "inf", "Infinity", "-Infinity", "1e999", "9" * 400, "\u00a01", "\u0664\u0662"),
    ],
)
def test_other_text_is_no_number(text: str) -> None:
    assert parse_number(text) is None


def test_only_numbers_and_their_texts_are_numbers() -> None:
    assert to_number(7) == 7
    assert to_number("7") == 7
    assert to_number(-0.5) == -0.5
    others: list[object] = [True, False, None, "x", [], {}]
    assert [to_number(value) for value in others] == [None] * 6


@given(st.one_of(longs, st.floats(allow_nan=False, allow_infinity=False)))
def test_a_number_is_read_back_from_its_text(value: float) -> None:
    assert to_number(to_text(value)) == value


@given(st.text())
def test_any_text_is_a_number_or_not(text: str) -> None:
    parse_number(text)
    parse_double(text)
    parse_long(text, 16)


@pytest.mark.parametrize(
    ("text", "base", "value"),
    [
        ("777", 8, 511),
        ("-7f", 16, -127),
        ("0b1", 16, 0xB1),  # digits, not Python's prefix
        ("zz", 36, 35 * 37),
        ("\uff21", 16, 10),  # full-width A
        ("\u0664\u0662", 10, 42),  # Arabic digits
        ("9223372036854775807", 10, MAX_LONG),
        ("-9223372036854775808", 10, MIN_LONG),
        ("0" * 5000 + "1", 10, 1),
    ],
)
def test_long_digits_are_read_in_any_base(text: str, base: int, value: int) -> None:
    assert parse_long(text, base) == value


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("9223372036854775808", 10),
        ("1" * 5000, 10),
        ("1" * 5000, 2),
        ("8", 8),
        ("0x1f", 16),
        ("1_0", 10),
        (" 1", 10),
        ("+-1", 10),
        ("", 10),
        ("-", 10),
        ("1.0", 10),
        ("\N{MATHEMATICAL BOLD DIGIT ONE}", 10),
        ("\N{SUPERSCRIPT TWO}", 10),
        ("1", 1),
        ("1", 37),
    ],
)
def test_other_text_is_no_long(text: str, base: int) -> None:
    assert parse_long(text, base) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" 1337 ", 1337.0),
        ("1d", 1.0),
        ("2.5F", 2.5),
        ("1e999", math.inf),
        ("-1e999", -math.inf),
        ("+Infinity", math.inf),
        ("-Infinity", -math.inf),
        ("0x1p3", 8.0),
        ("-0X.8P1d", -1.0),
        ("0x1p99999", math.inf),
        ("-0x1p99999", -math.inf),
    ],
)
def test_a_double_is_read_as_java_reads_it(text: str, value: float) -> None:
    assert parse_double(text) == value


def test_nan_is_a_double_in_java_alone() -> None:
    nan = parse_double("NaN")
    assert nan is not None
    assert math.isnan(nan)


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "infinity", "NaNd", "0x10", "0xp1", "1e", "1_0", "1dd", ".", "\u0663.1"]
)
def test_other_text_is_no_double(text: str) -> None:
    assert parse_double(text) is None


@pytest.mark.parametrize(
    ("value", "datatype", "held"),
    [
        (1.9, DataType.INTEGER, 1),
        (-1.9, DataType.LONG, -1),
        (127, DataType.BYTE, 127),
        (128, DataType.BYTE, None),
        (-32769, DataType.SHORT, None),
        (2**31, DataType.INTEGER, None),
        (2.0**63, DataType.LONG, None),
        (MAX_UNSIGNED, DataType.UNSIGNED_LONG, MAX_UNSIGNED),
        (-1, DataType.UNSIGNED_LONG, None),
        (math.inf, DataType.LONG, None),
        (math.nan, DataType.INTEGER, None),
        (0.1, DataType.FLOAT, 0.10000000149011612),
        (0.1, DataType.HALF_FLOAT, 0.0999755859375),
        (1e39, DataType.FLOAT, None),
        (65520, DataType.HALF_FLOAT, None),
        (3, DataType.DOUBLE, 3.0),
        (math.nan, DataType.DOUBLE, None),
        (10**400, DataType.DOUBLE, None),
        (1.5, DataType.SCALED_FLOAT, 1.5),
        (1.5, DataType.KEYWORD, 1.5),
    ],
)
def test_a_field_holds_what_its_type_can(value: float, datatype: DataType, held: float | None) -> None:
    assert narrow(value, datatype) == held


@given(longs, longs)
def test_quotient_and_remainder_belong_together(a: int, b: int) -> None:
    if b == 0 or (a, b) == (MIN_LONG, -1):
        return
    quotient, remainder = divide(a, b), modulo(a, b)
    assert quotient is not None
    assert remainder is not None
    assert quotient * b + remainder == a
    assert abs(remainder) < abs(b)
    assert remainder == 0 or (remainder < 0) == (a < 0)


@pytest.mark.parametrize(
    ("operation", "left", "right", "result"),
    [
        (add, 7, -3, 4),
        (add, 1, 0.5, 1.5),
        (subtract, -2, 4, -6),
        (multiply, 7, -3.0, -21.0),
        (divide, 7, 3, 2),
        (divide, -7, 2, -3),
        (divide, 7, -2, -3),
        (divide, 7, 2.0, 3.5),
        (divide, 1, 0.0, math.inf),
        (divide, 1, -0.0, -math.inf),
        (divide, -1.0, 0, -math.inf),
        (divide, MIN_LONG, -1, MIN_LONG),
        (modulo, -10, -6, -4),
        (modulo, 10, -6, 4),
        (modulo, 10, 0.5, 0.0),
        (modulo, -5.5, 2, -1.5),
        (modulo, 5.5, math.inf, 5.5),
        (modulo, MIN_LONG, -1, 0),
        (add, MAX_LONG, 0, MAX_LONG),
        (add, MAX_LONG + 1, 1, MAX_LONG + 2),  # an unsigned long
        (subtract, MAX_UNSIGNED, MAX_UNSIGNED, 0),
        (add, 2**64, 1, 2.0**64 + 1),  # beyond every integer type
        (multiply, 10**400, 0.5, math.inf),
    ],
)
def test_arithmetic_is_that_of_java(
    operation: Callable[[object, object], float | None], left: float, right: float, result: float
) -> None:
    assert operation(left, right) == result
    assert isinstance(operation(left, right), type(result))


@pytest.mark.parametrize(
    ("operation", "left", "right"),
    [(subtract, 7, 8), (multiply, 7, -8), (divide, 7, -2), (add, 7, -8), (add, MAX_UNSIGNED, 1), (subtract, 0, 1)],
)
def test_an_unsigned_long_never_becomes_negative(
    operation: Callable[[object, object], float | None], left: int, right: int
) -> None:
    with pytest.raises(ArithmeticFault, match="unsigned_long overflow"):
        operation(UnsignedLong(left), right)


@given(st.integers(0, MAX_UNSIGNED), longs, st.sampled_from([add, subtract, multiply]))
def test_unsigned_arithmetic_is_exact_or_a_fault(unsigned: int, other: int, operation: Callable[..., int]) -> None:
    exact = {add: unsigned + other, subtract: unsigned - other, multiply: unsigned * other}[operation]
    if 0 <= exact <= MAX_UNSIGNED:
        assert operation(UnsignedLong(unsigned), other) == exact
    else:
        with pytest.raises(ArithmeticFault):
            operation(UnsignedLong(unsigned), other)


def test_what_an_unsigned_long_comes_to_is_one() -> None:
    seven = UnsignedLong(7)
    assert isinstance(subtract(subtract(seven, 3), 4), UnsignedLong)
    with pytest.raises(ArithmeticFault):
        subtract(subtract(seven, 3), 5)
    with pytest.raises(ArithmeticFault):
        modulo(-7, UnsignedLong(3))
    with pytest.raises(ArithmeticFault):
        negate(seven)
    assert negate(UnsignedLong(0)) == 0
    assert subtract(seven, 8.0) == -1.0


@pytest.mark.parametrize(
    ("operation", "left", "right"), [(divide, 0.0, 0), (modulo, 1, 0.0), (modulo, math.inf, 2), (divide, math.nan, 0)]
)
def test_what_is_undefined_on_doubles_is_nan(
    operation: Callable[[object, object], float | None], left: float, right: float
) -> None:
    result = operation(left, right)
    assert result is not None
    assert math.isnan(result)


@pytest.mark.parametrize(
    ("operation", "left", "right", "bits", "message"),
    [
        (add, MAX_LONG, 1, 64, "long overflow"),
        (subtract, MIN_LONG, 1, 64, "long overflow"),
        (multiply, 2**32, 2**31, 64, "long overflow"),
        (add, 2**31 - 1, 1, 32, "integer overflow"),
        (multiply, 65536, -65536, 32, "integer overflow"),
        (add, MAX_UNSIGNED, 1, 64, "unsigned_long overflow"),
        (subtract, 1, MAX_UNSIGNED, 64, "unsigned_long overflow"),
        (divide, 1, 0, 64, "/ by zero"),
        (modulo, 1, 0, 32, "/ by zero"),
    ],
)
def test_integers_that_java_refuses_are_a_fault(
    operation: Callable[..., float | None], left: int, right: int, bits: int, message: str
) -> None:
    with pytest.raises(ArithmeticFault, match=message):
        operation(left, right, bits=bits)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("other", [None, True, False, "1", [1]])
def test_arithmetic_with_what_is_no_number_is_null(
    operation: Callable[[object, object], float | None], other: object
) -> None:
    assert operation(1, other) is None
    assert operation(other, 1) is None
    assert operation(other, 0) is None


def test_thirty_two_bits_wrap_on_division_alone() -> None:
    assert divide(-(2**31), -1, bits=32) == -(2**31)


def test_negation() -> None:
    assert negate(5) == -5
    assert negate(-0.5) == 0.5
    assert negate(MIN_LONG + 1) == MAX_LONG
    assert negate(None) is None
    assert negate(True) is None
    for value, bits in ((MIN_LONG, 64), (-(2**31), 32), (MAX_UNSIGNED, 64), (5e-324, 64)):
        with pytest.raises(ArithmeticFault, match="overflow"):
            negate(value, bits=bits)


def test_positions_are_thirty_two_bits_wide() -> None:
    assert to_int32(-7.9) == -7
    assert to_int32(2**31) == -(2**31)
    assert to_int32(-1) == -1
    assert to_int32(-math.inf) == -(2**31)
    assert to_int32(math.nan) == 0


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        (1, 2, -1),
        (2, 1.5, 1),
        (3, 3.0, 0),
        (MAX_LONG, 2.0**63, 0),  # as doubles they are the same
        (MAX_LONG, MAX_LONG - 1, 1),
        (-0.0, 0.0, -1),
        (0.0, 0, 0),
        (math.nan, math.nan, 0),
        (math.nan, math.inf, 1),
        (1, math.nan, -1),
        (10**400, 1.0, 1),
        ("B", "a", -1),
        ("\N{GRINNING FACE}", "\uffee", -1),
        (False, True, -1),
        (True, True, 0),
    ],
)
def test_values_of_one_class_are_ordered(left: object, right: object, order: int) -> None:
    assert compare(left, right) == order
    assert compare(right, left) == -order


@pytest.mark.parametrize(
    ("left", "right"), [(None, None), (None, 1), (1, "1"), (True, 1), (1.0, False), ("true", True), ([1], [1]), ({}, 1)]
)
def test_other_values_cannot_be_compared(left: object, right: object) -> None:
    assert compare(left, right) is None
    assert compare(right, left) is None


def test_faults_are_value_errors() -> None:
    assert issubclass(numbers.ArithmeticFault, ValueError)
