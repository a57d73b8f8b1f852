"""Escaping of foreign texts (values, names, messages) for terminals, lines and cells."""

from __future__ import annotations

import re

# C1 controls command some terminals, line separators split a line for line readers, and the rest reverses text.
_UNSAFE = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_UNSAFE_IN_JSON = re.compile(f"[{_UNSAFE}]")
_UNSAFE_IN_CELL = re.compile(f"[\x00-\x1f{_UNSAFE}\ud800-\udfff]")
_FORMULA = ("=", "+", "-", "@")


def safe(text: str, *, most: int | None = None) -> str:
    r"""Return a text with unprintable characters escaped, cut after `most` characters.

    >>> safe("a\x1b[2J\nb")
    'a\\x1b[2J\\nb'
    >>> safe("abcdef", most=4)
    'abc…'
    """
    if most is not None and len(text) > most:
        text = f"{text[: most - 1]}…"
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def safe_lines(text: str) -> str:
    r"""Return a text of several lines, each escaped.

    >>> safe_lines("a\n\tb\x1b")
    'a\n\\tb\\x1b'
    """
    return "\n".join(map(safe, text.split("\n")))


def safe_cell(text: str) -> str:
    r"""Return a text escaped for a spreadsheet cell: one line, and no formula.

    What begins like a formula gets an apostrophe in front, which spreadsheets take for text.

    >>> safe_cell("a\x1b[2J\nb"), safe_cell("=1+1")
    ('a\\x1b[2J\\nb', "'=1+1")
    """
    text = _UNSAFE_IN_CELL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def safe_json(text: str) -> str:
    r"""Return the same JSON with escapes for characters that end a line or command a terminal.

    >>> safe_json('"a\u2028"')
    '"a\\u2028"'
    """
    if text.isascii():
        return text
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
