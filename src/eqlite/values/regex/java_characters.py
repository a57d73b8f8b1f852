"""The sets of characters that Java's regular expressions have names for, and their folding.

Source: the documentation of Java's `Pattern`.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from eqlite.values.case_folding import ascii_variants, simple_lower, simple_upper
from eqlite.values.regex.assertions import LINE_ENDS
from eqlite.values.regex.tree import (
    EVERY_CHARACTER,
    Ranges,
    complement_ranges,
    holds,
    intersect_ranges,
    merge_ranges,
)

__all__ = [
    "LINE_END_RANGES",
    "PREDEFINED",
    "VERTICAL",
    "fold_character",
    "fold_ranges",
    "property_ranges",
    "unquote",
]


def _listed(members: str) -> Ranges:
    return merge_ranges((ord(character), ord(character)) for character in members)


LINE_END_RANGES = _listed("".join(LINE_ENDS))
VERTICAL = _listed("\n\x0b\f\r\x85\u2028\u2029")
_DIGIT = ((0x30, 0x39),)
_UPPER = ((0x41, 0x5A),)
_LOWER = ((0x61, 0x7A),)
_ALPHA = merge_ranges(_UPPER + _LOWER)
_ALNUM = merge_ranges(_ALPHA + _DIGIT)
_SPACE = _listed(" \t\n\x0b\f\r")
_GRAPH = ((0x21, 0x7E),)
_PUNCT = intersect_ranges(_GRAPH, complement_ranges(_ALNUM))

PREDEFINED = {
    "d": _DIGIT,
    "s": _SPACE,
    "w": merge_ranges(_ALNUM + _listed("_")),
    "h": merge_ranges([*_listed(" \t\xa0\u1680\u180e\u202f\u205f\u3000"), (0x2000, 0x200A)]),
    "v": VERTICAL,
}
PREDEFINED |= {letter.upper(): complement_ranges(ranges) for letter, ranges in PREDEFINED.items()}

_POSIX = {
    "Lower": _LOWER,
    "Upper": _UPPER,
    "ASCII": ((0, 0x7F),),
    "Alpha": _ALPHA,
    "Digit": _DIGIT,
    "Alnum": _ALNUM,
    "Punct": _PUNCT,
    "Graph": _GRAPH,
    "Print": ((0x20, 0x7E),),
    "Blank": _listed(" \t"),
    "Cntrl": ((0, 0x1F), (0x7F, 0x7F)),
    "XDigit": merge_ranges([*_DIGIT, (0x41, 0x46), (0x61, 0x66)]),
    "Space": _SPACE,
}

_MINOR_CATEGORIES = {"L": "ultmo", "M": "nec", "N": "dlo", "P": "cdseifo", "S": "mcko", "Z": "slp", "C": "cfson"}
_CATEGORIES = {major + minor for major, minors in _MINOR_CATEGORIES.items() for minor in ("", *minors)}
_CASED = frozenset(("Lu", "Ll", "Lt"))

_LAST_CASED = 0x1FFFF
"""Beyond it no character has another case."""


def unquote(pattern: str) -> str:
    r"""Replace `\Q…\E` by the same characters, escaped one by one. Offsets behind a quotation shift."""
    pieces: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("\\Q", at):
            end = pattern.find("\\E", at + 2)
            quoted = pattern[at + 2 :] if end < 0 else pattern[at + 2 : end]
            pieces.extend(c if c.isalnum() or not c.isascii() else "\\" + c for c in quoted)
            at += len(quoted) + 4
        else:
            length = 2 if pattern[at] == "\\" else 1
            pieces.append(pattern[at : at + length])
            at += length
    return "".join(pieces)


def property_ranges(name: str, *, insensitive: bool) -> Ranges | None:
    r"""Return the characters of `\p{name}` (POSIX classes and general categories), or None."""
    if name in _POSIX:
        return _ALPHA if insensitive and name in ("Lower", "Upper") else _POSIX[name]
    category = name.removeprefix("Is")
    if category not in _CATEGORIES:
        return None
    return category_ranges(_CASED if insensitive and category in _CASED else frozenset((category,)))


def fold_character(character: str, *, unicode: bool) -> str:
    """Return the characters that one stands for under `CASE_INSENSITIVE`, with `UNICODE_CASE` or without.

    Example:
        >>> sorted(fold_character("k", unicode=False)), sorted(fold_character("k", unicode=True))
        (['K', 'k'], ['K', 'k', '\u212a'])
    """
    if not unicode:
        return "".join(ascii_variants(character))
    return _same_case().get(_case_key(character), character)


def fold_ranges(ranges: Ranges, *, unicode: bool) -> Ranges:
    """Return a range of a class with the other cases of its characters."""
    upper = intersect_ranges(ranges, _UPPER)
    lower = intersect_ranges(ranges, _LOWER)
    pairs = [*ranges, *((first ^ 0x20, last ^ 0x20) for first, last in upper + lower)]
    if unicode:
        for members in _same_case().values():
            if any(holds(ranges, ord(member)) for member in (simple_upper(members[0]), _case_key(members[0]))):
                pairs.extend((ord(member), ord(member)) for member in members)
    return merge_ranges(pairs)


def _case_key(character: str) -> str:
    return simple_lower(simple_upper(character))


@lru_cache(maxsize=1)
def _same_case() -> dict[str, str]:
    """Return the characters that differ in case alone, by the form that Java compares."""
    found: dict[str, str] = {}
    for character in map(chr, range(_LAST_CASED)):
        if character.upper() != character or character.lower() != character:
            key = _case_key(character)
            found[key] = found.get(key, "") + character
    return found


@lru_cache(maxsize=8)
def category_ranges(categories: frozenset[str]) -> Ranges:
    """Return the characters of Unicode's general categories. One letter names all that begin with it.

    Example:
        >>> category_ranges(frozenset(["Zl", "Zp"]))
        ((8232, 8233),)
    """
    return merge_ranges(
        (code_point, code_point)
        for code_point in range(EVERY_CHARACTER[0][1] + 1)
        if not categories.isdisjoint((unicodedata.category(chr(code_point)), unicodedata.category(chr(code_point))[0]))
    )
