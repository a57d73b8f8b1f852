"""Which atoms of a field hold for a value: many tests answered by few look-ups.

Exact texts are looked up; wildcard patterns and regular expressions are asked only where a text that they need was
found, all those texts in one pass of Aho-Corasick; addresses are looked up among the ends of all blocks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial, reduce
from operator import or_
from typing import Any

from eqlite import plan
from eqlite.fields import is_within
from eqlite.predicates import literal_search as patterns
from eqlite.predicates import raw_values as runtime
from eqlite.predicates.value_tests import Passes, Test, passes_test
from eqlite.values.network import Block, parse_address
from eqlite.values.text import fold_ascii, to_text
from eqlite.values.wildcard import Pattern

Check = Callable[[Sequence[str], str], object]
"""Told values, and these in lower case, joined by separators."""

MANY_PATTERNS = 2_000
TEXT_TESTS = (plan.TextIn, plan.TextLike, plan.TextRegex, plan.TextRange)
_FEW_LITERALS = 4
_LONG = 4_096


class Atom:
    """A test with what is made of it once, for all finders; `bit` stands for it.

    `ignore_above` is the field's: values over it are not there.
    """

    def __init__(self, bit: int, test: Test, ignore_above: int | None = None) -> None:
        self.bit = bit
        self.test = test
        self.ignore_above = ignore_above

    @cached_property
    def passes(self) -> Passes:
        """Return a function that tells whether any value passes."""
        passes, limit = passes_test(self.test), self.ignore_above
        return passes if limit is None else lambda value: passes(runtime.within(value, limit))

    @cached_property
    def passes_text(self) -> Passes:
        """Return a function that tells whether a text passes."""
        if isinstance(self.test, plan.TextRegex):
            return self.test.regex.matches
        return self.passes

    @cached_property
    def least_length(self) -> int | None:
        """Return n for a test that every text of n characters or more passes, and no other one."""
        test = self.test
        lengths = [pattern.least_length for pattern in test.patterns] if isinstance(test, plan.TextLike) else [None]
        return None if None in lengths else min(length for length in lengths if length is not None)

    @cached_property
    def may_pass(self) -> Passes | None:
        """Return a function that tells of several texts as one whether any of them may pass; None where none can."""
        if isinstance(self.test, plan.TextRegex):
            return self.test.regex.may_match
        return None

    @cached_property
    def needed(self) -> list[tuple[str, Check | None]] | None:
        """Return texts, in lower case, of which a joined value holds one if it passes, each with what is left to check.

        None where there are no such texts.
        """
        return _needed_literals(self.test)


class Finder:
    """Some atoms of one field; `find` returns those that hold for a raw value, as bits.

    Attributes:
        is_quick: a look-up or two tell all, so that nothing is won by remembering values.
    """

    def __init__(self, atoms: Iterable[Atom], ignore_above: int | None = None) -> None:
        self._ignore_above = ignore_above
        self._always: list[tuple[int, Passes, Passes | None]] = []
        self._all: list[tuple[int, Passes]] = []
        self._exact: dict[str, int] = {}
        self._folded: dict[str, int] = {}
        self._numbers: dict[int | float, int] = {}
        self._there = 0
        self._lengths: list[tuple[int, int]] = []
        self._has_numbers_only = True
        self._has_texts_only = True
        literals: dict[str, list[tuple[int, Check | None]]] = {}
        blocks: list[tuple[int, Block]] = []
        for atom in atoms:
            bit, test = atom.bit, atom.test
            self._all.append((bit, atom.passes))
            self._has_numbers_only &= test is None or isinstance(test, plan.NumberIn)
            self._has_texts_only &= test is None or isinstance(test, TEXT_TESTS)
            match test:
                case None:
                    self._there |= bit
                case plan.TextIn():
                    texts = self._folded if test.insensitive else self._exact
                    for text in test.texts:
                        texts[text] = texts.get(text, 0) | bit
                case plan.AddressIn():
                    blocks += [(bit, block) for block in test.blocks]
                case _:
                    if isinstance(test, plan.NumberIn):
                        for number in test.numbers:
                            self._numbers[number] = self._numbers.get(number, 0) | bit
                    if atom.least_length is not None:
                        self._lengths.append((bit, atom.least_length))
                        continue
                    if atom.needed is None:
                        self._always.append((bit, atom.passes_text, atom.may_pass))
                    for literal, check in atom.needed or ():
                        literals.setdefault(literal, []).append((bit, check))
        self._literals = tuple(literals)
        self._enough = [sum({bit for bit, check in asked if check is None}) for asked in literals.values()]
        self._to_check = [[(bit, check) for bit, check in asked if check is not None] for asked in literals.values()]
        self._needs_lower_case = bool(self._literals or self._folded)
        self._machine = _machine(self._literals)
        self._ends, self._between = _intervals(blocks)
        self._has_others = bool(self._ends or self._lengths or self._always)
        self.is_quick = self._has_numbers_only or not (self._literals or self._always or self._ends)

    def find(self, value: Any) -> int:
        """Return the atoms that hold for a value: a text, a tuple of texts, None, or whatever an event may hold."""
        if value.__class__ is str:
            return self.find_text(value)
        if value.__class__ is tuple:
            return self.find_texts(value)
        if value is None:
            return 0
        if value.__class__ is int and self._has_numbers_only:
            return self._there | self._numbers.get(value, 0)
        if value.__class__ is list and self._has_texts_only:  # each value is made a text once, not for each test
            return self.find_texts(tuple(dict.fromkeys(map(to_text, runtime.each(value)))))
        return sum(bit for bit, passes in self._all if passes(value))

    def find_text(self, text: str) -> int:
        """Return the atoms that hold for a text."""
        if self._ignore_above is not None and not is_within(text, self._ignore_above):
            return 0
        found = self._there
        if self._exact:
            found |= self._exact.get(text, 0)
        if self._needs_lower_case:
            lowered = text.lower() if text.isascii() else fold_ascii(text)
            if self._folded:
                found |= self._folded.get(lowered, 0)
            if self._literals:
                joined = f"\0{lowered}\0" if "\0" not in lowered else runtime.joined(lowered)
                found |= self._by_literals((text,), joined)
        return found | self._find_others(text) if self._has_others else found

    def _find_others(self, text: str) -> int:
        """Return the atoms that hold for a text, of those that no look-up or literal tells."""
        found = 0
        if self._ends:
            address = parse_address(text)
            if address is not None:
                found = self._between[bisect_right(self._ends, address)]
        for bit, least in self._lengths:
            if len(text) >= least:
                found |= bit
        for bit, passes, _ in self._always:
            if passes(text):
                found |= bit
        return found

    def find_texts(self, texts: Sequence[str]) -> int:
        """Return the atoms that hold for any of several texts: all of them are searched as one."""
        if self._ignore_above is not None:
            texts = [text for text in texts if is_within(text, self._ignore_above)]
        return self._find_any(texts) if texts else 0

    def _find_any(self, texts: Sequence[str]) -> int:
        whole = "\0".join(texts)
        if self._ends or whole.count("\0") != len(texts) - 1:
            return reduce(or_, map(self.find_text, texts), 0)
        found = self._there
        if self._exact:
            for text in texts:
                found |= self._exact.get(text, 0)
        if self._needs_lower_case:
            lowered = whole.lower() if whole.isascii() else fold_ascii(whole)
            if self._folded:
                for text in lowered.split("\0"):
                    found |= self._folded.get(text, 0)
            if self._literals:
                found |= self._by_literals(texts, f"\0{lowered}\0")
        for bit, least in self._lengths:
            if any(len(text) >= least for text in texts):
                found |= bit
        for bit, passes, may_pass in self._always:
            if (may_pass is None or may_pass(whole)) and any(map(passes, texts)):
                found |= bit
        return found

    def _by_literals(self, texts: Sequence[str], joined: str) -> int:
        """Return the atoms that hold because of literals that are there."""
        if self._machine is None or len(joined) > _LONG:  # every place of every literal would be a hit
            hits = self._each_literal(joined)
        else:
            try:
                hits = self._machine(joined, True)
            except UnicodeEncodeError:  # a lone surrogate cannot cross into Rust
                hits = self._each_literal(joined)
        if not hits:
            return 0
        found = 0
        for place in {place for place, _, _ in hits} if len(hits) > 1 else hits[0][:1]:
            found |= self._enough[place]
            for bit, check in self._to_check[place]:
                if not found & bit and check(texts, joined):
                    found |= bit
        return found

    def _each_literal(self, joined: str) -> list[tuple[int, int, int]]:
        return [(place, 0, 0) for place, literal in enumerate(self._literals) if literal in joined]


def _needed_literals(test: Test) -> list[tuple[str, Check | None]] | None:
    """See `Atom.needed`."""
    if isinstance(test, plan.TextRegex):
        regex = test.regex
        required = fold_ascii(regex.required_literal or "")
        return [(required, lambda texts, _: any(map(regex.matches, texts)))] if len(required) > 1 else None
    if not isinstance(test, plan.TextLike) or len(test.patterns) > MANY_PATTERNS:
        return None
    needed: list[tuple[str, Check | None]] = []
    for folded in (False, True):
        shapes = patterns.sort_patterns(tuple(found for found in test.patterns if found.folded is folded))
        needed += [
            (fold_ascii(literal), None if folded else partial(_holds_literal, literal)) for literal in shapes.literals
        ]
        needed += [(fold_ascii(patterns.longest_literal(pattern)), _like(pattern)) for pattern in shapes.general]
    return needed if all(literal for literal, _ in needed) else None


def _holds_literal(literal: str, texts: Sequence[str], _: str) -> bool:
    return literal in runtime.joined(texts)


def _like(pattern: Pattern) -> Check:
    search = patterns.joined_search(pattern)
    if search is None:
        return lambda texts, _: any(map(pattern.matches, texts))
    return (lambda _, joined: search(joined)) if pattern.folded else (lambda texts, _: search(runtime.joined(texts)))


def _machine(literals: Sequence[str]) -> patterns.EveryLiteral | None:
    if len(literals) < _FEW_LITERALS or len(literals) > patterns.LITERALS_AT_ONCE:
        return None
    return patterns.every_literal(literals)


def _intervals(blocks: Sequence[tuple[int, Block]]) -> tuple[list[int], list[int]]:
    """Return where blocks of addresses begin and end, and the atoms that hold before, between and behind those."""
    ends = sorted({end for _, block in blocks for end in (block.first, block.last + 1)})
    between = [0] * (len(ends) + 1)
    for bit, block in blocks:
        for place in range(bisect_right(ends, block.first), bisect_right(ends, block.last) + 1):
            between[place] |= bit
    return ends, between
