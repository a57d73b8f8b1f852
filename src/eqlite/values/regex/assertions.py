r"""Assertions: what a pattern demands of a place in the text without consuming a character, such as `^` and `\b`.

To the position automaton an assertion is a character above Unicode's last one: no text holds it, so it is never
consumed. The matcher steps over it wherever the assertion holds. Each looks at the characters beside its place alone,
so a text costs its length times the number of assertions.

Source: the documentation of Java's `Pattern`; `\b` as in Java 19 and later, where a word is `[a-zA-Z0-9_]` and the
non-spacing marks behind a letter or digit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from eqlite.values.regex.tree import LAST_CODE_POINT, Characters, Ranges, holds

__all__ = ["LINE_ENDS", "Assertion", "Kind", "assertion_leaf", "code_points", "with_assertions"]

LINE_ENDS: Final = frozenset("\n\r\x85\u2028\u2029")
_UNIX_LINE_ENDS: Final = frozenset("\n")
_BASES: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"})
"""The categories of the characters that a mark may stand on."""

Kind = Literal[
    "start", "end", "very end", "line start", "line end", "word boundary", "no word boundary", "not followed by"
]


@dataclass(frozen=True, slots=True)
class Assertion:
    """One demand on a place.

    Attributes:
        kind: `end` is the end of the text or the line end before it, `very end` the end alone.
        unix_lines: a newline is the only line end.
        ranges: for `not followed by`, the characters that may not come next.
    """

    kind: Kind
    unix_lines: bool = False
    ranges: Ranges = ()


def assertion_leaf(index: int) -> Characters:
    """Return the leaf of the tree for the assertion at `index` of a pattern's list."""
    code = LAST_CODE_POINT + 1 + 2 * index  # every second one, so that ranges of them never touch
    return Characters(((code, code),))


def code_points(key: str) -> list[int]:
    """Return the stand-ins of the assertions that a key of `with_assertions` names.

    Example:
        >>> [point - LAST_CODE_POINT for point in code_points("at 5")]
        [1, 5]
    """
    mask = int(key.removeprefix("at "), 16)
    return [LAST_CODE_POINT + 1 + 2 * index for index in range(mask.bit_length()) if mask >> index & 1]


def with_assertions(text: str, assertions: Sequence[Assertion]) -> Iterator[str]:
    """Yield the characters of `text`, and a longer key wherever assertions hold.

    Example:
        >>> list(with_assertions("ab", [Assertion("start"), Assertion("very end")]))
        ['at 1', 'a', 'b', 'at 2']
    """
    tests = [(1 << place, _test(found, text)) for place, found in enumerate(assertions) if not found.ranges]
    allowed = {"": sum(1 << place for place, found in enumerate(assertions) if found.ranges)}
    for at in range(len(text) + 1):
        following = text[at : at + 1]
        mask = allowed.get(following)
        if mask is None:  # there may be as many sets as the pattern is long, but a text has few characters
            mask = allowed[following] = _not_followed_by(ord(following), assertions)
        for bit, test in tests:
            if test(at):
                mask |= bit
        if mask:
            yield f"at {mask:x}"
        yield from following


def _not_followed_by(code_point: int, assertions: Sequence[Assertion]) -> int:
    """Return the mask of the assertions that do not allow a character next."""
    mask = 0
    for place, assertion in enumerate(assertions):
        if assertion.ranges and not holds(assertion.ranges, code_point):
            mask |= 1 << place
    return mask


def _test(assertion: Assertion, text: str) -> Callable[[int], bool]:
    """Return a predicate for positions of a text at which the assertion holds."""
    length = len(text)
    ends = _UNIX_LINE_ENDS if assertion.unix_lines else LINE_ENDS
    match assertion.kind:
        case "start":
            return lambda at: at == 0
        case "very end":
            return lambda at: at == length
        case "end":
            last = _last_line_end(text, ends)
            return lambda at: at in (last, length)
        case "line start":
            return lambda at: at < length and (at == 0 or (text[at - 1] in ends and not _splits(text, at, ends)))
        case "line end":
            return lambda at: at == length or (text[at] in ends and not _splits(text, at, ends))
        case kind:
            words = [False, *_words(text), False]  # beside the place `at` stand words[at] and words[at + 1]
            wanted = kind == "word boundary"
            return lambda at: (words[at] != words[at + 1]) is wanted


def _last_line_end(text: str, ends: frozenset[str]) -> int:
    """Return the start of the line end that ends the text, or its length if there is none."""
    if text.endswith("\r\n") and "\r" in ends:
        return len(text) - 2
    return len(text) - (text[-1:] in ends)


def _splits(text: str, at: int, ends: frozenset[str]) -> bool:
    r"""Return whether the place is inside of `\r\n`, which is one line end."""
    return at > 0 and text[at - 1 : at + 1] == "\r\n" and "\r" in ends


def _words(text: str) -> Iterator[bool]:
    """Yield for each character whether it belongs to a word."""
    has_base = False
    for character in text:
        if unicodedata.category(character) == "Mn":
            yield has_base
        else:
            has_base = unicodedata.category(character) in _BASES
            yield character == "_" or (character.isascii() and has_base)
