"""Texts made fit for a terminal, for a line, for JSON."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from eqlite.report.escaping import safe, safe_json, safe_lines

TEXTS = st.text(st.characters(codec=None), max_size=40)


@given(TEXTS)
def test_a_safe_text_is_printable_and_one_line(text: str) -> None:
    assert safe(text).isprintable()
    assert len(safe(text).splitlines()) <= 1


@given(TEXTS.filter(str.isprintable))
def test_what_is_printable_stays(text: str) -> None:
    assert safe(text) == text


@given(TEXTS, st.integers(1, 10))
def test_a_text_is_cut_with_a_sign_that_says_so(text: str, most: int) -> None:
    if len(text) > most:
        assert safe(text, most=most).endswith("…")
    else:
        assert safe(text, most=most) == safe(text)


@given(TEXTS)
def test_lines_stay_lines(text: str) -> None:
    assert safe_lines(text).count("\n") == text.count("\n")


@given(st.text())
def test_json_keeps_its_value_on_one_line(text: str) -> None:
    line = safe_json(json.dumps({text: text}, ensure_ascii=False))
    assert json.loads(line) == {text: text}
    assert len(line.splitlines()) == 1


def test_direction_marks_are_escaped() -> None:
    assert safe("abc\u202egpj.exe") == "abc\\u202egpj.exe"
