"""Quoting of names and texts: each parses back to itself."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.language.tree_strategies import any_text

from eqlite.datatypes import DataType
from eqlite.language import ast
from eqlite.language.literals import read_name, read_number, read_string
from eqlite.language.quoting import (
    category_text,
    field_text,
    is_plain_name,
    literal_text,
    name_text,
    number_text,
    string_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", '""'),
        ("cmd.exe", '"cmd.exe"'),
        ('say "hi"', r'"say \"hi\""'),
        ("it's", '"it\'s"'),
        ("line\nend\r\ttab\b\f", r'"line\nend\r\ttab\b\f"'),
        ("\0\x7f", r'"\u{00}\u{7f}"'),
        ("naïve ♥", '"naïve ♥"'),
        ("\N{NO-BREAK SPACE}\N{RIGHT-TO-LEFT OVERRIDE}\N{LINE SEPARATOR}", r'"\u{a0}\u{202e}\u{2028}"'),
        ("\ud800", '"\ud800"'),
    ],
)
def test_text_without_backslashes_is_written_with_escapes(value: str, text: str) -> None:
    assert string_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("\\", '"""\\"""'),
        (r"C:\Windows\*", r'"""C:\Windows\*"""'),
        (r'\d+"', r'"""\d+""""'),
        (r'"\d+""', r'""""\d+"""""'),
        (r'\ "" \ ', r'"""\ "" \ """'),
    ],
)
def test_text_with_backslashes_is_written_raw(value: str, text: str) -> None:
    assert string_text(value) == text
    assert read_string(text) == value


@pytest.mark.parametrize("value", ["\\\n", "\\\r", "\\\t", '\\"""', '"""\\', '\\""""', "\\\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_text_unfit_for_a_raw_string_is_escaped(value: str) -> None:
    text = string_text(value)
    assert not text.startswith('"""')
    assert read_string(text) == value


@given(any_text)
def test_a_string_reads_back_and_stays_on_one_line(value: str) -> None:
    text = string_text(value)
    assert read_string(text) == value
    assert "\n" not in text
    assert "\r" not in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2**64 - 1, "18446744073709551615"),
        (0.0, "0.0"),
        (1.0, "1.0"),
        (0.25, "0.25"),
        (1e300, "1e300"),
        (1.5e-7, "1.5e-7"),
        (1e16, "1e16"),
        (5e-324, "5e-324"),
        (float(2**64), "1.8446744073709552e19"),
        (float("inf"), "1e999"),
    ],
)
def test_a_number_is_written_in_its_shortest_exact_form(value: float, text: str) -> None:
    assert number_text(value) == text


@given(st.integers(0, 2**64 - 1) | st.floats(min_value=0, allow_nan=False).map(abs))
def test_a_number_reads_back_with_its_type(value: float) -> None:
    read, type_ = read_number(number_text(value))
    assert read == value
    assert (type_ is DataType.DOUBLE) == isinstance(value, float)


def test_a_double_that_holds_an_int_is_still_written_as_a_double() -> None:
    assert literal_text(ast.Literal(3, DataType.DOUBLE)) == "3.0"


@pytest.mark.parametrize("name", ["a", "_", "@timestamp", "process", "head", "runs", "A9_", "AND"])
def test_identifiers_need_no_quotes(name: str) -> None:
    assert name_text(name) == name
    assert category_text(name) == name


@pytest.mark.parametrize(
    "name", ["", "in", "any", "sequence", "9a", "my-field", "a.b", "größe", "a@b", "a b", "`", "\N{KELVIN SIGN}"]
)
def test_other_names_stand_in_backticks(name: str) -> None:
    text = name_text(name)
    assert re.fullmatch(r"`(?:[^`]|``)*`", text)
    assert read_name(text) == name


def test_an_empty_name_is_not_plain() -> None:
    assert not is_plain_name("")


def test_a_field_keeps_its_parts_apart() -> None:
    assert field_text(("a.b", "c", "in")) == "`a.b`.c.`in`"
    assert field_text(("a",), optional=True) == "?a"


def test_categories_that_are_no_names_are_strings() -> None:
    assert category_text(None) == "any"
    assert category_text("any") == '"any"'
    assert category_text("my events") == '"my events"'
    assert category_text("a\\b") == '"""a\\b"""'
