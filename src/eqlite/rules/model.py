"""A detection rule as its file gives it, whatever format that file has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eqlite.diagnostics import Diagnostic
from eqlite.options import CompileOptions
from eqlite.query import Query, compile_source
from eqlite.source import Source


@dataclass(frozen=True, slots=True)
class Subtechnique:
    """A part of a technique, such as `T1059.004`, Unix Shell.

    Attributes:
        id, name, reference: the id, the name and the address of its description.
    """

    id: str
    name: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Technique:
    """A way to a tactic's goal, such as `T1059`, Command and Scripting Interpreter.

    Attributes:
        id, name, reference: the id, the name and the address of its description.
        subtechniques: its parts that the rule names.
    """

    id: str
    name: str = ""
    reference: str = ""
    subtechniques: tuple[Subtechnique, ...] = ()


@dataclass(frozen=True, slots=True)
class Tactic:
    """A goal of attackers, such as `TA0002`, Execution.

    Attributes:
        id, name, reference: the id, the name and the address of its description.
    """

    id: str
    name: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Threat:
    """A tactic with its techniques, in the terms of a framework.

    Attributes:
        framework: the name of the framework, such as `MITRE ATT&CK`.
        tactic: the tactic.
        techniques: its techniques that the rule names.
    """

    framework: str
    tactic: Tactic
    techniques: tuple[Technique, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: an EQL query with its settings, as `load_rule` and `load_rules` return it.

    Settings that the source leaves out have Kibana's defaults (`interval`, `from_`, `to`, `max_signals`), are empty, or
    are None.

    Attributes:
        name: the title; the file's stem where the source has none.
        query: the EQL text, exactly as it stands in the source.
        source: the query with its position in the file, for messages.
        rule_id: the id that stays the same over all versions; None where the source has none.
        type, language: both `eql`.
        description: the purpose, in words.
        severity: `low`, `medium`, `high` or `critical`.
        risk_score: 0 to 100.
        index: index patterns, in order.
        interval: the time between two runs, such as `5m`.
        from_, to: the range that each run searches, in date math (`now-9m`).
        max_signals: the most alerts of a run.
        threat: tactics and techniques, as the source nests them.
        tags, references, false_positives, author: lists of texts.
        version: the number of the version.
        license: the name of the license.
        note, setup: guides for the analyst, in Markdown.
        enabled: whether Kibana runs the rule.
        event_category_override, timestamp_field, tiebreaker_field: the names of the fields that `compile` uses.
        max_samples_per_key: the most samples of a search for each key.
        timestamp_override: the field by which Kibana chooses the documents of a run.
        timestamp_override_fallback_disabled: whether Kibana leaves out documents without that field.
        building_block_type: `default` if alerts only feed other rules.
        settings: all settings of the source, by its own names, also those without an attribute here.

    >>> import eqlite
    >>> rule = eqlite.load_rule("examples/rules/password_guessed.toml")
    >>> rule.name, rule.risk_score, rule.tactics, rule.techniques
    ('Password Guessed', 47, ('TA0006',), ('T1110',))
    >>> rule.compile().kind
    'sequence'

    Internal: `compile_options`.
    """

    name: str
    query: str
    source: Source = field(repr=False)
    rule_id: str | None = None
    language: str = "eql"
    type: str = "eql"
    description: str = ""
    severity: str | None = None
    risk_score: int | None = None
    index: tuple[str, ...] = ()
    interval: str = "5m"
    from_: str = "now-6m"
    to: str = "now"
    max_signals: int = 100
    threat: tuple[Threat, ...] = ()
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    false_positives: tuple[str, ...] = ()
    version: int | None = None
    author: tuple[str, ...] = ()
    license: str | None = None
    note: str | None = field(default=None, repr=False)
    setup: str | None = field(default=None, repr=False)
    enabled: bool | None = None
    event_category_override: str | None = None
    timestamp_field: str | None = None
    tiebreaker_field: str | None = None
    max_samples_per_key: int | None = None
    timestamp_override: str | None = None
    timestamp_override_fallback_disabled: bool = False
    building_block_type: str | None = None
    settings: dict[str, object] = field(default_factory=dict, repr=False, compare=False)

    def compile(self, **options: Any) -> Query:
        """Compile the rule's query with the rule's own settings.

        Args:
            options: those of `eqlite.compile`. They override the rule's settings.

        Raises:
            EqlSyntaxError, EqlSemanticError, LimitError: the query is wrong. Positions are those in the rule's file.
        """
        return compile_source(self.source, self.compile_options(**options))

    def compile_options(self, **options: Any) -> CompileOptions:
        """Return the rule's own settings as options of `eqlite.compile`, with `options` that go before them.

        Raises:
            TypeError: there is no such option.
            EqlError: there is no such target or schema.
        """
        own = {
            "event_category_field": self.event_category_override,
            "timestamp_field": self.timestamp_field,
            "tiebreaker_field": self.tiebreaker_field,
            "max_samples_per_key": self.max_samples_per_key,
            "name": self.rule_id or self.name,
        }
        given = {name: value for name, value in own.items() if value is not None}
        return CompileOptions.of(**(given | options))

    @property
    def tactics(self) -> tuple[str, ...]:
        """Return the ids of the tactics, each once, in order: `("TA0002", "TA0011")`."""
        return tuple(dict.fromkeys(threat.tactic.id for threat in self.threat))

    @property
    def techniques(self) -> tuple[str, ...]:
        """Return the ids of techniques and sub-techniques, each once: `("T1059", "T1059.004")`."""
        return tuple(dict.fromkeys(self._technique_ids()))

    def _technique_ids(self) -> Iterator[str]:
        for threat in self.threat:
            for technique in threat.techniques:
                yield technique.id
                yield from (subtechnique.id for subtechnique in technique.subtechniques)


class Skipped(NamedTuple):
    """A rule, or a file, that is left out on purpose.

    Attributes:
        rule: the rule's name; the file where it has none.
        reason: the reason, such as "a threshold rule, not EQL".
        file: the file that holds it; None for text.
    """

    rule: str
    reason: str
    file: str | None


@dataclass(slots=True)
class LoadedRules:
    """The rules of a set of files, with the problems.

    Attributes:
        rules: the usable rules.
        skipped: rules that are left out on purpose, with the reason.
        problems: the diagnostics of the rest.
        passed_over: files of folders and archives that were not read, with the reason.
    """

    rules: list[Rule] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    passed_over: list[Skipped] = field(default_factory=list)

    @property
    def found(self) -> int:
        """Return the number of rules, good, left out or broken, without files that were not read."""
        return len(self.rules) + len(self.skipped) + len(self.problems)

    def add(self, more: LoadedRules) -> None:
        """Add the rules of other files."""
        self.rules += more.rules
        self.skipped += more.skipped
        self.problems += more.problems
        self.passed_over += more.passed_over
