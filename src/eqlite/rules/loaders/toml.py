"""Rules in TOML, as the detection-rules repository keeps them: one rule a file, in the table `[rule]`."""

from __future__ import annotations

import re
import tomllib

from eqlite.rules.loaders.settings import NoRule, RuleText, add_rule
from eqlite.rules.loaders.toml_positions import find_table, find_value, map_string
from eqlite.rules.model import LoadedRules
from eqlite.source import Source, Span

_ERROR_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")


def load_toml(holder: RuleText, into: LoadedRules) -> None:
    """Add the rule of a TOML file.

    Raises:
        NoRule: it has no table `[rule]`.
    """
    text = holder.text
    try:
        document: dict[str, object] = tomllib.loads(text)
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
        return find_value(text, ("rule", *path)) if path else find_table(text, ("rule",))

    def make_source(query: str) -> Source:
        span = locate(("query",)) if query else None
        offsets = map_string(text, span.start, query) if span is not None else None
        return Source(query, holder.file, text, offsets) if offsets else Source(query, holder.file)

    add_rule(into, holder, values, locate=locate, make_source=make_source)


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
