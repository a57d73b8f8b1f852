"""Raw values of a field: arrays within arrays, each opened once."""

from __future__ import annotations

from typing import Any

from eqlite.predicates.raw_values import each


def test_an_array_that_occurs_again_is_opened_once() -> None:
    inner = ["x"]
    assert list(each([inner, "y", inner])) == ["x", "y"]


def test_an_array_that_holds_itself_comes_to_an_end() -> None:
    inner: list[Any] = ["x"]
    inner.append(inner)
    assert list(each(["y", inner, "z"])) == ["y", "x", "z"]


def test_nulls_and_objects_are_no_values() -> None:
    assert list(each([None, {"a": 1}, [None, 2]])) == [2]
