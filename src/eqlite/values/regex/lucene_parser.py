r"""Lucene's regular expression syntax, with all optional operators on: text to tree.

Lucene's grammar, loosest first: union `|`, intersection `&`, concatenation, repetition `? * + {n,m}`, complement `~`,
then classes, groups and single characters. What is peculiar to it:

- Where an operand must come, any character is taken for itself: `*a` begins with a star, `|a` with a bar, `a|)` ends
  with a bracket. `^` and `$` are always themselves.
- A backslash before an ASCII letter other than `d D s S w W` is an error; `\n` is not a newline.
- In a class, `]` in front and operators are themselves, but a `-` after a character always begins a range: `[a-]` is an
  error. A character behind a backslash begins no range and does not fold.

The parser keeps its own stack: a thousand brackets are no deeper for Python than one.

Source: semantics 6.3.

Example:
    >>> parse_lucene("[a-c]|f", fold=lambda character: character + character.upper()).tree
    Characters(ranges=((70, 70), (97, 99), (102, 102)))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from eqlite.values.regex.assertions import Assertion
from eqlite.values.regex.tree import (
    ANY_STRING,
    EMPTY_STRING,
    EVERY_CHARACTER,
    NOTHING,
    Characters,
    Node,
    Ranges,
    RegexSyntaxError,
    alternation,
    characters,
    complement,
    complement_ranges,
    concatenation,
    holds,
    intersection,
    repetition,
)

__all__ = ["Fold", "Group", "ParsedRegex", "Reader", "leaves_case_out", "number_interval", "parse_lucene"]

Fold = Callable[[str], Iterable[str]]
"""The characters that one of the pattern stands for."""

_DIGITS: Ranges = ((ord("0"), ord("9")),)
_SPACES: Ranges = ((0x09, 0x0A), (0x0D, 0x0D), (0x20, 0x20))
_WORD: Ranges = ((ord("0"), ord("9")), (ord("A"), ord("Z")), (ord("_"), ord("_")), (ord("a"), ord("z")))
_PREDEFINED = {"d": _DIGITS, "s": _SPACES, "w": _WORD}
_PREDEFINED |= {letter.upper(): complement_ranges(ranges) for letter, ranges in _PREDEFINED.items()}

_LARGEST_INTEGER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ParsedRegex:
    """The result of parsing a pattern.

    Attributes:
        tree: the language.
        has_range_class: whether the pattern holds a range that leaves out a letter's other case.
        assertions: what the leaves above Unicode's last code point stand for.
    """

    tree: Node
    has_range_class: bool
    assertions: tuple[Assertion, ...] = ()


class Reader:
    """A place in a pattern, moving forwards."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        """Return the next character, or the empty string at the end."""
        return self.text[self.at : self.at + 1]

    def match(self, expected: str) -> bool:
        """Step over `expected` if it comes next."""
        if self.text.startswith(expected, self.at):
            self.at += len(expected)
            return True
        return False

    def take(self, wanted: str) -> str:
        """Return the next character and advance.

        `wanted` describes the missing part in the error at the end.
        """
        character = self.peek()
        if not character:
            raise self.error(f"the pattern ends where {wanted} must come")
        self.at += 1
        return character

    def digits(self) -> str:
        """Step over ASCII digits, perhaps none, and return them."""
        start = self.at
        while self.peek() in tuple("0123456789"):
            self.at += 1
        return self.text[start : self.at]

    def counts(self) -> tuple[int, int | None]:
        """Read `n}`, `n,}` or `n,m}`, the rest of a repetition behind its brace."""
        start = self.at
        low = self.digits()
        if not low:
            raise self.error("a number must come after `{`")
        high: str | None = low
        if self.match(","):
            high = self.digits() or None
        if not self.match("}"):
            raise self.error("`}` is missing")
        if high is not None and int(low) > int(high):
            raise self.error("the smaller number of a repetition must come first", start)
        return int(low), None if high is None else int(high)

    def error(self, message: str, offset: int | None = None) -> RegexSyntaxError:
        """Return the exception for a problem at `offset`, or at this place."""
        return RegexSyntaxError(message, self.at if offset is None else offset)


@dataclass(slots=True)
class Group:
    """A bracket, or the whole pattern, while it is read: its alternatives, their operands, the open concatenation."""

    offset: int = 0
    complements: int = 0
    options: list[Node] = field(default_factory=list)
    operands: list[Node] = field(default_factory=list)
    parts: list[Node] = field(default_factory=list)

    def end_operand(self) -> None:
        """Close the concatenation: `&` was read, or what closes more than it."""
        self.operands.append(concatenation(self.parts))
        self.parts = []

    def end_option(self) -> None:
        """Close the alternative: `|` was read, or the end of the group."""
        self.end_operand()
        self.options.append(intersection(self.operands))
        self.operands = []

    def close(self) -> Node:
        """Return the tree of the whole group."""
        self.end_option()
        return alternation(self.options)


def parse_lucene(pattern: str, *, fold: Fold | None = None, any_escape: bool = False) -> ParsedRegex:
    r"""Return the tree of a Lucene pattern.

    Args:
        pattern: the text, after EQL's own string escapes.
        fold: what a single character stands for in an insensitive match; ranges and `\d \s \w` never fold.
        any_escape: a letter behind a backslash that Lucene does not know stands for itself; else it is an error.

    Raises:
        RegexSyntaxError: for what Lucene refuses as well.
    """
    parser = _LuceneParser(pattern, fold, any_escape=any_escape)
    return ParsedRegex(parser.parse(), parser.has_range_class)


class _LuceneParser:
    def __init__(self, pattern: str, fold: Fold | None, *, any_escape: bool) -> None:
        self.reader = Reader(pattern)
        self.fold = fold
        self.any_escape = any_escape
        self.has_range_class = False

    def parse(self) -> Node:
        reader = self.reader
        groups = [Group()]
        if not reader.text:
            return EMPTY_STRING
        while True:
            group = groups[-1]
            if not group.parts:
                self.begin_operand(groups)
            elif reader.match("|"):
                group.end_option()
            elif reader.match("&"):
                group.end_operand()
            elif reader.peek() == ")" and len(groups) > 1:
                reader.at += 1
                groups.pop()
                self.end_operand(groups[-1], group.close(), group.complements)
            elif reader.peek() == ")":
                raise reader.error("`)` without its `(`")
            elif reader.peek():
                self.begin_operand(groups)
            elif len(groups) > 1:
                raise reader.error("`)` is missing", group.offset)
            else:
                return group.close()

    def begin_operand(self, groups: list[Group]) -> None:
        """Read a single operand with its repetitions, or open a group."""
        reader = self.reader
        complements = 0
        while reader.match("~"):
            complements += 1
        start = reader.at
        if reader.match("("):
            if not reader.match(")"):
                groups.append(Group(start, complements))
                return
            operand: Node = EMPTY_STRING
        elif reader.match("["):
            operand = self.read_class()
        else:
            operand = self.read_simple()
        self.end_operand(groups[-1], operand, complements)

    def end_operand(self, group: Group, operand: Node, complements: int) -> None:
        """Add an operand to its group, complemented and repeated: complement binds more tightly."""
        if complements % 2:
            operand = complement(operand)
        reader = self.reader
        while True:
            if reader.match("?"):
                operand = repetition(operand, 0, 1)
            elif reader.match("*"):
                operand = repetition(operand, 0, None)
            elif reader.match("+"):
                operand = repetition(operand, 1, None)
            elif reader.match("{"):
                operand = repetition(operand, *reader.counts())
            else:
                break
        group.parts.append(operand)

    def read_simple(self) -> Node:
        reader = self.reader
        start = reader.at
        match reader.take("an operand"):
            case ".":
                return Characters(EVERY_CHARACTER)
            case "#":
                return NOTHING
            case "@":
                return ANY_STRING
            case '"':
                return concatenation(self.single(character) for character in self.read_until('"'))
            case "<":
                return number_interval(self.read_until(">"), start)
            case "\\":
                predefined = self.read_predefined()
                return Characters(predefined) if predefined else self.single(reader.take("an escaped character"))
            case character:
                return self.single(character)

    def read_until(self, end: str) -> str:
        reader = self.reader
        stop = reader.text.find(end, reader.at)
        if stop < 0:
            raise reader.error(f"the closing `{end}` is missing", reader.at - 1)
        content = reader.text[reader.at : stop]
        reader.at = stop + 1
        return content

    def read_predefined(self) -> Ranges | None:
        r"""Read the letter after the backslash of `\d` and the like, or return None for a literal character."""
        reader = self.reader
        letter = reader.peek()
        if not (letter.isascii() and letter.isalpha()):
            return None
        if letter not in _PREDEFINED and self.any_escape:
            return None
        if letter not in _PREDEFINED:
            raise reader.error(f"`\\{letter}` is not an escape that Lucene knows", reader.at - 1)
        reader.at += 1
        return _PREDEFINED[letter]

    def read_class(self) -> Node:
        """Read a class behind its opening bracket."""
        reader = self.reader
        start = reader.at - 1
        negated = reader.match("^")
        pairs: list[tuple[int, int]] = []
        ranged: list[tuple[int, int]] = []
        while True:
            first = reader.take("a character of the class")
            if first == "\\":
                escaped = self.read_predefined()
                if escaped is None:
                    code_point = ord(reader.take("an escaped character"))
                    escaped = ((code_point, code_point),)
                pairs.extend(escaped)
            elif reader.match("-"):
                ranged.append(self.read_range(first))
                pairs.append(ranged[-1])
            else:
                pairs.extend(self.single(first).ranges)
            if reader.match("]"):
                break
            if not reader.peek():
                raise reader.error("`]` is missing", start)
        if len(pairs) == 1 and pairs[0][0] == pairs[0][1]:
            # A class of one character is that character, so it folds even where it stood as an escape or a range.
            pairs = list(self.single(chr(pairs[0][0])).ranges)
        leaf = characters(pairs)
        self.has_range_class = self.has_range_class or leaves_case_out(ranged, leaf.ranges)
        return characters(leaf.ranges, negated=negated)

    def read_range(self, first: str) -> tuple[int, int]:
        """Read the end of a range, behind its dash."""
        reader = self.reader
        reader.match("\\")
        last = reader.take("the end of the range")
        if last < first:
            raise reader.error(f"the range `{first}-{last}` is upside down", reader.at - 1)
        return ord(first), ord(last)

    def single(self, character: str) -> Characters:
        variants = (character,) if self.fold is None else self.fold(character)
        return characters((ord(variant), ord(variant)) for variant in variants)


def leaves_case_out(ranged: Iterable[tuple[int, int]], whole: Ranges) -> bool:
    """Return whether a range of a class holds an ASCII letter whose other case the class does not hold.

    Such a range surprises under `regex~`, which folds single characters but not ranges.
    """
    return any(
        first <= code_point <= last and not holds(whole, code_point ^ 0x20)
        for first, last in ranged
        for code_point in (*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1))
    )


def number_interval(content: str, offset: int) -> Node:
    """Return the tree of `<content>`: the decimal numbers between two bounds, both included.

    Ends written with equally many digits ask for exactly so many; otherwise any number of leading zeros is allowed. The
    ends may come in either order.

    Raises:
        RegexSyntaxError: not an interval. Without a dash it is a named automaton, of which Elasticsearch has none.
    """
    ends = content.split("-")
    if len(ends) == 1:
        raise RegexSyntaxError(f"'{content}' not found", offset)
    if len(ends) != 2 or not all(end.isascii() and end.isdigit() and int(end) <= _LARGEST_INTEGER for end in ends):
        raise RegexSyntaxError(f"`<{content}>` is not an interval of two whole numbers", offset)
    low, high = sorted(map(int, ends))
    if len(ends[0]) == len(ends[1]):
        width = len(ends[0])
        return _numbers_of_width(str(low).zfill(width), str(high).zfill(width))
    options: list[Node] = []
    for width in range(len(str(low)), len(str(high)) + 1):
        smallest = max(low, 10 ** (width - 1) if width > 1 else 0)
        options.append(_numbers_of_width(str(smallest), str(min(high, 10**width - 1))))
    return concatenation([repetition(_digit("0", "0"), 0, None), alternation(options)])


def _numbers_of_width(low: str, high: str) -> Node:
    """Return the numbers from `low` to `high`, written with as many digits as these."""
    common = 0
    while common < len(low) and low[common] == high[common]:
        common += 1
    same = [_digit(digit, digit) for digit in low[:common]]
    if common == len(low):
        return concatenation(same)
    options: list[Node] = [
        concatenation([_digit(low[common], low[common]), _from_bound(low[common + 1 :], "9")]),
        concatenation([_digit(high[common], high[common]), _from_bound(high[common + 1 :], "0")]),
    ]
    between = (ord(low[common]) + 1, ord(high[common]) - 1)
    if between[0] <= between[1]:
        options.append(concatenation([characters([between]), *[_digit("0", "9")] * (len(low) - common - 1)]))
    return concatenation([*same, alternation(options)])


def _from_bound(bound: str, far: str) -> Node:
    """Return the numbers with the length of `bound` between it and the one of only `far` digits."""
    tree: Node = EMPTY_STRING
    for index in reversed(range(len(bound))):
        digit = bound[index]
        free = (ord(digit) + 1, ord(far)) if far == "9" else (ord(far), ord(digit) - 1)
        options: list[Node] = [concatenation([_digit(digit, digit), tree])]
        if free[0] <= free[1]:
            options.append(concatenation([characters([free]), *[_digit("0", "9")] * (len(bound) - index - 1)]))
        tree = alternation(options)
    return tree


def _digit(first: str, last: str) -> Characters:
    return characters([(ord(first), ord(last))])
