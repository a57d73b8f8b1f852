r"""The regular expression syntax of Java, as far as a linear-time matcher has it: text to tree.

Elasticsearch gives a regular expression to Java instead of Lucene where the value is a function's result. There `.`
stops at line ends, `^` and `$` are anchors, an empty alternative is allowed, `~ & @ # < "` are ordinary characters, and
insensitive means ASCII, ranges included. Lazy repetition matches the same whole strings as the greedy one.

Refused, with a message that says so: look-around, back-references, possessive and atomic matching, word boundaries,
inline flags, Unicode scripts, blocks and binary properties, and corners of Java's class syntax that no two engines read
alike.

Source: semantics 6.2 and 6.3, rows on function results; the documentation of Java's `Pattern`.

Example:
    >>> parse_java("~(?:a|[b-d])").tree
    Concatenation(parts=(Characters(ranges=((126, 126),)), Characters(ranges=((97, 100),))))
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from eqlite.values.case_folding import ascii_variants
from eqlite.values.regex.lucene_parser import Group, ParsedRegex, Reader, leaves_case_out
from eqlite.values.regex.tree import (
    AT_END,
    AT_START,
    AT_VERY_END,
    EVERY_CHARACTER,
    Characters,
    Node,
    Ranges,
    RegexLimitError,
    characters,
    complement_ranges,
    intersect_ranges,
    merge_ranges,
    repetition,
)

__all__ = ["parse_java"]

MAX_CLASS_NESTING = 50


def _listed(members: str) -> Ranges:
    return merge_ranges((ord(character), ord(character)) for character in members)


_LINE_ENDS = _listed("\n\r\x85\u2028\u2029")
_DIGIT = ((0x30, 0x39),)
_UPPER = ((0x41, 0x5A),)
_LOWER = ((0x61, 0x7A),)
_ALPHA = merge_ranges(_UPPER + _LOWER)
_ALNUM = merge_ranges(_ALPHA + _DIGIT)
_SPACE = _listed(" \t\n\x0b\f\r")
_GRAPH = ((0x21, 0x7E),)
_PUNCT = intersect_ranges(_GRAPH, complement_ranges(_ALNUM))

_PREDEFINED = {
    "d": _DIGIT,
    "s": _SPACE,
    "w": merge_ranges(_ALNUM + _listed("_")),
    "h": merge_ranges([*_listed(" \t\xa0\u1680\u180e\u202f\u205f\u3000"), (0x2000, 0x200A)]),
    "v": _listed("\n\x0b\f\r\x85\u2028\u2029"),
}
_PREDEFINED |= {letter.upper(): complement_ranges(ranges) for letter, ranges in _PREDEFINED.items()}

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

_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_ANCHORS = {"A": AT_START, "Z": AT_END, "z": AT_VERY_END}
_MINOR_CATEGORIES = {"L": "ultmo", "M": "nec", "N": "dlo", "P": "cdseifo", "S": "mcko", "Z": "slp", "C": "cfson"}
_CATEGORIES = {major + minor for major, minors in _MINOR_CATEGORIES.items() for minor in ("", *minors)}
_CASED = frozenset(("Lu", "Ll", "Lt"))


def parse_java(pattern: str, *, insensitive: bool = False) -> ParsedRegex:
    """Return the tree of a Java pattern without flags, or with `CASE_INSENSITIVE` alone.

    Raises:
        RegexSyntaxError: for what Java refuses, and for what this matcher does not support.
        RegexLimitError: for classes nested more than 50 deep.
    """
    parser = _JavaParser(_unquote(pattern), insensitive=insensitive)
    return ParsedRegex(parser.parse(), parser.has_range_class)


def _unquote(pattern: str) -> str:
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


class _JavaParser:
    def __init__(self, pattern: str, *, insensitive: bool) -> None:
        self.reader = Reader(pattern)
        self.insensitive = insensitive
        self.has_range_class = False

    def parse(self) -> Node:
        reader = self.reader
        groups = [Group()]
        while True:
            group = groups[-1]
            if reader.match("|"):
                group.end_option()
            elif reader.peek() == "(":
                start = reader.at
                self.open_group()
                groups.append(Group(start))
            elif reader.peek() == ")":
                if len(groups) == 1:
                    raise reader.error("`)` without its `(`")
                reader.at += 1
                groups.pop()
                groups[-1].parts.append(self.repeated(group.close()))
            elif reader.peek():
                group.parts.append(self.read_operand())
            elif len(groups) > 1:
                raise reader.error("`)` is missing", group.offset)
            else:
                return group.close()

    def open_group(self) -> None:
        """Step over an opening bracket and what it says about its group."""
        reader = self.reader
        start = reader.at
        reader.at += 1
        if not reader.match("?") or reader.match(":"):
            return
        if reader.match("<") and reader.peek() not in ("=", "!"):
            name = ""
            while (character := reader.take("the end of a group's name")) != ">":
                name += character
            if name.isascii() and name.isalnum() and name[0].isalpha():
                return
            raise reader.error(f"`{name}` is not a name for a group", start)
        raise reader.error("look-around, atomic groups and inline flags are not supported", start)

    def read_operand(self) -> Node:
        reader = self.reader
        start = reader.at
        match reader.take("an operand"):
            case ".":
                return self.repeated(Characters(complement_ranges(_LINE_ENDS)))
            case "^":
                return self.anchor(AT_START)
            case "$":
                return self.anchor(AT_END)
            case "[":
                return self.repeated(Characters(self.read_class(1)))
            case "?" | "*" | "+" | "{" as sign:
                raise reader.error(f"nothing stands before `{sign}` that it could repeat", start)
            case "\\" if reader.peek() in _ANCHORS:
                return self.anchor(_ANCHORS[reader.take("an anchor")])
            case "\\":
                escaped = self.read_escape()
                return self.repeated(self.single(escaped) if isinstance(escaped, str) else Characters(escaped))
            case character:
                return self.repeated(self.single(character))

    def anchor(self, ranges: Ranges) -> Node:
        if self.reader.peek() in ("?", "*", "+", "{"):
            raise self.reader.error("the repetition of an anchor is not supported")
        return Characters(ranges)

    def repeated(self, operand: Node) -> Node:
        """Read the repetition behind an operand, if there is one."""
        reader = self.reader
        start = reader.at
        if reader.match("?"):
            operand = repetition(operand, 0, 1)
        elif reader.match("*"):
            operand = repetition(operand, 0, None)
        elif reader.match("+"):
            operand = repetition(operand, 1, None)
        elif reader.match("{"):
            operand = repetition(operand, *reader.counts())
        else:
            return operand
        if reader.match("+"):
            raise reader.error("possessive repetition is not supported", start)
        reader.match("?")
        if reader.peek() in ("?", "*", "+", "{"):
            raise reader.error("a repetition of a repetition needs a group around the inner one")
        return operand

    def read_escape(self) -> str | Ranges:
        """Read what follows a backslash: one character, or a set of them."""
        reader = self.reader
        start = reader.at - 1
        letter = reader.take("an escaped character")
        if letter in _PREDEFINED:
            return _PREDEFINED[letter]
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter in ("p", "P"):
            ranges = self.read_property()
            return complement_ranges(ranges) if letter == "P" else ranges
        if letter == "u" or (letter == "x" and reader.peek() != "{"):
            length = 4 if letter == "u" else 2
            digits = reader.text[reader.at : reader.at + length]
            reader.at += len(digits)
        elif letter == "x":
            end = reader.text.find("}", reader.at)
            digits = reader.text[reader.at + 1 : end] if end > 0 else ""
            length = len(digits)
            reader.at = end + 1
        elif letter.isascii() and letter.isalnum():
            raise reader.error(f"the escape `\\{letter}` is not supported", start)
        else:
            return letter
        hexadecimal = bool(digits) and all(digit in "0123456789abcdefABCDEF" for digit in digits)
        if len(digits) != length or not hexadecimal or int(digits, 16) > EVERY_CHARACTER[0][1]:
            raise reader.error("a character's number in hexadecimal digits must come here", start)
        return chr(int(digits, 16))

    def read_property(self) -> Ranges:
        reader = self.reader
        start = reader.at - 2
        name = reader.take("a property")
        if name == "{":
            name = ""
            while (character := reader.take("the end of a property")) != "}":
                name += character
        if name in _POSIX:
            return _ALPHA if self.insensitive and name in ("Lower", "Upper") else _POSIX[name]
        category = name.removeprefix("Is")
        if category not in _CATEGORIES:
            raise reader.error(f"the property `{name}` is not supported", start)
        return category_ranges(_CASED if self.insensitive and category in _CASED else frozenset((category,)))

    def read_class(self, depth: int) -> Ranges:
        """Read a class behind its opening bracket, with the classes in it."""
        if depth > MAX_CLASS_NESTING:
            raise RegexLimitError(f"classes are nested more than {MAX_CLASS_NESTING} deep")
        reader = self.reader
        start = reader.at - 1
        negated = reader.match("^")
        operands: list[list[tuple[int, int]]] = [[]]
        ranged: list[tuple[int, int]] = []
        nested = False
        while not (reader.peek() == "]" and (operands[0] or len(operands) > 1)):
            if not reader.peek():
                raise reader.error("`]` is missing", start)
            if reader.match("&&"):
                operands.append([])
            elif reader.match("["):
                nested = True
                operands[-1].extend(self.read_class(depth + 1))
            else:
                operands[-1].extend(self.read_member(ranged))
        reader.at += 1
        if len(operands) > 1 and (not all(operands) or (nested and len(operands) > 2)):
            raise reader.error("this intersection of classes is not supported", start)
        whole = merge_ranges(operands[0])
        for operand in operands[1:]:
            whole = intersect_ranges(whole, merge_ranges(operand))
        self.has_range_class = self.has_range_class or leaves_case_out(ranged, whole)
        return complement_ranges(whole) if negated else whole

    def read_member(self, ranged: list[tuple[int, int]]) -> Ranges:
        """Read a character, an escape or a range of a class; a range is noted in `ranged` too."""
        reader = self.reader
        first: str | Ranges = reader.take("a character of the class")
        if first == "\\":
            first = self.read_escape()
        if not isinstance(first, str):
            return first
        behind = reader.text[reader.at : reader.at + 2]
        if not behind.startswith("-") or behind[1:] in ("", "[", "]"):
            return self.single(first).ranges
        reader.at += 1
        last: str | Ranges = reader.take("the end of the range")
        if last == "\\":
            last = self.read_escape()
        if not isinstance(last, str) or last < first:
            raise reader.error("this range is upside down, or its end is a class", reader.at - 1)
        ranged.append((ord(first), ord(last)))
        return self.fold_ranges(ranged[-1:])

    def fold_ranges(self, pairs: Iterable[tuple[int, int]]) -> Ranges:
        ranges = merge_ranges(pairs)
        if not self.insensitive:
            return ranges
        upper = intersect_ranges(ranges, _UPPER)
        lower = intersect_ranges(ranges, _LOWER)
        swapped = [(first ^ 0x20, last ^ 0x20) for first, last in upper + lower]
        return merge_ranges([*ranges, *swapped])

    def single(self, character: str) -> Characters:
        variants = ascii_variants(character) if self.insensitive else (character,)
        return characters((ord(variant), ord(variant)) for variant in variants)


@lru_cache(maxsize=8)
def category_ranges(categories: frozenset[str]) -> Ranges:
    """Return the characters of Unicode's general categories; one letter names all that begin with it.

    Example:
        >>> category_ranges(frozenset(["Zl", "Zp"]))
        ((8232, 8233),)
    """
    return merge_ranges(
        (code_point, code_point)
        for code_point in range(EVERY_CHARACTER[0][1] + 1)
        if not categories.isdisjoint((unicodedata.category(chr(code_point)), unicodedata.category(chr(code_point))[0]))
    )
