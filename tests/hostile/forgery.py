"""Forged data: what was saved, with parts removed, exchanged and replaced."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

FORGED = [None, True, -1, 0, 1, 7, 1 << 70, 0.5, float("nan"), "", "x", [], {}, [[]], [None], {"a": 1}, b"x"]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield all containers with a key or index, but those inside events."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)) and key != "events":
            yield from places(value[key])


def mutate(payload: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    forged = copy.deepcopy(payload)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        container, key = chance.choice(list(places(forged)))
        match chance.randrange(5):
            case 0:
                del container[key]
            case 1:
                other, place = chance.choice(list(places(forged)))
                container[key] = copy.deepcopy(other[place])
            case 2 if isinstance(container, list):
                container.insert(key, copy.deepcopy(container[key]))
            case 3 if isinstance(container[key], int):
                container[key] += chance.choice([-1, 1, 1 << 40, -(1 << 62)])
            case _:
                container[key] = copy.deepcopy(chance.choice(FORGED))
    return forged
