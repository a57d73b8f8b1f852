"""Queries through text and through pickles, and used by threads: they stay what they are."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.evaluators import Evaluators

import eqlite
from eqlite import strategies
from eqlite.language.parser import parse
from eqlite.language.printer import print_query
from eqlite.strategies.queries import query_trees

KINDS = ("event", "sequence", "sample")
THREADS = 8


@given(query_trees(kinds=KINDS), st.integers(10, 120))
def test_a_tree_comes_back_from_its_text_at_any_width(tree: Any, width: int) -> None:
    assert parse(print_query(tree, width=width)) == tree


@given(strategies.queries(kinds=KINDS))
def test_formatting_keeps_the_meaning_and_is_done_once(text: str) -> None:
    formatted = eqlite.format(text)
    assert eqlite.parse(formatted) == eqlite.parse(text)
    assert eqlite.format(formatted) == formatted
    assert eqlite.compile(formatted).plan == eqlite.compile(text).plan


@given(strategies.queries(kinds=KINDS), st.data())
def test_a_query_comes_back_from_a_pickle(text: str, data: st.DataObject) -> None:
    query = eqlite.compile(
        text, event_category_field="kind", timestamp_field="time", tiebreaker_field="order", name="q"
    )
    again = pickle.loads(pickle.dumps(query))
    assert (again.text, again.plan, again.fields, again.kind, again.name) == (
        query.text,
        query.plan,
        query.fields,
        query.kind,
        query.name,
    )
    if query.kind == "event":
        event = data.draw(strategies.events(query))
        assert again.matches(event) is query.matches(event)
        found = query.search([event])
        assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("process where", "EqlSyntaxError"),
        ("process where 1", "EqlTypeMismatchError"),
        ("process where nosuch(1)", "EqlSemanticError"),
        ("process where x == 1", "EqlSchemaError"),
        ("process where s regex " + '"' + "a" * 1_001 + '"', "LimitError"),
    ],
)
def test_an_error_comes_back_from_a_pickle_with_its_diagnostics(text: str, kind: str) -> None:
    schema = eqlite.Schema.from_fields({"event.category": "keyword", "s": "keyword"})
    with pytest.raises(eqlite.EqlError) as caught:
        eqlite.compile(text, schema=schema)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again).__name__ == kind
    assert str(again) == str(caught.value)
    assert [found.render() for found in again.diagnostics] == [found.render() for found in caught.value.diagnostics]


CONDITIONS_WITH_STATE = [
    'f regex ".*[ab]c.{3}d.*|~(.*c.*)"',
    'f regex~ "(a|b|ab)*c?[^d]{2,5}"',
    'substring(f, 1) regex "(a|b)+.*"',
    'f : ("a*b?c*", "*d", "e*", "*f*", "g?", "*h*i*", "j", "*k?", "l*m", "*n*")',
    'stringContains~(f, "a?b\\\\c")',
    'length(f) * 3 > 7 and concat(f, "x") like "*b?x"',
]


@pytest.mark.parametrize("condition", CONDITIONS_WITH_STATE)
def test_threads_that_begin_together_get_the_same_answers(condition: str) -> None:
    values = [f"{'ab' * (n % 7)}{chr(97 + n % 13)}{'cd'[n % 2] * (n % 5)}{n % 3}" for n in range(300)]
    events = [{"f": value} for value in values] + [{"a": [{"f": value}], "f": [value]} for value in values]
    events += [{"f": [value, value[1:]]} for value in values]
    expected = [Evaluators(f"any where {condition}").check(event) for event in events]
    assert True in expected
    assert False in expected
    # The query is compiled, and whatever it makes on first use is made, while all threads are at it.
    query = eqlite.compile(f"any where {condition} ")
    together = threading.Barrier(THREADS)

    def ask(_: int) -> list[bool]:
        together.wait()
        return [query.matches(event) for event in events]

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(found == expected for found in pool.map(ask, range(THREADS)))
