"""CPU time by size of input: whether hostile input costs more than its size, on a machine that does other things."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

_TIMES = 8
_MOST_GROWTH = _TIMES**1.5
"""Between linear growth (8) and quadratic growth (64): caches and other processes cost a factor of two, never eight."""
_MOST_ATTEMPTS = 12
_LEAST_S = 0.02
_MOST_REPEATS = 1 << 16


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Fail if the CPU time of work(8 * size) has grown by more than the size did.

    What takes too little time to be measured is repeated. Attempts end as soon as the growth is within bounds: other
    processes make a single attempt slow, and never a quadratic one fast.
    """
    work(max(1, size // 2))  # imports and caches
    repeats = 1
    while (small := _cpu_s(work, size, repeats)) < _LEAST_S and repeats < _MOST_REPEATS:
        repeats *= 2
    small /= repeats
    large = _cpu_s(work, _TIMES * size, 1)
    for _ in range(_MOST_ATTEMPTS):
        if large <= _MOST_GROWTH * small:
            return
        small = min(small, _cpu_s(work, size, repeats) / repeats)
        large = min(large, _cpu_s(work, _TIMES * size, 1))
    assert large <= _MOST_GROWTH * small, f"{large / small:.1f} times the time for {_TIMES} times the input"


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
