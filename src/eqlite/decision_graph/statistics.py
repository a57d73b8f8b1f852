"""What the first documents tell about those to come: their keys, and which fields have few values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from eqlite.events.observed_keys import KeysSeen
from eqlite.fields import raw_values

_MOST = 500
_ENOUGH = 50
_SHARE_OF_NEW = 0.15
"""A field has few values if no more of them than this came but once: the next one is new about as often."""
_MOST_TOGETHER = 12


class Sample:
    """The first documents; `keys` are theirs."""

    def __init__(self, paths: Collection[str]) -> None:
        """Begin a sample; `paths` are those of the fields of which values matter."""
        self.keys = KeysSeen()
        self._values: dict[str, list[str]] = {path: [] for path in paths}
        self._kinds: dict[str, set[type]] = {path: set() for path in paths}
        self._count = 0

    @property
    def is_enough(self) -> bool:
        """Return whether it says something."""
        return self._count >= _ENOUGH

    @property
    def is_full(self) -> bool:
        """Return whether it says all that it will."""
        return self._count >= _MOST

    def take(self, document: Mapping[str, Any], *, is_wrapped: bool = False) -> None:
        """Take one more document."""
        self._count += 1
        self.keys.take(document, is_wrapped=is_wrapped)
        for path, known in self._values.items():
            values = raw_values(document, path)
            self._kinds[path].update(map(type, values))
            known.append(repr(values) if values else "")

    def holds(self, path: str, kind: type) -> bool:
        """Return whether a field is there, and has only values of a kind."""
        return self._kinds[path] == {kind}

    def groups(self, paths: Iterable[str]) -> Iterator[list[str]]:
        """Yield the paths of fields that have few values, those together that have few even then."""
        left = [path for path in paths if _are_few([(value,) for value in self._values[path]])]
        while left:
            first, *others = left
            group, left = [first], []
            rows: list[tuple[str, ...]] = [(value,) for value in self._values[first]]
            for path in others:
                together = [(*row, value) for row, value in zip(rows, self._values[path], strict=True)]
                if len(group) < _MOST_TOGETHER and _are_few(together):
                    group.append(path)
                    rows = together
                else:
                    left.append(path)
            yield group


def _are_few(rows: Sequence[tuple[str, ...]]) -> bool:
    """Return whether values are few: of the documents in which there are any."""
    there = [row for row in rows if any(row)]
    return sum(count == 1 for count in Counter(there).values()) <= _SHARE_OF_NEW * len(there)
