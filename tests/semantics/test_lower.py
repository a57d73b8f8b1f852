"""Which conditions become clauses on one field, and which scripts."""

from __future__ import annotations

import pytest

import eqlite
from eqlite import plan


def condition(text: str, fields: dict[str, str] | None = None) -> plan.Condition:
    schema = eqlite.Schema.from_fields(fields) if fields else None
    made = eqlite.compile(f"any where {text}", schema=schema).plan.query
    assert isinstance(made, plan.EventQuery)
    return made.condition


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ('f == "x"', plan.TextIn),
        ('f in ("x", "y")', plan.TextIn),
        ('f : "x"', plan.TextIn),
        ('f : "x*"', plan.TextLike),
        ('startsWith(f, "x")', plan.TextLike),
        ('f regex "x+"', plan.TextRegex),
        ('f < "x"', plan.TextRange),
        ("f == 1", plan.NumberIn),
        ("f >= 1", plan.NumberRange),
        ("f == true", plan.BooleanIn),
        ("f", plan.BooleanIn),
        ('cidrMatch(f, "10.0.0.0/8")', plan.AddressIn),
        ('@timestamp > "2026"', plan.InstantIn),
    ],
)
def test_a_field_and_constants_make_a_clause(text: str, test: type):
    found = condition(text)
    assert isinstance(found, plan.FieldTest)
    assert isinstance(found.test, test)


@pytest.mark.parametrize(
    "text",
    [
        "length(f) == 1",
        "f + 1 == 2",
        'substring(f, 1) : "x*"',
        'concat(f, g) == "x"',
        "startsWith(f, g)",
        'startsWith("x", f)',
        'startsWith(substring(f, 1), "x")',
        "length(f) == null",
        'string(f == 1) == "true"',
    ],
)
def test_everything_else_is_a_script(text: str):
    assert isinstance(condition(text), plan.Script)


def test_null_checks_ask_whether_there_is_a_value():
    assert isinstance(condition("f != null"), plan.Exists)
    found = condition("f == null")
    assert isinstance(found, plan.Negation)
    assert isinstance(found.operand, plan.Exists)


def test_a_negation_stands_outside_of_its_leaf():
    found = condition("length(f) != 1")
    assert isinstance(found, plan.Negation)
    assert isinstance(found.operand, plan.Script)


def test_not_less_is_not_greater_or_equal():
    assert condition("not f < 5") != condition("f >= 5")


def test_alternatives_on_one_field_are_one_test():
    found = condition('f : "a*" or f : "b*" or f : "c"')
    assert isinstance(found, plan.AnyOf)
    assert [type(leaf.test) for leaf in plan.leaves(found) if isinstance(leaf, plan.FieldTest)] == [
        plan.TextLike,
        plan.TextIn,
    ]


def test_alternatives_on_different_fields_stay_apart():
    found = condition('f : "a*" or g : "b*"')
    assert isinstance(found, plan.AnyOf)
    assert len(found.terms) == 2


def test_joined_conditions_on_one_field_stay_apart():
    found = condition('f : "a*" and f : "b*"')
    assert isinstance(found, plan.AllOf)
    assert len(found.terms) == 2


def test_nested_ands_are_one():
    found = condition("a == 1 and (b == 1 and (c == 1 and d == 1))")
    assert isinstance(found, plan.AllOf)
    assert len(found.terms) == 4


def test_the_category_is_a_test_like_any_other():
    made = eqlite.compile('process where a == "x"', event_category_field="kind").plan.query
    assert isinstance(made, plan.EventQuery)
    assert plan.condition_fields(made.condition)[0].name == "kind"


def test_values_of_typed_fields_are_converted_once():
    found = condition('ip == "10.0.0.1"', {"ip": "ip"})
    assert isinstance(found, plan.FieldTest)
    assert isinstance(found.test, plan.AddressIn)
    (block,) = found.test.blocks
    assert block.first == block.last


def test_fields_are_listed_once_in_order_of_mention():
    found = condition('b == 1 and a == 1 and concat(c, b) == "x"')
    assert [field.name for field in plan.condition_fields(found)] == ["b", "a", "c"]
