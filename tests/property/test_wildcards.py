"""Wildcards on every path beside a matcher that goes character by character."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.property.obvious import like_tokens, lucene_tokens, tokens_match

import eqlite
from eqlite.backends.python.typed import DoesNotFit
from eqlite.language.printer import print_expression
from eqlite.strategies import matching_values, wildcard_patterns
from eqlite.strategies.patterns import ALPHABET
from eqlite.strategies.queries import text_literal
from eqlite.values.wildcard import like_pattern, lucene_pattern, prefix_pattern

texts = st.text(alphabet=ALPHABET, max_size=8)
OPERATORS = {"like": False, "like~": True, ":": True}


@st.composite
def patterns_and_values(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Return a pattern with some values, most of them near it."""
    pattern = draw(wildcard_patterns(max_size=8))
    near = st.one_of(
        matching_values(pattern), matching_values(pattern, insensitive=True), texts, matching_values(pattern).map(lambda text: text[1:])
    )
    return pattern, draw(st.lists(near, min_size=1, max_size=3))


def answers(condition: str, values: list[str]) -> set[bool]:
    """Return what all the ways to evaluate a condition on `f` say about an event with these values."""
    text = f"any where {condition}"
    event = {"f": values if len(values) > 1 else values[0]}
    query = eqlite.compile(text)
    found = {query.matches(event), eqlite.compile(text, backend="reference").matches(event)}
    found.add(query.matches({"f": values}))
    line_matches = query.backend.line_predicate(query.plan.query.condition, name="wildcards")
    if line_matches is not None:
        try:
            found.add(line_matches(json.dumps(event).encode()))
        except DoesNotFit:
            assert any("\ud800" in value for value in values)
    return found


def literal(text: str) -> str:
    return print_expression(text_literal(text))


@given(patterns_and_values(), st.booleans())
@example(("*", [""]), False)
@example(("a*a", ["a"]), False)
@example(("*ab*ab", ["abab", "ab"]), False)
@example(("?", ["\U0001f600", "\r\n"]), False)
@example(("*\0*", ["a", "b"]), False)
@example(("\0a", ["x", "a"]), False)
@example(("a*\ud800", ["A\ud800"]), True)
def test_a_pattern_matches_what_it_matches_character_by_character(
    pattern_and_values: tuple[str, list[str]], insensitive: bool
) -> None:
    pattern, values = pattern_and_values
    compiled = like_pattern(pattern, insensitive=insensitive)
    for value in values:
        assert compiled.matches(value) == tokens_match(like_tokens(pattern, insensitive=insensitive), value)


@given(wildcard_patterns(), st.booleans(), st.data())
def test_a_pattern_matches_the_values_made_for_it(pattern: str, insensitive: bool, data: st.DataObject) -> None:
    value = data.draw(matching_values(pattern, insensitive=insensitive))
    assert tokens_match(like_tokens(pattern, insensitive=insensitive), value)


@pytest.mark.parametrize("operator", OPERATORS)
@given(found=patterns_and_values())
@example(found=("*\0*", ["a", "b"]))
@example(found=("*a\0b*", ["a", "b"]))
@example(found=("**", [""]))
@example(found=("?*?", ["\n\ud800"]))
def test_an_operator_matches_where_any_value_does(operator: str, found: tuple[str, list[str]]) -> None:
    pattern, values = found
    tokens = like_tokens(pattern, insensitive=OPERATORS[operator])
    expected = any(tokens_match(tokens, value) for value in values)
    assert answers(f"f {operator} {literal(pattern)}", values) == {expected}


@pytest.mark.parametrize("operator", OPERATORS)
@given(
    found=st.lists(patterns_and_values(), min_size=2, max_size=14),
)
def test_of_a_list_any_pattern_may_match(operator: str, found: list[tuple[str, list[str]]]) -> None:
    patterns = [pattern for pattern, _ in found]
    values = found[0][1]
    expected = any(
        tokens_match(like_tokens(pattern, insensitive=OPERATORS[operator]), value)
        for pattern in patterns
        for value in values
    )
    assert answers(f"f {operator} ({', '.join(map(literal, patterns))})", values) == {expected}


# --- the constants of functions --------------------------------------------------------------------------------------

constants = st.lists(st.sampled_from([*"aB*?\\é\0", "\\\\", "\\*", "\ud800"]), max_size=6).map("".join)


@st.composite
def constants_and_values(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Return a constant with some values that may hold it."""
    constant = draw(constants)
    as_it_is = st.just(constant)
    without_escapes = st.just(constant.replace("\\", ""))
    core = st.one_of(as_it_is, without_escapes, matching_values(constant), without_escapes.map(str.swapcase), texts)
    wrapped = st.tuples(st.sampled_from(["", "a", "\n"]), core, st.sampled_from(["", "b", "*", "\\"])).map("".join)
    return constant, draw(st.lists(wrapped, min_size=1, max_size=3))


@pytest.mark.parametrize("tilde", ["", "~"])
@given(found=constants_and_values())
@example(found=("\\", ["a*"]))
@example(found=("a\\", ["xa\\", "a*"]))
@example(found=("", [""]))
def test_string_contains_reads_its_constant_as_a_wildcard(tilde: str, found: tuple[str, list[str]]) -> None:
    constant, values = found
    tokens = lucene_tokens(f"*{constant}*", insensitive=bool(tilde))
    expected = any(tokens_match(tokens, value) for value in values)
    assert answers(f"stringContains{tilde}(f, {literal(constant)})", values) == {expected}


@pytest.mark.parametrize("tilde", ["", "~"])
@given(found=constants_and_values())
@example(found=("\\", ["a\\", "a"]))
@example(found=("\\\\", ["a\\", "a"]))
def test_ends_with_reads_its_constant_as_a_wildcard(tilde: str, found: tuple[str, list[str]]) -> None:
    constant, values = found
    tokens = lucene_tokens(f"*{constant}", insensitive=bool(tilde))
    expected = any(tokens_match(tokens, value) for value in values)
    assert answers(f"endsWith{tilde}(f, {literal(constant)})", values) == {expected}


@pytest.mark.parametrize("tilde", ["", "~"])
@given(found=constants_and_values())
def test_starts_with_takes_its_constant_as_it_is(tilde: str, found: tuple[str, list[str]]) -> None:
    constant, values = found
    tokens = [*((character, not tilde) for character in constant), like_tokens("*", insensitive=False)[0]]
    expected = any(tokens_match(tokens, value) for value in values)
    assert answers(f"startsWith{tilde}(f, {literal(constant)})", values) == {expected}


@given(constants_and_values(), st.booleans())
def test_the_patterns_of_functions_match_character_by_character(
    found: tuple[str, list[str]], insensitive: bool
) -> None:
    constant, values = found
    for value in values:
        tokens = lucene_tokens(constant, insensitive=insensitive)
        assert lucene_pattern(constant, insensitive=insensitive).matches(value) == tokens_match(tokens, value)
        is_start = tokens_match([*((character, not insensitive) for character in constant), *like_tokens("*", insensitive=False)], value)
        assert prefix_pattern(constant, insensitive=insensitive).matches(value) == is_start
