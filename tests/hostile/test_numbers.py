"""Numbers that Python hashes alike, and scripts over many values: one event must not take time in its square."""

from __future__ import annotations

import io
import ipaddress
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.harness import rule_set
from tests.hostile.growth import assert_linear

import eqlite
from eqlite.execution.run import run_files
from eqlite.semantics.schema import Schema
from eqlite.values.distinct import distinct_key

MODULUS = (1 << 61) - 1
"""Whole numbers of the same remainder by this have the same hash."""

SCHEMA = Schema.from_mapping(
    {
        "properties": {
            "@timestamp": {"type": "date"},
            "event.category": {"type": "keyword"},
            "address": {"type": "ip"},
            "number": {"type": "unsigned_long"},
            "real": {"type": "double"},
        }
    }
)
ADDRESSES = [str(ipaddress.IPv6Address(MODULUS * (number + 8))) for number in range(40_000)]
NUMBERS = [MODULUS * number for number in range(40_000)]
REALS = [2.0 ** (61 * power) * number for power in range(-8, 8) for number in range(1, 2_500)]


def event(field: str, values: list[Any], count: int) -> dict[str, Any]:
    return {"@timestamp": 1, "event": {"category": "process"}, field: values[:count]}


@pytest.mark.parametrize("backend", ["python", "reference"])
@pytest.mark.parametrize(
    ("query", "field", "values", "schema"),
    [
        ("any where length(string(f)) == 0", "f", NUMBERS, None),
        ("any where f + 1 == 0", "f", REALS, None),
        ("sequence by f [any where true] [any where true]", "f", NUMBERS, None),
        ("sample by f [any where true] [any where f == 1]", "f", NUMBERS, None),
        ("any where f in (3, 4611686018427387905)", "f", NUMBERS, None),
        ("any where real + 1 == 0", "real", REALS, SCHEMA),
        ("sequence by address [any where true] [any where true]", "address", ADDRESSES, SCHEMA),
        ("sample by address [any where true] [any where true]", "address", ADDRESSES, SCHEMA),
        ("sequence by number [any where true] [any where true]", "number", NUMBERS, SCHEMA),
    ],
)
def test_values_of_one_hash_take_no_longer_than_others(
    query: str, field: str, values: list[Any], schema: Schema | None, backend: str
) -> None:
    compiled = eqlite.compile(query, schema=schema, backend=backend)
    assert_linear(lambda count: compiled.search([event(field, values, count)]), 1_000)


def test_events_of_one_hash_take_no_longer_for_many_rules() -> None:
    """With many rules, values are remembered from event to event."""
    rules = rule_set(*(f"any where f == {n} or g > {n}" for n in range(8))).compile()

    def run(count: int) -> None:
        lines = [json.dumps({"f": number, "g": number}).encode() + b"\n" for number in NUMBERS[:count]]
        list(run_files(rules, [io.BytesIO(b"".join(lines))]))

    assert_linear(run, 250)


def test_addresses_of_one_hash_join_as_others_do() -> None:
    events = [event("address", [address], 1) for address in ["::1", ADDRESSES[1], "1.2.3.4", ADDRESSES[0]] * 2]
    query = eqlite.compile("sample by address [any where true] [any where true]", schema=SCHEMA)
    found = [match.join_keys for match in query.search(events)]
    assert found == [("::1",), ("1.2.3.4",), *[(address,) for address in sorted(ADDRESSES[:2], key=_as_number)]]


@pytest.mark.parametrize("first", [0, 1, True, -1, 0.0, -0.0, "1", NUMBERS[9], -NUMBERS[9], 1e300, None])
def test_keys_are_equal_for_equal_values_of_one_type_alone(first: object) -> None:
    others = [0, 1, True, False, -1, 0.0, -0.0, 1.0, "1", "0", NUMBERS[9], -NUMBERS[9], float(NUMBERS[9]), 1e300, None]
    same = [other for other in others if distinct_key(other) == distinct_key(first)]
    assert [(type(other), repr(other)) for other in same] == [(type(first), repr(first))]


@pytest.mark.parametrize("digits", ["9" * 4_301, "9" * 100_000, "-" + "9" * 5_000, "1e999"])
@pytest.mark.parametrize("condition", ["f > 1", "f < 1", 'f == "Infinity"', 'f : "9*"', "f + 1 > 1", 'f like~ "-i*"'])
def test_whole_numbers_without_end_have_one_answer(condition: str, digits: str) -> None:
    """A line alone, one among many rules, a dict, and both backends."""
    line = b'{"f": ' + digits.encode() + b"}\n"
    value = 10 ** (len(digits) - 1) if digits.isdigit() else -(10**5_000) if digits[0] == "-" else float(digits)
    answers = set()
    for backend in ("python", "reference"):
        answers.add(eqlite.compile(f"any where {condition}", backend=backend).matches({"f": value}))
        for others in (0, 8):
            queries = [f"any where {condition}", *(f"any where g == {n} or h == {n}" for n in range(others))]
            rules = rule_set(*queries).compile(backend=backend)
            answers.add(len(list(run_files(rules, [io.BytesIO(line)]))) == 1)
    assert len(answers) == 1


# --- scripts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["python", "reference"])
@pytest.mark.parametrize(
    "work",
    [
        lambda size: (f"length(concat({', '.join(['f'] * size)})) == 1", ["a", "b"]),
        lambda size: (" or ".join(f"concat(f, f, {n}) == 0" for n in range(1 + size // 20)), list(range(200))),
        lambda size: ('concat(f, f) like "*x"', ["a" * size * 40 + str(n) for n in range(100)]),
    ],
    ids=["parts", "leaves", "characters"],
)
def test_combinations_are_bounded_whatever_the_expression(
    work: Callable[[int], tuple[str, list[Any]]], backend: str
) -> None:
    def match(size: int) -> None:
        condition, values = work(size)
        query = eqlite.compile(f"any where {condition}", backend=backend)
        stats = eqlite.SearchStats()
        assert not query.search([{"f": values}], stats=stats)
        assert size < 100 or stats.fault_examples == ["too many combinations of array values"]

    assert_linear(match, 25)


@pytest.mark.parametrize("backend", ["python", "reference"])
def test_one_combination_is_tried_whatever_its_size(backend: str) -> None:
    query = eqlite.compile(f"any where length(concat({', '.join(['f'] * 1_000)})) == 1000000", backend=backend)
    stats = eqlite.SearchStats()
    assert query.search([{"f": "x" * 1_000}], stats=stats)
    assert stats.faults == 0


def _as_number(address: str) -> int:
    return int(ipaddress.ip_address(address))
