"""Rules in JSON: one object, an array, or an object a line, with the settings as in `shapes`."""

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
from eqlite.rules.formats.settings import NotARule, RuleFile
from eqlite.rules.formats.shapes import Strangers, add_rules
from eqlite.rules.model import LoadedRules, Skipped
from eqlite.source import Source


def load_json(file: RuleFile, result: LoadedRules) -> None:
    """Add the rules of a JSON or NDJSON text. A broken object is reported, and the others are read.

    Lines of a Kibana export that are no rules (its summary, exception lists, connectors) are passed over.

    Raises:
        NotARule: none of its objects is a rule.
    """
    before = result.found
    strangers = Strangers()
    for item in _read_items(file, result):
        strangers = add_rules(JsonTree(file, item), file, result, strangers)
    if result.found == before:
        raise NotARule("no JSON object with a rule's settings")
    if strangers.number:
        line = file.text.count("\n", 0, strangers.first) + 1
        reason = f"not a rule (line {line}" + (f", and {strangers.number - 1} more)" if strangers.number > 1 else ")")
        result.skipped.append(Skipped(file.path or file.stem, reason, file.path))


class JsonTree:
    """A value of a JSON text."""

    def __init__(self, file: RuleFile, placed: Placed) -> None:
        self._file = file
        self.value = placed.value
        self.span = placed.span

    def members(self) -> Iterator[tuple[str, JsonTree]]:
        """Yield the members of the object, found in the text again."""
        for placed in read_members(self._file.text, self.span.start):
            yield placed.name, JsonTree(self._file, placed)

    def elements(self) -> Iterator[JsonTree]:
        """Yield the elements of the array, found in the text again."""
        for placed in read_elements(self._file.text, self.span.start):
            yield JsonTree(self._file, placed)

    def source(self) -> Source:
        """Return the text with its place."""
        text = self._file.text
        return Source(str(self.value), self._file.path, text, map_string(text, self.span.start))


def _read_items(file: RuleFile, result: LoadedRules) -> Iterator[Placed]:
    """Yield the objects of the text: elements of an array, or one after another on any lines.

    After an object that is broken, reading goes on with the next one that starts a line as the first one does.
    """
    text = file.text
    offset = skip_blanks(text, 0)
    in_array = text.startswith("[", offset)
    if in_array:
        offset = skip_blanks(text, offset + 1)
    before = text[text.rfind("\n", 0, offset) + 1 : offset]
    next_start = f"\n{before if before.isspace() else ''}{{"
    broken = 0
    while offset < len(text):
        try:
            if in_array and text.startswith("]", offset):
                in_array, end = False, offset + 1
            else:
                value = read_value(text, offset)
                yield value
                end = _separator_end(text, value.span.end) if in_array else value.span.end
            offset = skip_blanks(text, end)
        except NotJson as error:
            found = text.find(next_start, offset)
            offset = found + 1 if found >= 0 else len(text)
            _report(file, result, error if error.offset < offset else NotJson("the object does not end", offset - 1))
            broken += 1
            if broken == MAX_DIAGNOSTICS:
                _report(file, result, NotJson(f"nor in {broken} places before; the rest is not read", offset))
                return
    if in_array and not broken:
        _report(file, result, NotJson("the array does not end", len(text)))


def _separator_end(text: str, offset: int) -> int:
    """Return the offset behind the comma after an array's element, or that of the closing bracket."""
    offset = skip_blanks(text, offset)
    if text.startswith(",", offset):
        return offset + 1
    if text.startswith("]", offset) or offset == len(text):
        return offset
    raise NotJson("expecting `,` or `]`", offset)


def _report(file: RuleFile, result: LoadedRules, error: NotJson) -> None:
    start = error.offset
    result.problems.append(file.problem("bad-rule-file", f"not JSON: {error.message}", start, start + 1))
