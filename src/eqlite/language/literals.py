"""Reading literals: what the text of a string, a number or a time span means."""

from __future__ import annotations

import re

from eqlite.datatypes import DataType

_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]*)\}|([btnfr\"'\\]))")
_CONTROL = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
_MAX_SAFE_DIGITS = 400

INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1
UNSIGNED_LONG_MAX = 2**64 - 1


class LiteralError(ValueError):
    """A literal that Elasticsearch refuses, with its message."""


def read_string(text: str) -> str:
    r"""Return the value of a string literal, given with its quotes.

    Raw strings (three quotes) are taken as they are. An escape that EQL does not know stays as it is: the grammar
    refuses it before.

    Raises:
        LiteralError: a `\u{…}` that names no character.

    >>> read_string(r'"a\u{41}"'), read_string(r'"\\"') == chr(92)
    ('aA', True)
    """
    if text.startswith('"""') and len(text) >= 6:
        return text[3:-3]
    body = text[1:-1]
    return _ESCAPE.sub(_unescape, body) if "\\" in body else body


def _unescape(found: re.Match[str]) -> str:
    digits, control = found.groups()
    if control is not None:
        return _CONTROL[control]
    if not 2 <= len(digits) <= 8:
        raise LiteralError(f"Unicode sequence should use [2-8] hex digits, [\\u{{{digits}}}] has [{len(digits)}]")
    code = int(digits, 16)
    if 0xD800 <= code <= 0xDFFF:
        raise LiteralError(f"Invalid unicode character code, [{digits}] is a surrogate code")
    if code > 0x10FFFF:
        raise LiteralError(f"Invalid unicode character code [{digits}]")
    return chr(code)


def read_number(text: str) -> tuple[int | float, DataType]:
    """Return the value and the type of a number without sign.

    Integers are INTEGER, LONG or UNSIGNED_LONG by their size, and doubles beyond that.

    >>> read_number("1"), read_number("1."), read_number("99999999999")
    ((1, <DataType.INTEGER: 'integer'>), (1.0, <DataType.DOUBLE: 'double'>), (99999999999, <DataType.LONG: 'long'>))
    """
    if not text.isdigit() or len(text) > _MAX_SAFE_DIGITS:
        return float(text), DataType.DOUBLE
    value = int(text)
    if value <= INT_MAX:
        return value, DataType.INTEGER
    if value <= LONG_MAX:
        return value, DataType.LONG
    if value <= UNSIGNED_LONG_MAX:
        return value, DataType.UNSIGNED_LONG
    return float(value), DataType.DOUBLE


def read_name(text: str) -> str:
    """Return the name in backticks, a doubled backtick as one.

    >>> read_name("`my-field`")
    'my-field'
    """
    return text[1:-1].replace("``", "`")
