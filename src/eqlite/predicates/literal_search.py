"""Wildcard patterns as the cheapest equivalent test: equality, prefix, suffix, substring or regular expression.

All texts of a field are joined once, with a NUL before, between and behind them; a prefix, a suffix, an exact text
and a contained text are then all one substring test, and many of them one pass of Aho-Corasick. What has stars inside
or `?` is one regular expression over the joined texts, behind the test for its longest literal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from eqlite.predicates.raw_values import SEPARATOR, STAND_IN
from eqlite.values.wildcard import Atom, Pattern

MANY_LITERALS = 9
_MANY_ATOMS = 64
LITERALS_AT_ONCE = 2_000
"""To build one machine for more can take time with the square of their number."""

EveryLiteral = Callable[[str, bool], list[tuple[int, int, int]]]

try:
    from ahocorasick_rs import AhoCorasick, Implementation
except ImportError:  # Emscripten has no wheel; a chain of substring tests says the same
    AhoCorasick = None  # type: ignore[assignment,misc]


@dataclass(slots=True)
class Shapes:
    """The patterns of one test, sorted by what they ask of a value."""

    prefixes: list[str] = field(default_factory=list)
    suffixes: list[str] = field(default_factory=list)
    contained: list[str] = field(default_factory=list)
    exact: list[str] = field(default_factory=list)
    general: list[Pattern] = field(default_factory=list)

    @property
    def literals(self) -> list[str]:
        """Return the substrings of joined text that the simple patterns stand for, each once, the shortest first."""
        found = [
            *(f"\0{text}\0" for text in self.exact),
            *(f"\0{text}" for text in self.prefixes),
            *(f"{text}\0" for text in self.suffixes),
            *self.contained,
        ]
        minimal: list[str] = []
        for text in sorted(dict.fromkeys(found), key=len):
            if len(found) > 200 or not any(shorter in text for shorter in minimal):
                minimal.append(text)
        return minimal


def sort_patterns(patterns: tuple[Pattern, ...]) -> Shapes:
    """Sort patterns by shape."""
    shapes = Shapes()
    for pattern in patterns:
        texts = pattern.literals
        if texts is None or any(SEPARATOR in text or STAND_IN in text for text in texts):
            shapes.general.append(pattern)
            continue
        match texts:
            case (text,):
                shapes.exact.append(text)
            case (text, ""):
                shapes.prefixes.append(text)
            case ("", text):
                shapes.suffixes.append(text)
            case ("", text, ""):
                shapes.contained.append(text)
            case _:
                shapes.general.append(pattern)
    return shapes


def longest_literal(pattern: Pattern) -> str:
    """Return the longest text in joined values of every match (folded like the pattern), or `""`.

    What a value must begin or end with stands beside a separator.
    """
    runs: list[str] = []
    last = len(pattern.segments) - 1
    for number, segment in enumerate(pattern.segments):
        run = SEPARATOR if number == 0 and segment.atoms else ""
        for atom in segment.atoms:
            if atom is not None and len(atom) == 1 and atom not in (SEPARATOR, STAND_IN):
                run += atom
            else:
                runs.append(run)
                run = ""
        runs.append(run + SEPARATOR if number == last and segment.atoms else run)
    return max((run for run in runs if run != SEPARATOR), key=len, default="")


def joined_search(pattern: Pattern) -> Callable[[str], object] | None:
    r"""Return a predicate for joined values (folded like the pattern) that contain a match.

    The regular expression is made when it is first needed. None for patterns that it would be slow or wrong for.

    >>> from eqlite.values.wildcard import like_pattern
    >>> bool(joined_search(like_pattern("a*b", insensitive=False))("\0b\0a b\0"))
    True
    """
    for segment in pattern.segments:
        if segment.literal is None and len(segment) > _MANY_ATOMS:
            return None
        if any(SEPARATOR in atom or STAND_IN in atom for atom in segment.atoms if atom):
            return None
    search: Callable[[str], object] | None = None

    def ask(joined: str) -> object:
        nonlocal search
        if search is None:
            search = re.compile(_joined_regex(pattern)).search
        return search(joined)

    return ask


def _joined_regex(pattern: Pattern) -> str:
    """Return a regular expression over the joined values that never backtracks (atomic groups)."""
    first, *others = ["".join(map(_atom_regex, segment.atoms)) for segment in pattern.segments]
    if not others:
        return f"\0{first}\0"
    *middle, last = others
    between = "".join(f"(?>[^\0]*?{segment})" for segment in middle)
    return f"\0{first}{between}" + (f"[^\0]*{last}\0" if last else "")


def _atom_regex(atom: Atom) -> str:
    if atom is None:
        return "[^\0]"
    return f"[{re.escape(atom)}]"


def literal_finder(literals: list[str]) -> Callable[[str], object] | None:
    """Return a predicate for texts with any of the literals, or None if `in` is faster."""
    if AhoCorasick is None or len(literals) < MANY_LITERALS or not _is_encodable(literals):
        return None
    if len(literals) > LITERALS_AT_ONCE:
        parts = [literals[start : start + LITERALS_AT_ONCE] for start in range(0, len(literals), LITERALS_AT_ONCE)]
        finders = [_machine(part) for part in parts]
        return lambda text: any(finder(text) for finder in finders)
    return _machine(literals)


def every_literal(literals: Sequence[str]) -> EveryLiteral | None:
    """Return a function that finds places of literals in a text: number of the literal, start, end.

    With True as argument it finds all of them. It raises UnicodeEncodeError for a text with a lone surrogate. None
    where there is no machine for it.
    """
    if AhoCorasick is None or not _is_encodable(literals):
        return None
    # The smallest automaton: there are many of them, and one outside the processor's cache is slow.
    find: EveryLiteral = AhoCorasick(literals, implementation=Implementation.ContiguousNFA).find_matches_as_indexes
    return find


def _is_encodable(literals: Iterable[str]) -> bool:
    """Return whether literals have no lone surrogate. Of others the machine would silently have only the first ones."""
    try:
        "".join(literals).encode()
    except UnicodeEncodeError:
        return False
    return True


def _machine(literals: list[str]) -> Callable[[str], object]:
    find = AhoCorasick(literals).find_matches_as_indexes

    # A lone surrogate cannot cross into Rust; such a text is searched here.
    def found(text: str) -> object:
        try:
            return find(text)
        except UnicodeEncodeError:
            return any(literal in text for literal in literals)

    return found
