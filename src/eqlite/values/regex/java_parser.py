r"""The regular expression syntax of Java, as far as a linear-time matcher has it: text to tree.

Elasticsearch gives a regular expression to Java instead of Lucene where the value is a function's result. There `.`
stops at line ends, `^` and `$` are anchors, an empty alternative is allowed, `~ & @ # < "` are ordinary characters, and
insensitive means ASCII, ranges included. Lazy repetition matches the same whole strings as the greedy one.

Possessive repetition of a single character or class is the greedy one that no further such character follows; of what
always has the same length it is the plain one. Atomic groups go the same way. Other forms of both, look-around and back
references are refused: a value is read once, from left to right, so that no value makes matching slow. Refused too are
Unicode scripts, blocks and binary properties, the flag `U`, and corners of Java's class syntax that no two engines read
alike.

Source: semantics 6.2 and 6.3, rows on function results; the documentation of Java's `Pattern`.

Example:
    >>> parse_java("~(?:a|[b-d])").tree
    Concatenation(parts=(Characters(ranges=((126, 126),)), Characters(ranges=((97, 100),))))
"""

from __future__ import annotations

from dataclasses import dataclass

from eqlite.values.regex.assertions import LINE_ENDS, Assertion, Kind, assertion_leaf
from eqlite.values.regex.java_characters import (
    LINE_END_RANGES,
    PREDEFINED,
    fold_character,
    fold_ranges,
    property_ranges,
)
from eqlite.values.regex.lucene_parser import Group, ParsedRegex, Reader, leaves_case_out
from eqlite.values.regex.possessive import LINE_BREAK, atomic, is_line_break, possessive, whole_line_break
from eqlite.values.regex.tree import (
    EMPTY_STRING,
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

_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_QUANTIFIERS = ("?", "*", "+", "{")
_FLAGS = frozenset("idmsux")
_SPACES = tuple(" \t\n\x0b\f\r")
_WHY = "a value is read once from left to right, so that none makes matching slow"


@dataclass(slots=True)
class _JavaGroup(Group):
    """A bracket while it is read, with the flags to restore behind it."""

    flags: frozenset[str] = frozenset()
    is_atomic: bool = False


def parse_java(pattern: str, *, insensitive: bool = False) -> ParsedRegex:
    """Return the tree of a Java pattern compiled without flags, or with `CASE_INSENSITIVE` alone.

    Raises:
        RegexSyntaxError: for what Java refuses, and for what this matcher does not support.
        RegexLimitError: for classes nested more than 50 deep.
    """
    parser = _JavaParser(_unquote(pattern), frozenset("i") if insensitive else frozenset())
    return ParsedRegex(parser.parse(), parser.has_range_class, tuple(parser.assertions))


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
    def __init__(self, pattern: str, flags: frozenset[str]) -> None:
        self.reader = Reader(pattern)
        self.flags = flags
        self.has_range_class = False
        self.assertions: list[Assertion] = []
        self.last_lazy = -1
        """Where the last lazy repetition stands: possessive ones must not hold one."""

    def parse(self) -> Node:
        reader = self.reader
        groups = [_JavaGroup()]
        while True:
            self.skip_comments()
            group = groups[-1]
            if reader.match("|"):
                group.end_option()
            elif reader.peek() == "(":
                opened = self.open_group()
                if opened is not None:
                    groups.append(opened)
            elif reader.peek() == ")":
                if len(groups) == 1:
                    raise reader.error("`)` without its `(`")
                reader.at += 1
                groups.pop()
                self.flags = group.flags
                body = group.close()
                if group.is_atomic:
                    body = self.greedy(atomic(body, self.not_followed_by), group.offset)
                groups[-1].parts.append(self.repeated(body, group.offset))
            elif reader.peek():
                group.parts.append(self.read_operand())
            elif len(groups) > 1:
                raise reader.error("`)` is missing", group.offset)
            else:
                return group.close()

    def skip_comments(self) -> None:
        """Step over white space and comments where the flag `x` allows them."""
        reader = self.reader
        while "x" in self.flags and (reader.peek() in _SPACES or reader.peek() == "#"):
            if reader.take("white space") == "#":
                while reader.peek() and reader.peek() not in self.line_ends:
                    reader.at += 1

    @property
    def line_ends(self) -> frozenset[str]:
        return frozenset("\n") if "d" in self.flags else LINE_ENDS

    def open_group(self) -> _JavaGroup | None:
        """Step over an opening bracket and what it says about its group; None for flags that open none."""
        reader = self.reader
        start = reader.at
        group = _JavaGroup(start, flags=self.flags)
        reader.at += 1
        if not reader.match("?") or reader.match(":"):
            return group
        if reader.match(">"):
            group.is_atomic = True
            return group
        if reader.peek() in ("=", "!") or reader.text.startswith(("<=", "<!"), reader.at):
            raise reader.error(f"look-around is not supported: {_WHY}", start)
        if reader.match("<"):
            name = ""
            while (character := reader.take("the end of a group's name")) != ">":
                name += character
            if name.isascii() and name.isalnum() and name[0].isalpha():
                return group
            raise reader.error(f"`{name}` is not a name for a group", start)
        return group if self.read_flags(start) == ":" else None

    def read_flags(self, start: int) -> str:
        """Read inline flags and set them; return the sign that ends them, `:` or `)`."""
        reader = self.reader
        flags, is_on = set(self.flags), True
        while (letter := reader.take("a flag")) not in (":", ")"):
            if letter == "-" and is_on:
                is_on = False
            elif letter not in _FLAGS:
                raise reader.error(f"the flag `{letter}` is not supported", start)
            elif is_on:
                flags.add(letter)
            else:
                flags.discard(letter)
        self.flags = frozenset(flags)
        return letter

    def read_operand(self) -> Node:
        reader = self.reader
        start = reader.at
        match reader.take("an operand"):
            case ".":
                ends = ((10, 10),) if "d" in self.flags else LINE_END_RANGES
                return self.repeated(
                    Characters(EVERY_CHARACTER if "s" in self.flags else complement_ranges(ends)), start
                )
            case "^":
                return self.repeated(self.line_assertion("line start" if "m" in self.flags else "start"), start)
            case "$":
                return self.repeated(self.line_assertion("line end" if "m" in self.flags else "end"), start)
            case "[":
                return self.repeated(Characters(self.read_class(1)), start)
            case "{":  # Java repeats the empty text: `a{2}{3}` is `aa`
                reader.at = start
                return self.repeated(EMPTY_STRING, start)
            case "?" | "*" | "+" as sign:
                raise reader.error(f"nothing stands before `{sign}` that it could repeat", start)
            case "\\":
                return self.repeated(self.read_escaped_operand(), start)
            case character:
                return self.repeated(self.single(character), start)

    def read_escaped_operand(self) -> Node:
        """Read what follows a backslash outside of a class."""
        reader = self.reader
        start = reader.at - 1
        match reader.peek():
            case "A" | "G":  # the end of the previous match, of which there is none
                node: Node = self.assertion(Assertion("start"))
            case "z":
                node = self.assertion(Assertion("very end"))
            case "Z":
                node = self.line_assertion("end")
            case "b":
                node = self.assertion(Assertion("word boundary"))
            case "B":
                node = self.assertion(Assertion("no word boundary"))
            case "R":
                node = LINE_BREAK
            case "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "k":
                raise reader.error(
                    "back references are not supported: no matcher of linear time can follow them", start
                )
            case _:
                escaped = self.read_escape()
                return self.single(escaped) if isinstance(escaped, str) else Characters(escaped)
        reader.at += 1
        return node

    def line_assertion(self, kind: Kind) -> Node:
        return self.assertion(Assertion(kind, unix_lines="d" in self.flags))

    def assertion(self, wanted: Assertion) -> Characters:
        """Return the leaf of an assertion, the same for equal ones."""
        if wanted not in self.assertions:
            self.assertions.append(wanted)
        return assertion_leaf(self.assertions.index(wanted))

    def repeated(self, operand: Node, start: int) -> Node:
        """Read the repetition behind an operand, if there is one."""
        reader = self.reader
        self.skip_comments()
        counts: tuple[int, int | None]
        if reader.match("?"):
            counts = 0, 1
        elif reader.match("*"):
            counts = 0, None
        elif reader.match("+"):
            counts = 1, None
        elif reader.match("{"):
            counts = reader.counts()
        else:
            return operand
        if is_line_break(operand):
            operand = whole_line_break(self.not_followed_by)
        self.skip_comments()
        if reader.match("+"):
            node = self.greedy(possessive(operand, *counts, self.not_followed_by), start)
        else:
            node = repetition(operand, *counts)
            if reader.match("?"):
                self.last_lazy = reader.at
        if reader.peek() in ("?", "*", "+"):
            raise reader.error("a repetition of a repetition needs a group around the inner one")
        return node

    def greedy(self, found: Node | None, start: int) -> Node:
        """Return what atomic matching came to, if it did, and if nothing lazy stands in it."""
        if found is not None and self.last_lazy <= start:
            return found
        message = "possessive repetition and atomic groups are not supported for what may end in several places"
        raise self.reader.error(f"{message}: {_WHY}", start)

    def not_followed_by(self, ranges: Ranges) -> Node:
        return self.assertion(Assertion("not followed by", ranges=ranges))

    def read_escape(self) -> str | Ranges:
        """Read what follows a backslash: one character, or a set of them."""
        reader = self.reader
        start = reader.at - 1
        letter = reader.take("an escaped character")
        if letter in PREDEFINED:
            return PREDEFINED[letter]
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter == "0":
            return self.read_octal(start)
        if letter == "c":
            return chr(ord(reader.take("a control character")) ^ 64)
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

    def read_octal(self, start: int) -> str:
        r"""Read the digits of `\0n`, `\0nn` or `\0mnn`, of which m is at most 3."""
        reader = self.reader
        digits = ""
        while reader.peek() in tuple("01234567") and len(digits) < (3 if digits[:1] in ("0", "1", "2", "3") else 2):
            digits += reader.take("a digit")
        if not digits:
            raise reader.error("a character's number in octal digits must come here", start)
        return chr(int(digits, 8))

    def read_property(self) -> Ranges:
        reader = self.reader
        start = reader.at - 2
        name = reader.take("a property")
        if name == "{":
            name = ""
            while (character := reader.take("the end of a property")) != "}":
                name += character
        ranges = property_ranges(name, insensitive="i" in self.flags)
        if ranges is None:
            raise reader.error(f"the property `{name}` is not supported", start)
        return ranges

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
        self.skip_comments()
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
            self.skip_comments()
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

    def fold_ranges(self, pairs: list[tuple[int, int]]) -> Ranges:
        ranges = merge_ranges(pairs)
        return fold_ranges(ranges, unicode="u" in self.flags) if "i" in self.flags else ranges

    def single(self, character: str) -> Characters:
        variants = fold_character(character, unicode="u" in self.flags) if "i" in self.flags else character
        return characters((ord(variant), ord(variant)) for variant in variants)
