"""Matching samples: one event per item, all different, with the same keys, in any order.

Source: eql-semantics 9. The order of the input stands in for the order of the index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from eqlite.engine.keys import Key, sortable_value

ItemEvents = Mapping[Key, Sequence[int]]
"""For one item of a sample: the positions of its events in the input, by key."""


def match_samples(
    items: Sequence[ItemEvents], *, max_samples_per_key: int = 1, size: int | None = None
) -> list[tuple[tuple[int, ...], Key]]:
    """Return the samples, each the positions of its events and its key, by ascending key, null first."""
    samples: list[tuple[tuple[int, ...], Key]] = []
    shared = set(items[0]).intersection(*items[1:]) if items else set()
    count = events_per_key(len(items), max_samples_per_key)
    for key in sorted(shared, key=lambda key: tuple(map(sortable_value, key))):
        lists = [item[key][:count] for item in items]
        for index, sample in enumerate(_different(lists)):
            if index == max_samples_per_key or (size is not None and len(samples) >= size):
                break
            samples.append((sample, key))
    return samples


def events_per_key(items: int, max_samples_per_key: int) -> int:
    """Return the number of events of one key and item that can take part in a sample."""
    return items + max_samples_per_key - 1


def _different(lists: Sequence[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    """Yield the choices of one event per list, all different, in lexicographic order of the lists."""
    chosen: list[int] = []

    def choose(item: int) -> Iterator[tuple[int, ...]]:
        if item == len(lists):
            yield tuple(chosen)
            return
        for event in lists[item]:
            if event not in chosen:
                chosen.append(event)
                yield from choose(item + 1)
                chosen.pop()

    return choose(0)
