"""What is remembered of the values of one field: which atoms hold for those that come again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eqlite.backends.shared.finders import Finder

_MOST_VALUES = 2_000
_MOST_KNOWN = 4_000
_MOST_TEXTS = 8
_LONGEST_KNOWN = 256


class Memory:
    """Values with all atoms that hold for them, and texts that came once: most never come again.

    Attributes:
        known: the values, by what is told apart; lists of texts that are all known among them.
        seen: the texts that came once.
    """

    def __init__(self, full: Callable[[], Finder]) -> None:
        """Begin with a function that returns what finds all atoms."""
        self.known: dict[Any, int] = {None: 0}
        self.seen: set[str] = set()
        self._full = full
        self._same: dict[Any, Any] = {}

    def same(self, value: Any) -> Any:
        """Return a value equal to this one, always the same: what is remembered many times is near at hand."""
        return self._same.setdefault(value, value)

    def remember(self, key: Any, bits: int) -> None:
        """Remember all atoms that hold for a value."""
        if len(self.known) >= _MOST_KNOWN:
            self._forget()
        self.known[key] = bits

    def remember_list(self, texts: tuple[str, ...], bits: int) -> None:
        """Remember all atoms that hold for texts that are known one by one."""
        if len(texts) <= _MOST_TEXTS:
            self.remember(texts, bits)

    def find_again(self, text: str) -> int:
        """Return all atoms that hold for a text that came before, and remember them."""
        bits = self._full().find_text(text)
        self.remember(text, bits)
        return bits

    def note(self, text: str) -> None:
        """Note that a text came once."""
        if len(text) <= _LONGEST_KNOWN:
            if len(self.seen) >= _MOST_VALUES:
                self.seen.clear()
            self.seen.add(text)

    def clear(self) -> None:
        """Forget everything."""
        self._forget()
        self.seen.clear()

    def _forget(self) -> None:
        self.known.clear()
        self.known[None] = 0  # what is not there passes no test
        self._same.clear()


class Recaller:
    """A finder that is asked only about what is not remembered; `find` returns its atoms, and maybe others that hold.

    An object of few parts with a method, since there are many: a `partial` is another call for each value.
    """

    __slots__ = ("_finder", "_known", "_memory", "_seen")

    def __init__(self, finder: Finder, memory: Memory) -> None:
        self._finder = finder
        self._memory = memory
        self._known = memory.known
        self._seen = memory.seen

    def find(self, value: Any) -> int:
        """Return the atoms that hold for a raw value, those of the finder among them."""
        kind = value.__class__
        if kind is not str and kind is not tuple:
            return self._finder.find(value)
        found = self._known.get(value)
        if found is not None:
            return found
        if kind is tuple:
            return self._find_list(value)
        if value in self._seen:
            return self._memory.find_again(value)
        self._memory.note(value)
        return self._finder.find_text(value)

    def _find_list(self, texts: tuple[str, ...]) -> int:
        bits = 0
        new = []
        for text in texts:
            found = self._known.get(text)
            if found is not None:
                bits |= found
            elif text in self._seen:
                bits |= self._memory.find_again(text)
            else:
                self._memory.note(text)
                new.append(text)
        if new:
            return bits | self._finder.find_texts(new)
        self._memory.remember_list(texts, bits)
        return bits


def is_short(key: Any) -> bool:
    """Tell whether a value is worth remembering: long ones never come again, and take memory."""
    if key.__class__ is str:
        return len(key) <= _LONGEST_KNOWN
    if key.__class__ is tuple:
        return len(key) <= _MOST_TEXTS and all(part.__class__ is not str or len(part) <= _LONGEST_KNOWN for part in key)
    return True
