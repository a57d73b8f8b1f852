r"""Values → EQL text: string and number literals, names, backticks.

The counterpart of `literals.py`: what is written here reads back as the same value of the same type. The printer uses
it, and so may every message that shows a value as the user would write it. How a whole query is laid out is no business
of this module.

>>> print(string_text('say "hi"'), number_text(1e300), field_text(("process", "in"), optional=True))
"say \"hi\"" 1e300 ?process.`in`
"""

from __future__ import annotations

import unicodedata

from eqlite.datatypes import DataType
from eqlite.language import ast
from eqlite.language.keywords import RESERVED

_FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_@")
_LATER = (_FIRST - {"@"}) | frozenset("0123456789")
_SHORT_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_INFINITY = "1e999"  # a literal past the largest double reads as infinity


def string_text(value: str) -> str:
    r"""Return the string literal of a text: raw where it has a backslash that raw can hold, else with escapes.

    Characters that cannot be seen (control and format characters, spaces other than the blank) are always escaped, so
    that what the reader sees is what the query says. Surrogates stay as they are, for no escape can write them.

    >>> print(string_text("tab\t"), string_text("a\u202eb"), len(string_text("C:\\Windows\\*")))
    "tab\t" "a\u{202e}b" 18
    """
    if "\\" in value and '"""' not in value and not _has_unseen(value):
        return f'"""{value}"""'
    if value.isprintable() and value.isascii() and "\\" not in value and '"' not in value:
        return f'"{value}"'
    return '"' + "".join(map(_escaped_character, value)) + '"'


def _escaped_character(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short is not None:
        return short
    return f"\\u{{{ord(character):02x}}}" if _is_unseen(character) else character


def _is_unseen(character: str) -> bool:
    return character != " " and unicodedata.category(character) in _UNSEEN_CATEGORIES


def _has_unseen(value: str) -> bool:
    return not value.isprintable() and any(map(_is_unseen, value))


def number_text(value: float) -> str:
    """Return the literal of a non-negative number: digits for an int, a DOUBLE for a float.

    >>> number_text(7), number_text(7.0), number_text(1e-7), number_text(float("inf"))
    ('7', '7.0', '1e-7', '1e999')
    """
    if isinstance(value, int):
        return str(value)
    if value == float("inf"):
        return _INFINITY
    digits, exponent_sign, exponent = repr(value).partition("e")
    return f"{digits}e{int(exponent)}" if exponent_sign else digits


def literal_text(literal: ast.Literal) -> str:
    """Return the text of a constant.

    >>> literal_text(ast.Literal(None, DataType.NULL)), literal_text(ast.Literal(True, DataType.BOOLEAN))
    ('null', 'true')
    """
    value = literal.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return string_text(value)
    return number_text(float(value) if literal.type is DataType.DOUBLE else value)


def is_plain_name(text: str) -> bool:
    """Return whether a text can stand as a name without quotes: an identifier that is not reserved.

    >>> is_plain_name("@timestamp"), is_plain_name("in"), is_plain_name("a.b"), is_plain_name("")
    (True, False, False, False)
    """
    return text[:1] in _FIRST and _LATER.issuperset(text[1:]) and text not in RESERVED if text else False


def name_text(name: str) -> str:
    """Return one part of a field's name, in backticks where it needs them.

    >>> name_text("host"), name_text("tick`s")
    ('host', '`tick``s`')
    """
    return name if is_plain_name(name) else "`" + name.replace("`", "``") + "`"


def field_text(parts: tuple[str, ...], *, optional: bool = False) -> str:
    """Return a field with its dots, and its `?` when it is optional."""
    return ("?" if optional else "") + ".".join(map(name_text, parts))


def category_text(category: str | None) -> str:
    """Return an event category: a bare name where possible, else a string, and `any` for None.

    >>> category_text("process"), category_text("my-events"), category_text("any"), category_text(None)
    ('process', '"my-events"', '"any"', 'any')
    """
    if category is None:
        return "any"
    return category if is_plain_name(category) else string_text(category)
