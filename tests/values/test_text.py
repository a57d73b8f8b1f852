"""Text as Elasticsearch has it: rendering, folding, order, UTF-16 units."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.values.text import (
    compare_text,
    equals_ignoring_case,
    fold_ascii,
    fold_case,
    from_utf16_units,
    lower_root,
    to_text,
    to_utf16_units,
    utf16_key,
    utf16_length,
)

GRIN = "\N{GRINNING FACE}"
HIGH, LOW = "\ud83d", "\ude00"

# Also surrogates on their own, which Hypothesis leaves out unless asked; never a pair, which no reader gives.
texts = st.text(st.characters(exclude_categories=())).map(from_utf16_units)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-42, "-42"),
        (2**64, "18446744073709551616"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (42.5, "42.5"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (12345678.9, "1.23456789E7"),
        (-1.5e-5, "-1.5E-5"),
        (1e10, "1.0E10"),
        (0.00012345678901234567, "1.2345678901234567E-4"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (2.2250738585072014e-308, "2.2250738585072014E-308"),
        (1e23, "1.0E23"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_values_read_as_java_writes_them(value: object, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize(("value", "text"), [(5e-324, "4.9E-324"), (1e-323, "9.9E-324"), (2e-322, "2.0E-322")])
def test_the_smallest_floats_have_two_digits_if_nearer(value: float, text: str) -> None:
    assert to_text(value) == text


def test_an_integer_too_long_to_write_is_infinite() -> None:
    assert to_text(10**5000) == "Infinity"
    assert to_text(-(10**5000)) == "-Infinity"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_float_reads_back_as_the_same_float(value: float) -> None:
    text = to_text(value)
    assert float(text) == value
    assert "." in text
    assert ("E" in text) == (value != 0 and not 1e-3 <= abs(value) < 1e7)


def test_ascii_folding_leaves_other_letters_alone() -> None:
    assert fold_ascii("PowerShell.EXE") == "powershell.exe"
    assert fold_ascii("ÀÉÎ É") == "ÀÉÎ É"
    assert fold_ascii("\N{KELVIN SIGN}K") == "\N{KELVIN SIGN}k"


def test_ascii_folding_keeps_lone_surrogates_and_emoji() -> None:
    assert fold_ascii(f"A{HIGH}B{GRIN}") == f"a{HIGH}b{GRIN}"


@given(texts)
def test_ascii_folding_changes_only_a_to_z(text: str) -> None:
    assert fold_ascii(text) == "".join(c.lower() if c.isascii() else c for c in text)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("CMD.EXE", "cmd.exe"),
        ("ÉTÉ", "été"),
        ("ΟΔΟΣ", "οδος"),  # final sigma has no part in it
        ("\N{KELVIN SIGN}", "k"),
        ("\N{LATIN SMALL LETTER LONG S}", "S"),
        ("µ", "μ"),
        ("\N{LATIN SMALL LETTER DOTLESS I}", "I"),
        ("İ", "i"),
        ("ᾳ", "ᾼ"),  # full upper case has two characters, the simple one has one
        ("\N{DESERET CAPITAL LETTER LONG I}", "\N{DESERET SMALL LETTER LONG I}"),
    ],
)
def test_case_is_ignored_character_by_character(left: str, right: str) -> None:
    assert equals_ignoring_case(left, right)
    assert equals_ignoring_case(right, left)
    assert fold_case(left) == fold_case(right)


@pytest.mark.parametrize(
    ("left", "right"), [("straße", "STRASSE"), ("ﬁ", "FI"), ("e\u0301", "é"), ("a", "aa"), (HIGH, LOW), ("ß", "ẞ!")]
)
def test_different_texts_stay_different(left: str, right: str) -> None:
    assert not equals_ignoring_case(left, right)


@given(texts, texts)
def test_folded_forms_are_equal_exactly_where_the_texts_are(left: str, right: str) -> None:
    assert equals_ignoring_case(left, right) == (fold_case(left) == fold_case(right))
    assert equals_ignoring_case(left, fold_case(left))
    assert len(fold_case(left)) == len(left)


def test_lower_case_may_change_the_length() -> None:
    assert lower_root("İx") == "i\u0307x"
    assert lower_root("ΟΔΟΣ ΣΔ") == "οδος σδ"


def test_utf16_order_puts_emoji_before_the_last_bmp_block() -> None:
    assert GRIN > "\uff21"
    assert utf16_key(GRIN) < utf16_key("\uff21")
    assert compare_text(GRIN, "\uff21") == -1
    assert compare_text("\uff21", GRIN) == 1


@given(texts, texts)
def test_comparison_is_the_order_of_the_units(left: str, right: str) -> None:
    a, b = to_utf16_units(left), to_utf16_units(right)
    assert compare_text(left, right) == (a > b) - (a < b)
    assert (utf16_key(left) < utf16_key(right)) == (a < b)


def test_an_emoji_has_two_units() -> None:
    assert to_utf16_units(f"a{GRIN}") == "a" + HIGH + LOW
    assert from_utf16_units("a" + HIGH + LOW) == f"a{GRIN}"
    assert from_utf16_units(LOW + HIGH + "a") == LOW + HIGH + "a"


@given(texts)
def test_units_and_text_are_two_forms_of_the_same(text: str) -> None:
    units = to_utf16_units(text)
    assert from_utf16_units(units) == text
    assert utf16_length(text) == len(units)
    assert all(unit <= "\uffff" for unit in units)
