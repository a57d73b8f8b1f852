r"""The regular expression syntax of Java, as far as a linear-time matcher has it: text to tree.

Elasticsearch gives a regular expression to Java instead of Lucene where the value is a function's result. There `.`
stops at line ends, `^` and `$` are anchors, an empty alternative is allowed, `~ & @ # < "` are ordinary characters, and
insensitive means ASCII, ranges included. Lazy repetition matches the same whole strings as the greedy one.

Possessive repetition of a single character or class is the greedy one that no further such character follows; of what
always has the same length it is the plain one. Atomic groups go the same way. Look-ahead at the start of the pattern,
or of one of its outermost alternatives, is an intersection. Other forms of these, look-behind and back references are
refused: a value is read once, from left to right, so that no value makes matching slow. Refused too are Unicode
scripts, blocks and binary properties, the flag `U`, and corners of Java's class syntax that no two engines read alike.

Source: semantics 6.2 and 6.3, rows on function results; the documentation of Java's `Pattern`.

Example:
    >>> parse_java("~(?:a|[b-d])").tree
    Concatenation(parts=(Characters(ranges=((126, 126),)), Characters(ranges=((97, 100),))))
"""

from __future__ import annotations

from dataclasses import dataclass

from eqlite.values.regex.assertions import Assertion, Kind, assertion_leaf
from eqlite.values.regex.java_characters import LINE_END_RANGES, unquote
from eqlite.values.regex.java_classes import ClassReader
from eqlite.values.regex.lucene_parser import Group, ParsedRegex, Reader
from eqlite.values.regex.possessive import LINE_BREAK, atomic, is_line_break, possessive, whole_line_break
from eqlite.values.regex.tree import (
    ANY_STRING,
    EMPTY_STRING,
    EVERY_CHARACTER,
    Characters,
    Node,
    Ranges,
    complement,
    complement_ranges,
    concatenation,
    repetition,
)

__all__ = ["parse_java"]

_QUANTIFIERS = ("?", "*", "+", "{")
_FLAGS = frozenset("idmsux")
_WHY = "a value is read once from left to right, so that none makes matching slow"


@dataclass(slots=True)
class _JavaGroup(Group):
    """A bracket while it is read, with the flags to restore behind it."""

    flags: frozenset[str] = frozenset()
    is_atomic: bool = False
    look_ahead: str = ""


def parse_java(pattern: str, *, insensitive: bool = False) -> ParsedRegex:
    """Return the tree of a Java pattern compiled without flags, or with `CASE_INSENSITIVE` alone.

    Raises:
        RegexSyntaxError: for what Java refuses, and for what this matcher does not support.
        RegexLimitError: for classes nested more than 50 deep.
    """
    parser = _JavaParser(unquote(pattern), frozenset("i") if insensitive else frozenset())
    return ParsedRegex(parser.parse(), parser.has_range_class, tuple(parser.assertions))


class _JavaParser(ClassReader):
    def __init__(self, pattern: str, flags: frozenset[str]) -> None:
        super().__init__(Reader(pattern), flags)
        self.has_look_ahead = False
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
                if group.look_ahead:
                    self.look_ahead(groups, group, body)
                    continue
                if group.is_atomic:
                    body = self.greedy(atomic(body, self.not_followed_by), group.offset)
                groups[-1].parts.append(self.repeated(body, group.offset))
            elif len(groups) == 1 and self.skip_anchor(group):
                pass
            elif reader.peek():
                group.parts.append(self.read_operand())
            elif len(groups) > 1:
                raise reader.error("`)` is missing", group.offset)
            else:
                return self.checked(group.close())

    def skip_anchor(self, group: Group) -> bool:
        """Skip a redundant `^` or `$`, and return whether there was one. The whole text is matched."""
        reader = self.reader
        following = reader.text[reader.at + 1 : reader.at + 2]
        opens = reader.peek() == "^" and "m" not in self.flags and not group.parts
        if following in _QUANTIFIERS or not (opens or (reader.peek() == "$" and following in ("", "|"))):
            return False
        reader.at += 1
        return True

    def look_ahead(self, groups: list[_JavaGroup], group: _JavaGroup, body: Node) -> None:
        """Require or forbid that the whole text begins with a match of `body`."""
        self.has_look_ahead = True
        if len(groups) > 1 or groups[0].parts or self.reader.peek() in _QUANTIFIERS:
            raise self.reader.error(
                f"look-around is not supported but at the start of the pattern: {_WHY}", group.offset
            )
        beginning = concatenation([body, ANY_STRING])
        groups[0].operands.append(beginning if group.look_ahead == "=" else complement(beginning))

    def checked(self, tree: Node) -> Node:
        """Return the tree of the whole pattern: an intersection cannot hold assertions."""
        if self.has_look_ahead and self.assertions:
            raise self.reader.error(
                "look-ahead beside anchors, boundaries and possessive repetition is not supported", 0
            )
        return tree

    def open_group(self) -> _JavaGroup | None:
        """Read an opening bracket with its group's kind, or return None for flags without a group."""
        reader = self.reader
        start = reader.at
        group = _JavaGroup(start, flags=self.flags)
        reader.at += 1
        if not reader.match("?") or reader.match(":"):
            return group
        if reader.match(">"):
            group.is_atomic = True
            return group
        if reader.peek() in ("=", "!"):
            group.look_ahead = reader.take("a look-ahead")
            return group
        if reader.text.startswith(("<=", "<!"), reader.at):
            raise reader.error(f"look-behind is not supported: {_WHY}", start)
        if reader.match("<"):
            name = ""
            while (character := reader.take("the end of a group's name")) != ">":
                name += character
            if name.isascii() and name.isalnum() and name[0].isalpha():
                return group
            raise reader.error(f"`{name}` is not a name for a group", start)
        return group if self.read_flags(start) == ":" else None

    def read_flags(self, start: int) -> str:
        """Read and set inline flags, and return the character that ends them, `:` or `)`."""
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
        """Read the escape after a backslash outside of a class."""
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
        """Return the tree of atomic matching, or raise if there is none or it contains something lazy."""
        if found is not None and self.last_lazy <= start:
            return found
        message = "possessive repetition and atomic groups are not supported for what may end in several places"
        raise self.reader.error(f"{message}: {_WHY}", start)

    def not_followed_by(self, ranges: Ranges) -> Node:
        return self.assertion(Assertion("not followed by", ranges=ranges))
