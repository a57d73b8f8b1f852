"""The tree of a regular expression, and the sets of characters at its leaves.

The parsers (`regex_syntax`, `regex_java_syntax`) build it, `regex_positions` turns it into a machine. The functions
that make nodes simplify as they go: the empty language never stays below another node, and `(x*)*` is `x*`.

Trees come from hostile patterns and may be a thousand levels deep: walk them with `postorder`, never by recursion.

What does not belong here: syntax, and case folding, which the parsers have done by the time a leaf exists.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = [
    "ANY_STRING",
    "EMPTY_STRING",
    "EVERY_CHARACTER",
    "LAST_CODE_POINT",
    "NOTHING",
    "Alternation",
    "Characters",
    "Complement",
    "Concatenation",
    "Intersection",
    "Node",
    "Ranges",
    "RegexLimitError",
    "RegexSyntaxError",
    "Repetition",
    "alternation",
    "characters",
    "complement",
    "complement_ranges",
    "concatenation",
    "holds",
    "intersect_ranges",
    "intersection",
    "merge_ranges",
    "only_character",
    "postorder",
    "repetition",
]

Ranges = tuple[tuple[int, int], ...]
"""A set of code points: pairs of first and last, in order, neither touching nor overlapping."""

LAST_CODE_POINT: Final = 0x10FFFF
EVERY_CHARACTER: Final[Ranges] = ((0, LAST_CODE_POINT),)


class RegexSyntaxError(ValueError):
    """A pattern that is not a regular expression, or uses something that the matcher does not have.

    Attributes:
        message: what is wrong, lower case, without a full stop.
        offset: where, counted in characters of the pattern from 0.
    """

    def __init__(self, message: str, offset: int) -> None:
        self.message = message
        self.offset = offset
        super().__init__(message, offset)

    def __str__(self) -> str:
        """Return the message with its place."""
        return f"{self.message} (at offset {self.offset})"


class RegexLimitError(ValueError):
    """A regular expression over a limit: too long, or with too many states."""


@dataclass(frozen=True, slots=True, eq=False)
class Characters:
    """One character out of a set. The empty set is the empty language, which matches nothing."""

    ranges: Ranges


@dataclass(frozen=True, slots=True, eq=False)
class Concatenation:
    """One part after the other. Without parts: the empty string."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Alternation:
    """Any of two or more options."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Intersection:
    """The strings matched by all of two or more operands."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Complement:
    """Every string that the body does not match, of whatever length."""

    body: Node


@dataclass(frozen=True, slots=True, eq=False)
class Repetition:
    """The body `low` to `high` times, unbounded if `high` is None."""

    body: Node
    low: int
    high: int | None


Node = Characters | Concatenation | Alternation | Intersection | Complement | Repetition

NOTHING: Final = Characters(())
EMPTY_STRING: Final = Concatenation(())
ANY_STRING: Final = Repetition(Characters(EVERY_CHARACTER), 0, None)


