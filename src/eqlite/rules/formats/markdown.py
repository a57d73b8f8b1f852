"""EQL in Markdown: each fenced block of the language `eql` is a rule, named for the heading above it."""

from __future__ import annotations

import re

from eqlite.rules.formats.settings import NotARule, RuleFile, add_rule
from eqlite.rules.model import LoadedRules
from eqlite.source import Source, Span

_LINE = re.compile(r"[^\n]*\n?")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([\w-]*)")
_HEADING = re.compile(r"#{1,6}[ \t]")


def load_markdown(file: RuleFile, result: LoadedRules) -> None:
    """Add a rule for each block of EQL.

    Raises:
        NotARule: there is none.
    """
    heading, names = "", dict[str, int]()
    fence, start = "", -1  # what closes the open block, and where its content began if it is EQL
    offset = 0
    while offset < len(file.text):
        found = _LINE.match(file.text, offset)
        assert found is not None
        line, offset = found.group(), found.end()
        mark = _FENCE.match(line)
        if fence:
            if mark is not None and mark[1].startswith(fence) and not mark[2]:
                if start >= 0:
                    _add(file, start, found.start(), heading, names, result)
                fence, start = "", -1
        elif mark is not None:
            fence, start = mark[1], offset if mark[2].lower() == "eql" else -1
        elif _HEADING.match(line):
            heading = line.strip().strip("#").strip()
    if start >= 0:  # as Markdown has it, the end of the text closes a block
        _add(file, start, len(file.text), heading, names, result)
    if not names:
        raise NotARule("no fenced block of the language `eql`")


def _add(file: RuleFile, start: int, end: int, heading: str, names: dict[str, int], result: LoadedRules) -> None:
    name = heading or file.stem
    names[name] = names.get(name, 0) + 1
    values: dict[str, object] = {
        "name": name if names[name] == 1 else f"{name} ({names[name]})",
        "query": file.text[start:end],
    }
    add_rule(
        result,
        file,
        values,
        locate=lambda _: Span(start, end),
        source_for=lambda query: Source(query, file.path, file.text, ((0, start),)),
    )
