"""Tests on the value of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from typing import Literal as OneOf

from eqlite.values.network import Block
from eqlite.values.regex.compile import Regex, compile_regex
from eqlite.values.wildcard import Pattern

RangeOperator = OneOf["<", "<=", ">", ">="]


Kind = OneOf["text", "number", "boolean", "address", "instant"]


@dataclass(frozen=True, slots=True)
class TextIn:
    """The text is one of `texts`.

    With `insensitive`, ASCII letters are folded first, as they are in `texts` already.
    """

    kind: ClassVar[Kind] = "text"
    texts: frozenset[str]
    insensitive: bool = False


@dataclass(frozen=True, slots=True)
class TextLike:
    """The text matches one of the wildcard patterns."""

    kind: ClassVar[Kind] = "text"
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class TextRegex:
    """The whole text matches a Lucene regular expression.

    With `folds_ascii`, the case of A to Z is ignored, but of no other letters.
    """

    kind: ClassVar[Kind] = "text"
    pattern: str
    insensitive: bool = False
    folds_ascii: bool = False

    @property
    def regex(self) -> Regex:
        """Return the compiled form, the same object each time while it is in the cache."""
        return compile_regex(self.pattern, insensitive=self.insensitive, folds_ascii=self.folds_ascii)


@dataclass(frozen=True, slots=True)
class TextRange:
    """The text stands before or behind `bound` in UTF-8 byte order, or, with `versions`, in the order of versions."""

    kind: ClassVar[Kind] = "text"
    operator: RangeOperator
    bound: str
    versions: bool = False


@dataclass(frozen=True, slots=True)
class NumberIn:
    """The number is one of `numbers`."""

    kind: ClassVar[Kind] = "number"
    numbers: frozenset[int | float]


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The number is below or above `bound`."""

    kind: ClassVar[Kind] = "number"
    operator: RangeOperator
    bound: int | float


@dataclass(frozen=True, slots=True)
class BooleanIn:
    """The value is one of `values`."""

    kind: ClassVar[Kind] = "boolean"
    values: frozenset[bool]


@dataclass(frozen=True, slots=True)
class AddressIn:
    """The address lies in one of the blocks."""

    kind: ClassVar[Kind] = "address"
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class InstantIn:
    """The instant lies between the two ends of one of `intervals`, both included, in the field's unit."""

    kind: ClassVar[Kind] = "instant"
    intervals: tuple[tuple[int, int], ...]


Test = TextIn | TextLike | TextRegex | TextRange | NumberIn | NumberRange | BooleanIn | AddressIn | InstantIn
