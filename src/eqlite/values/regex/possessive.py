r"""Possessive repetition and atomic groups, if looking ahead by one character decides them.

`a*+` takes every `a` there is and gives none back: it is `a*` that no further `a` follows. What always has the same
length has nothing to give back at all. Anything else would need a matcher that goes back in the text.

A line break `\R` is here too: Java takes `\r\n` for two where that helps, but not where the `\R` is repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from eqlite.values.regex.java_characters import VERTICAL
from eqlite.values.regex.tree import (
    LAST_CODE_POINT,
    Alternation,
    Characters,
    Concatenation,
    Node,
    Ranges,
    Repetition,
    alternation,
    characters,
    complement_ranges,
    concatenation,
    intersect_ranges,
    postorder,
    repetition,
)

__all__ = ["LINE_BREAK", "atomic", "fixed_length", "is_line_break", "possessive", "whole_line_break"]

_RETURN = characters([(13, 13)])
_RETURN_NEWLINE = concatenation([_RETURN, characters([(10, 10)])])
LINE_BREAK: Final = alternation([_RETURN_NEWLINE, Characters(VERTICAL)])

NotFollowedBy = Callable[[Ranges], Node]
"""Makes the assertion that the next character is none of a set."""


def possessive(operand: Node, low: int, high: int | None, not_followed_by: NotFollowedBy) -> Node | None:
    """Return the possessive repetition of a greedy operand, or None if there is no such tree."""
    if fixed_length(operand) in (None, 0) and not isinstance(operand, Characters) and low > 1:
        return None  # Java matches each round on its own
    return atomic(repetition(operand, low, high), not_followed_by)


def atomic(node: Node, not_followed_by: NotFollowedBy) -> Node | None:
    """Return the tree of an atomic group of greedy repetitions, or None if there is none."""
    if fixed_length(node) is not None:
        return node
    match node:
        case Concatenation((*front, end)) if fixed_length(Concatenation(tuple(front))) is not None:
            last = atomic(end, not_followed_by)
            return None if last is None else concatenation([*front, last])
        case Repetition(Characters(ranges) as body, low, high) if ranges[-1][1] <= LAST_CODE_POINT:
            ending = not_followed_by(ranges)
            if high is None:
                return concatenation([node, ending])
            fewer = concatenation([repetition(body, low, high - 1), ending])
            return alternation([repetition(body, high, high), fewer])
        case _:
            return None


def is_line_break(node: Node) -> bool:
    r"""Return whether a node is `\R`, in brackets or not."""
    match node:
        case Alternation((first, Characters(ranges))):
            return first is _RETURN_NEWLINE and ranges == VERTICAL
        case _:
            return False


def whole_line_break(not_followed_by: NotFollowedBy) -> Node:
    r"""Return the `\R` that never takes the `\r` of `\r\n` alone."""
    others = intersect_ranges(VERTICAL, complement_ranges(((13, 13),)))
    return alternation([_RETURN_NEWLINE, concatenation([_RETURN, not_followed_by(((10, 10),))]), Characters(others)])


def fixed_length(root: Node) -> int | None:
    """Return the number of characters of every match, or None if it varies.

    Example:
        >>> from eqlite.values.regex.java_parser import parse_java
        >>> [fixed_length(parse_java(pattern).tree) for pattern in ("ab|c.", "^a{3}$", "a?")]
        [2, 3, None]
    """
    lengths: dict[int, int | None] = {}
    for node in postorder(root):
        match node:
            case Characters(ranges):
                is_assertion, mixed = bool(ranges) and ranges[0][0] > LAST_CODE_POINT, bool(ranges)
                mixed = mixed and not is_assertion and ranges[-1][1] > LAST_CODE_POINT
                length = None if mixed else 0 if is_assertion else 1
            case Concatenation(parts):
                length = _total([lengths[id(part)] for part in parts])
            case Alternation(options):
                found = {lengths[id(option)] for option in options}
                length = found.pop() if len(found) == 1 else None
            case Repetition(body, low, high):
                inner = lengths[id(body)]
                length = 0 if inner == 0 else inner * low if inner is not None and low == high else None
            case _:
                length = None
        lengths[id(node)] = length
    return lengths[id(root)]


def _total(lengths: list[int | None]) -> int | None:
    known = [length for length in lengths if length is not None]
    return sum(known) if len(known) == len(lengths) else None
