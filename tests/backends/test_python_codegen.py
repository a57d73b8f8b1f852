"""The code that is generated: harmless whatever the query says, the same each time, and found in tracebacks.

Covers `predicates/complexity.py`.
"""

from __future__ import annotations

import ast
import linecache
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness import condition

import eqlite
from eqlite import plan, strategies
from eqlite.backends.python import PythonBackend
from eqlite.engine.faults import Faults
from eqlite.language.printer import print_expression
from eqlite.predicates.complexity import MAX_DEPTH, MAX_LEAVES
from eqlite.strategies.queries import text_literal

CONDITIONS = strategies.conditions()
HOSTILE = [
    '"); import os; os.system("id") #',
    "'''",
    '"""',
    "\\",
    "\n    return True",
    "\r",
    "{e}",
    "%s",
    "\0",
    "\u2028",
    "\ud800",
    "__import__('os')",
]


def source(text: str) -> str:
    return PythonBackend().source(condition(text))


def names_in(code: str) -> set[str]:
    tree = ast.parse(code)
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }


KNOWN_NAMES = {
    *("EMPTY", "e", "faults", "read", "decode", "irregular", "bool", "dict", "int", "len", "list", "str"),
    *("__class__", "get", "lower", "isascii", "startswith", "fold_ascii", "joined", "exists"),
    *("any_text", "any_in", "any_folded_in", "any_number", "any_boolean", "any_address"),
}


def is_ours(name: str) -> bool:
    return name in KNOWN_NAMES or (name[:1] in "aclopkvjf" and name[1:].isdigit())


@given(CONDITIONS)
def test_generated_code_names_nothing_but_its_own(text: str) -> None:
    assert {name for name in names_in(source(text)) if not is_ours(name)} == set()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", ["f == {}", "f : {}", 'f like~ ({}, "x")', "f regex {}", "f < {}", "endsWith(f, {})"])
def test_texts_of_a_query_stay_texts(text: str, form: str) -> None:
    literal = print_expression(text_literal(text))
    if "regex" in form:
        literal = print_expression(
            text_literal("".join(character if character.isalnum() else f"\\{character}" for character in text))
        )
    code = source(form.format(literal))
    assert {name for name in names_in(code) if not is_ours(name)} == set()
    assert len(ast.parse(code).body) == 1


@pytest.mark.parametrize("name", [*HOSTILE[:3], "a b", "e", "__class__", "with`tick"])
def test_names_of_fields_stay_texts(name: str) -> None:
    quoted = "`" + name.replace("`", "``") + "`"
    query = eqlite.compile(f'any where {quoted} == "x" and `p`.{quoted} != null')
    assert query.matches({name: "x", "p": {name: 1}})
    assert not query.matches({name: "y", "p": {name: 1}})
    code = PythonBackend().source(condition(f'{quoted} == "x"'))
    assert {found for found in names_in(code) if not is_ours(found)} == set()


@given(CONDITIONS)
def test_the_same_condition_gives_the_same_code(text: str) -> None:
    assert source(text) == source(text)


def test_sets_do_not_change_the_code_from_run_to_run() -> None:
    texts = ", ".join(f'"{number}*"' for number in range(8))
    code = source(f"f : ({texts}) and g in ({texts})")
    assert code.index("'\\x000'") < code.index("'\\x007'")


def test_a_field_is_loaded_once() -> None:
    code = source('process.name : "a*" and process.name != "b" and not process.name like "*c" and process.pid > 1')
    assert code.count(".get('name')") == 1
    assert code.count(".get('process'") == 1


def test_cheap_conditions_come_first() -> None:
    code = source('a regex "(x|y)+[0-9]" and b : ("q*w*e*", "*d") and c == "z"')
    assert code.index("'c'") < code.index("'b'") < code.index("'a'")


def test_code_is_found_by_its_rule_in_tracebacks() -> None:
    query = eqlite.compile('any where f == "x"', name="my-rule")
    with pytest.raises(AttributeError) as caught:
        query.predicate(None, Faults())  # type: ignore[arg-type]
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert frames[-1].filename == "<eql:my-rule>"
    assert "'f'" in (frames[-1].line or "")
    assert "<eql:my-rule>" in linecache.cache


@pytest.mark.parametrize(
    ("text", "event", "other"),
    [
        (
            "not (a == 1 or " * MAX_DEPTH + "b == 1" + ")" * MAX_DEPTH,
            {"a": 0, "b": 2},
            {"a": 1},
        ),
        (" or ".join(f"f{number} == 1" for number in range(MAX_LEAVES + 1)), {"f7": 1}, {"g": 1}),
    ],
    ids=["deep", "wide"],
)
def test_what_is_too_much_for_code_is_interpreted(text: str, event: dict[str, Any], other: dict[str, Any]) -> None:
    query, expected = eqlite.compile(f"any where {text}"), eqlite.compile(f"any where {text}", backend="reference")
    made = query.plan.query
    assert isinstance(made, plan.EventQuery)
    assert PythonBackend().source(made.condition).startswith("#")
    for document in (event, other):
        assert query.matches(document) is expected.matches(document)


def test_of_a_pattern_without_text_only_the_length_is_compared() -> None:
    code = PythonBackend().source(condition('a like "???*"'))
    assert "len(v0) >= 3 if v0.__class__ is str" in code


SHAPES = [
    {"a": {"b": {"c": "x"}}},
    {"a.b.c": "x"},
    {"a": {"b.c": "x"}},
    {"a.b": {"c": "x"}},
    {"a": [{"b": {"c": "x"}}]},
    {"a": {"b": [{"c": ["x"]}]}},
]


@pytest.mark.parametrize("event", SHAPES, ids=str)
def test_unusual_shapes_are_noticed_on_the_way(event: dict[str, Any]) -> None:
    query = eqlite.compile('any where a.b.c == "x"')
    assert query.matches(event)
    assert not query.matches({"a": {"b": {"c": "y"}}})


def test_the_code_for_unusual_shapes_is_made_once() -> None:
    query = eqlite.compile('any where a.b == "x"', name="unusual-shape")
    assert query.matches({"a.b": "x"})
    made = linecache.cache["<eql:unusual-shape, any shape>"]
    assert query.matches({"a": [{"b": "x"}]})
    assert linecache.cache["<eql:unusual-shape, any shape>"] is made


@given(
    st.recursive(
        st.none() | st.text(max_size=2) | st.integers() | st.floats() | st.booleans(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["a", "b", "c", "a.b", "b.c", "a.b.c", ""]), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_no_value_breaks_the_code(value: Any) -> None:
    tests = 'a.b.c == "x" or a.b : "x*" or a > 1 or b == true or c regex "x+y" or cidrMatch(a.c, "::/0") or a.b.c < "q"'
    made = condition(f"({tests}) and not ({tests})")
    assert PythonBackend().predicate(made, name="any")({"a": value, "b": value, "c": value}, Faults()) is False
