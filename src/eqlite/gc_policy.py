"""The cyclic garbage collector while much is made that stays."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_ALLOCATIONS_BETWEEN_COLLECTIONS = 1_000_000
_FROZEN_BY_PYTHON = 1_000
"""Python 3.12 begins with some hundred frozen objects; a program that freezes its own has thousands."""


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Let the collector look less often: what rules are made into, and what a run keeps, is much to look at again.

    Neither makes cycles. What was made is not looked at as if it were young, either. A collector that is off stays off.
    """
    before = gc.get_threshold()
    if 0 < before[0] < _ALLOCATIONS_BETWEEN_COLLECTIONS:  # 0 is for never
        gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if gc.get_freeze_count() < _FROZEN_BY_PYTHON:
            gc.freeze()  # and back: all objects are in the oldest generation then
            gc.unfreeze()
