"""CPU time by size of input: how hostile input is measured on a machine that does other things as well."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

MOST_GROWTH = 2.3
"""The CPU time that twice the input may take, in times that of the input."""
_MOST_ATTEMPTS = 12
_LEAST_S = 0.04
_MOST_REPEATS = 1 << 16


def cpu_growth(work: Callable[[int], object], size: int) -> float:
    """Return the CPU time of twice the size divided by that of the size, each the best of several attempts.

    `work` gets a size. What takes too little time to be measured is repeated. Attempts end as soon as the growth is
    within `MOST_GROWTH`: other processes make a single attempt slow, and never a quadratic one fast.
    """
    work(max(1, size // 8))  # imports and caches
    repeats = 1
    while (first := _cpu_s(work, size, repeats)) < _LEAST_S and repeats < _MOST_REPEATS:
        repeats *= 2
    second = _cpu_s(work, 2 * size, repeats)
    for _ in range(_MOST_ATTEMPTS):
        if second <= MOST_GROWTH * first:
            break
        first, second = min(first, _cpu_s(work, size, repeats)), min(second, _cpu_s(work, 2 * size, repeats))
    return second / first


def _cpu_s(work: Callable[[int], object], size: int, repeats: int) -> float:
    was_enabled = gc.isenabled()
    gc.disable()  # whether a full collection falls into an attempt depends on all tests before
    try:
        started = time.process_time()
        for _ in range(repeats):
            work(size)
        return time.process_time() - started
    finally:
        if was_enabled:
            gc.enable()
