r"""Wildcards over a whole value: `*` is any run of characters, also an empty one, `?` exactly one.

Three syntaxes end in the same `Pattern`: `:` and `like` (no escape at all), the constant of `stringContains` and
`endsWith` (Lucene's wildcard: `\` escapes the next character) and the prefix of `startsWith`. Matching takes time
bounded by length of value x length of pattern and in practice follows the value's length: leftmost matches of the
segments between the stars, one after the other, never going back.

Insensitive means ASCII letters, or with `unicode` all letters, each as the characters that it stands for. Most of those
patterns are still compared with values in lower case (ASCII): only the few characters that more than one stands for,
such as `s` and `\u017f`, become a choice.

Source: eql-semantics 6.1, 6.2 and 7.6.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from eqlite.values.case_folding import fold_variants
from eqlite.values.text import fold_ascii

Atom = str | None
"""What one character of a value may be: one of the characters of a string, or anything (None, for `?`)."""

_MANY_ATOMS = 64
_LONG = 1 << 16


@dataclass(frozen=True)
class Segment:
    """A stretch of a pattern without `*`.

    `literal` is its text, unless it contains a `?` or a choice of characters.
    """

    atoms: tuple[Atom, ...]
    literal: str | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        plain = all(atom is not None and len(atom) == 1 for atom in self.atoms)
        object.__setattr__(self, "literal", "".join(a or "" for a in self.atoms) if plain else None)

    def __len__(self) -> int:
        return len(self.atoms)

    def matches_at(self, text: str, start: int) -> bool:
        """Return whether the segment matches right at `start`."""
        if start < 0 or start + len(self.atoms) > len(text):
            return False
        if self.literal is not None:
            return text.startswith(self.literal, start)
        return all(atom is None or text[start + index] in atom for index, atom in enumerate(self.atoms))

    def find(self, text: str, start: int, end: int) -> int:
        """Return the position of the leftmost match of the segment between `start` and `end`, or -1."""
        if self.literal is not None:
            return text.find(self.literal, start, end)
        if len(self.atoms) > _MANY_ATOMS and (end - start) * len(self.atoms) > _LONG:
            return self._find_bitwise(text, start, end)
        found = self._regex.search(text, start, end)
        return found.start() if found is not None else -1

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        """Return the segment without any quantifier.

        A search costs at most value x segment steps, of two nanoseconds each.
        """
        return re.compile("".join(map(_atom_regex, self.atoms)), re.DOTALL)

    @cached_property
    def _masks(self) -> tuple[dict[str, int], int]:
        """Return for each character the bits of the atoms that accept it, and the bits that accept any."""
        anything = sum(1 << index for index, atom in enumerate(self.atoms) if atom is None)
        masks: dict[str, int] = {}
        for index, atom in enumerate(self.atoms):
            for character in atom or "":
                masks[character] = masks.get(character, anything) | 1 << index
        return masks, anything

    def _find_bitwise(self, text: str, start: int, end: int) -> int:
        """Find the segment by shift-and: one step per character, for any length up to some machine words."""
        masks, anything = self._masks
        goal = 1 << (len(self.atoms) - 1)
        state = 0
        for place in range(start, end):
            state = (state << 1 | 1) & masks.get(text[place], anything)
            if state & goal:
                return place - len(self.atoms) + 1
        return -1


def _atom_regex(atom: Atom) -> str:
    if atom is None:
        return "."
    return re.escape(atom) if len(atom) == 1 else f"[{re.escape(atom)}]"


@dataclass(frozen=True)
class Pattern:
    """A wildcard pattern, taken apart.

    Attributes:
        segments: what stands between the stars; the first is bound to the start of the value, the last to its end.
        folded: the segments are in lower case and the value is to be folded too, both in ASCII only.

    >>> like_pattern("*.exe", insensitive=True).matches("CMD.EXE")
    True
    """

    segments: tuple[Segment, ...]
    folded: bool = False

    def matches(self, value: str) -> bool:
        """Return whether the whole value matches."""
        return self.matches_folded(fold_ascii(value) if self.folded else value)

    def matches_folded(self, text: str) -> bool:
        """Return whether a value matches that is already folded where the pattern is."""
        first, last = self.segments[0], self.segments[-1]
        if len(self.segments) == 1:
            return len(text) == len(first) and first.matches_at(text, 0)
        start, end = len(first), len(text) - len(last)
        if end < start or not first.matches_at(text, 0) or not last.matches_at(text, end):
            return False
        for segment in self.segments[1:-1]:
            found = segment.find(text, start, end)
            if found < 0:
                return False
            start = found + len(segment)
        return True

    @property
    def matches_any_value(self) -> bool:
        """Return whether every value matches: `*`, `**`."""
        return len(self.segments) > 1 and not any(map(len, self.segments))

    @property
    def least_length(self) -> int | None:
        """Return n for a pattern that matches n characters or more, such as `?*`, or None."""
        atoms = [atom for segment in self.segments for atom in segment.atoms]
        return len(atoms) if len(self.segments) > 1 and not any(atoms) else None

    @property
    def single_value(self) -> str | None:
        """Return the one (folded) value that matches, None where there may be several."""
        return self.segments[0].literal if len(self.segments) == 1 else None

    @property
    def literals(self) -> tuple[str, ...] | None:
        """Return the texts between the stars, or None if there is a `?` or a choice of characters."""
        texts = tuple(segment.literal for segment in self.segments)
        return None if None in texts else texts  # type: ignore[return-value]


def _segments(parts: Sequence[Sequence[Atom]]) -> tuple[Segment, ...]:
    """Return the segments. Several stars in a row are one."""
    middle = [part for part in parts[1:-1] if part]
    stretches = [parts[0], *middle, parts[-1]] if len(parts) > 1 else parts
    return tuple(Segment(tuple(part)) for part in stretches)


@lru_cache(maxsize=1 << 16)
def like_pattern(text: str, *, insensitive: bool, unicode: bool = False) -> Pattern:
    r"""Return the pattern of `like` and, with `insensitive`, of `:` and `like~`. There is no escape.

    >>> like_pattern(r"C:\*", insensitive=False).matches(r"C:\Windows")
    True
    >>> [like_pattern("É*", insensitive=True, unicode=unicode).matches("été") for unicode in (False, True)]
    [False, True]
    """
    folded = fold_ascii(text) if insensitive and not unicode else text
    parts = [[None if character == "?" else character for character in part] for part in folded.split("*")]
    return _pattern(parts, insensitive=insensitive, unicode=unicode)


def literal_pattern(text: str, *, insensitive: bool, unicode: bool = False) -> Pattern:
    """Return the pattern of a text without wildcards."""
    folded = fold_ascii(text) if insensitive and not unicode else text
    return _pattern([[*folded]], insensitive=insensitive, unicode=unicode)


def prefix_pattern(text: str, *, insensitive: bool, unicode: bool = False) -> Pattern:
    """Return the pattern of `startsWith(field, text)`: `*` and `?` in the text are ordinary characters."""
    folded = fold_ascii(text) if insensitive and not unicode else text
    return _pattern([[*folded], []], insensitive=insensitive, unicode=unicode)


def lucene_pattern(text: str, *, insensitive: bool, unicode: bool = False) -> Pattern:
    r"""Return the pattern of a Lucene wildcard: `\` makes the next character literal, and case-sensitive.

    A backslash at the very end is a literal backslash.

    >>> lucene_pattern(r"*\*", insensitive=False).matches("a*")
    True
    """
    parts: list[list[Atom]] = [[]]
    escaped = False
    last = len(text) - 1
    for index, character in enumerate(text):
        if escaped:
            escaped = False
            parts[-1].append(character)
        elif character == "\\" and index < last:
            escaped = True
        elif character == "*":
            parts.append([])
        elif character == "?":
            parts[-1].append(None)
        else:
            parts[-1].append(_variants(character, unicode=unicode) if insensitive else character)
    return _pattern_of_choices(parts) if insensitive else Pattern(_segments(parts))


def _pattern(parts: Sequence[Sequence[str | None]], *, insensitive: bool, unicode: bool) -> Pattern:
    """Return the pattern for stretches of characters, already folded if only ASCII letters fold."""
    if not insensitive or not unicode:
        return Pattern(_segments(parts), insensitive)
    return _pattern_of_choices([[sign and _variants(sign, unicode=True) for sign in part] for part in parts])


def _pattern_of_choices(parts: Sequence[Sequence[Atom]]) -> Pattern:
    """Return the pattern for the characters that may stand at each place.

    If each place takes both cases of its ASCII letters, the value is folded once rather than chosen from at each place.
    """
    if all(_takes_both_cases(atom) for part in parts for atom in part if atom is not None):
        folded = [[atom and "".join(dict.fromkeys(fold_ascii(atom))) for atom in part] for part in parts]
        return Pattern(_segments(folded), True)
    return Pattern(_segments(parts))


def _takes_both_cases(atom: str) -> bool:
    return all(character.swapcase() in atom for character in atom if character.isascii() and character.isalpha())


def _variants(character: str, *, unicode: bool) -> str:
    """Return the characters that one stands for where case does not count, itself first."""
    if unicode:
        return character + "".join(sorted(fold_variants(character) - {character}))
    if character.isascii() and character.isalpha():
        return character.lower() + character.upper()
    return character
