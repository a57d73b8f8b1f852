"""The executable definition: any value, any combination, faults that are counted."""

from __future__ import annotations

import pytest

import eqlite
from eqlite.backends.reference import as_kind, passes, script_steps
from eqlite.fields import Field
from eqlite.limits import MAX_COMBINATIONS, MAX_SCRIPT_STEPS
from eqlite.plan import EventQuery, NumberIn, TextIn


def reference(text: str, **options: object) -> eqlite.Query:
    return eqlite.compile(f"any where {text}", backend="reference", **options)


def counted(text: str, *events: dict[str, object]) -> tuple[int, int, list[str]]:
    """Return the numbers of matches and of faults of a search, and examples of these."""
    stats = eqlite.SearchStats()
    reference(text).search(events, stats=stats)
    return stats.matches, stats.faults, stats.fault_examples


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (7, "text", "7"),
        (1.0, "text", "1.0"),
        (True, "text", "true"),
        ("7", "number", 7),
        ("seven", "number", None),
        (True, "number", None),
        ("true", "boolean", True),
        ("", "boolean", False),
        (1, "boolean", None),
        ("10.0.0.1", "address", 0xFFFF_0A00_0001),
        ("x", "address", None),
    ],
)
def test_an_untyped_value_is_read_as_what_is_asked_for(value: object, kind: str, expected: object):
    found = as_kind(value, Field("f", "f"), kind)  # type: ignore[arg-type]
    assert found == expected
    assert type(found) is type(expected)


def test_no_value_passes_no_test():
    assert not passes(TextIn(frozenset({"None"})), None)
    assert not passes(NumberIn(frozenset({0})), None)


def test_a_fault_is_counted_and_the_leaf_is_false():
    assert counted("1 / n > 0", {"n": 0}) == (0, 1, ["/ by zero"])


def test_another_value_may_make_it_true():
    assert counted("10 / n > 0", {"n": [0, 5]})[:2] == (1, 1)


def test_examples_of_faults_are_few_and_different():
    _, faults, examples = counted("number(s) > 0", *({"s": f"x{number % 20}"} for number in range(40)))
    assert faults == 40
    assert len(examples) == len(set(examples)) == 5


@pytest.mark.parametrize("backend", ["python", "reference"])
def test_when_strict_a_fault_is_raised(backend: str):
    query = eqlite.compile("any where 1 / n > 0", backend=backend, strict=True)
    assert query.matches({"n": 1})
    with pytest.raises(eqlite.EventError, match="/ by zero"):
        query.matches({"n": 0})


def test_combinations_of_arrays_are_bounded_and_counted():
    event = {name: list(range(1, 30)) for name in "abcd"}
    assert MAX_COMBINATIONS < 29**4
    assert counted("a + b + c + d < 0", event)[:2] == (0, 1)


def test_the_scripts_of_a_condition_share_the_steps() -> None:
    script = "a + b < 0"
    for count, steps in [(1, MAX_SCRIPT_STEPS), (2, MAX_SCRIPT_STEPS // 2), (3, MAX_SCRIPT_STEPS // 3)]:
        text = " and ".join(f"{script} - {number}" for number in range(count))
        query = reference(text + ' and c == "x"').plan.query
        assert isinstance(query, EventQuery)
        assert script_steps(query.condition) == steps


def test_equal_values_are_tried_once():
    assert counted("a + b + c + d + e + f < 0", {name: [1] * 50 for name in "abcdef"}) == (0, 0, [])


def test_the_first_true_combination_is_enough():
    assert counted("1 / n > 0", {"n": [1, 0]}) == (1, 0, [])


def test_an_unknown_backend_is_named():
    with pytest.raises(eqlite.UnsupportedFeature, match="there is no backend `sql`"):
        eqlite.compile("any where true", backend="sql")
