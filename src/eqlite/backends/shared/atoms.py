"""The atoms of one field, and what is remembered of the values that came."""

from __future__ import annotations

from typing import Any

from eqlite import plan
from eqlite.backends.shared.finders import Atom, Finder, Test

_MOST_VALUES = 10_000
LONGEST_KNOWN = 256
_MOST_TEXTS = 8
_SAMPLE = 1_000
_FEW_TESTS = 300
_MORE_ATOMS = 1.3
_SPARE_ATOMS = 4


class FieldAtoms:
    """The atoms of one field.

    Attributes:
        path: where the values stand.
        tests: what the atoms test, by their number.
        is_direct: values hardly come twice, so that nodes compute what they need rather than remember values.
        together: the numbers of the fields to ask for together with this one, itself among them, since they have few
            values together; documents are decoded so that equal values are of one kind.
    """

    def __init__(self, number: int, path: str) -> None:
        self.number = number
        self.path = path
        self.tests: dict[Test, int] = {}
        self.is_direct = False
        self.together: frozenset[int] = frozenset()
        self._same: dict[Any, Any] = {}
        self._atoms: dict[int, Atom] = {}
        self._made: dict[int, Finder] = {}  # by which atoms they find
        self._finders: dict[int, Finder] = {}  # by which atoms are wanted
        self._known: dict[Any, int] = {}
        self._seen: set[str] = set()
        self._asked = self._computed = 0

    def place_of(self, test: Test) -> int:
        """Return the number of an atom, a new one for a test not seen before."""
        place = self.tests.setdefault(test, len(self.tests))
        if place not in self._atoms:
            self._atoms[place] = Atom(1 << place, test)
        return place

    @property
    def all(self) -> int:
        """Return the mask of all atoms."""
        return (1 << len(self.tests)) - 1

    @property
    def has_texts_only(self) -> bool:
        """Tell whether the field is asked for a few whole texts, as a field with few values is."""
        return len(self.tests) <= _FEW_TESTS and all(isinstance(test, plan.TextIn) for test in self.tests)

    @property
    def kind(self) -> type | None:
        """Return the kind of values that all tests are about; None if they are of several, or of others than these."""
        tests = [test for test in self.tests if test is not None]
        if all(isinstance(test, plan.TextIn | plan.TextLike | plan.TextRegex | plan.TextRange) for test in tests):
            return str
        return bool if all(isinstance(test, plan.BooleanIn) for test in tests) else None

    def finder(self, mask: int) -> Finder:
        """Return what finds some of the atoms, and maybe a few others."""
        finder = self._finders.get(mask)
        if finder is None:
            most = mask.bit_count() * _MORE_ATOMS + _SPARE_ATOMS
            wider = [known for known in self._made if known & mask == mask and known.bit_count() <= most]
            if wider:
                finder = self._made[min(wider, key=int.bit_count)]
            else:
                finder = self._made[mask] = Finder(self._atoms[place] for place in self._atoms if mask >> place & 1)
            self._finders[mask] = finder
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

    def bits_of_any(self, value: Any) -> int:
        """Return all atoms that hold for any value of a struct."""
        if value is None:
            return 0
        if value.__class__ is str:
            return self.bits_of_text(value, self._full())
        if value.__class__ is tuple:
            return self.bits_of_texts(value, self._full())
        return self._full().find(value)

    def same(self, value: Any) -> Any:
        """Return a value equal to this one, always the same: what is remembered many times is near at hand."""
        return self._same.setdefault(value, value)

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
            self._same.clear()
        self._known[key] = bits

    def clear(self) -> None:
        """Forget values and finders."""
        self._known.clear()
        self._same.clear()
        self._seen.clear()
        self._finders.clear()
        self._made.clear()


def is_short(key: Any) -> bool:
    """Tell whether a value is worth remembering: long ones never come again, and take memory."""
    if key.__class__ is str:
        return len(key) <= LONGEST_KNOWN
    if key.__class__ is tuple:
        return len(key) <= _MOST_TEXTS and all(part.__class__ is not str or len(part) <= LONGEST_KNOWN for part in key)
    return True
