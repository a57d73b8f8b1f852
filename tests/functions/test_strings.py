"""The functions on text: positions in UTF-16 units, nulls, case, and values of other types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.functions import ValueFault, find
from eqlite.functions.registry import Implementation, Value
from eqlite.functions.strings import (
    between,
    between_insensitive,
    concat,
    index_of,
    index_of_insensitive,
    length,
    substring,
    to_string,
)
from eqlite.values.text import from_utf16_units, to_utf16_units

GRIN = "\N{GRINNING FACE}"
HIGH, LOW = "\ud83d", "\ude00"
texts = st.text(st.sampled_from(f"ab/{GRIN}{HIGH}{LOW}é"), max_size=8).map(from_utf16_units)


def form(name: str) -> Implementation:
    """Return the implementation of a function by its name in EQL."""
    function = find(name.removesuffix("~"))
    assert function is not None
    implementation = function.insensitive if name.endswith("~") else function.implementation
    assert implementation is not None
    return implementation


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (("[a][b]", "[", "]"), "a"),
        (("[a][b]", "[", "]", True), "a][b"),
        (("[a][b]", "[", "]", False), "a"),
        (("[a", "[", "]"), ""),
        (("a]", "[", "]"), ""),
        (("[]", "[", "]"), ""),
        (("", "[", "]"), ""),
        (("[a]", "", "]"), "[a]"),
        (("[a]", "[", ""), "[a]"),
        (("[A]", "[a", "]"), ""),
        ((1234, 1, 4), "23"),
        ((True, "t", "e"), "ru"),
        ((None, "[", "]"), None),
        ((None, None, None, None), None),
    ],
)
def test_between(arguments: tuple[Value, ...], value: Value) -> None:
    assert between(*arguments) == value


def test_between_ignoring_case_keeps_the_case_of_the_text() -> None:
    assert between_insensitive("User=ADMIN;Host", "USER=", ";host") == "ADMIN"
    assert between_insensitive("ÀÉÎ", "à", "î") == "É"


def test_between_is_a_fault_if_the_last_end_precedes_the_start() -> None:
    with pytest.raises(ValueFault):
        between("]a[b", "[", "]", True)
    with pytest.raises(ValueFault, match="boolean"):
        between("[a]", "[", "]", "true")


@pytest.mark.parametrize("arguments", [(None, "]"), ("[", None), ("[", "]", None)])
def test_between_of_a_text_needs_its_other_arguments(arguments: tuple[Value, ...]) -> None:
    with pytest.raises(ValueFault, match=r"required; received \[null\]"):
        between("[a]", *arguments)


def test_insensitive_between_counts_in_the_lower_case_text() -> None:
    assert between_insensitive("İ(ab)c", "(", ")") == "b)"  # the lower case of İ is one longer
    with pytest.raises(ValueFault):
        between_insensitive("İİ(a)", "(", ")")


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (("a.b.c", "."), 1),
        (("a.b.c", ".", 2), 3),
        (("a.b.c", ".", 99), None),
        (("a.b.c", ".", -5), 1),
        (("a.b.c", ".", None), 1),
        (("a.b.c", "x"), None),
        (("a.b.c", "", 2), 2),
        (("a.b.c", "", -6), 0),
        (("a.b.c", "", 99), 5),
        (("", ""), 0),
        (("", "x"), None),
        (("a.b.c", "B"), None),
        ((f"{GRIN}.x", "."), 2),
        ((f"{GRIN}.x", LOW), 1),
        ((f"{GRIN}.x", GRIN, 1), None),
        ((12345, 3), 2),
        (("a.b.c", ".", "2"), 3),
        (("a.b.c", ".", 2.9), 3),
        (("a.b.c", ".", 2**32 + 2), 3),  # as Java narrows a long
        (("a.b.c", ".", "two"), 1),
        ((None, "."), None),
        (("a.b.c", None), None),
    ],
)
def test_index_of(arguments: tuple[Value, ...], value: Value) -> None:
    assert index_of(*arguments) == value


def test_index_of_ignoring_case() -> None:
    assert index_of_insensitive("Setup.EXE", ".exe") == 5
    assert index_of_insensitive("ÀÉÎ", "é") == 1
    assert index_of_insensitive("İx", "X") == 2  # a position in the lower-case text
    assert index_of_insensitive(None, "x") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", 0), ("abc", 3), ("é", 1), (GRIN, 2), (HIGH, 1), (1234, 4), (1.0, 3), (True, 4), (None, None)],
)
def test_length(value: Value, expected: Value) -> None:
    assert length(value) == expected


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (("abcdef", 2), "cdef"),
        (("abcdef", 2, 4), "cd"),
        (("abcdef", -2), "ef"),
        (("abcdef", -4, -2), "cd"),
        (("abcdef", -99, 2), "ab"),
        (("abcdef", 2, 99), "cdef"),
        (("abcdef", 2, -99), ""),
        (("abcdef", 4, 2), ""),
        (("abcdef", 99), ""),
        (("", 0, 5), ""),
        (("abcdef", None), "abcdef"),
        (("abcdef", None, 2), "abcdef"),
        (("abcdef", 2, None), "cdef"),
        (("abcdef", "2"), "cdef"),
        (("abcdef", "x"), "abcdef"),
        ((123456, 4), "56"),
        ((f"{GRIN}bc", 2), "bc"),
        ((f"{GRIN}bc", 1), f"{LOW}bc"),
        ((f"{GRIN}bc", 0, 1), HIGH),
        ((None, 1), None),
        ((None, None), None),
    ],
)
def test_substring(arguments: tuple[Value, ...], value: Value) -> None:
    assert substring(*arguments) == value


@given(texts, st.integers(-9, 9), st.one_of(st.none(), st.integers(-9, 9)))
def test_substring_is_a_slice_of_the_units(text: str, start: int, end: int | None) -> None:
    assert substring(text, start, end) == from_utf16_units(to_utf16_units(text)[start:end])


@given(texts, st.integers(0, 9))
def test_the_halves_of_a_text_make_the_text_again(text: str, at: int) -> None:
    assert concat(substring(text, 0, at), substring(text, at)) == text


@given(texts, texts)
def test_a_found_part_stands_where_it_was_found(text: str, part: str) -> None:
    found = index_of(text, part)
    assert (found is not None) == (to_utf16_units(part) in to_utf16_units(text))
    if isinstance(found, int):
        assert form("startsWith")(substring(text, found), part) is True


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (("a",), "a"),
        (("a", 1, True, 2.0, ""), "a1true2.0"),
        ((False, 1e10), "false1.0E10"),
        ((None,), None),
        (("a", None, "b"), None),
        ((HIGH, LOW), GRIN),
    ],
)
def test_concat(values: tuple[Value, ...], text: Value) -> None:
    assert concat(*values) == text


@pytest.mark.parametrize(("value", "text"), [("x", "x"), (7, "7"), (7.0, "7.0"), (False, "false"), (None, None)])
def test_string(value: Value, text: Value) -> None:
    assert to_string(value) == text


@pytest.mark.parametrize(
    ("name", "text", "part", "holds"),
    [
        ("startsWith", "powershell", "power", True),
        ("startsWith", "powershell", "Power", False),
        ("startsWith", "powershell", "", True),
        ("startsWith", "", "", True),
        ("startsWith", 4625, 46, True),
        ("startsWith", GRIN, HIGH, True),
        ("startsWith~", "PowerShell", "pOWER", True),
        ("startsWith~", "ÉTÉ", "été", True),
        ("startsWith~", "straße", "STRASS", False),
        ("endsWith", "a.exe", ".exe", True),
        ("endsWith", "a.exe", "*.exe", False),
        ("endsWith", "a.exe", "", True),
        ("endsWith", True, "ue", True),
        ("endsWith", GRIN, LOW, True),
        ("endsWith~", "A.EXE", ".exe", True),
        ("stringContains", "a\\b", "\\", True),
        ("stringContains", "a*b", "*", True),
        ("stringContains", "axb", "a*b", False),
        ("stringContains", "abc", "", False),
        ("stringContains", "", "", False),
        ("stringContains", 1.5, ".", True),
        ("stringContains", "ABC", "b", False),
        ("stringContains~", "ABC", "b", True),
        ("stringContains~", "", "b", False),
        ("stringContains~", "İ", "i\u0307", True),
        ("stringContains~", "\N{KELVIN SIGN}", "k", True),
    ],
)
def test_conditions_on_text(name: str, text: Value, part: Value, holds: bool) -> None:
    assert form(name)(text, part) is holds


@pytest.mark.parametrize("name", ["startsWith", "startsWith~", "endsWith", "endsWith~"])
def test_conditions_on_null_are_null(name: str) -> None:
    assert form(name)(None, "x") is None
    assert form(name)("x", None) is None
    assert form(name)(None, None) is None


@pytest.mark.parametrize("name", ["stringContains", "stringContains~"])
def test_string_contains_needs_its_part_once_there_is_a_text(name: str) -> None:
    assert form(name)(None, "x") is None
    assert form(name)(None, None) is None
    with pytest.raises(ValueFault, match="received"):
        form(name)("x", None)
