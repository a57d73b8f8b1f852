"""Patterns of dates: what a Java date pattern becomes, and how it is matched.

Takes the pattern of a format; gives a row of small items. Matching them goes from left to right and never back, so that
it takes time bounded by the length of the pattern, whatever the text is. `date_formats.py` is the caller; what the
fields mean as a date is decided there.

Not known (such a pattern is no pattern): week-based years, eras, padding. Time zones are offsets, `Z`, UTC, GMT and UT.
The name of a weekday must be one, but is not checked against the date.

Example:
    >>> fields: Fields = {}
    >>> match_items(compile_pattern("dd/MM/yyyy") or (), "02/03/2026", 0, fields), fields
    (10, {'d': 2, 'M': 3, 'y': 2026})
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

Fields: TypeAlias = dict[str, int]
"""What was read: the pattern's letters (`y` and `u` are `y`), `n` for nanoseconds, `offset` in seconds."""

FRACTION_DIGITS: Final = 9

_MAX_FORMAT_CHARACTERS = 1_000
_MAX_DEPTH = 20
_MAX_OFFSET_SECONDS = 18 * 3_600
_UTC_NAMES = ("UTC", "GMT", "UT")
_MONTHS = tuple(
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Number:
    """Between `least` and `most` digits of one field, with a minus sign if `signed`."""

    field: str
    least: int
    most: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Fraction:
    """The fraction of a second, with `point` after a full stop or comma."""

    least: int
    most: int
    point: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """Characters that must stand there."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """One of several names, whose place in the list is the value, counted from `first`."""

    field: str
    names: tuple[str, ...]
    first: int = 0


@dataclass(frozen=True, slots=True)
class Offset:
    """A distance from UTC.

    `zulu` allows `Z`, `colon` and `plain` allow `+02:00` and `+0200`, `short` allows `+02`, `names` allows `UTC`.
    """

    zulu: bool = True
    colon: bool = True
    plain: bool = True
    short: bool = True
    names: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Items that may be left out together."""

    items: tuple[Item, ...]


Item: TypeAlias = Number | Fraction | Literal | Name | Offset | Section

_ANY_OFFSET = Offset(names=True)
_OFFSETS = {
    "X": Offset(colon=False),
    "XX": Offset(colon=False, short=False),
    "XXX": Offset(plain=False, short=False),
    "x": Offset(zulu=False, colon=False),
    "xx": Offset(zulu=False, colon=False, short=False),
    "xxx": Offset(zulu=False, plain=False, short=False),
    "Z": Offset(zulu=False, colon=False, short=False),
    "ZZ": Offset(zulu=False, colon=False, short=False),
    "ZZZ": Offset(zulu=False, colon=False, short=False),
    "ZZZZ": _ANY_OFFSET,
    "ZZZZZ": Offset(plain=False, short=False),
    "z": _ANY_OFFSET,
    "VV": _ANY_OFFSET,
    "O": _ANY_OFFSET,
}
_NAMES = {
    "MMM": Name("M", tuple(name[:3] for name in _MONTHS), first=1),
    "MMMM": Name("M", _MONTHS, first=1),
    "E": Name("E", tuple(name[:3] for name in _WEEKDAYS)),
    "EEEE": Name("E", _WEEKDAYS),
    "a": Name("a", ("AM", "PM")),
}
_LONGEST_NUMBERS = {"M": 2, "d": 2, "H": 2, "k": 2, "K": 2, "h": 2, "m": 2, "s": 2, "D": 3}
_LONGEST_YEAR = 9


def compile_pattern(pattern: str, *, extended: bool = False) -> tuple[Item, ...] | None:
    """Compile a Java date pattern to items, or return None if a letter or shape is unknown.

    Args:
        pattern: letters of `java.time.format.DateTimeFormatter`, `'quoted text'`, `[optional parts]`.
        extended: two letters that Java has not mean something too: `f` a point with 1 to 9 digits of a fraction,
            `o` an offset in any form. The built-in formats are written with them.

    >>> compile_pattern("M/")
    (Number(field='M', least=1, most=2, signed=False), Literal(text='/'))
    """
    if len(pattern) > _MAX_FORMAT_CHARACTERS:
        return None
    levels: list[list[Item]] = [[]]
    at = 0
    while at < len(pattern):
        end = at + 1
        item: Item | None = None
        match pattern[at]:
            case "[" if len(levels) < _MAX_DEPTH:
                levels.append([])
                at = end
                continue
            case "]" if len(levels) > 1:
                item = Section(tuple(levels.pop()))
            case "'":
                end = _end_of_quote(pattern, at)
                item = Literal(pattern[at + 1 : end - 1].replace("''", "'") or "'") if end else None
            case letter if letter.isascii() and letter.isalpha():
                while pattern.startswith(letter, end):
                    end += 1
                item = _item_of_letters(pattern[at:end], extended=extended)
            case character if character not in "[]{}#":
                item = Literal(character)
        if item is None:
            return None
        levels[-1].append(item)
        at = end
    while len(levels) > 1:  # Java closes at the end what the pattern left open.
        section = Section(tuple(levels.pop()))
        levels[-1].append(section)
    return tuple(levels[0])


def _end_of_quote(pattern: str, at: int) -> int:
    """Return the position after the quote that closes the one at `at`, or 0.

    `''` inside is a quote mark.
    """
    end = at + 1
    while True:
        end = pattern.find("'", end)
        if end < 0:
            return 0
        if pattern[end + 1 : end + 2] != "'":
            return end + 1
        end += 2


def _item_of_letters(letters: str, *, extended: bool) -> Item | None:
    """Return the item for one letter or the same letter repeated, None where it means nothing here."""
    letter, count = letters[0], len(letters)
    if extended and letters == "f":
        return Fraction(1, FRACTION_DIGITS, point=True)
    if extended and letters == "o":
        return _ANY_OFFSET
    if letter == "S" and count <= FRACTION_DIGITS:
        return Fraction(count, count)
    if letter in "uy" and count <= _LONGEST_YEAR:
        if count == 2:
            return Number("yy", 2, 2)
        return Number("y", count, 5 if count == 1 else count, signed=letter == "u")
    if letter == "L":
        letter = "M"
        letters = letter * count
    if letter == "E" and count < 4:
        letters = letter
    if letters in _NAMES:
        return _NAMES[letters]
    if count <= _LONGEST_NUMBERS.get(letter, 0):
        return Number(letter, count, _LONGEST_NUMBERS[letter])
    return _OFFSETS.get(letters)


def match_items(items: tuple[Item, ...], text: str, at: int, fields: Fields) -> int:
    """Match the items at a place of the text and put what was read into `fields`.

    Returns:
        The place after them, -1 where they do not match; `fields` is of no use then. The depth of the recursion is that
        of the pattern's brackets, which `compile_pattern` limits.
    """
    for item in items:
        match item:
            case Literal(literal):
                at = at + len(literal) if text.startswith(literal, at) else -1
            case Number():
                at = _match_number(item, text, at, fields)
            case Fraction():
                at = _match_fraction(item, text, at, fields)
            case Name():
                at = _match_name(item, text, at, fields)
            case Offset():
                at = _match_offset(item, text, at, fields)
            case Section(inner):
                tried = dict(fields)
                end = match_items(inner, text, at, tried)
                if end >= 0:
                    at = end
                    fields.update(tried)
        if at < 0:
            return -1
    return at


def _digits_end(text: str, at: int, most: int) -> int:
    """Return the place after the ASCII digits at `at`, at most `most` of them."""
    end, stop = at, min(len(text), at + most)
    while end < stop and "0" <= text[end] <= "9":
        end += 1
    return end


def _match_number(item: Number, text: str, at: int, fields: Fields) -> int:
    negative = item.signed and text.startswith("-", at)
    start = at + 1 if negative else at
    end = _digits_end(text, start, item.most)
    if end - start < item.least:
        return -1
    number = int(text[start:end])
    if item.field == "yy":
        fields["y"] = 2_000 + number
    else:
        fields[item.field] = -number if negative else number
    return end


def _match_fraction(item: Fraction, text: str, at: int, fields: Fields) -> int:
    if item.point:
        if text[at : at + 1] not in (".", ","):
            return -1
        at += 1
    end = _digits_end(text, at, item.most)
    if end - at < item.least:
        return -1
    fields["n"] = int(text[at:end].ljust(FRACTION_DIGITS, "0"))
    return end


def _match_name(item: Name, text: str, at: int, fields: Fields) -> int:
    for value, name in enumerate(item.names, item.first):
        if text.startswith(name, at):
            fields[item.field] = value
            return at + len(name)
    return -1


def _match_offset(item: Offset, text: str, at: int, fields: Fields) -> int:
    fields["offset"] = 0
    if item.zulu and text.startswith("Z", at):
        return at + 1
    named = next((name for name in _UTC_NAMES if text.startswith(name, at)), "") if item.names else ""
    at += len(named)
    if text[at : at + 1] not in ("+", "-"):
        return at if named else -1
    sign = -1 if text[at] == "-" else 1
    hours = _two_digits(text, at + 1)
    at += 3
    minutes = seconds = -1
    if item.colon and text.startswith(":", at):
        minutes = _two_digits(text, at + 1)
        at += 3
        if text.startswith(":", at):
            seconds = _two_digits(text, at + 1)
            at += 3
            if seconds < 0:
                return -1
    elif item.plain and (minutes := _two_digits(text, at)) >= 0:
        at += 2
    elif item.short:
        minutes = 0
    if hours < 0 or not 0 <= minutes < 60 or seconds >= 60:
        return -1
    distance = hours * 3_600 + minutes * 60 + max(seconds, 0)
    fields["offset"] = sign * distance
    return at if distance <= _MAX_OFFSET_SECONDS else -1


def _two_digits(text: str, at: int) -> int:
    return int(text[at : at + 2]) if _digits_end(text, at, 2) == at + 2 else -1
