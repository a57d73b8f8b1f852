"""The functions on numbers: the operators by name, and reading numbers from text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.functions import ValueFault, find
from eqlite.functions.math import read_number
from eqlite.functions.registry import Implementation, Value


def function(name: str) -> Implementation:
    found = find(name)
    assert found is not None
    return found.implementation


@pytest.mark.parametrize(
    ("name", "left", "right", "value"),
    [
        ("add", 1, 2, 3),
        ("add", "1", 2, 3),
        ("add", " 1.5 ", 2, 3.5),
        ("subtract", 1, 2, -1),
        ("multiply", 3, 0.5, 1.5),
        ("divide", -7, 2, -3),
        ("divide", 1, 0.0, math.inf),
        ("modulo", -7, 2, -1),
        ("add", None, 1, None),
        ("divide", None, 0, None),
        ("modulo", 1, None, None),
        ("add", "one", 1, None),
        ("add", "", 1, None),
        ("add", True, 1, None),
    ],
)
def test_arithmetic_by_name(name: str, left: Value, right: Value, value: Value) -> None:
    assert function(name)(left, right) == value


@pytest.mark.parametrize(
    ("name", "left", "right", "message"),
    [
        ("divide", 1, 0, "/ by zero"),
        ("modulo", 1, "0", "/ by zero"),
        ("add", 2**63 - 1, 1, "long overflow"),
        ("multiply", 2**62, 2, "long overflow"),
    ],
)
def test_what_fails_the_search_is_a_fault(name: str, left: Value, right: Value, message: str) -> None:
    with pytest.raises(ValueFault, match=message):
        function(name)(left, right)


def test_literals_overflow_at_thirty_two_bits() -> None:
    assert function("add")(2**31 - 1, 1) == 2**31
    with pytest.raises(ValueFault, match="integer overflow"):
        function("add")(2**31 - 1, 1, bits=32)


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (("1337",), 1337),
        (("+1337",), 1337),
        (("-1337",), -1337),
        (("42.5",), 42.5),
        (("1e3",), 1000.0),
        (("  1337  ",), 1337.0),  # blanks make it a double
        (("99999999999999999999",), 1e20),
        (("0x1F",), 31),
        (("0x1F", 16), 31),
        (("1F", 16), 31),
        (("-1f", 16), -31),
        (("0755", 8), 493),
        (("zz", 36), 1295),
        (("1337", None), 1337),
        (("0x1F", None), 31),
        (("101", "2"), 5),
        ((1337,), 1337),
        ((42.5,), 42.5),
        ((1e10,), 1e10),
        (("0x1p3", 10), 8.0),
        ((None,), None),
        ((None, 16), None),
    ],
)
def test_numbers_are_read_from_text(arguments: tuple[Value, ...], value: Value) -> None:
    assert read_number(*arguments) == value
    assert type(read_number(*arguments)) is type(value)


@pytest.mark.parametrize(
    ("arguments", "text", "base"),
    [
        (("x",), "x", 10),
        (("",), "", 10),
        (("0X1F",), "0X1F", 10),
        (("-0x1f",), "-0x1f", 10),
        (("0x1F", 10), "0x1F", 10),
        (("0xzz",), "zz", 16),
        (("0x",), "", 16),
        (("1.5", 16), "1.5", 16),
        ((" 11 ", 2), " 11 ", 2),
        (("12", 2), "12", 2),
        (("1", 1), "1", 1),
        (("1", 99), "1", 99),
        (("ffffffffffffffff", 16), "ffffffffffffffff", 16),
        (("1_000",), "1_000", 10),
        ((True,), "true", 10),
    ],
)
def test_other_text_is_a_fault(arguments: tuple[Value, ...], text: str, base: int) -> None:
    with pytest.raises(ValueFault) as caught:
        read_number(*arguments)
    assert str(caught.value) == f"Unable to convert [{text}] to number of base [{base}]"


def test_special_doubles_are_read() -> None:
    assert read_number("-Infinity") == -math.inf
    assert str(read_number("NaN")) == "nan"


def test_long_digit_strings_take_no_long_time() -> None:
    digits = "9" * 1_000_000
    assert read_number(digits) == math.inf
    with pytest.raises(ValueFault):
        read_number(digits, 16)
    assert function("add")(digits, 1) is None


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from([8, 16, 10, 2]))
def test_integers_are_read_in_the_base_they_were_written_in(value: int, base: int) -> None:
    written = format(value, {8: "o", 16: "x", 10: "d", 2: "b"}[base])
    assert read_number(written, base) == value


@given(st.text())
def test_any_text_is_a_number_or_a_fault(text: str) -> None:
    try:
        value = read_number(text)
    except ValueFault:
        value = 0
    assert isinstance(value, int | float)
