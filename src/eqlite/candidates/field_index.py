"""One field of an index of candidates: the conditions that a value leaves possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from eqlite import plan
from eqlite.candidates.terms import Terms, terms_of
from eqlite.predicates.literal_search import every_literal
from eqlite.predicates.raw_values import each, joined
from eqlite.predicates.value_tests import passes_test
from eqlite.values.text import fold_ascii, to_text

MAX_VALUES = 4_096
"""Values whose masks are remembered for each field: events may make up any number of them."""
_LONGEST_VALUE = 200
_TESTED_VALUES = 400
"""Costly tests are worth it for values that come again, which are mostly among the first."""

Passes = Callable[[Any], bool]


class FieldIndex:
    """The requirements of conditions on one field. A condition is a bit of a mask.

    Attributes:
        absent: the mask that an event without the field leaves.
        required: the mask of the conditions that require anything of the field.
    """

    def __init__(self, all_conditions: int) -> None:
        self.required = 0
        self.absent = self._others = all_conditions
        self._exact: dict[str, int] = {}
        self._folded: dict[str, int] = {}
        self._parts: dict[str, int] = {}
        self._tested: dict[plan.Condition, int] = {}
        self._costly: dict[plan.Condition, int] = {}
        self._made: dict[int, list[tuple[Passes, int]]] = {}
        self._parts_in: Callable[[str], int] | None = None
        self._masks: dict[str | int, int] = {}

    def add(self, bit: int, required: plan.Condition) -> None:
        """Add a condition with its requirement."""
        self.required |= bit
        self._others &= ~bit
        terms = terms_of(required)
        if terms is not None:
            self.absent &= ~bit
            self._add_terms(bit, terms)
            return
        is_costly = any(map(_is_costly, _parts_of(required)))
        tested = self._costly if is_costly else self._tested
        tested[required] = tested.get(required, 0) | bit
        if not _passes(required)(None):
            self.absent &= ~bit

    def add_support(self, bit: int, support: int, terms: Terms) -> None:
        """Add a condition that needs the terms of one of several fields: they set the bit `support` in a mask."""
        self.required |= bit
        self._add_terms(support, terms)

    def _add_terms(self, bit: int, terms: Terms) -> None:
        for table, texts in ((self._exact, terms.exact), (self._folded, terms.folded), (self._parts, terms.parts)):
            for text in texts:
                table[text] = table.get(text, 0) | bit

    def mask_of(self, value: Any) -> int:
        """Return the mask that a raw value leaves."""
        if value.__class__ is str or value.__class__ is int:
            mask = self._masks.get(value)
            if mask is None:
                texts = (value,) if value.__class__ is str else (str(value),)
                is_short = len(texts[0]) <= _LONGEST_VALUE
                mask = self._mask_of(value, texts, is_tested=is_short and len(self._masks) < _TESTED_VALUES)
                if is_short:
                    if len(self._masks) >= MAX_VALUES:
                        self._masks.clear()
                    self._masks[value] = mask
            return mask
        if value is None:
            return self.absent
        if value.__class__ is list:
            if len(value) == 1:
                return self.mask_of(value[0])
            if {*map(type, value)} == {str}:
                return self._mask_of(value, value)
        found = [to_text(item) for item in each(value)]
        return self._mask_of(value, found) if found else self.absent

    def _mask_of(self, value: Any, texts: Sequence[str], *, is_tested: bool = False) -> int:
        """Return the mask for a value that is there.

        `texts` are the texts of all its values. Costly tests are left out unless `is_tested`.
        """
        mask = self._others
        exact, folded = self._exact, self._folded
        for text in texts:
            if text in exact:
                mask |= exact[text]
            if folded:
                mask |= folded.get(fold_ascii(text), 0)
        if self._parts:
            if self._parts_in is None:
                self._parts_in = _part_finder(self._parts)
            mask |= self._parts_in(fold_ascii(joined(value)))
        for passes, bits in self._all_tests(self._tested):
            if passes(value):
                mask |= bits
        for passes, bits in self._all_tests(self._costly):
            if not is_tested or passes(value):
                mask |= bits
        return mask

    def _all_tests(self, tests: dict[plan.Condition, int]) -> list[tuple[Passes, int]]:
        """Return tests as functions, made when they are first needed."""
        made = self._made.get(id(tests))
        if made is None:
            made = self._made[id(tests)] = [(_passes(required), bits) for required, bits in tests.items()]
        return made


def _part_finder(parts: dict[str, int]) -> Callable[[str], int]:
    """Return a function for the mask of the parts that stand in a text."""
    bits = list(parts.values())
    find = every_literal(list(parts))

    def one_by_one(text: str) -> int:
        mask = 0
        for part, bit in parts.items():
            if part in text:
                mask |= bit
        return mask

    def at_once(text: str) -> int:
        assert find is not None
        mask = 0
        try:
            for number, _, _ in find(text, True):
                mask |= bits[number]
        except UnicodeEncodeError:  # a lone surrogate, which cannot cross into Rust
            return one_by_one(text)
        return mask

    return one_by_one if find is None else at_once


def _parts_of(required: plan.Condition) -> Iterator[plan.Condition]:
    """Yield a requirement and all parts of it."""
    yield required
    match required:
        case plan.Negation(operand=operand):
            yield from _parts_of(operand)
        case plan.AllOf(terms=terms) | plan.AnyOf(terms=terms):
            for term in terms:
                yield from _parts_of(term)


def _is_costly(part: plan.Condition) -> bool:
    """Return whether a part takes long or says little: a pattern, an address, a negation."""
    if isinstance(part, plan.Negation):
        return not isinstance(part.operand, plan.Exists)
    return isinstance(part, plan.FieldTest) and isinstance(part.test, (plan.TextLike, plan.TextRegex, plan.AddressIn))


def _passes(required: plan.Condition) -> Passes:
    """Return a function that tests whether a raw value meets a requirement."""
    match required:
        case plan.Negation(operand=operand):
            inner = _passes(operand)
            return lambda value: not inner(value)
        case plan.AllOf(terms=terms):
            every = [_passes(term) for term in terms]
            return lambda value: all(test(value) for test in every)
        case plan.AnyOf(terms=terms):
            some = [_passes(term) for term in terms]
            return lambda value: any(test(value) for test in some)
        case plan.FieldTest(test=test):
            return passes_test(test)
        case _:
            return passes_test(None)
