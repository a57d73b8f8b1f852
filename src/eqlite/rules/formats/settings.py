"""From a rule's settings, as a TOML table, a JSON object or a rule page gives them, to a `Rule`.

Shared by all loaders. A wrong value becomes a diagnostic that points at it in the file: an error where the setting has
a part in what the rule finds, otherwise a warning, and the value is read as it is meant if that is certain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from eqlite.diagnostics import Diagnostic
from eqlite.rules.model import LoadedRules, Rule, Skipped, Subtechnique, Tactic, Technique, Threat
from eqlite.source import Source, Span

SEVERITIES = ("low", "medium", "high", "critical")

_MAX_DIGITS = 10

_OTHER_TYPES = {
    "query": "a custom query rule (KQL or Lucene)",
    "saved_query": "a saved query rule (KQL or Lucene)",
    "threshold": "a threshold rule",
    "threat_match": "an indicator match rule",
    "new_terms": "a new terms rule",
    "machine_learning": "a machine learning rule",
    "esql": "an ES|QL rule",
}
_FINDS_MORE = "finds more than Kibana"
_NOT_APPLIED = {
    "filters": ("the rule also finds what its filters leave out in Kibana", _FINDS_MORE),
    "filter": ("the query also finds what the filter leaves out in Elasticsearch", "finds more than Elasticsearch"),
    "exceptions_list": ("the rule also finds what its exceptions leave out in Kibana", _FINDS_MORE),
    "size": ("all results count, not the first so many", "finds all there is"),
    "runtime_mappings": ("fields that are only defined there are missing", "fields may be missing"),
}
_OTHER_NAMES = {"event_category_field": "event_category_override"}
"""Names that Elasticsearch's search has for settings of rules."""
_DECIDING = frozenset(
    {"query", "event_category_override", "timestamp_field", "tiebreaker_field", "max_samples_per_key"}
)
"""Settings without which a rule would find something else."""
_OTHER_LANGUAGES = {"kuery": "KQL", "lucene": "Lucene", "esql": "ES|QL"}


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The text of a file that may hold rules.

    Attributes:
        text: all of it.
        path: the path as the user gave it, inside an archive too; None for text given directly.
    """

    text: str
    path: str | None = None

    @property
    def stem(self) -> str:
        """Return a name for a rule that has none: the file's, without its suffixes."""
        return self.base_name.split(".")[0] if self.path else "query"

    @property
    def base_name(self) -> str:
        """Return the file's name without the folders."""
        return re.split(r"[/\\]", self.path)[-1] if self.path else ""

    def problem(
        self, id: str, message: str, start: int = 0, end: int = 0, *, label: str = "", help: str = ""
    ) -> Diagnostic:
        """Return a diagnostic for a stretch of the text."""
        return Diagnostic(id, message, Source(self.text, self.path), Span(start, end), label, help or None)


class NotARule(Exception):
    """A text that holds no rule at all. The message names the missing part."""


def reason_to_skip(settings: Mapping[str, object]) -> str | None:
    """Return the reason for which a rule is not EQL, None if it is. EQL is the default.

    >>> reason_to_skip({"type": "threshold", "language": "kuery"})
    'a threshold rule, not EQL'
    """
    kind, language = settings.get("type"), settings.get("language")
    if isinstance(kind, str) and kind != "eql":
        return f"{_OTHER_TYPES.get(kind, f'a rule of type `{kind}`')}, not EQL"
    if isinstance(language, str) and language != "eql":
        return f"a rule in {_OTHER_LANGUAGES.get(language, f'the language `{language}`')}, not EQL"
    return None


def add_rule(
    result: LoadedRules,
    file: RuleFile,
    values: dict[str, object],
    *,
    locate: Callable[[tuple[str, ...]], Span | None],
    source_for: Callable[[str], Source],
) -> None:
    """Add the rule that `values` describe: to the rules, to those left out, or its problems.

    Args:
        result: gets it.
        file: the text that the values stand in.
        values: the settings by the names of Kibana's API.
        locate: returns where in the text the value of a setting stands; asked only for what is wrong.
        source_for: returns the query with its place in the text.
    """
    reason = reason_to_skip(values)
    if reason is not None:
        name = values.get("name")
        result.skipped.append(Skipped(name if isinstance(name, str) else file.stem, reason, file.path))
        return
    values = {_OTHER_NAMES.get(name, name): value for name, value in values.items()}
    settings = _Settings(values, file, locate)
    query = settings.query()
    rule = _build(settings, query, source_for(query), file)
    result.problems.extend(settings.problems)
    if not any(problem.is_error for problem in settings.problems):
        result.rules.append(rule)
        result.problems.extend(settings.not_applied())


def build_rule(file: RuleFile, values: dict[str, object], source: Source) -> Rule:
    """Return the rule of settings in which nothing is wrong."""
    return _build(_Settings(values, file, lambda _: None), source.text, source, file)


