"""Fair comparison on a machine that is not quiet: contenders take turns, and are compared round by round."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that goes through `events` events and returns how many it found; None if it does not look for any."""

    name: str
    run: Callable[[], int | None]
    events: int


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians over the rounds.

    Attributes:
        seconds: of CPU time for one event.
        ratio: to the first contender in the same round, event by event.
        found: what the contender found.
    """

    seconds: float
    ratio: float
    found: int | None


def compare(contenders: Sequence[Contender], *, rounds: int) -> dict[str, Timing]:
    """Time the contenders, the first of which is the yardstick; each round starts with another one.

    CPU time, not time on the wall: what else the machine does counts only where it takes caches and clock rate away.
    """
    found = {contender.name: contender.run() for contender in contenders}  # warm: files in memory, code compiled
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        shift = number % len(contenders)
        for contender in (*contenders[shift:], *contenders[:shift]):
            gc.collect()
            started = time.process_time()
            contender.run()
            seconds[contender.name].append((time.process_time() - started) / contender.events)
    yardstick = seconds[contenders[0].name]
    return {
        name: Timing(
            statistics.median(values),
            statistics.median(value / other for value, other in zip(values, yardstick, strict=True)),
            found[name],
        )
        for name, values in seconds.items()
    }
