"""Plans as data: what was written is read, and nothing else than plans is read."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqlite
from eqlite import Schema, plan, strategies
from eqlite.cache.plans import CODEC
from eqlite.fields import Field
from eqlite.functions.registry import find
from eqlite.serialization.codec import NotEncodable, Table
from eqlite.source import Span

ROOT = Path(__file__).parents[2]
FIELD = Field("a", "a")
SCHEMA = Schema.from_mapping(
    {
        "properties": {
            "text": {"type": "keyword", "null_value": "a", "ignore_above": 9},
            "rate": {"type": "scaled_float", "scaling_factor": 10},
            "address": {"type": "ip"},
            "day": {"type": "date", "format": "yyyy-MM-dd||epoch_millis"},
        }
    }
)
CONDITIONS = strategies.conditions(SCHEMA)
QUERIES = strategies.queries()


def written(*values: object) -> bytes:
    writer = CODEC.writer()
    return msgspec.msgpack.encode(writer.written([writer.add(value) for value in values]))


def read(data: bytes) -> list[Any]:
    tables, roots = msgspec.msgpack.decode(data, type=tuple[list[Table], list[int]])
    return CODEC.read(tables, roots)


def all_of(value: object) -> object:
    """Return a value with all that it is made of, the classes and what does not count for equality too."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if type(value).__name__ == "Function":
            return id(value)
        return type(value).__name__, *(all_of(getattr(value, each.name)) for each in dataclasses.fields(value))
    if isinstance(value, tuple):
        return tuple(map(all_of, value))
    if isinstance(value, frozenset):
        return frozenset(map(all_of, value))
    return type(value).__name__, repr(value)


def assert_same(*values: object) -> None:
    assert [all_of(value) for value in read(written(*values))] == [all_of(value) for value in values]


@given(st.lists(QUERIES, min_size=1, max_size=3))
def test_plans_of_queries_come_back(texts: list[str]) -> None:
    assert_same(*(eqlite.compile(text).plan for text in texts))


@given(CONDITIONS)
def test_plans_under_a_schema_come_back(condition: str) -> None:
    assert_same(eqlite.compile(f"any where {condition}", schema=SCHEMA).plan)


def test_plans_of_the_example_rules_come_back() -> None:
    assert_same(*(query.plan for _, query in eqlite.load_rules(ROOT / "examples").compile()))


@pytest.mark.slow
def test_plans_of_the_shipped_rules_come_back(shared: Path) -> None:
    compiled = eqlite.load_rules(shared / "corpus").compile()
    assert len(compiled) > 1_000
    assert_same(*(query.plan for _, query in compiled))


NUMBERS = st.integers() | st.integers(-(1 << 70), 1 << 130) | st.floats()
VALUES = st.none() | st.booleans() | NUMBERS | st.text() | st.sampled_from(["\ud800", "é"])


@given(st.lists(VALUES))
def test_constants_of_every_kind_come_back(values: list[Any]) -> None:
    assert_same(*map(plan.Constant, values), tuple(values))


@given(st.frozensets(st.text(max_size=2)), st.frozensets(st.floats(allow_nan=False) | st.integers()))
def test_sets_come_back(texts: frozenset[str], numbers: frozenset[int | float]) -> None:
    assert_same(plan.TextIn(texts), plan.NumberIn(numbers))


def test_values_that_python_calls_equal_are_kept_apart() -> None:
    constants = read(written(*map(plan.Constant, [1, True, 1.0, 0.0, -0.0, 0, False])))
    assert [repr(constant.value) for constant in constants] == ["1", "True", "1.0", "0.0", "-0.0", "0", "False"]
    assert math.isnan(read(written(plan.Constant(math.nan)))[0].value)


def test_a_plan_deeper_than_python_calls_comes_back() -> None:
    condition: plan.Condition = plan.Always(holds=True)
    for _ in range(20_000):
        condition = plan.Negation(condition)
    (found,) = read(written(condition))
    depth = 0
    while isinstance(found, plan.Negation):
        found, depth = found.operand, depth + 1
    assert (found, depth) == (plan.Always(holds=True), 20_000)


def test_equal_values_become_one() -> None:
    first, second = read(written(plan.Exists(FIELD), plan.Exists(Field("a", "a"))))
    assert first is second


def test_the_same_values_give_the_same_bytes() -> None:
    query = 'any where a in ("x", "y", "z") and b : ("p*", "q*")'
    assert written(eqlite.compile(query).plan) == written(eqlite.compile(query).plan)


def test_what_is_no_part_of_a_plan_is_not_written() -> None:
    function = find("length")
    assert function is not None
    for value in ({}, [1], object(), plan.Constant(b"x"), dataclasses.replace(function)):  # type: ignore[arg-type]
        with pytest.raises(NotEncodable):
            CODEC.writer().add(value)


NUMBER_RANGE = ("NumberRange", [(0, [">"]), (0, [1])])


@pytest.mark.parametrize(
    "table",
    [
        ("NumberRange", [(0, ["> __import__('os').abort() or 0 >"]), (0, [1])]),
        ("NumberRange", [(0, [">"]), (0, ["1"])]),
        ("NumberRange", [(0, [">"])]),
        ("NumberRange", [(0, [">"]), (0, [])]),
        ("NumberRange", [(0, [">"]), (1, [7])]),
        ("Always", [(0, [1])]),
        ("AllOf", [(0, ["text"])]),
        ("Negation", [(2, [[0]])]),
        ("Popen", [(0, ["true"])]),
        ("function", [(0, ["system"])]),
        ("datatype", [(0, ["code"])]),
        ("frozenset", [(0, [[[]]])]),
        ("text", [(0, ["zz"])]),
        ("tuple", []),
    ],
    ids=repr,
)
def test_data_that_no_writer_writes_is_refused(table: Table) -> None:
    assert CODEC.read([NUMBER_RANGE], [0]) == [plan.NumberRange(">", 1)]
    with pytest.raises(NotEncodable):
        CODEC.read([table], [0])


def test_the_items_of_a_collection_are_looked_at_too() -> None:
    tables: list[Table] = [("Span", [(0, [1]), (0, [2])]), ("frozenset", [(1, [[0]])]), ("BooleanIn", [(1, [1])])]
    assert CODEC.read(tables[:2], [1]) == [frozenset({Span(1, 2)})]
    with pytest.raises(NotEncodable, match="BooleanIn"):
        CODEC.read(tables, [2])
