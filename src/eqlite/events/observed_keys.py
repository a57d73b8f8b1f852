"""The keys that documents had so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MOST_KEYS = 2_000


class KeysSeen:
    """The keys of documents.

    Attributes:
        places: paths in the order in which they come.
        by_object: the keys that came in an object, by its path: empty for the document itself, otherwise with a dot
            behind it. Without those in which there is a dot.
    """

    def __init__(self) -> None:
        self._count = self._wrapped = 0
        self.places: dict[str, int] = {}
        self.by_object: dict[str, dict[str, None]] = {}

    @property
    def are_wrapped(self) -> bool:
        """Return whether most documents came in `_source`."""
        return self._wrapped * 2 > self._count

    def take(self, document: Mapping[str, Any], *, is_wrapped: bool = False) -> None:
        """Take the keys of one more document; those of very many are not all remembered."""
        self._count += 1
        self._wrapped += is_wrapped
        pending: list[tuple[str, Mapping[str, Any]]] = [("", document)]
        while pending:
            prefix, part = pending.pop()
            keys = self.by_object.setdefault(prefix, {})
            for key, value in part.items():
                path = prefix + key
                if path not in self.places:
                    if len(self.places) >= _MOST_KEYS:
                        return
                    self.places[path] = len(self.places)
                if "." not in key:
                    keys[key] = None
                if isinstance(value, dict):
                    pending.append((f"{path}.", value))
