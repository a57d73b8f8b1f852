"""Syntax highlighting of EQL for a terminal. It works on tokens and accepts any text."""

from __future__ import annotations

import re

import click

from eqlite.language.keywords import CONTEXTUAL, RESERVED
from eqlite.report.escaping import safe_lines

_TOKEN = re.compile(
    r'(?P<string>"""(?:[^"]|"(?!""))*"{3,5}|"(?:[^"\\\n]|\\.)*")'
    r"|(?P<comment>//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)"
    r"|(?P<word>[A-Za-z_@][\w@.]*)"
    r"|(?P<number>\d+(?:\.\d+)?)"
)
_KEYWORDS = RESERVED | CONTEXTUAL
_STYLES: dict[str, dict[str, str | bool]] = {
    "string": {"fg": "green"},
    "comment": {"dim": True},
    "number": {"fg": "cyan"},
    "keyword": {"fg": "magenta", "bold": True},
}


def highlighted(text: str, *, color: bool) -> str:
    """Return a query with colours, or only escaped for a terminal without them.

    >>> highlighted("any where true", color=False)
    'any where true'
    """
    text = safe_lines(text)
    return _TOKEN.sub(_styled, text) if color else text


def _styled(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    if kind == "word":
        kind = "keyword" if found[0].lower() in _KEYWORDS else ""
    if kind not in _STYLES:
        return found[0]
    return "\n".join(click.style(line, **_STYLES[kind]) for line in found[0].split("\n"))  # type: ignore[arg-type]
