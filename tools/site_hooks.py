"""Hooks of MkDocs: what GitHub's Markdown reads otherwise than Python-Markdown.

The pages are written for GitHub, where most of them are read.
"""

from __future__ import annotations

import re
from typing import Any

_FENCE = re.compile(r"^(```+\w+) .*$", re.MULTILINE)
_CELLS = re.compile(r"^\|.*\|$", re.MULTILINE)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+[A-Za-z]*/?[A-Z]+\.md\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return the page as Python-Markdown has to read it.

    - GitHub wants `|` escaped in the code of a table's cell; Python-Markdown shows the backslash.
    - A fence may carry marks for the tests behind its language; Python-Markdown takes such a fence for text.
    - A link to a file outside of `docs/` leads nowhere on the site; its text stays.

    >>> on_page_markdown(r"| `a\\|b` | c \\| d |")
    '| `a|b` | c \\\\| d |'
    >>> on_page_markdown("```console install")
    '```console'
    >>> on_page_markdown("see [SECURITY.md](../../SECURITY.md)")
    'see SECURITY.md'
    """
    rows = _CELLS.sub(lambda row: _CODE.sub(lambda code: code[0].replace(r"\|", "|"), row[0]), markdown)
    return _OUTSIDE.sub(r"\1", _FENCE.sub(r"\1", rows))
