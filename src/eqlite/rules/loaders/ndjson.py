"""Rules in JSON: Kibana's NDJSON export, prebuilt-rule assets, single rules, arrays, answers of the `_find` API."""

from __future__ import annotations

from collections.abc import Iterator

from eqlite.rules.loaders.json_positions import (
    NotJson,
    Placed,
    map_string,
    read_elements,
    read_members,
    read_value,
    skip_blanks,
)
from eqlite.rules.loaders.settings import NoRule, RuleText, add_rule
from eqlite.rules.model import LoadedRules, Skipped
from eqlite.source import Source, Span


def load_json(holder: RuleText, into: LoadedRules) -> None:
    """Add the rules of a JSON or NDJSON text; a broken line does not keep the others from being read.

    Lines of a Kibana export that are no rules (its summary, exception lists, connectors) are passed over.

    Raises:
        NoRule: none of its objects is a rule.
    """
    before = len(into.rules) + len(into.skipped) + len(into.problems)
    strangers: list[Placed] = []
    for item in _read_items(holder, into):
        if isinstance(item.value, dict) and _is_by_product(item.value):
            continue
        place = _find_rule(holder.text, item)
        if place is None:
            strangers.append(item)
        else:
            _add(holder, place, into)
    if len(into.rules) + len(into.skipped) + len(into.problems) == before:
        raise NoRule("no JSON object with a rule's settings")
    if strangers:
        line = holder.text.count("\n", 0, strangers[0].span.start) + 1
        reason = f"not a rule (line {line}" + (f", and {len(strangers) - 1} more)" if len(strangers) > 1 else ")")
        into.skipped.append(Skipped(holder.file or holder.stem, reason, holder.file))


def _read_items(holder: RuleText, into: LoadedRules) -> Iterator[Placed]:
    """Yield the objects of the text, whether they stand in an array, one a line, or alone over several lines."""
    text = holder.text
    start = skip_blanks(text, 0)
    try:
        if text.startswith("[", start):
            yield from read_elements(text, start)
            return
        first_end = text.find("\n", start)
        if first_end < 0 or not _is_whole(text, start, first_end):
            whole = read_value(text, start)
            end = skip_blanks(text, whole.span.end)
            if end < len(text):
                raise NotJson("extra text after the object", end)
            yield from _find_answer(text, whole)
            return
    except NotJson as error:
        _report(holder, into, error, 0)
        return
    while start < len(text):
        end = text.find("\n", start)
        end = end if end >= 0 else len(text)
        line = text[start:end].rstrip()
        if line:
            try:
                value = read_value(line, 0)
                if value.span.end < len(line):
                    raise NotJson("extra text after the object", value.span.end)
                yield Placed("", value.value, Span(start + value.span.start, start + value.span.end))
            except NotJson as error:
                _report(holder, into, error, start)
        start = end + 1


def _find_answer(text: str, whole: Placed) -> Iterator[Placed]:
    """Yield the rules in an answer `{"data": […], "total": …}`, or the object itself."""
    if isinstance(whole.value, dict) and "total" in whole.value and isinstance(whole.value.get("data"), list):
        for member in read_members(text, whole.span.start):
            if member.name == "data":
                yield from read_elements(text, member.span.start)
    else:
        yield whole


def _is_whole(text: str, start: int, end: int) -> bool:
    try:
        return not text[read_value(text[start:end], 0).span.end + start : end].strip()
    except NotJson:
        return False


def _report(holder: RuleText, into: LoadedRules, error: NotJson, shift: int) -> None:
    start = shift + error.offset
    into.problems.append(holder.problem("bad-rule-file", f"not JSON: {error.message}", start, start + 1))


def _is_by_product(value: dict[str, object]) -> bool:
    """Tell whether an object is what Kibana exports beside the rules: summary, exception list or item, connector."""
    if "exported_count" in value or "exported_rules_count" in value:
        return True
    if "list_id" in value and "rule_id" not in value:
        return True
    return value.get("type") == "action" and "attributes" in value


def _find_rule(text: str, item: Placed) -> Placed | None:
    """Return the object with a rule's settings: the item, or its `attributes` where it is a saved object."""
    if not isinstance(item.value, dict):
        return None
    if isinstance(item.value.get("attributes"), dict):
        members = [member for member in read_members(text, item.span.start) if member.name == "attributes"]
        item = members[-1]
    value = item.value
    is_rule = isinstance(value, dict) and ("rule_id" in value or "query" in value or "risk_score" in value)
    return item if is_rule else None


def _add(holder: RuleText, item: Placed, into: LoadedRules) -> None:
    values = item.value
    assert isinstance(values, dict)

    def locate(path: tuple[str, ...]) -> Span | None:
        if not path:
            return Span(item.span.start, item.span.start + 1)
        # Of a name given twice the last value counts: it is the one in `values`.
        name, value = path[0], values.get(path[0])
        members = read_members(holder.text, item.span.start)
        return next((member.span for member in members if member.name == name and member.value == value), None)

    def make_source(query: str) -> Source:
        span = locate(("query",)) if query else None
        if span is None:
            return Source(query, holder.file)
        return Source(query, holder.file, holder.text, map_string(holder.text, span.start))

    add_rule(into, holder, values, locate=locate, make_source=make_source)
