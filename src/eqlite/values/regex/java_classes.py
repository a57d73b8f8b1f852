r"""Escapes and classes of Java's regular expressions: what stands for one character out of a set."""

from __future__ import annotations

from eqlite.values.regex.assertions import LINE_ENDS
from eqlite.values.regex.java_characters import PREDEFINED, fold_character, fold_ranges, property_ranges
from eqlite.values.regex.lucene_parser import Reader, leaves_case_out
from eqlite.values.regex.tree import (
    EVERY_CHARACTER,
    Characters,
    Ranges,
    RegexLimitError,
    characters,
    complement_ranges,
    intersect_ranges,
    merge_ranges,
)

__all__ = ["ClassReader"]

MAX_CLASS_NESTING = 50

_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_SPACES = tuple(" \t\n\x0b\f\r")


class ClassReader:
    """Reads escapes and classes under the flags that hold at the place.

    Attributes:
        flags: the inline flags that are on, out of `idmsux`.
        has_range_class: whether a range leaves out a letter's other case.
    """

    def __init__(self, reader: Reader, flags: frozenset[str]) -> None:
        self.reader = reader
        self.flags = flags
        self.has_range_class = False

    def skip_comments(self) -> None:
        """Step over white space and comments where the flag `x` allows them."""
        reader = self.reader
        while "x" in self.flags and (reader.peek() in _SPACES or reader.peek() == "#"):
            if reader.take("white space") == "#":
                while reader.peek() and reader.peek() not in self.line_ends:
                    reader.at += 1

    @property
    def line_ends(self) -> frozenset[str]:
        """Return the characters that end a line."""
        return frozenset("\n") if "d" in self.flags else LINE_ENDS

    def read_escape(self) -> str | Ranges:
        """Read the escape after a backslash: one character, or a set of characters."""
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
        r"""Read the name behind `\p` or `\P`."""
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
        """Read a character, an escape or a range of a class. Ranges are added to `ranged` too."""
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
        """Return ranges with the other cases of their characters, if the flag `i` is on."""
        ranges = merge_ranges(pairs)
        return fold_ranges(ranges, unicode="u" in self.flags) if "i" in self.flags else ranges

    def single(self, character: str) -> Characters:
        """Return the leaf for one character, and its other cases if the flag `i` is on."""
        variants = fold_character(character, unicode="u" in self.flags) if "i" in self.flags else character
        return characters((ord(variant), ord(variant)) for variant in variants)