def merge_ranges(pairs: Iterable[tuple[int, int]]) -> Ranges:
    """Return the set of the code points in any of `pairs`, which may overlap and be in any order.

    Example:
        >>> merge_ranges([(5, 9), (1, 2), (3, 6)])
        ((1, 9),)
    """
    merged: list[tuple[int, int]] = []
    for first, last in sorted(pairs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def complement_ranges(ranges: Ranges) -> Ranges:
    """Return every code point of Unicode that is not in `ranges`.

    Example:
        >>> complement_ranges(((0, 9), (20, 30)))
        ((10, 19), (31, 1114111))
    """
    gaps: list[tuple[int, int]] = []
    free = 0
    for first, last in ranges:
        if first > free:
            gaps.append((free, first - 1))
        free = last + 1
    if free <= LAST_CODE_POINT:
        gaps.append((free, LAST_CODE_POINT))
    return tuple(gaps)


def intersect_ranges(left: Ranges, right: Ranges) -> Ranges:
    """Return the code points in both sets.

    Example:
        >>> intersect_ranges(((0, 9),), ((5, 20),))
        ((5, 9),)
    """
    return complement_ranges(merge_ranges(complement_ranges(left) + complement_ranges(right)))


def holds(ranges: Ranges, code_point: int) -> bool:
    """Return whether the set holds a code point, in time logarithmic in the set's size."""
    index = bisect_right(ranges, (code_point, LAST_CODE_POINT * 2)) - 1
    return index >= 0 and ranges[index][1] >= code_point


def only_character(node: Node) -> str | None:
    """Return the character of a leaf that matches exactly one, otherwise None."""
    match node:
        case Characters(((first, last),)) if first == last <= LAST_CODE_POINT:
            return chr(first)
        case _:
            return None


def characters(pairs: Iterable[tuple[int, int]], *, negated: bool = False) -> Characters:
    """Return the leaf for any character in `pairs`, or for any character outside them."""
    ranges = merge_ranges(pairs)
    return Characters(complement_ranges(ranges) if negated else ranges)


def concatenation(parts: Iterable[Node]) -> Node:
    """Return the flat concatenation of `parts`, or nothing if any part matches nothing."""
    flat: list[Node] = []
    for part in parts:
        if part is NOTHING or (isinstance(part, Characters) and not part.ranges):
            return NOTHING
        if isinstance(part, Concatenation):
            flat.extend(part.parts)
        else:
            flat.append(part)
    return flat[0] if len(flat) == 1 else Concatenation(tuple(flat))


def alternation(options: Iterable[Node]) -> Node:
    """Return any of `options`. Single characters among them become one set."""
    flat: list[Node] = []
    pairs: list[tuple[int, int]] = []
    for option in options:
        for node in option.options if isinstance(option, Alternation) else (option,):
            if isinstance(node, Characters):
                pairs.extend(node.ranges)
            else:
                flat.append(node)
    if pairs:
        flat.append(characters(pairs))
    if not flat:
        return NOTHING
    return flat[0] if len(flat) == 1 else Alternation(tuple(flat))


def intersection(operands: Iterable[Node]) -> Node:
    """Return the intersection of `operands`."""
    flat: list[Node] = []
    for operand in operands:
        if isinstance(operand, Characters) and not operand.ranges:
            return NOTHING
        if isinstance(operand, Intersection):
            flat.extend(operand.operands)
        else:
            flat.append(operand)
    return flat[0] if len(flat) == 1 else Intersection(tuple(flat))


def complement(body: Node) -> Node:
    """Return every string that `body` does not match."""
    if isinstance(body, Complement):
        return body.body
    if isinstance(body, Characters) and not body.ranges:
        return ANY_STRING
    return Complement(body)


def repetition(body: Node, low: int, high: int | None) -> Node:
    """Return `body` `low` to `high` times. `low <= high` where `high` is not None."""
    if high == 0:
        return EMPTY_STRING
    match body:
        case Concatenation(()):
            return EMPTY_STRING
        case Characters(()):
            return EMPTY_STRING if low == 0 else NOTHING
        # A repetition of `x?`, `x*` or `x+` is one of `x`: `a?*+?` is no deep tree, `(a?){50}` no tangle of states.
        case Repetition(inner, 0, 1):
            return repetition(inner, 0, high)
        case Repetition(inner, (0 | 1) as inner_low, None):
            return repetition(inner, inner_low * low, None)
    if low == high == 1:
        return body
    return Repetition(body, low, high)


def postorder(root: Node) -> list[Node]:
    """Return the nodes below `root` and `root` itself, children before parents, without recursion."""
    pending: list[Node] = [root]
    found: list[Node] = []
    while pending:
        node = pending.pop()
        found.append(node)
        match node:
            case Concatenation(below) | Alternation(below) | Intersection(below):
                pending.extend(below)
            case Complement(body) | Repetition(body):
                pending.append(body)
            case Characters():
                pass
    found.reverse()
    return found
