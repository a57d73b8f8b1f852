"""The atoms of one field, and what is remembered of the values that came."""

from __future__ import annotations

from typing import Any

from eqlite import plan
from eqlite.backends.shared.finders import Finder, Passes, Test, passes_test

_MOST_VALUES = 10_000
LONGEST_KNOWN = 256
_MOST_TEXTS = 8
_SAMPLE = 1_000
_FEW_TESTS = 300


class FieldAtoms:
    """The atoms of one field.

    Attributes:
        path: where the values stand.
        tests: what the atoms test, by their number.
        is_direct: values hardly come twice, so that nodes compute what they need rather than remember values.
    """

    def __init__(self, number: int, path: str) -> None:
        self.number = number
        self.path = path
        self.tests: dict[Test, int] = {}
        self.is_direct = False
        self._passes: list[Passes] = []
        self._finders: dict[int, Finder] = {}
        self._known: dict[Any, int] = {}
        self._seen: set[str] = set()
        self._asked = self._computed = 0

    def place_of(self, test: Test) -> int:
        """Return the number of an atom, a new one for a test not seen before."""
        place = self.tests.setdefault(test, len(self.tests))
        if place == len(self._passes):
            self._passes.append(passes_test(test))
        return place

    @property
    def all(self) -> int:
        """Return the mask of all atoms."""
        return (1 << len(self.tests)) - 1

    @property
    def has_texts_only(self) -> bool:
        """Tell whether the field is asked for a few whole texts, as a field with few values is."""
        return len(self.tests) <= _FEW_TESTS and all(isinstance(test, plan.TextIn) for test in self.tests)

    def finder(self, mask: int) -> Finder:
        """Return what finds some of the atoms."""
        finder = self._finders.get(mask)
        if finder is None:
            atoms = [(1 << place, test, self._passes[place]) for test, place in self.tests.items() if mask >> place & 1]
            finder = self._finders[mask] = Finder(atoms)
        return finder

    def _full(self) -> Finder:
        return self.finder(self.all)

    def bits_of(self, key: Any, value: Any) -> int:
        """Return all atoms that hold for a value, which may be remembered by `key`."""
        self._asked += 1
        bits = self._known.get(key)
        if bits is None:
            self._computed += 1
            bits = self._full().find(value)
            if is_short(key):
                self._remember(key, bits)
            if self._computed >= _SAMPLE:
                self.is_direct = self._computed * 4 > self._asked
                self._asked = self._computed = 0
        return bits

    def bits_of_texts(self, texts: tuple[str, ...], finder: Finder) -> int:
        """Return the atoms that hold for any of several texts, those of the finder among them."""
        known = self._known
        bits = 0
        for text in texts:
            found = known.get(text)
            bits |= self.bits_of_text(text, finder) if found is None else found
        return bits

    def bits_of_text(self, text: str, finder: Finder) -> int:
        """Return the atoms that hold for a text, those of the finder among them.

        Texts that are new mostly never come again: only of the second time on all atoms are found out, to be
        remembered.
        """
        found = self._known.get(text)
        if found is not None:
            return found
        if text not in self._seen:
            if len(self._seen) >= _MOST_VALUES:
                self._seen.clear()
            if len(text) <= LONGEST_KNOWN:
                self._seen.add(text)
            return finder.find_text(text)
        found = self._full().find_text(text)
        self._remember(text, found)
        return found

    def _remember(self, key: Any, bits: int) -> None:
        if len(self._known) >= _MOST_VALUES:
            self._known.clear()
        self._known[key] = bits

    def clear(self) -> None:
        """Forget values and finders."""
        self._known.clear()
        self._seen.clear()
        self._finders.clear()


def is_short(key: Any) -> bool:
    """Tell whether a value is worth remembering: long ones never come again, and take memory."""
    if key.__class__ is str:
        return len(key) <= LONGEST_KNOWN
    if key.__class__ is tuple:
        return len(key) <= _MOST_TEXTS and all(part.__class__ is not str or len(part) <= LONGEST_KNOWN for part in key)
    return True
