"""Values of Python as JSON has them."""

from __future__ import annotations

import enum
import math
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite import EventError
from eqlite.values.json_values import is_plain, json_scalar, json_value


class Color(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (7, 7),
        (True, True),
        (None, None),
        (0.5, 0.5),
        (math.nan, None),
        (math.inf, math.inf),
        (Color.RED, "red"),
        (Level.HIGH, 3),
        (datetime(2026, 5, 4, 8, 0, 1, 250_000, tzinfo=UTC).replace(tzinfo=None), "2026-05-04T08:00:01.250000Z"),
        (datetime(2026, 5, 4, 8, tzinfo=UTC), "2026-05-04T08:00:00Z"),
        (datetime(2026, 5, 4, 8, tzinfo=timezone(timedelta(hours=-3))), "2026-05-04T11:00:00Z"),
        (date(2026, 5, 4), "2026-05-04"),
        (Decimal(7), 7),
        (Decimal("7.50"), 7.5),
        (Decimal("1E+1000000"), math.inf),
        (Decimal("NaN"), None),
        (numpy.int64(7), 7),
        (numpy.float32(0.5), 0.5),
        (numpy.float64("nan"), None),
        (numpy.bool_(True), True),
        (numpy.str_("a"), "a"),
        (numpy.datetime64("2026-05-04T08:00:00.5", "ns"), "2026-05-04T08:00:00.500000Z"),
        (numpy.datetime64("NaT"), None),
        (numpy.array([1, 2]), [1, 2]),
        (numpy.array(3), 3),
    ],
    ids=repr,
)
def test_a_leaf_has_one_form_in_json(value: object, expected: object) -> None:
    found = json_scalar(value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "value", [b"x", object(), 1j, UUID(int=1), timedelta(1), range(3), len], ids=lambda value: type(value).__name__
)
def test_what_json_lacks_is_refused_by_the_name_of_its_type(value: object) -> None:
    with pytest.raises(EventError, match=f"type {type(value).__name__},"):
        json_scalar(value)


def test_mappings_and_arrays_of_every_kind_are_plain_afterwards() -> None:
    document = OrderedDict(a=("x", {1}), b=MappingProxyType({"c": frozenset({Decimal(2)})}), d=numpy.array([["y"]]))
    assert not is_plain(document)
    plain = json_value(document, depth=10)
    assert plain == {"a": ["x", [1]], "b": {"c": [2]}, "d": [["y"]]}
    assert is_plain(plain)


def test_keys_that_are_no_text_are_left_out() -> None:
    assert json_value({1: "a", "b": {None: b"x", "c": 2}}, depth=10) == {"b": {"c": 2}}


def test_a_document_that_holds_itself_is_not_plain() -> None:
    document: dict[str, object] = {}
    document["self"] = document
    assert not is_plain(document, max_parts=1_000)
    with pytest.raises(EventError, match="holds itself"):
        json_value(document, depth=200)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), JSON))
def test_what_comes_from_json_is_plain_and_stays_as_it_is(document: dict[str, object]) -> None:
    assert is_plain(document)
    assert json_value(document, depth=100) == document
