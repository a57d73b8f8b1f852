"""Finders say of many tests what each says alone."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from eqlite import plan, strategies
from eqlite.decision_graph.predicate_index import Atom, Finder
from eqlite.predicates import literal_search as patterns
from eqlite.predicates import raw_values as runtime
from eqlite.predicates.value_tests import passes_test
from eqlite.strategies.patterns import matching_values
from eqlite.values.network import parse_block
from eqlite.values.text import fold_ascii
from eqlite.values.wildcard import like_pattern

ALPHABET = "abAB.*?\0\udc00é"
TEXTS = st.text(ALPHABET, max_size=6)
BLOCKS = [block for text in ("10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "::1/128") if (block := parse_block(text))]


@st.composite
def likes(draw: st.DrawFn) -> plan.TextLike:
    insensitive = draw(st.booleans())
    texts = draw(st.lists(strategies.wildcard_patterns(alphabet=ALPHABET), min_size=1, max_size=8))
    return plan.TextLike(tuple(like_pattern(text, insensitive=insensitive) for text in texts))


TESTS: st.SearchStrategy[plan.Test | None] = st.one_of(
    likes(),
    likes(),
    st.builds(plan.TextIn, st.frozensets(TEXTS, min_size=1)),
    st.builds(lambda texts: plan.TextIn(frozenset(map(fold_ascii, texts)), True), st.frozensets(TEXTS, min_size=1)),
    st.builds(plan.TextRegex, st.sampled_from(["a.*b", "[ab]+", ".*\\..*", "ab|ba", ".*[aé].*"]), st.booleans()),
    st.builds(plan.NumberIn, st.frozensets(st.sampled_from([0, 1, 1.5, 10]), min_size=1)),
    st.builds(plan.NumberRange, st.sampled_from(["<", ">="]), st.sampled_from([0, 1.5])),
    st.builds(plan.BooleanIn, st.frozensets(st.booleans(), min_size=1)),
    st.builds(plan.AddressIn, st.lists(st.sampled_from(BLOCKS), min_size=1).map(tuple)),
    st.builds(plan.TextRange, st.sampled_from(["<", ">="]), TEXTS),
    st.none(),
)
SCALARS = TEXTS | st.sampled_from(["10.1.2.3", "::1", "1", "true", "", 1, 0, 1.0, -0.0, True, False, 10])
VALUES = SCALARS | st.lists(TEXTS).map(tuple) | st.lists(SCALARS) | st.none()


def check(tests: list[plan.Test | None], value: Any) -> None:
    atoms = [Atom(1 << place, test) for place, test in enumerate(tests)]
    expected = sum(atom.bit for atom in atoms if passes_test(atom.test)(value))
    assert Finder(atoms).find(value) == expected, (tests, value)


@given(st.lists(TESTS, min_size=1, max_size=8, unique=True), st.lists(VALUES, min_size=1, max_size=6))
@example([plan.TextLike((like_pattern("a?*b", insensitive=True),))], ["ab", "aab", "axb"])
@example([plan.TextLike((like_pattern("?:\\win*", insensitive=True),))], ["c:\\windows", ":\\win", "cc:\\win"])
def test_any_tests_of_any_values(tests: list[plan.Test | None], values: list[Any]) -> None:
    for value in values:
        check(tests, value)


@given(st.data(), st.lists(strategies.wildcard_patterns(alphabet=ALPHABET), min_size=1, max_size=12))
def test_values_made_for_patterns(data: st.DataObject, texts: list[str]) -> None:
    insensitive = data.draw(st.booleans())
    tests = [plan.TextLike((like_pattern(text, insensitive=insensitive),)) for text in dict.fromkeys(texts)]
    values = [data.draw(matching_values(text, insensitive=insensitive)) for text in texts]
    for value in (*values, tuple(values)):
        check(list(dict.fromkeys(tests)), value)


def test_a_long_value_full_of_what_is_looked_for() -> None:
    literals = [f"*{letter}{other}*" for letter in "abcdef" for other in "abcdef"]
    tests = [plan.TextLike((like_pattern(text, insensitive=True),)) for text in literals]
    check(list(tests), "aabbcc" * 200_000)


@given(st.data(), strategies.wildcard_patterns(alphabet="abA.é?\\"), st.booleans())
def test_a_search_in_joined_values_finds_those_that_match(data: st.DataObject, text: str, insensitive: bool) -> None:
    pattern = like_pattern(text, insensitive=insensitive)
    search = patterns.joined_search(pattern)
    assert search is not None
    values = data.draw(st.lists(TEXTS | matching_values(text, insensitive=insensitive), max_size=4))
    joined = runtime.joined([fold_ascii(value) for value in values] if insensitive else values)
    assert bool(search(joined)) is any(map(pattern.matches, values)), (text, values)


def test_patterns_that_a_search_in_joined_values_would_be_slow_or_wrong_for_have_none() -> None:
    for text in ("*\0*b", "*\udc00*b", "*" + "?" * 100 + "x*"):
        assert patterns.joined_search(like_pattern(text, insensitive=False)) is None
