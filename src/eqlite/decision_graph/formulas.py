"""Conditions as formulas over atoms, made smaller as the values of fields become known.

An **atom** is a test on one field; a formula is an atom or its negation, or several formulas joined by `and` or `or`.
Equal formulas are one object, so that what became of a formula once is known for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal as OneOf

from eqlite import plan

Kind = OneOf["true", "false", "atom", "not", "opaque", "and", "or"]
AtomOf = Callable[[plan.Condition], tuple[int, int] | None]
"""Tells the field of a leaf and its place among the atoms there; None for a leaf that is no test on one field."""


class Formula:
    """A formula; made by `Formulas` only.

    Attributes:
        kind: what it is; `opaque` is a leaf that has to be asked with the whole document.
        terms: the parts of `and` and `or`.
        fields: the numbers of the fields that its atoms test, with a mask of those atoms.
        atom: of an atom or its negation, the number of the field, its mask, and whether it is to hold; else None.
        decided: what it becomes, by the number of a field and which of its atoms there hold.
    """

    __slots__ = ("_weights", "atom", "decided", "fields", "kind", "terms")

    def __init__(self, kind: Kind, terms: tuple[Formula, ...] = (), fields: dict[int, int] | None = None) -> None:
        self.kind = kind
        self.terms = terms
        self.fields = fields or {}
        self.atom: tuple[int, int, bool] | None = None
        if kind in ("atom", "not"):
            self.atom = (*next(iter(self.fields.items())), kind == "atom")
        self.decided: dict[tuple[int, int], Formula] = {}
        self._weights: tuple[tuple[int, float], ...] | None = None

    @property
    def needs_document(self) -> bool:
        """Return whether there is a part that only the whole document decides."""
        pending = [self]
        while pending:
            part = pending.pop()
            if part.kind == "opaque":
                return True
            pending += part.terms
        return False

    @property
    def weights(self) -> tuple[tuple[int, float], ...]:
        """Return how much it says to know a field's value: all, where a conjunct is about that field alone."""
        if self._weights is None:
            weights: dict[int, float] = {}
            for term in self.terms if self.kind == "and" else (self,):
                share = 1.0 if len(term.fields) == 1 else 0.5 / (len(term.fields) or 1)
                for number in term.fields:
                    weights[number] = max(share, weights.get(number, 0.0))
            self._weights = tuple(weights.items())
        return self._weights


class Formulas:
    """Makes formulas, each once."""

    def __init__(self) -> None:
        self.true = Formula("true")
        self.false = Formula("false")
        self._made: dict[object, Formula] = {}

    def clear(self, kept: Iterable[Formula]) -> None:
        """Forget what formulas became, and all formulas but some, to have the memory back."""
        self._made.clear()
        for formula in kept:
            formula.decided.clear()

    def of(self, condition: plan.Condition, atom_of: AtomOf, *, holds: bool = True) -> Formula:
        """Return the formula that is true where a condition holds, or where it does not."""
        match condition:
            case plan.Always():
                return self.true if condition.holds is holds else self.false
            case plan.Negation():
                return self.of(condition.operand, atom_of, holds=not holds)
            case plan.AllOf() | plan.AnyOf():
                parts = [self.of(term, atom_of, holds=holds) for term in condition.terms]
                return self.join("and" if isinstance(condition, plan.AllOf) is holds else "or", parts)
        atom = atom_of(condition)
        if atom is None:
            return self.opaque(condition, holds=holds)
        field, place = atom
        return self._once((field, place, holds), "atom" if holds else "not", fields={field: 1 << place})

    def opaque(self, condition: plan.Condition, *, holds: bool = True) -> Formula:
        """Return the formula that only the whole document decides."""
        return self._once((id(condition), holds), "opaque")

    def join(self, kind: OneOf["and", "or"], parts: Iterable[Formula]) -> Formula:
        """Return the formula that joins others."""
        neutral, decisive = (self.true, self.false) if kind == "and" else (self.false, self.true)
        terms: dict[Formula, None] = {}
        for part in parts:
            if part is decisive:
                return decisive
            if part.kind == kind:
                terms.update(dict.fromkeys(part.terms))
            elif part is not neutral:
                terms[part] = None
        if len(terms) < 2:
            return next(iter(terms), neutral)
        fields: dict[int, int] = {}
        for term in terms:
            for number, mask in term.fields.items():
                fields[number] = fields.get(number, 0) | mask
        return self._once((kind, *terms), kind, tuple(terms), fields)

    def decide(self, formula: Formula, field: int, bits: int) -> Formula:
        """Return what a formula becomes once it is known which atoms of a field hold: those of `bits`."""
        mask = formula.fields.get(field)
        if mask is None:
            return formula
        key = (field, bits & mask)
        known = formula.decided.get(key)
        if known is None:
            if formula.atom is not None:
                known = self.true if bool(key[1]) is formula.atom[2] else self.false
            else:
                parts = [self.decide(term, field, bits) for term in formula.terms]
                known = self.join("and" if formula.kind == "and" else "or", parts)
            formula.decided[key] = known
        return known

    def _once(
        self, key: object, kind: Kind, terms: tuple[Formula, ...] = (), fields: dict[int, int] | None = None
    ) -> Formula:
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = Formula(kind, terms, fields)
        return made


def holds(formula: Formula, bits_of: Callable[[int, int], int]) -> bool | None:
    """Return whether a formula is true; None where only a document tells.

    `bits_of` tells the atoms that hold for a field, those of a mask among them.
    """
    if formula.atom is not None:
        number, mask, is_to_hold = formula.atom
        return bool(bits_of(number, mask) & mask) is is_to_hold
    kind = formula.kind
    if kind == "opaque":
        return None
    if not formula.terms:
        return kind == "true"
    decisive, answer = kind == "or", kind == "and"
    is_known = True
    for term in formula.terms:
        found = holds(term, bits_of)
        if found is decisive:
            return decisive
        is_known &= found is not None
    return answer if is_known else None
