"""Text as Elasticsearch reads it: values as text, folding, order and length.

Elasticsearch is a Java program: its strings are sequences of UTF-16 units, its case rules those of `java.lang.String`.
Python's strings are sequences of code points. This module alone knows the differences.

Text is expected in the form that every JSON reader gives: a character beyond U+FFFF is one code point, never a high
surrogate followed by a low one. A surrogate on its own may occur (a hostile event has it, or `substring` cut a pair in
two) and stays unchanged.

Order: Lucene orders keywords by their UTF-8 bytes, scripts compare UTF-16 units. UTF-8 byte order is code point order,
which is how Python compares strings, so a range on a keyword field needs no key. (Lone surrogates are the exception:
Lucene stores each of them as U+FFFD, Python orders them as themselves.) UTF-16 order differs where one text has a
character beyond U+FFFF and the other one from U+E000 to U+FFFF: see `utf16_key`.

Case: which characters have a case is decided by the Unicode version of the running Python (14 to 16).

Example:
    >>> to_text(1e10), fold_ascii("CMD.EXE"), utf16_length("\N{GRINNING FACE}")
    ('1.0E10', 'cmd.exe', 2)
"""

from __future__ import annotations

import datetime
import re

from eqlite.limits import MAX_INTEGER_DIGITS
from eqlite.values.case_folding import simple_upper

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_INFINITE = 10**MAX_INTEGER_DIGITS
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def to_text(value: object) -> str:
    """Return a JSON value as text: what a keyword field holds and what Java's `toString` gives.

    Args:
        value: a string (returned unchanged), a boolean or a number. Of what else a caller's mapping may hold, dates
            are given in ISO 8601, bytes read as UTF-8 (what is none as U+FFFD), the rest is as Python's `str` has it.
            Null has no text: ask before.

    Returns:
        Floats as Java's `Double.toString` (JDK 19 and later) writes them: the shortest digits that read back as the
        same number, plain from 0.001 up to below 10,000,000 and with an exponent elsewhere, always with a fraction.
        An integer of more than 4,300 digits is infinite: to write it takes quadratic time.

    Example:
        >>> [to_text(value) for value in ("x", True, 42, 42.5, 1.0, 1e7, 0.00012)]
        ['x', 'true', '42', '42.5', '1.0', '1.0E7', '1.2E-4']
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if -_INFINITE < value < _INFINITE:
            return int.__repr__(value)
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, float):
        return _double_text(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def _double_text(value: float) -> str:
    """Return a float as `Double.toString` writes it."""
    magnitude = abs(value)
    digits = float.__repr__(value)
    if 1e-3 <= magnitude < 1e7 or not value:
        return digits
    if value != value:
        return "NaN"
    sign = "-" if value < 0 else ""
    if magnitude == float("inf"):
        return sign + "Infinity"
    digits = digits.removeprefix("-")
    if "e" not in digits:
        significant = len(digits.replace(".", "").lstrip("0"))
        digits = f"{magnitude:.{significant - 1}e}"
    mantissa, _, exponent = digits.partition("e")
    if len(mantissa) == 1 and magnitude < 1e-300:
        # For one digit Java takes the nearest form with two; only here are doubles so far apart that it shows.
        mantissa, _, exponent = f"{magnitude:.1e}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    return f"{sign}{whole}.{fraction.rstrip('0') or '0'}E{int(exponent)}"


def fold_ascii(text: str) -> str:
    """Return `text` with A-Z in lower case only: the folding of `:`, `in~`, `like~` on a field.

    Example:
        >>> fold_ascii("CAFÉ")
        'cafÉ'
    """
    if text.isascii():
        return text.lower()
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def lower_root(text: str) -> str:
    """Return `text` in lower case as Java's `toLowerCase(Locale.ROOT)` gives it: what functions with `~` compare.

    Full Unicode: the length may change (`İ` becomes two characters) and a capital sigma at the end of a word becomes
    the final one. Java asks its word iterator where a word ends, Python the rule of the Unicode standard; they differ
    for some sigmas next to a hyphen or a character without case.

    Example:
        >>> lower_root("ΟΔΟΣ")
        'οδος'
    """
    return text.lower()


def fold_case(text: str) -> str:
    """Return a form that is equal for two texts exactly if `equals_ignoring_case` holds: fold a constant once.

    Each character by itself: to upper case, then to lower case, by Unicode's simple mappings, which never give more
    than one character.

    Example:
        >>> fold_case("Straße"), fold_case("\N{KELVIN SIGN}"), fold_case("ΟΔΟΣ")
        ('straße', 'k', 'οδοσ')
    """
    if text.isascii():
        return text.lower()
    upper = text.upper()
    if len(upper) != len(text):
        upper = "".join(map(simple_upper, text))
    # The two characters whose lower case in Python is not the simple one: by context, and two characters.
    return upper.replace("Σ", "σ").replace("İ", "i").lower()


def equals_ignoring_case(left: str, right: str) -> bool:
    """Return whether Java's `compareToIgnoreCase` finds no difference: `f() : "x"` and `f() in~ ("x")`.

    Character by character, simple upper case, then simple lower case: `ß` is not `ss`, the Kelvin sign is `k`.
    Characters beyond U+FFFF fold too: Java compares code points since JDK 16.

    Example:
        >>> equals_ignoring_case("ÉTÉ", "été"), equals_ignoring_case("STRASSE", "straße")
        (True, False)
    """
    return left == right or (len(left) == len(right) and fold_case(left) == fold_case(right))


def utf16_key(text: str) -> bytes:
    r"""Return a sort key that orders as Java's `String.compareTo`: by UTF-16 unit.

    Example:
        >>> sorted(["\uffee", "\U0001f600"], key=utf16_key) == ["\U0001f600", "\uffee"]
        True
    """
    return text.encode("utf-16-be", "surrogatepass")


def compare_text(left: str, right: str) -> int:
    """Return -1, 0 or 1 as `left` comes before, equals or comes after `right` by UTF-16 unit, as scripts compare.

    Example:
        >>> compare_text("a", "b"), compare_text("b", "B"), compare_text("a", "a")
        (-1, 1, 0)
    """
    if left == right:
        return 0
    if left.isascii() or right.isascii():  # at the first difference one of the two is ASCII: both orders agree
        return -1 if left < right else 1
    return -1 if utf16_key(left) < utf16_key(right) else 1


def utf16_length(text: str) -> int:
    """Return the length as Java counts it: a character beyond U+FFFF counts twice.

    Example:
        >>> utf16_length("naïve"), utf16_length("a\N{GRINNING FACE}")
        (5, 3)
    """
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def to_utf16_units(text: str) -> str:
    """Return `text` with each character beyond U+FFFF as its two surrogates: one Python character per UTF-16 unit.

    On this form `find`, slices and `len` give what Java's `indexOf`, `substring` and `length` give. The common case,
    no such character, returns `text` itself. Undone by `from_utf16_units`.

    Example:
        >>> to_utf16_units("\N{GRINNING FACE}!").index("!")
        2
    """
    return text if text.isascii() else _ASTRAL.sub(_split, text)


def from_utf16_units(units: str) -> str:
    r"""Return the text of a string of UTF-16 units: surrogates that stand together as a pair become one character.

    Also for text that was put together from pieces, where a pair may have met.

    Example:
        >>> from_utf16_units("\ud83d" + "\ude00") == "\N{GRINNING FACE}"
        True
    """
    return units if units.isascii() else _PAIR.sub(_join, units)


def _split(match: re.Match[str]) -> str:
    """Return the surrogate pair of one character."""
    high, low = divmod(ord(match[0]) - 0x10000, 0x400)
    return chr(0xD800 + high) + chr(0xDC00 + low)


def _join(match: re.Match[str]) -> str:
    """Return the character of one surrogate pair."""
    high, low = match[0][0], match[0][1]
    return chr(0x10000 + ((ord(high) - 0xD800) << 10) + ord(low) - 0xDC00)
