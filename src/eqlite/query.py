"""Compiling and running a query: where the phases are wired together.

>>> import eqlite
>>> query = eqlite.compile('process where process.name : "cmd.exe"')
>>> query.matches({"event": {"category": ["process"]}, "process": {"name": "CMD.EXE"}})
True

The parser and the analyser are imported where a text is read: a cached plan needs neither.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

from eqlite import plan
from eqlite.backends import backend_named
from eqlite.backends.base import Backend, Faults, Predicate
from eqlite.diagnostics import Diagnostic
from eqlite.engine.match import Event, Match, match_maker
from eqlite.engine.search import Search
from eqlite.engine.streams import Stream, StreamSettings
from eqlite.errors import EqlError, EqlSemanticError, EqlSyntaxError, semantic_error
from eqlite.events.document import document_of, iterate_events
from eqlite.fields import NANOS_PER_MILLI
from eqlite.semantics.schema import Schema
from eqlite.semantics.settings import SETTING_NAMES, Settings
from eqlite.semantics.targets import DEFAULT_TARGET
from eqlite.source import Source
from eqlite.values.durations import duration_ms

Kind = Literal["event", "sequence", "sample"]
Analysis = tuple[plan.Plan | None, Sequence[Diagnostic]]
"""What a text says, and what is wrong with it; no plan after an error."""

_SYNTAX_IDS = frozenset(
    {
        "syntax-error",
        "unexpected-character",
        "unterminated-string",
        "unterminated-comment",
        "bad-escape",
        "single-quotes",
        "old-raw-string",
        "array-index",
        "process-relationship",
        "bad-duration",
        "bad-runs",
        "unknown-option",
        "by-after-with",
    }
)


_MAX_REPR_LENGTH = 80


@dataclass(frozen=True, eq=False, repr=False)
class Query:
    """A compiled query. It is immutable, can be pickled, and can be used from several threads at once.

    Attributes:
        text: the query as it was given.
        plan: what it does, resolved against the schema.
        diagnostics: warnings found while compiling.
        backend: what runs it.
        faults: the operations on which Elasticsearch would have failed the search, counted while matching.
    """

    text: str
    plan: plan.Plan = field(repr=False)  # which may be as deep as the query
    diagnostics: tuple[Diagnostic, ...]
    backend: Backend
    faults: Faults
    name: str | None
    options: Mapping[str, Any]

    @property
    def kind(self) -> Kind:
        """Return `event`, `sequence` or `sample`."""
        match self.plan.query:
            case plan.EventQuery():
                return "event"
            case plan.SequenceQuery():
                return "sequence"
            case plan.SampleQuery():
                return "sample"

    @cached_property
    def fields(self) -> frozenset[str]:
        """Return the names of the fields that the query reads, with join keys, without the timestamp."""
        keys = {key.name for stage in self.plan.stages for key in stage.keys if key is not None}
        return frozenset(keys.union(*self.stage_fields))

    @cached_property
    def stage_fields(self) -> tuple[frozenset[str], ...]:
        """Return the names of the fields that each stage tests, `until` last."""
        conditions = [stage.condition for stage in self.plan.stages]
        return tuple(frozenset(field.name for field in plan.condition_fields(each)) for each in conditions)

    @cached_property
    def key_names(self) -> tuple[str, ...]:
        """Return the names of the join keys. Those that differ between stages are joined by `=`."""
        columns = zip(*(stage.keys for stage in self.plan.stages), strict=True)
        return tuple("=".join(dict.fromkeys(key.name if key else "null" for key in column)) for column in columns)

    @cached_property
    def predicate(self) -> Predicate:
        """Return the function behind `matches`, which takes an unwrapped document."""
        if not isinstance(self.plan.query, plan.EventQuery):
            raise EqlError(f"`matches` asks about one event, and this is a {self.kind}: use `search`")
        return self.backend.predicate(self.plan.query.condition, name=self.name or "query", faults=self.faults)

    @cached_property
    def line_predicate(self) -> Callable[[bytes], bool] | None:
        """Return an event query's condition as a function of an undecoded line of JSON, or None.

        Where the function raises one of `backends.python.typed.DecodingRefused`, decode the line and ask `matches`.
        """
        make = getattr(self.backend, "line_predicate", None)
        if make is None or not isinstance(self.plan.query, plan.EventQuery):
            return None
        made: Callable[[bytes], bool] | None = make(self.plan.query.condition, name=self.name or "query")
        return made

    def matches(self, event: Event) -> bool:
        """Return whether an event meets an event query. Pipes do not count.

        The event may be wrapped as in a search hit (`{"_source": …}`).

        Raises:
            EqlError: for a sequence or a sample.
            EventError: under `strict=True`, where an expression fails on the event.
        """
        if event.__class__ is not dict or "@timestamp" not in event or "_source" in event or "fields" in event:
            event = document_of(event)  # always a dict
        return self.predicate(event)

    def search(
        self, events: Iterable[Event], *, size: int | None = None, result_position: Literal["head", "tail"] = "tail"
    ) -> list[Match]:
        """Return the matches in all the events, in Elasticsearch's order.

        Args:
            events: in any order.
            size: how many results at most; None for all. Elasticsearch's own default is 10.
            result_position: which end to keep when there are more than `size`; output is in ascending order anyway.
        """
        if size is not None and size < 0:
            raise ValueError("size must be greater than or equal to 0")
        search: Search[Event] = self.new_search()
        for place, event in enumerate(iterate_events(events)):
            search.take(document_of(event), place, event)
        to_match = match_maker(self.plan)
        found = search.results(size=size, result_position=result_position)
        return [to_match(result.events, result.key) for result in found]

    @cached_property
    def stage_predicates(self) -> tuple[Predicate, ...]:
        """Return a predicate for each stage, with `until` last."""
        if self.kind == "event":
            return (self.predicate,)
        name = self.name or "query"
        made: dict[int, Predicate] = {}  # by identity of the condition: `with runs` gives many stages one
        for number, stage in enumerate(self.plan.stages, 1):
            if id(stage.condition) not in made:
                made[id(stage.condition)] = self.backend.predicate(
                    stage.condition, name=f"{name}, stage {number}", faults=self.faults
                )
        return tuple(made[id(stage.condition)] for stage in self.plan.stages)

    def stream(self, *, allowed_lateness: str | timedelta = "0s", max_open: int = 1_000_000) -> Stream:
        """Return a stream: push events one by one, get matches as soon as they are certain.

        Args:
            allowed_lateness: how far an event may be behind the newest one, such as `30s`; events are held for so long.
                With `0s` the events have to come in order of time and tiebreaker. What comes later is counted
                (`stats.late`) and left out. An event query without pipes asks for no order, and holds nothing.
            max_open: how many keys and undecided sequences are held, and how many events that wait for late ones.
                Beyond, what began longest ago is given up, counted (`stats.dropped`) and warned about once.

        A sample, and pipes that ask for the last results, are answered by `flush`.
        """
        if max_open < 1:
            raise ValueError("max_open must be 1 or more")
        lateness_ns = duration_ms(allowed_lateness) * NANOS_PER_MILLI
        settings = replace(self._stream_settings, lateness_ns=lateness_ns, max_open=max_open)
        return Stream(self.plan, self.stage_predicates, settings, self.faults.record)

    def resume(self, snapshot: bytes) -> Stream:
        """Return the stream of which `Stream.snapshot` was taken: the event to push next is number `stats.events`.

        Raises:
            SnapshotError: it is no snapshot, is damaged, or of another query, schema or version.
        """
        return Stream.resume(snapshot, self.plan, self.stage_predicates, self._stream_settings, self.faults.record)

    @cached_property
    def _stream_settings(self) -> StreamSettings:
        from eqlite.language.parser import parse
        from eqlite.language.printer import print_query

        schema = self.options["schema"]
        fields = None if schema is None else sorted(schema.fields.items())
        names = (*SETTING_NAMES, "max_samples_per_key")
        identity = repr((print_query(parse(self.text), ()), fields, [self.options[name] for name in names]))
        fingerprint = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
        return StreamSettings(
            fingerprint, max_samples_per_key=self.options["max_samples_per_key"], strict=self.options["strict"]
        )

    def new_search(self) -> Search[Any]:
        """Return the state of a search of its own, for a caller that feeds documents one by one."""
        return Search(
            self.plan,
            lambda: self.stage_predicates,
            self.options["max_samples_per_key"],
            self.faults.record,
            self.backend.match_sequences,
            self.options["strict"],
        )

    def __repr__(self) -> str:
        """Return the query's text, cut to one line, and its kind."""
        text = " ".join(self.text.split())
        text = text if len(text) <= _MAX_REPR_LENGTH else f"{text[: _MAX_REPR_LENGTH - 1]}…"
        name = f", name={self.name!r}" if self.name else ""
        return f"Query({text!r}, kind={self.kind!r}{name})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as text and options: the functions are made again."""
        return (_recompile, (self.text, dict(self.options)))


