"""Rules in JSON: Kibana's NDJSON export, prebuilt-rule assets, single rules, arrays, answers of the `_find` API."""

from __future__ import annotations

from collections.abc import Iterator

from eqlite.limits import MAX_DIAGNOSTICS
from eqlite.rules.formats.json_spans import (
    NotJson,
    Placed,
    map_string,
    read_elements,
    read_members,
    read_value,
    skip_blanks,
)
from eqlite.rules.formats.settings import NoRule, RuleText, add_rule
from eqlite.rules.model import LoadedRules, Skipped
from eqlite.source import Source, Span


def load_json(holder: RuleText, into: LoadedRules) -> None:
    """Add the rules of a JSON or NDJSON text; a broken object does not keep the others from being read.

    Lines of a Kibana export that are no rules (its summary, exception lists, connectors) are passed over.

    Raises:
        NoRule: none of its objects is a rule.
    """
    before = len(into.rules) + len(into.skipped) + len(into.problems)
    strangers, first_stranger = 0, 0
    for item in _read_items(holder, into):
        place = _find_rule(holder.text, item)
        if place is not None:
            _add(holder, place, into)
        elif not _is_by_product(item.value):
            first_stranger = first_stranger if strangers else item.span.start
            strangers += 1
    if len(into.rules) + len(into.skipped) + len(into.problems) == before:
        raise NoRule("no JSON object with a rule's settings")
    if strangers:
        line = holder.text.count("\n", 0, first_stranger) + 1
        reason = f"not a rule (line {line}" + (f", and {strangers - 1} more)" if strangers > 1 else ")")
        into.skipped.append(Skipped(holder.file or holder.stem, reason, holder.file))


def _read_items(holder: RuleText, into: LoadedRules) -> Iterator[Placed]:
    """Yield the objects of the text, be they elements of an array or one after another, on one line each or several.

    After an object that is broken, reading goes on with the next one that starts a line as the first one does.
    """
    text = holder.text
    place = skip_blanks(text, 0)
    in_array = text.startswith("[", place)
    if in_array:
        place = skip_blanks(text, place + 1)
    before = text[text.rfind("\n", 0, place) + 1 : place]
    next_start = f"\n{before if before.isspace() else ''}{{"
    broken = 0
    while place < len(text):
        try:
            if in_array and text.startswith("]", place):
                in_array, end = False, place + 1
            else:
                value = read_value(text, place)
                yield from _find_answer(text, value)
                end = _separator_end(text, value.span.end) if in_array else value.span.end
            place = skip_blanks(text, end)
        except NotJson as error:
            found = text.find(next_start, place)
            place = found + 1 if found >= 0 else len(text)
            _report(holder, into, error if error.offset < place else NotJson("the object does not end", place - 1))
            broken += 1
            if broken == MAX_DIAGNOSTICS:
                _report(holder, into, NotJson(f"nor in {broken} places before; the rest is not read", place))
                return
    if in_array and not broken:
        _report(holder, into, NotJson("the array does not end", len(text)))


def _separator_end(text: str, place: int) -> int:
    """Return where reading goes on behind an array's element: behind a comma, or at the closing bracket."""
    place = skip_blanks(text, place)
    if text.startswith(",", place):
        return place + 1
    if text.startswith("]", place) or place == len(text):
        return place
    raise NotJson("expecting `,` or `]`", place)


def _find_answer(text: str, whole: Placed) -> Iterator[Placed]:
    """Yield the rules in an answer `{"data": […], "total": …}`, or the object itself."""
    if isinstance(whole.value, dict) and "total" in whole.value and isinstance(whole.value.get("data"), list):
        for member in read_members(text, whole.span.start):
            if member.name == "data":
                yield from read_elements(text, member.span.start)
    else:
        yield whole


def _report(holder: RuleText, into: LoadedRules, error: NotJson) -> None:
    start = error.offset
    into.problems.append(holder.problem("bad-rule-file", f"not JSON: {error.message}", start, start + 1))


def _is_by_product(value: object) -> bool:
    """Tell whether a value is what Kibana exports beside the rules: summary, exception list or item, connector."""
    if not isinstance(value, dict):
        return False
    if "exported_count" in value or "exported_rules_count" in value or "list_id" in value:
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
