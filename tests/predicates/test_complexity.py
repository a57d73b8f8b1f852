"""The order in which the conditions of an `and` are evaluated."""

from __future__ import annotations

from tests.harness import condition

from eqlite.predicates.complexity import conjuncts

CHEAPEST_FIRST = [
    "n == 1",
    'a == "x"',
    'a : "x"',
    'a == "x" or b == "y" or c == "z"',
    'a like "x*"',
    'not d == "x"',
    'not d : "x"',
    'cidrMatch(ip, "10.0.0.0/8")',
    'a regex "x.?y"',
    'not a regex "x.?y"',
    "length(a) == 3",
]


def test_cheap_conditions_are_evaluated_first() -> None:
    texts = [f"({text})" for text in CHEAPEST_FIRST]
    expected = conjuncts(condition(" and ".join(texts)))
    assert expected == conjuncts(condition(" and ".join(reversed(texts))))
    assert expected == [condition(text) for text in texts]
