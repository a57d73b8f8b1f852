"""The atoms of one field, and which of them hold for a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eqlite import plan
from eqlite.decision_graph.predicate_index import TEXT_TESTS, Atom, Finder
from eqlite.decision_graph.value_cache import Memory, Recaller, is_short
from eqlite.predicates.value_tests import Test

_SAMPLE = 250
_FEW_TESTS = 300
_FEW_DOCUMENTS = 10
_MORE_ATOMS = 2
_SPARE_ATOMS = 16
_LARGE_ARRAY = 64
_LARGE_TEXT = 4_096
_NOTHING_KNOWN: dict[Any, int] = {}

Ask = Callable[[Any], int]
"""Tells which atoms hold for a raw value: some, and maybe others besides."""


class FieldAtoms:
    """The atoms of one field.

    Attributes:
        path: where the values stand.
        ignore_above: longer ones are not there.
        tests: what the atoms test, by their number.
        is_direct: values hardly come twice, so that nodes compute what they need rather than remember values.
        together: the numbers of the fields to ask for together with this one, itself among them, since they have few
            values together; documents are decoded so that equal values are of one kind.
    """

    def __init__(self, number: int, path: str, ignore_above: int | None = None) -> None:
        self.number = number
        self.path = path
        self.ignore_above = ignore_above
        self.tests: dict[Test, int] = {}
        self.is_direct = False
        self.together: frozenset[int] = frozenset()
        self._atoms: dict[int, Atom] = {}
        self._made: dict[int, Finder] = {}  # by which atoms they find
        self._finders: dict[int, Finder] = {}  # by which atoms are wanted
        self._askers: dict[Finder, Ask] = {}
        self._at_hand: dict[int, Ask] = {}  # by which atoms are wanted where nodes are not made
        self._memory = Memory(self._full)
        self._asked = self._computed = 0
        self._without = 0

    def place_of(self, test: Test) -> int:
        """Return the number of an atom, a new one for a test not seen before."""
        place = self.tests.setdefault(test, len(self.tests))
        if place not in self._atoms:
            self._atoms[place] = Atom(1 << place, test, self.ignore_above)
        return place

    @property
    def all(self) -> int:
        """Return the mask of all atoms."""
        return (1 << len(self.tests)) - 1

    @property
    def has_texts_only(self) -> bool:
        """Return whether the field is asked for a few whole texts, as a field with few values is."""
        return len(self.tests) <= _FEW_TESTS and all(isinstance(test, plan.TextIn) for test in self.tests)

    @property
    def kind(self) -> type | None:
        """Return the kind of values that all tests are about; None if they are of several, or of others than these."""
        tests = [test for test in self.tests if test is not None]
        if all(isinstance(test, TEXT_TESTS) for test in tests):
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
                chosen = [self._atoms[place] for place in self._atoms if mask >> place & 1]
                finder = self._made[mask] = Finder(chosen, self.ignore_above)
            self._finders[mask] = finder
        return finder

    def asker(self, mask: int) -> tuple[Ask, Mapping[Any, int]]:
        """Return what tells of some of the atoms, and maybe of a few others; and what it needs not be asked about."""
        finder = self.finder(mask)
        return self._asker_of(finder), _NOTHING_KNOWN if finder.is_quick else self._memory.known

    def _asker_of(self, finder: Finder) -> Ask:
        ask = self._askers.get(finder)
        if ask is None:
            ask = self._askers[finder] = finder.find if finder.is_quick else Recaller(finder, self._memory).find
        return ask

    def _full(self) -> Finder:
        return self.finder(self.all)

    def bits_of(self, key: Any, value: Any) -> int:
        """Return all atoms that hold for a value, which may be remembered by `key`."""
        self._asked += 1
        bits = self._memory.known.get(key)
        if bits is None:
            self._computed += 1
            bits = self._full().find(value)
            if is_short(key):
                self._memory.remember(key, bits)
            if self._computed >= _SAMPLE:
                self.is_direct = self._computed * 4 > self._asked
                self._asked = self._computed = 0
        return bits

    def bits_at_hand(self, mask: int, value: Any) -> int | None:
        """Return the atoms that hold for any raw value, those of a mask among them; None where no finder finds these.

        To make one takes much longer than to test the few atoms that one document needs, if it is but a few documents.
        """
        if value is None:
            return 0
        ask = self._at_hand.get(mask)
        if ask is None:
            covering = [known for known in self._made if known & mask == mask]
            if not covering:
                self._without += 1
                if self._without < _FEW_DOCUMENTS and not _is_large(value):
                    return None
            finder = self._made[min(covering, key=int.bit_count)] if covering else self._full()
            ask = self._at_hand[mask] = self._asker_of(finder)
        is_hashable = value.__class__ is str or value.__class__ is tuple
        bits = self._memory.known.get(value) if is_hashable else None
        return ask(value) if bits is None else bits

    def bits_one_by_one(self, mask: int, value: Any) -> int:
        """Return the atoms of a mask that hold for any raw value."""
        bits = 0
        while mask:
            bit = mask & -mask
            mask -= bit
            if self._atoms[bit.bit_length() - 1].passes(value):
                bits |= bit
        return bits

    def same(self, value: Any) -> Any:
        """Return a value equal to this one, always the same: what is remembered many times is near at hand."""
        return self._memory.same(value)

    def clear(self) -> None:
        """Forget values and finders."""
        self._memory.clear()
        self._finders.clear()
        self._askers.clear()
        self._at_hand.clear()
        self._made.clear()


def _is_large(value: Any) -> bool:
    """Return whether to test a value one by one takes longer than to make a finder."""
    if value.__class__ is str:
        return len(value) > _LARGE_TEXT
    return value.__class__ in (list, tuple) and len(value) > _LARGE_ARRAY
