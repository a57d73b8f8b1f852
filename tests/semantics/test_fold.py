"""What is decided before any event, and what is left of the rest."""

from __future__ import annotations

import pytest

import eqlite
from eqlite import plan
from eqlite.semantics.analyzer import analyze_text


def condition(text: str, **fields: str) -> plan.Condition:
    made, found = analyze_text(f"any where {text}", eqlite.Schema.from_fields(fields) if fields else None)
    assert [problem for problem in found if problem.is_error] == []
    assert made is not None
    assert isinstance(made.query, plan.EventQuery)
    return made.query.condition


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("f == 1 and true", "f == 1"),
        ("f == 1 or false", "f == 1"),
        ("f == 1 or null < 5", "f == 1"),
        ("f == 1 and f == 1", "f == 1"),
        ("f == 1 or f == 1", "f == 1"),
        ("not not f == 1", "f == 1"),
        ("(f == 1) == true", "f == 1"),
        ("(f == 1) == false", "not f == 1"),
        ("f == 1 or f == 2", "f in (1, 2)"),
        ("f == 1 or g == 1 or f == 2", "f in (1, 2) or g == 1"),
        ("f == 1 + 1", "f == 2"),
        ('f == concat("a", "b")', 'f == "ab"'),
        ("5 > f", "f < 5"),
        ('f like "abc"', 'f == "abc"'),
        ('f regex "abc"', 'f == "abc"'),
        ('f regex~ "abc"', 'f in~ ("abc")'),
        ('f like~ "abc"', 'f : "abc"'),
        ('f like "*"', "f != null"),
        ('f : "***"', "f != null"),
        ('f regex ".*"', "f != null"),
        ('f regex "@"', "f != null"),
        ('f : ("a", "b")', 'f in~ ("a", "b")'),
        ('f in ("x", null)', 'f in ("x")'),
        ('f in ("x")', 'f == "x"'),
        ("f and g", "f == true and g == true"),
        ("f", "f == true"),
        ('endsWith(f, "")', "f != null"),
        ('startsWith(f, "abc")', 'f like "abc*"'),
        ('stringContains(f, "abc")', 'f like "*abc*"'),
        ('endsWith~(f, "abc")', 'f like~ "*abc"'),
        ("+f > 1", "f > 1"),
        ("f == -1", "f == - 1"),
    ],
)
def test_two_ways_to_say_the_same_have_the_same_plan(text: str, same_as: str):
    assert condition(text) == condition(same_as)


@pytest.mark.parametrize("text", ["true", "null == null", "not false", "1 < 2", 'null != "x"', "f == 1 or true"])
def test_what_always_holds_is_known_beforehand(text: str):
    assert condition(text) == plan.Always(holds=True)


@pytest.mark.parametrize(
    "text",
    [
        "false",
        "null",
        "not null",
        "f == 1 and false",
        "f == 1 and null < 5",
        "f in (null)",
        "not f in (null)",
        "f : null",
    ],
)
def test_what_never_holds_is_known_beforehand(text: str):
    assert condition(text) == plan.Always(holds=False)


@pytest.mark.parametrize(
    "text", ['f == "x" and f == "y"', "f > 5 and f < 5", "f == null and f == 1", "not f == 1 or f == 1"]
)
def test_nothing_is_concluded_from_two_conditions_on_one_field(text: str):
    assert isinstance(condition(text), (plan.AllOf, plan.AnyOf))


def test_arithmetic_with_a_field_stays_where_it_is():
    assert isinstance(condition("f + 1 == 3"), plan.Script)


@pytest.mark.parametrize("text", ["f < 1 / 0", 'f == number("x")', "f == 2147483647 + 1", "f == add(2147483647, 1)"])
def test_a_constant_that_fails_is_reported_and_null(text: str):
    found = eqlite.analyze(f"any where {text}")
    assert [problem.id for problem in found] == ["constant-fault"]
    assert not eqlite.compile(f"any where {text}").matches({"f": 1})


@pytest.mark.parametrize("text", ["f < 1 / 0", 'number("x") == f'])
def test_when_strict_it_is_refused(text: str):
    with pytest.raises(eqlite.EqlSemanticError):
        eqlite.compile(f"any where {text}", strict=True)


def test_integers_of_fields_are_long_but_not_of_literals():
    inner = condition("f + 1 == 2", f="integer")
    assert isinstance(inner, plan.Script)
    assert isinstance(inner.expression, plan.Compare)
    assert isinstance(inner.expression.left, plan.Calculate)
    assert inner.expression.left.bits == 64
    inner = condition("length(f) + 1 == 2", f="keyword")
    assert isinstance(inner, plan.Script)
    assert isinstance(inner.expression, plan.Compare)
    assert isinstance(inner.expression.left, plan.Calculate)
    assert inner.expression.left.bits == 32
