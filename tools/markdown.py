"""Markdown for the generated pages, as GitHub reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Lines = Iterator[str]


def code(text: str) -> str:
    r"""Return a text as code inside a table: a bar would end the cell, and code may hold backticks.

    >>> code("a | b"), code("`x`")
    ('`a \\| b`', '`` `x` ``')
    """
    escaped = text.replace("|", "\\|")
    return f"`` {escaped} ``" if "`" in text else f"`{escaped}`"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Lines:
    """Yield the lines of a table."""
    names = list(head)
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def anchor(heading: str) -> str:
    """Return the anchor of a heading of names, as GitHub and MkDocs make it.

    >>> anchor("Schema.from_fields")
    'schemafrom_fields'
    """
    return heading.lower().replace(".", "").replace(" ", "-")