def _build(settings: _Settings, query: str, source: Source, file: RuleFile) -> Rule:
    return Rule(
        name=settings.text("name") or file.stem,
        query=query,
        source=source,
        rule_id=settings.text("rule_id") or settings.text("id"),
        description=settings.text("description") or "",
        severity=settings.severity(),
        risk_score=settings.number("risk_score", 0, 100),
        index=settings.texts("index"),
        interval=settings.text("interval") or "5m",
        from_=settings.text("from") or "now-6m",
        to=settings.text("to") or "now",
        max_signals=settings.number("max_signals", 1) or 100,
        threat=settings.threat(),
        tags=settings.texts("tags"),
        references=settings.texts("references"),
        false_positives=settings.texts("false_positives"),
        version=settings.number("version", 1),
        author=settings.texts("author"),
        license=settings.text("license"),
        note=settings.text("note"),
        setup=settings.text("setup"),
        enabled=settings.flag("enabled"),
        event_category_override=settings.text("event_category_override"),
        timestamp_field=settings.text("timestamp_field"),
        tiebreaker_field=settings.text("tiebreaker_field"),
        max_samples_per_key=settings.number("max_samples_per_key", 1),
        timestamp_override=settings.text("timestamp_override"),
        timestamp_override_fallback_disabled=settings.flag("timestamp_override_fallback_disabled") or False,
        building_block_type=settings.text("building_block_type"),
        settings=settings.values,
    )


class _Settings:
    """A reader of settings, with the problems of those that cannot be. Null and an empty text count as absent."""

    def __init__(
        self,
        values: dict[str, object],
        file: RuleFile,
        locate: Callable[[tuple[str, ...]], Span | None],
    ) -> None:
        self.values = values
        self.problems: list[Diagnostic] = []
        self._file = file
        self._locate = locate

    def query(self) -> str:
        value = self.values.get("query")
        if isinstance(value, str) and value.strip():
            return value
        if value is None or value == "":
            self._refuse("query", "the rule has no `query`", "no query here", "add the EQL text as `query`")
        else:
            self._refuse("query", "`query` holds no EQL text", "not a query", "write the EQL text")
        return ""

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return value
        self._refuse(name, f"`{name}` is not text", f"{_kind(value)}, not text", "put it in quotes")
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name)
        if value is None or value == "":
            return ()
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self._refuse(name, f"`{name}` is not a list of texts", "not a list of texts", 'write `["…", "…"]`')
        return (value,) if isinstance(value, str) else ()

    def number(self, name: str, lowest: int, highest: int | None = None) -> int | None:
        value = self.values.get(name)
        if value is None or value == "":
            return None
        number = _whole_number(value)
        is_allowed = number is not None and lowest <= number and (highest is None or number <= highest)
        if isinstance(value, (int, float)) and is_allowed:
            return number
        limits = f"from {lowest} to {highest}" if highest is not None else f"of {lowest} or more"
        shown = f"`{value}`" if isinstance(value, (int, float, str)) else _kind(value)
        self._refuse(
            name, f"`{name}` cannot be {shown}", f"not a whole number {limits}", f"write a whole number {limits}"
        )
        return number if is_allowed else None

    def flag(self, name: str) -> bool | None:
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return value
        self._refuse(name, f"`{name}` is neither true nor false", f"{_kind(value)} here", "write `true` or `false`")
        return None

    def severity(self) -> str | None:
        value = self.text("severity")
        if value is None or value in SEVERITIES:
            return value
        known = "`low`, `medium`, `high` or `critical`"
        self._refuse("severity", f"`severity` cannot be `{value}`", "not a severity", f"write {known}")
        return value.lower() if value.lower() in SEVERITIES else None

    def threat(self) -> tuple[Threat, ...]:
        value = self.values.get("threat")
        if value is None:
            return ()
        try:
            return tuple(map(_threat, _mappings(value)))
        except (KeyError, TypeError):
            shape = "framework, tactic and, if any, techniques with `id`, `name` and `reference`"
            self._refuse("threat", "`threat` has a form that no rule has", "not a list of threats", f"give {shape}")
            return ()

    def not_applied(self) -> list[Diagnostic]:
        """Return a warning for each setting that narrows what the rule finds in Kibana, and does not here."""
        return [
            self._problem("setting-not-applied", name, f"`{name}` is not applied: {what}", label)
            for name, (what, label) in _NOT_APPLIED.items()
            if self.values.get(name)
        ]

    def _refuse(self, name: str, message: str, label: str, help: str) -> None:
        id = "bad-rule-field" if name in _DECIDING else "odd-rule-field"
        if not any(problem.message == message for problem in self.problems):
            self.problems.append(self._problem(id, name, message, label, help))

    def _problem(self, id: str, name: str, message: str, label: str, help: str = "") -> Diagnostic:
        span = self._locate((name,)) or self._locate(()) or Span(0, 0)
        return self._file.problem(id, message, span.start, span.end, label=label, help=help)


def _threat(entry: Mapping[str, object]) -> Threat:
    techniques = [
        Technique(*_naming(technique), tuple(Subtechnique(*_naming(part)) for part in _parts(technique)))
        for technique in _mappings(entry.get("technique"))
    ]
    return Threat(_text(entry["framework"]), Tactic(*_naming(_mapping(entry["tactic"]))), tuple(techniques))


def _parts(technique: Mapping[str, object]) -> list[Mapping[str, object]]:
    return _mappings(technique.get("subtechnique"))


def _whole_number(value: object) -> int | None:
    """Return a whole number, also one that is written as text."""
    if isinstance(value, str) and len(value) < _MAX_DIGITS and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value % 1 == 0:
        return int(value)
    return None


def _naming(entry: Mapping[str, object]) -> tuple[str, str, str]:
    return _text(entry["id"]), _text(entry.get("name") or ""), _text(entry.get("reference") or "")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError


def _mapping(value: object) -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    raise TypeError


def _mappings(value: object) -> list[Mapping[str, object]]:
    if value is None:
        return []
    if isinstance(value, list):
        return [_mapping(item) for item in value]
    raise TypeError


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    return {"str": "text", "list": "a list", "dict": "a table"}.get(type(value).__name__, "a date or time")
