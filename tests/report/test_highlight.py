"""Colours in a query never change its text."""

from __future__ import annotations

import click
from hypothesis import given
from hypothesis import strategies as st

from eqlite.report.escaping import safe_lines
from eqlite.report.highlight import highlighted

pieces = st.sampled_from(['"', '"""', "\\", "//", "/*", "*/", "where", "x", "1.5", " ", "\n", "'", "é", "\x1b[31m"])


@given(st.lists(pieces, max_size=30).map("".join))
def test_text_stays_whatever_it_is(text: str) -> None:
    assert click.unstyle(highlighted(text, color=True)) == safe_lines(text)
    assert highlighted(text, color=False) == safe_lines(text)


def test_words_strings_numbers_and_comments_are_told_apart() -> None:
    shown = highlighted('any where a == "x" and b > 1 // why', color=True)
    assert click.style('"x"', fg="green") in shown
    assert click.style("and", fg="magenta", bold=True) in shown
    assert click.style("1", fg="cyan") in shown
    assert click.style("// why", dim=True) in shown


def test_a_word_in_a_string_or_a_field_is_no_keyword() -> None:
    assert "\x1b[35m" not in highlighted('x == "and" y.and', color=True)
