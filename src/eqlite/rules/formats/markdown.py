"""EQL in Markdown: each fenced block of the language `eql` is a rule, named for the heading above it."""

from __future__ import annotations

import re

from eqlite.rules.formats.settings import NoRule, RuleText, add_rule
from eqlite.rules.model import LoadedRules
from eqlite.source import Source, Span

_LINE = re.compile(r"[^\n]*\n?")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([\w-]*)")
_HEADING = re.compile(r"#{1,6}[ \t]")


def load_markdown(holder: RuleText, into: LoadedRules) -> None:
    """Add a rule for each block of EQL.

    Raises:
        NoRule: there is none.
    """
    heading, names = "", dict[str, int]()
    fence, start = "", -1  # what closes the open block, and where its content began if it is EQL
    place = 0
    while place < len(holder.text):
        found = _LINE.match(holder.text, place)
        assert found is not None
        line, place = found.group(), found.end()
        mark = _FENCE.match(line)
        if fence:
            if mark is not None and mark[1].startswith(fence) and not mark[2]:
                if start >= 0:
                    _add(holder, start, found.start(), heading, names, into)
                fence, start = "", -1
        elif mark is not None:
            fence, start = mark[1], place if mark[2].lower() == "eql" else -1
        elif _HEADING.match(line):
            heading = line.strip().strip("#").strip()
    if start >= 0:  # as Markdown has it, the end of the text closes a block
        _add(holder, start, len(holder.text), heading, names, into)
    if not names:
        raise NoRule("no fenced block of the language `eql`")


def _add(holder: RuleText, start: int, end: int, heading: str, names: dict[str, int], into: LoadedRules) -> None:
    name = heading or holder.stem
    names[name] = names.get(name, 0) + 1
    values: dict[str, object] = {
        "name": name if names[name] == 1 else f"{name} ({names[name]})",
        "query": holder.text[start:end],
    }
    add_rule(
        into,
        holder,
        values,
        locate=lambda _: Span(start, end),
        make_source=lambda query: Source(query, holder.file, holder.text, ((0, start),)),
    )
