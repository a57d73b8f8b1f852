"""Comments: collected for the printer, and blanked out so that all offsets stay as they are.

EQL's block comments nest, which no regular terminal can say; so they are taken out by a scan that knows the forms of
strings and quoted names, in which `//` and `/*` mean nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from eqlite.source import Span

_QUOTED_OR_COMMENT = re.compile(
    r'"""[^\r\n]*?"""(?:"{1,2})?'  # a raw string, which may end in two quotes of its own
    r'|"(?:[^\r\n"\\]|\\[^\r\n])*+"'
    r"|`[^`]*+`"
    r"|'(?:[^\r\n'\\]|\\[^\r\n])*+'"
    r"|//[^\r\n]*+"
    r"|/\*"
    r"|[\"'`]"  # one that nothing closes: the rest of the line is no comment
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_REST_OF_LINE = re.compile(r"[^\r\n]*")
_NOT_LINE_END = re.compile(r"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its delimiters. With `own_line`, only blanks stand before it on its line."""

    text: str
    span: Span
    own_line: bool


@dataclass(frozen=True, slots=True)
class Blanked:
    """A query's text with blanks for comments, the comments, and the start of an unclosed one."""

    text: str
    comments: tuple[Comment, ...]
    unclosed: int | None = None


def blank_comments(text: str) -> Blanked:
    """Replace every comment by blanks of the same length. Line ends stay.

    >>> blank_comments("a /* b /* c */ */ // d").text
    'a                     '
    """
    if "//" not in text and "/*" not in text:
        return Blanked(text, ())
    pieces: list[str] = []
    comments: list[Comment] = []
    position = copied = 0
    while (found := _QUOTED_OR_COMMENT.search(text, position)) is not None:
        start, position = found.span()
        opening = text[start : start + 2]
        if opening in ('"', "'", "`") or (position - start == 1):
            rest = _REST_OF_LINE.match(text, position)
            position = rest.end() if rest is not None else position
            continue
        if opening not in ("//", "/*"):
            continue
        if opening == "/*":
            end = _end_of_block(text, position)
            if end is None:
                pieces += [text[copied:start], _NOT_LINE_END.sub(" ", text[start:])]
                return Blanked("".join(pieces), tuple(comments), start)
            position = end
        gap = text[copied:start]
        line_start = gap.rfind("\n") + 1  # without one, the comment before stands on the same line, if there is one
        own_line = (line_start > 0 or copied == 0) and not gap[line_start:].strip(" \t\r")
        comments.append(Comment(text[start:position], Span(start, position), own_line))
        pieces += [text[copied:start], _NOT_LINE_END.sub(" ", text[start:position])]
        copied = position
    pieces.append(text[copied:])
    return Blanked("".join(pieces), tuple(comments))


def _end_of_block(text: str, position: int) -> int | None:
    """Return the end of the block comment whose `/*` ends at `position`, None if nothing closes it."""
    depth = 1
    for edge in _BLOCK_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return None
