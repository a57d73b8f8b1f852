"""Wildcards against an obvious matcher that goes character by character."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import eqlite
from eqlite.language.quoting import string_text
from eqlite.strategies.patterns import matching_values, wildcard_patterns
from eqlite.values.wildcard import like_pattern, lucene_pattern, prefix_pattern

TEXTS = st.text(st.sampled_from("aAbBéÉ.\\/ \n\0*?[~\U0001f600\ud800İK"), max_size=12)


def same(left: str, right: str, *, insensitive: bool) -> bool:
    """Whether two characters are equal; case is ASCII's alone."""
    if insensitive and left.isascii() and right.isascii():
        return left.lower() == right.lower()
    return left == right


def obviously_matches(pattern: str, value: str, *, insensitive: bool, escapes: bool = False) -> bool:
    """Match with a table over pattern and value, as in a textbook."""
    parts: list[tuple[str, bool]] = []  # a character, and whether it stands for itself, case and all
    place = 0
    while place < len(pattern):
        if escapes and pattern[place] == "\\" and place + 1 < len(pattern):
            place += 1
            parts.append((pattern[place], True))
        else:
            parts.append((pattern[place], False))
        place += 1
    table = [True] + [False] * len(value)
    for wanted, literal in parts:
        row = [False] * (len(value) + 1)
        if wanted == "*" and not literal:
            reached = False
            for index in range(len(value) + 1):
                reached = reached or table[index]
                row[index] = reached
        else:
            for index, character in enumerate(value):
                fits = (wanted == "?" and not literal) or same(
                    wanted, character, insensitive=insensitive and not literal
                )
                row[index + 1] = table[index] and fits
        table = row
    return table[-1]


@st.composite
def pattern_and_value(draw: st.DrawFn) -> tuple[str, str]:
    pattern = draw(st.one_of(wildcard_patterns(), TEXTS))
    return pattern, draw(st.one_of(TEXTS, matching_values(pattern)))


@given(pattern_and_value(), st.booleans())
def test_like_patterns(case: tuple[str, str], insensitive: bool) -> None:
    pattern, value = case
    expected = obviously_matches(pattern, value, insensitive=insensitive)
    assert like_pattern(pattern, insensitive=insensitive).matches(value) is expected


@given(pattern_and_value(), st.booleans())
def test_lucene_patterns_with_escapes(case: tuple[str, str], insensitive: bool) -> None:
    pattern, value = case
    expected = obviously_matches(pattern, value, insensitive=insensitive, escapes=True)
    assert lucene_pattern(pattern, insensitive=insensitive).matches(value) is expected


@given(TEXTS, TEXTS, st.booleans())
def test_prefixes_know_no_wildcards(prefix: str, rest: str, insensitive: bool) -> None:
    assert prefix_pattern(prefix, insensitive=insensitive).matches(prefix + rest)


@given(pattern_and_value(), st.sampled_from([":", "like", "like~"]), st.lists(TEXTS, max_size=2))
def test_operators_on_both_backends_over_arrays(case: tuple[str, str], operator: str, others: list[str]) -> None:
    pattern, value = case
    insensitive = operator != "like"
    values = [*others, value]
    expected = any(obviously_matches(pattern, each, insensitive=insensitive) for each in values)
    text = f"any where a.b {operator} {string_text(pattern)}"
    for backend in ("reference", "python"):
        query = eqlite.compile(text, backend=backend)
        for event in ({"a": {"b": values}}, {"a.b": values}, {"a": [{"b": each} for each in values]}):
            assert query.matches(event) is expected, (backend, text, event)


@given(pattern_and_value(), st.booleans())
def test_constants_of_string_contains_and_ends_with(case: tuple[str, str], insensitive: bool) -> None:
    constant, value = case
    tilde = "~" if insensitive else ""
    for call, wildcard in (("stringContains", f"*{constant}*"), ("endsWith", f"*{constant}")):
        expected = obviously_matches(wildcard, value, insensitive=insensitive, escapes=True)
        text = f"any where {call}{tilde}(a, {string_text(constant)})"
        for backend in ("reference", "python"):
            assert eqlite.compile(text, backend=backend).matches({"a": value}) is expected, (backend, text, value)


@given(TEXTS, st.integers(2, 40))
def test_long_values_take_the_other_way_to_the_same_answer(tail: str, length: int) -> None:
    pattern = "*" + "a?" * length + "b"
    value = "a" * 5_000 + tail
    assert like_pattern(pattern, insensitive=False).matches(value) is obviously_matches(
        pattern, value, insensitive=False
    )


def test_a_long_segment_with_question_marks_is_found() -> None:
    pattern = like_pattern("*" + "a?" * 40 + "b*c", insensitive=False)
    stretch = "ay" * 40 + "b"
    assert pattern.matches("x" * 2_000 + stretch + "z" * 2_000 + "c")
    assert pattern.matches("ay" * 2_000 + "bc")
    assert not pattern.matches("ay" * 2_000 + "c")
    assert not pattern.matches("x" * 2_000 + stretch + "z" * 2_000)
