"""Searches for many literals at once find what a search for each finds, whatever the texts hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eqlite.predicates.literal_search import MANY_LITERALS, every_literal, literal_finder

TEXTS = st.text(st.sampled_from("aB\0\x7fü\ud800\udc00😀"), min_size=1, max_size=3)


@given(st.lists(TEXTS, min_size=MANY_LITERALS, max_size=MANY_LITERALS + 4), TEXTS)
def test_a_literal_with_a_lone_surrogate_hides_no_other(literals: list[str], text: str) -> None:
    expected = {number for number, literal in enumerate(literals) if literal in text}
    finder, every = literal_finder(literals), every_literal(literals)
    assert finder is None or bool(finder(text)) is bool(expected)
    if every is not None and not any("\ud800" <= character <= "\udfff" for character in text):
        assert {number for number, _, _ in every(text, True)} == expected
