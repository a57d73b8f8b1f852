"""Rules in TOML, as the detection-rules repository keeps them: one rule a file, in the table `[rule]`."""

from __future__ import annotations

import re
import tomllib

from eqlite.rules.formats import fast_toml as quick_toml
from eqlite.rules.formats.settings import NoRule, RuleText, add_rule
from eqlite.rules.formats.toml_spans import find_table, find_value, map_string
from eqlite.rules.model import LoadedRules
from eqlite.source import Source, Span

# `tomllib` takes a time in the square of a dotted key's parts. No part of the pattern ever gives back what it took.
_DOTTED = re.compile(r"""(?<![\w.-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+)++""")
_MAX_KEY_PARTS = 200
_ERROR_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")


def load_toml(holder: RuleText, into: LoadedRules) -> None:
    """Add the rule of a TOML file.

    Raises:
        NoRule: it has no table `[rule]`.
    """
    text = holder.text
    try:
        if any(len(line) > 2 * _MAX_KEY_PARTS and _has_endless_key(line) for line in text.split("\n")):
            raise RecursionError
        document = quick_toml.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, start = _explain(str(error), text)
        into.problems.append(holder.problem("bad-rule-file", f"not TOML: {message}", start, start + 1))
        return
    except (RecursionError, ValueError):  # an integer of more digits than Python converts is a plain ValueError
        into.problems.append(
            holder.problem("bad-rule-file", "not TOML that can be read: nested or numbered beyond all use")
        )
        return
    values = document.get("rule")
    if not isinstance(values, dict):
        raise NoRule("no table `[rule]`")

    def locate(path: tuple[str, ...]) -> Span | None:
        return find_value(text, ("rule", *path)) or (find_table(text, ("rule",)) if not path else None)

    def make_source(query: str) -> Source:
        span = locate(("query",)) if query else None
        offsets = map_string(text, span.start, query) if span is not None else None
        return Source(query, holder.file, text, offsets) if offsets else Source(query, holder.file)

    add_rule(into, holder, values, locate=locate, make_source=make_source)


def _has_endless_key(line: str) -> bool:
    if line.count(".") <= _MAX_KEY_PARTS:
        return False
    return any(match.group().count(".") > _MAX_KEY_PARTS for match in _DOTTED.finditer(line))


def _explain(message: str, text: str) -> tuple[str, int]:
    """Return tomllib's message without its place, in lower case, and the place as an offset."""
    found = _ERROR_PLACE.search(message)
    if found is None:
        return _lower(message.removesuffix(" (at end of document)")), len(text)
    line, column = int(found[1]), int(found[2])
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return _lower(message[: found.start()]), start + column - 1


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
