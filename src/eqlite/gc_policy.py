"""Policy of the cyclic garbage collector while many long-lived objects are created."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_ALLOCATIONS_BETWEEN_COLLECTIONS = 1_000_000
_FROZEN_BY_PYTHON = 1_000
"""Python 3.12 starts with a few hundred frozen objects. A program that freezes its own has thousands."""


@contextlib.contextmanager
def relaxed_gc() -> Iterator[None]:
    """Collect cycles less often while many objects without cycles are created that stay alive.

    The new objects end in the oldest generation, so no young collection visits them. A disabled collector stays off.
    """
    before = gc.get_threshold()
    if 0 < before[0] < _ALLOCATIONS_BETWEEN_COLLECTIONS:  # 0 disables collection
        gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if gc.get_freeze_count() < _FROZEN_BY_PYTHON:
            gc.freeze()  # with unfreeze: moves all objects to the oldest generation
            gc.unfreeze()
