"""What becomes of the cyclic garbage collector while much is made."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from eqlite.gc_policy import relaxed_gc


@pytest.fixture(autouse=True)
def collector_as_it_was() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def is_old(item: object) -> bool:
    return any(other is item for other in gc.get_objects(generation=2))


def test_what_was_made_is_old_at_the_end() -> None:
    with relaxed_gc():
        made: list[object] = [[]]
    assert is_old(made)


def test_thresholds_are_as_before_whatever_happens() -> None:
    gc.set_threshold(500, 7, 8)

    def fail() -> None:
        assert gc.get_threshold() == (1_000_000, 7, 8)
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"), relaxed_gc():
        fail()
    assert gc.get_threshold() == (500, 7, 8)


def test_a_collector_that_is_off_stays_off() -> None:
    gc.set_threshold(0)
    with relaxed_gc():
        assert gc.get_threshold()[0] == 0


def test_what_the_caller_has_frozen_stays_frozen() -> None:
    gc.freeze()
    frozen = gc.get_freeze_count()
    assert frozen
    with relaxed_gc():
        pass
    assert gc.get_freeze_count() == frozen
