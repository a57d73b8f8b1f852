"""Rules in TOML, as the detection-rules repository keeps them.

One rule a file in the table `[rule]`, several in `[[rule]]`, the queries of a hunt in `[hunt]`, or settings alone.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from typing import Any

from eqlite.rules.formats import fast_toml
from eqlite.rules.formats.bare_query import other_language
from eqlite.rules.formats.settings import NotARule, RuleFile, add_rule
from eqlite.rules.formats.toml_spans import find_elements, find_in_each, find_table, find_value, map_string
from eqlite.rules.model import LoadedRules, Skipped
from eqlite.source import Source, Span

# `tomllib` takes a time in the square of a dotted key's parts. No part of the pattern ever gives back what it took.
_DOTTED = re.compile(r"""(?<![\w.-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+)++""")
_MAX_KEY_PARTS = 200
_ERROR_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")


def load_toml(file: RuleFile, result: LoadedRules) -> None:
    """Add the rules of a TOML file.

    Raises:
        NotARule: it has no table `[rule]` or `[hunt]`, and no `query` outside of tables.
    """
    document = _read(file, result)
    if document is None:
        return
    for name in ("rule", "rules"):
        values = document.get(name)
        if isinstance(values, dict):
            _add(values, (name,), file, result)
            return
        if isinstance(values, list) and all(isinstance(each, dict) for each in values):
            _add_several(values, name, file, result)
            return
    if isinstance(document.get("hunt"), dict):
        _add_hunt(document["hunt"], file, result)
    elif isinstance(document.get("query"), str):
        _add(document, (), file, result)
    else:
        raise NotARule("no table `[rule]` or `[hunt]`, and no `query` outside of tables")


def _read(file: RuleFile, result: LoadedRules) -> dict[str, Any] | None:
    text = file.text
    try:
        if any(len(line) > 2 * _MAX_KEY_PARTS and _has_endless_key(line) for line in text.split("\n")):
            raise RecursionError
        return fast_toml.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, start = _explain(str(error), text)
        result.problems.append(file.problem("bad-rule-file", f"not TOML: {message}", start, start + 1))
    except (RecursionError, ValueError):  # an integer of more digits than Python converts is a plain ValueError
        result.problems.append(
            file.problem("bad-rule-file", "not TOML that can be read: nested or numbered beyond all use")
        )
    return None


def _add(values: dict[str, object], table: tuple[str, ...], file: RuleFile, result: LoadedRules) -> None:
    text = file.text

    def locate(path: tuple[str, ...]) -> Span | None:
        return find_value(text, (*table, *path)) or (find_table(text, table) if table and not path else None)

    def source_for(query: str) -> Source:
        span = locate(("query",)) if query else None
        offsets = map_string(text, span.start, query) if span is not None else None
        return Source(query, file.path, text, offsets) if offsets else Source(query, file.path)

    add_rule(result, file, values, locate=locate, source_for=source_for)


def _add_several(tables: list[dict[str, object]], name: str, file: RuleFile, result: LoadedRules) -> None:
    """Add the rules of an array of tables."""
    header = find_table(file.text, (name,))
    for values, span in itertools.zip_longest(tables, find_in_each(file.text, name, "query")):
        if values is not None:
            _add_at(values, span, header, file, result)


def _add_hunt(hunt: dict[str, object], file: RuleFile, result: LoadedRules) -> None:
    """Add a rule for each query of a hunt that is EQL. The others are skipped by name."""
    given = hunt.get("query")
    queries = given if isinstance(given, list) else [given] if isinstance(given, str) else []
    languages = hunt.get("language")
    languages = languages if isinstance(languages, list) else [languages]
    name = str(hunt.get("name") or file.stem)
    if "EQL" not in map(str.upper, map(str, languages)):
        other = f"a hunt in {' and '.join(map(str, languages))}, not EQL"
        result.skipped.append(Skipped(name, other, file.path))
        return
    span = find_value(file.text, ("hunt", "query"))
    elements = find_elements(file.text, span) if span is not None and isinstance(given, list) else iter((span,))
    for number, (query, element) in enumerate(zip(queries, elements, strict=False), 1):
        ending = f" ({number})" if len(queries) > 1 else ""
        reason = other_language(str(query)) if len(languages) > 1 else None
        if reason is not None:
            result.skipped.append(Skipped(f"{name}{ending}", reason, file.path))
            continue
        settings = {key: value for key, value in hunt.items() if key not in ("language", "uuid")}
        settings |= {"name": f"{name}{ending}", "query": query, "language": "eql"}
        if hunt.get("uuid"):
            settings["rule_id"] = f"{hunt['uuid']}{f'-{number}' if ending else ''}"
        _add_at(settings, element, span, file, result)


def _add_at(
    values: dict[str, object], span: Span | None, around: Span | None, file: RuleFile, result: LoadedRules
) -> None:
    """Add a rule whose query stands at `span`, and all its settings at `around`."""
    text = file.text

    def source_for(query: str) -> Source:
        offsets = map_string(text, span.start, query) if span is not None else None
        return Source(query, file.path, text, offsets) if offsets else Source(query, file.path)

    add_rule(result, file, values, locate=lambda _: span or around, source_for=source_for)


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
