"""Literal texts in a regular expression: those in every match, and expressions that are only literals.

`.*foo.*` and `foo.*bar` need no machine: they are searches for fixed text. And where a machine is needed, a value
without the required literal, or without characters that have to follow each other, need not be fed to it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from eqlite.values.regex.tree import (
    EVERY_CHARACTER,
    LAST_CODE_POINT,
    Alternation,
    Characters,
    Complement,
    Concatenation,
    Intersection,
    Node,
    Ranges,
    Repetition,
    only_character,
    postorder,
)

__all__ = ["Known", "LiteralMatcher", "RequiredRun", "find_literals", "find_run"]

Run = tuple[Ranges, ...]
_LONGEST_RUN = 8
_LEAST_BITS = 2.0
"""The least information of a run: one of four random texts of its length contains it."""
_LAST_OF_ASCII = 0x7F
_PRINTABLE = (0x20, 0x7E)


@dataclass(frozen=True, slots=True)
class LiteralMatcher:
    """Fixed pieces of text with anything between them: `ab.*c.*` is `ab`, `c` and an empty last piece.

    Attributes:
        pieces: at least two; the first is where the text begins, the last where it ends.
    """

    pieces: tuple[str, ...]

    def matches(self, text: str) -> bool:
        """Return whether `text` holds the pieces in their order without overlap, first and last at its ends.

        The leftmost place for each piece is always good enough: what follows it is longest then.

        Example:
            >>> LiteralMatcher(("ab", "c", "")).matches("ab-c-"), LiteralMatcher(("ab", "b")).matches("ab")
            (True, False)
        """
        first, *middle, last = self.pieces
        end = len(text) - len(last)
        if len(first) > end or not text.startswith(first) or not text.endswith(last):
            return False
        at = len(first)
        for piece in middle:
            found = text.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True


@dataclass(frozen=True, slots=True)
class Known:
    """The literals and lengths known of a part of the pattern.

    Attributes:
        exact: the one string it matches, where the tree shows it at once.
        required: the longest literal known to be in every match; empty where none is known.
    """

    exact: str | None
    required: str


def find_literals(root: Node) -> tuple[str | None, LiteralMatcher | None]:
    """Return a literal in every match, and an equivalent matcher of literals. Either may be None.

    The machine for the tree must have been built before: that it was within the limits bounds the work here.

    Example:
        >>> from eqlite.values.regex.tree import ANY_STRING, characters, concatenation
        >>> find_literals(concatenation([ANY_STRING, characters([(97, 97)]), characters([(98, 98)])]))
        ('ab', LiteralMatcher(pieces=('', 'ab')))
    """
    known: dict[int, Known] = {}
    for node in postorder(root):
        match node:
            case Characters():
                character = only_character(node)
                here = Known(character, character or "")
            case Concatenation(parts):
                here = _in_concatenation(parts, known)
            case Repetition(body, low, high):
                here = _in_repetition(known[id(body)], low, high)
            case Intersection(operands):
                here = Known(None, max((known[id(operand)].required for operand in operands), key=len))
            case Alternation(options):
                wanted = {known[id(option)].required for option in options}
                here = Known(None, wanted.pop() if len(wanted) == 1 else "")
            case Complement():
                here = Known(None, "")
        known[id(node)] = here
    return known[id(root)].required or None, _only_literals(root, known)


def _in_repetition(body: Known, low: int, high: int | None) -> Known:
    if low == 0:
        return Known(None, "")
    if body.exact is None:
        return Known(None, body.required)
    return Known(body.exact * low if low == high else None, body.exact * low)


def _in_concatenation(parts: Sequence[Node], known: Mapping[int, Known]) -> Known:
    run, longest, is_exact = "", "", True
    for part in parts:
        here = known[id(part)]
        if here.exact is not None:
            run += here.exact
            continue
        is_exact = False
        if isinstance(part, Characters) and part.ranges[0][0] > LAST_CODE_POINT:
            continue  # an assertion takes no room
        if isinstance(part, Repetition) and known[id(part.body)].exact is not None:
            # `xa+y` holds `xa` and `ay`, though not `xay`: what `a+` gives at least ends one run and begins the next.
            longest = max(longest, run + here.required, key=len)
            run = here.required
        else:
            longest = max(longest, run, here.required, key=len)
            run = ""
    longest = max(longest, run, key=len)
    return Known(run if is_exact else None, longest)


def _only_literals(root: Node, known: Mapping[int, Known]) -> LiteralMatcher | None:
    pieces = [""]
    for part in root.parts if isinstance(root, Concatenation) else (root,):
        exact = known[id(part)].exact
        if exact is not None:
            pieces[-1] += exact
        elif isinstance(part, Repetition) and (part.low, part.high) == (0, None) and _is_any_character(part.body):
            pieces.append("")
        else:
            return None
    if len(pieces) == 1:
        return None
    return LiteralMatcher((pieces[0], *filter(None, pieces[1:-1]), pieces[-1]))


def _is_any_character(node: Node) -> bool:
    return isinstance(node, Characters) and node.ranges == EVERY_CHARACTER


@dataclass(frozen=True)
class RequiredRun:
    """Characters of certain classes that follow each other somewhere in every match.

    Example:
        >>> run = RequiredRun((((48, 57),), ((46, 46),)))
        >>> bool(run.search("v1.0")), bool(run.search("v10"))
        (True, False)
    """

    classes: Run

    @cached_property
    def search(self) -> Callable[[str], object]:
        """Return a function that finds them in a text."""
        search = re.compile("".join(map(_class, self.classes))).search
        return (lambda text: None if text.isascii() else search(text)) if self.is_beyond_ascii else search

    @property
    def is_beyond_ascii(self) -> bool:
        """Return whether no text of ASCII characters alone can hold them."""
        return any(ranges[0][0] > _LAST_OF_ASCII for ranges in self.classes)


def _class(ranges: Ranges) -> str:
    return "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges) + "]"


def find_run(root: Node) -> RequiredRun | None:
    """Return the most selective run of characters in every match, or None if none is selective."""
    runs: dict[int, tuple[Run | None, Run]] = {}  # all that the node matches, if it is one run, and one that it holds
    for node in postorder(root):
        match node:
            case Characters(ranges) if ranges and ranges[0][0] > LAST_CODE_POINT:
                runs[id(node)] = (), ()  # an assertion takes no room
            case Characters(ranges) if ranges and ranges[-1][1] <= LAST_CODE_POINT:
                runs[id(node)] = (ranges,), (ranges,)
            case Concatenation(parts):
                runs[id(node)] = _run_in_concatenation(parts, runs)
            case Repetition(body, low, high):
                run, best = runs[id(body)]
                several = None if run is None else (run * min(low, _LONGEST_RUN))[:_LONGEST_RUN]
                fits = run is not None and low == high and low * len(run) <= _LONGEST_RUN
                runs[id(node)] = several if fits else None, () if not low else best if several is None else several
            case Intersection(operands):
                runs[id(node)] = None, max((runs[id(operand)][1] for operand in operands), key=_bits)
            case _:
                runs[id(node)] = None, ()
    classes = list(runs[id(root)][1])
    for end in (-1, 0):
        while classes and not _class_bits(classes[end]):
            del classes[end]
    return RequiredRun(tuple(classes)) if _bits(classes) >= _LEAST_BITS else None


def _run_in_concatenation(parts: Iterable[Node], runs: Mapping[int, tuple[Run | None, Run]]) -> tuple[Run | None, Run]:
    found: list[Run] = []
    open_run: Run = ()
    is_one = True
    for part in parts:
        run, best = runs[id(part)]
        if run is not None and len(open_run) + len(run) <= _LONGEST_RUN:
            open_run += run
            continue
        is_one = False
        if _repeats_run(part, runs):  # as with literals: what it gives at least ends one run and begins the next
            found.append((open_run + best)[-_LONGEST_RUN:])
            open_run = best
        else:
            found += [open_run, best]
            open_run = ()
    return (open_run if is_one else None), max((*found, open_run), key=_bits)


def _repeats_run(part: Node, runs: Mapping[int, tuple[Run | None, Run]]) -> bool:
    if not isinstance(part, Repetition):
        return runs[id(part)][0] is not None
    body = runs[id(part.body)][0]
    return body is not None and part.low * len(body) <= _LONGEST_RUN


def _bits(run: Iterable[Ranges]) -> float:
    """Return the selectivity of a run in bits."""
    return sum(map(_class_bits, run))


def _class_bits(ranges: Ranges) -> float:
    first, last = _PRINTABLE
    count = sum(max(0, min(high, last) - max(low, first) + 1) for low, high in ranges)
    return math.log2((last - first + 1) / (count or 0.1))
