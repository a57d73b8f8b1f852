"""What a regular expression's tree says about fixed text: a literal that every match holds, or that it is all literals.

`.*foo.*` and `foo.*bar` need no machine: they are searches for fixed text. And where a machine is needed, a value
without the required literal need not be fed to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eqlite.values.regex_tree import (
    EVERY_CHARACTER,
    LAST_CODE_POINT,
    Alternation,
    Characters,
    Complement,
    Concatenation,
    Intersection,
    Node,
    Repetition,
    only_character,
    postorder,
)

__all__ = ["Known", "LiteralMatcher", "find_literals"]


@dataclass(frozen=True, slots=True)
class LiteralMatcher:
    """Fixed pieces of text with anything between them: `ab.*c.*` is `ab`, `c` and an empty last piece.

    Attributes:
        pieces: at least two; the first is where the text begins, the last where it ends.
    """

    pieces: tuple[str, ...]

    def matches(self, text: str) -> bool:
        """Tell whether `text` holds the pieces in their order without overlap, first and last at its ends.

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
    """What is known of a part of the pattern.

    Attributes:
        exact: the one string it matches, where the tree shows it at once.
        required: the longest literal known to be in every match; empty where none is known.
    """

    exact: str | None
    required: str


def find_literals(root: Node) -> tuple[str | None, LiteralMatcher | None]:
    """Return a literal that every match holds, and a matcher equivalent to the tree; either may be None.

    The machine for the tree must have been built before: that it was within the limits bounds the work here.

    Example:
        >>> from eqlite.values.regex_tree import ANY_STRING, characters, concatenation
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
            continue  # an anchor takes no room
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