def _recompile(text: str, options: dict[str, Any]) -> Query:
    return compile(text, **options)


def compile(
    text: str | Source,
    *,
    schema: Schema | str | os.PathLike[str] | None = None,
    event_category_field: str = "event.category",
    timestamp_field: str = "@timestamp",
    tiebreaker_field: str | None = None,
    target: str = DEFAULT_TARGET,
    max_samples_per_key: int = 1,
    strict: bool = False,
    backend: str = "python",
    name: str | None = None,
) -> Query:
    """Compile a query.

    Args:
        text: the EQL text.
        schema: fields and their types, also as a name or file for `Schema.load`; None lets every field be there, with
            the type of what it is compared with.
        event_category_field: where events hold what stands before `where`.
        timestamp_field: where events hold their time.
        tiebreaker_field: what orders events of the same time.
        target: the version of Elasticsearch whose answers count, from `8.19` to `9.6`.
        max_samples_per_key: how many samples a sample query gives for one key.
        strict: raise where Elasticsearch would fail: constants that a field's type refuses, division by zero.
        backend: `python` or `reference`.
        name: shown in tracebacks.

    Raises:
        EqlSyntaxError, EqlSemanticError, LimitError: with every problem found.
        EqlError: there is no such backend or target.
    """
    schema = Schema.of(schema)
    options = {
        "schema": schema,
        "event_category_field": event_category_field,
        "timestamp_field": timestamp_field,
        "tiebreaker_field": tiebreaker_field,
        "target": target,
        "max_samples_per_key": max_samples_per_key,
        "strict": strict,
        "backend": backend,
        "name": name,
    }
    settings = Settings(event_category_field, timestamp_field, tiebreaker_field, target)
    return query_of(text, read_plan(text, schema, settings), options)


