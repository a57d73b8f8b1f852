"""What is remembered of the values of one field: which atoms hold for those that come again."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

from eqlite.decision_graph.predicate_index import Finder
from eqlite.values.distinct import distinct_key

_MOST_KNOWN = 4_000
_MOST_TEXTS = 8
_LONGEST_KNOWN = 256
_PLACES = (1 << 11) - 1
_SIGN = (1 << 32) - 1


class Memory:
    """Values with all atoms that hold for them, and a trace of texts that came once: most never come again.

    Attributes:
        known: the values, by what is told apart; lists of texts that are all known among them.
        traces: a part of the hash of each of the last texts. To keep the texts themselves would keep memory from being
            used again while it is near at hand.
    """

    def __init__(self, full: Callable[[], Finder]) -> None:
        """Begin with a function that returns what finds all atoms."""
        self.known: dict[Any, int] = {None: 0}
        self.traces = array("I", [0]) * (_PLACES + 1)
        self._full = full
        self._same: dict[Any, Any] = {}

    def same(self, value: Any) -> Any:
        """Return a value equal to this one, always the same: what is remembered many times is near at hand."""
        return self._same.setdefault(value, value)

    def remember(self, key: Any, bits: int) -> None:
        """Remember all atoms that hold for a value."""
        if len(self.known) >= _MOST_KNOWN:
            self.clear()
        self.known[key] = bits

    def find_again(self, text: str) -> int:
        """Return all atoms that hold for a text that came before, and remember them if it is not long."""
        bits = self._full().find_text(text)
        if len(text) <= _LONGEST_KNOWN:
            self.remember(text, bits)
        return bits

    def clear(self) -> None:
        """Forget everything."""
        self.known.clear()
        self.known[None] = 0  # what is not there passes no test
        self._same.clear()


class Recaller:
    """A finder that is asked about what is not remembered; `find` returns its atoms, and maybe others that hold.

    An object of few parts with a method, since there are many: a `partial` is another call for each value.
    """

    __slots__ = ("_finder", "_known", "_memory", "_traces")

    def __init__(self, finder: Finder, memory: Memory) -> None:
        self._finder = finder
        self._memory = memory
        self._known = memory.known
        self._traces = memory.traces

    def find(self, value: Any) -> int:
        """Return the atoms that hold for a raw value, those of the finder among them."""
        if value.__class__ is not str:
            return self._find_list(value) if value.__class__ is tuple else self._finder.find(value)
        trace = hash(value) & _SIGN
        place = trace & _PLACES
        if self._traces[place] == trace:
            return self._memory.find_again(value)
        self._traces[place] = trace
        return self._finder.find_text(value)

    def _find_list(self, texts: tuple[str, ...]) -> int:
        bits = 0
        new = []
        traces = self._traces
        for text in texts:
            found = self._known.get(text)
            if found is not None:
                bits |= found
                continue
            trace = hash(text) & _SIGN
            place = trace & _PLACES
            if traces[place] == trace:
                bits |= self._memory.find_again(text)
            else:
                traces[place] = trace
                new.append(text)
        if len(new) == 1:
            return bits | self._finder.find_text(new[0])
        if new:
            return bits | self._finder.find_texts(new)
        if is_short(texts):
            self._memory.remember(texts, bits)
        return bits


def key_of(value: Any) -> Any:
    """Return the key of a value or of a tuple of texts: it tells `1`, `1.0` and `True` apart, and both zeros."""
    kind = value.__class__
    return value if kind is str or kind is tuple or value is None else distinct_key(value)


def is_short(key: Any) -> bool:
    """Return whether a value is worth remembering: long ones never come again, and take memory."""
    if key.__class__ is str:
        return len(key) <= _LONGEST_KNOWN
    if key.__class__ is tuple:
        return len(key) <= _MOST_TEXTS and all(part.__class__ is not str or len(part) <= _LONGEST_KNOWN for part in key)
    return True
