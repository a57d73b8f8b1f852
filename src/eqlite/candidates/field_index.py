"""One field of an index of candidates: the conditions that a value leaves possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from eqlite import plan
from eqlite.candidates.terms import Terms
from eqlite.predicates.literal_search import every_literal
from eqlite.predicates.raw_values import each, joined
from eqlite.predicates.value_tests import passes_test
from eqlite.values.text import fold_ascii, to_text

MAX_VALUES = 4_096
"""Values whose masks are remembered for each field: events may make up any number of them."""
MAX_TESTED_VALUES = 400
"""Costly tests are worth it for values that come again, which are mostly among the first."""
_LONGEST_VALUE = 200

Passes = Callable[[Any], bool]


class FieldIndex:
    """The requirements of many conditions on one field. A condition is a bit of a mask.

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
        self._parts_in: Callable[[str], int] | None = None
        self._tests = _Tests()
        self._costly_tests = _Tests()
        self._masks: dict[str | int | tuple[bool], int] = {}
        self._values_to_test = MAX_TESTED_VALUES

    def add(self, bit: int, required: plan.Condition, terms: Terms | None) -> None:
        """Add a condition with its requirement, and the terms of that."""
        self.required |= bit
        self._others &= ~bit
        if terms is not None:
            self.absent &= ~bit
            self._add_terms(bit, terms)
            return
        tests = self._costly_tests if any(map(_is_costly, _parts_of(required))) else self._tests
        tests.add(bit, required)
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
        """Return the mask that a raw value leaves. Masks of short scalars are remembered."""
        kind = value.__class__
        if kind is str or kind is int:
            return self._remembered(value, value)
        if kind is bool:  # which equals 0 or 1
            return self._remembered((value,), value)
        if value is None:
            return self.absent
        if kind is list and len(value) == 1:
            return self.mask_of(value[0])
        texts = value if kind is list and {*map(type, value)} == {str} else [to_text(item) for item in each(value)]
        return (
            self._mask_of_terms(texts) | self._tests.mask_of(value) | self._costly_tests.bits if texts else self.absent
        )

    def _remembered(self, key: Any, value: Any) -> int:
        mask = self._masks.get(key)
        if mask is not None:
            return mask
        text = value if value.__class__ is str else to_text(value)
        mask = self._mask_of_terms((text,)) | self._tests.mask_of(value)
        if len(text) > _LONGEST_VALUE:
            return mask | self._costly_tests.bits
        if self._values_to_test > 0:
            self._values_to_test -= 1
            mask |= self._costly_tests.mask_of(value)
        else:
            mask |= self._costly_tests.bits
        if len(self._masks) >= MAX_VALUES:
            self._masks.clear()
        self._masks[key] = mask
        return mask

    def _mask_of_terms(self, texts: Sequence[str]) -> int:
        """Return the mask of the conditions that require nothing, or one of the texts, or a part of one."""
        mask = self._others
        exact, folded = self._exact, self._folded
        if exact:
            for text in texts:
                if text in exact:
                    mask |= exact[text]
        if folded:
            for text in texts:
                low = fold_ascii(text)
                if low in folded:
                    mask |= folded[low]
        if self._parts:
            if self._parts_in is None:
                self._parts_in = _part_finder(self._parts)
            mask |= self._parts_in(fold_ascii(joined(texts)))
        return mask


class _Tests:
    """Requirements that are tested one by one.

    Attributes:
        bits: the mask of all their conditions.
    """

    def __init__(self) -> None:
        self.bits = 0
        self._bits: dict[plan.Condition, int] = {}
        self._passes: list[tuple[Passes, int]] = []

    def add(self, bit: int, required: plan.Condition) -> None:
        """Add a condition with its requirement."""
        self.bits |= bit
        self._bits[required] = self._bits.get(required, 0) | bit

    def mask_of(self, value: Any) -> int:
        """Return the mask of the conditions whose requirement a value meets."""
        if len(self._passes) < len(self._bits):
            self._passes = [(_passes(required), bits) for required, bits in self._bits.items()]
        mask = 0
        for passes, bits in self._passes:
            if passes(value):
                mask |= bits
        return mask


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