def read_plan(text: str | Source, schema: Schema | None, settings: Settings) -> Analysis:
    """Return the plan of a query and its diagnostics. The plan is None after an error."""
    from eqlite.semantics.analyzer import analyze_text

    return analyze_text(text, schema, settings)


def query_of(text: str | Source, analysis: Analysis, options: Mapping[str, Any]) -> Query:
    """Return a Query for an analysed text, or raise its errors. `options` are all those of `compile`.

    Raises:
        EqlSyntaxError, EqlSemanticError, LimitError: with every problem found.
    """
    made, diagnostics = analysis
    raise_errors(diagnostics, strict=options["strict"])
    assert made is not None
    faults = Faults(strict=options["strict"])
    source_text = text.text if isinstance(text, Source) else text
    backend = backend_named(options["backend"])
    return Query(source_text, made, tuple(diagnostics), backend, faults, options["name"], options)


def raise_errors(diagnostics: Sequence[Diagnostic], *, strict: bool) -> None:
    """Raise the errors of a query, and with `strict` also faults for which Elasticsearch fails the search."""
    errors = [found for found in diagnostics if found.is_error]
    if errors and all(found.id in _SYNTAX_IDS for found in errors):
        raise EqlSyntaxError(diagnostics=errors)
    if errors:
        raise semantic_error(errors)
    refused = [found for found in diagnostics if found.id in ("literal-out-of-type", "constant-fault")]
    if strict and refused:
        raise EqlSemanticError(diagnostics=refused)


def search(
    text: str,
    events: Iterable[Event],
    *,
    size: int | None = None,
    result_position: Literal["head", "tail"] = "tail",
    **options: Any,
) -> list[Match]:
    """Compile a query and run it over events, as `compile` and `Query.search` do."""
    return compile(text, **options).search(events, size=size, result_position=result_position)


def analyze(
    text: str | Source, schema: Schema | str | os.PathLike[str] | None = None, **settings: Any
) -> list[Diagnostic]:
    """Return the diagnostics of a query, syntax errors included, or none for a good one."""
    return [*read_plan(text, Schema.of(schema), Settings(**settings))[1]]


def format(text: str) -> str:
    """Return a query in its canonical form, with its comments.

    >>> print(format('process where process.name=="a" // why'), end="")
    process where process.name == "a" // why
    """
    from eqlite.language.parser import parse_with_comments
    from eqlite.language.printer import print_query

    return print_query(*parse_with_comments(text), text=text)


__all__ = ["Match", "Query", "analyze", "compile", "format", "search"]
