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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

from eqlite import plan
from eqlite.backends import backend_named
from eqlite.backends.base import Backend
from eqlite.diagnostics import Diagnostic
from eqlite.engine.faults import UNCOUNTED, Faults, Predicate
from eqlite.engine.match import Event, Match, match_maker
from eqlite.engine.search import Result, Search
from eqlite.engine.stats import SearchStats
from eqlite.engine.streams import Stream, StreamSettings
from eqlite.errors import EqlError, error_for
from eqlite.events.document import document_of, iterate_events
from eqlite.fields import NANOS_PER_MILLI
from eqlite.limits import MAX_AHEAD
from eqlite.options import CompileOptions
from eqlite.semantics.schema import Schema
from eqlite.semantics.settings import Settings
from eqlite.semantics.targets import DEFAULT_TARGET
from eqlite.serialization.codec import NotEncodable
from eqlite.serialization.queries import CompiledText, decode_queries, encode_queries
from eqlite.source import Source
from eqlite.values.durations import duration_ms

Kind = Literal["event", "sequence", "sample"]
Analysis = tuple[plan.Plan | None, Sequence[Diagnostic]]
"""What a text says, and what is wrong with it; no plan after an error."""

_MAX_REPR_LENGTH = 80


@dataclass(frozen=True, eq=False, repr=False)
class Query:
    """A compiled query. It is immutable, can be pickled, and can be used from several threads at once.

    Attributes:
        text: the query as it was given.
        plan: what it does, resolved against the schema.
        diagnostics: warnings found while compiling.
        backend: what runs it.
    """

    text: str
    plan: plan.Plan = field(repr=False)  # which may be as deep as the query
    diagnostics: tuple[Diagnostic, ...]
    backend: Backend
    name: str | None
    options: CompileOptions

    @classmethod
    def from_analysis(cls, text: str | Source, analysis: Analysis, options: CompileOptions) -> Query:
        """Return the query of a text that is analyzed already.

        Raises:
            EqlSyntaxError, EqlSemanticError, LimitError: with every problem found.
        """
        made, diagnostics = analysis
        error = error_for(diagnostics, strict=options.strict)
        if error is not None:
            raise error
        assert made is not None
        source_text = text.text if isinstance(text, Source) else text
        return cls(source_text, made, tuple(diagnostics), backend_named(options.backend), options.name, options)

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
        """Return the function behind `matches`: of an unwrapped document and the faults to count in."""
        if not isinstance(self.plan.query, plan.EventQuery):
            raise EqlError(f"`matches` asks about one event, and this is a {self.kind}: use `search`")
        return self.stage_predicate(0)

    def matches(self, event: Event) -> bool:
        """Return whether an event meets an event query. Pipes do not count.

        The event may be wrapped as in a search hit (`{"_source": …}`).

        Raises:
            EqlError: for a sequence or a sample.
            EventError: under `strict=True`, where an expression fails on the event.
        """
        if event.__class__ is not dict or "@timestamp" not in event or "_source" in event or "fields" in event:
            event = document_of(event)  # always a dict
        return self.predicate(event, UNCOUNTED[self.options.strict])

    def search(
        self,
        events: Iterable[Event],
        *,
        size: int | None = None,
        result_position: Literal["head", "tail"] = "tail",
        stats: SearchStats | None = None,
    ) -> list[Match]:
        """Return the matches in all the events, in Elasticsearch's order.

        Args:
            events: in any order.
            size: how many results at most; None for all. Elasticsearch's own default is 10.
            result_position: which end to keep when there are more than `size`; output is in ascending order anyway.
            stats: gets the counts of this search, even where it raises.
        """
        if size is not None and size < 0:
            raise ValueError("size must be greater than or equal to 0")
        search: Search[Event] = self.new_search()
        place = -1
        found: list[Result[Event]] = []
        try:
            for place, event in enumerate(iterate_events(events)):
                search.take(document_of(event), place, event)
            found = search.results(size=size, result_position=result_position)
        finally:
            if stats is not None:
                search.count(stats, events=place + 1, matches=len(found))
        to_match = match_maker(self.plan)
        return [to_match(result.events, result.key) for result in found]

    @cached_property
    def stage_predicates(self) -> tuple[Predicate, ...]:
        """Return the predicate of each stage, `until` last."""
        return tuple(map(self.stage_predicate, range(len(self.plan.stages))))

    def stage_predicate(self, stage: int) -> Predicate:
        """Return the predicate of a stage, made at the first call. A query with `with runs` shares one among stages."""
        condition = self.plan.stages[stage].condition
        predicate = self._predicates.get(id(condition))
        if predicate is None:
            name = self.name or "query"
            name = name if self.kind == "event" else f"{name}, stage {stage + 1}"
            predicate = self._predicates[id(condition)] = self.backend.predicate(condition, name=name)
        return predicate

    @cached_property
    def _predicates(self) -> dict[int, Predicate]:
        return {}

    def stream(
        self,
        *,
        allowed_lateness: str | timedelta = "0s",
        max_open: int = 1_000_000,
        max_ahead: str | timedelta | None = MAX_AHEAD,
    ) -> Stream:
        """Return a stream: push events one by one, get matches as soon as they are certain.

        Args:
            allowed_lateness: how far an event may be behind the newest one, such as `30s`; events are held for so long.
                With `0s` the events have to come in order of time and tiebreaker. What comes later is counted
                (`stats.late`) and left out. An event query without pipes asks for no order, and holds nothing.
            max_open: how many keys and undecided sequences are held, and how many events that wait for late ones.
                Beyond, what began longest ago is given up, counted (`stats.dropped`) and warned about once.
            max_ahead: how far an event may be ahead of the newest one before it; None for any distance. One that is
                further ahead is set aside and counted (`stats.ahead`), and does not make the others late. It is taken
                when events, or `advance`, reach its time, or by `flush`. After a gap in the input, all events seem to
                be ahead: they are taken once 1,000 more of them have come than others. Of more than 10,000 set aside,
                the latest are left out. The first events are set aside until two of them are no further apart.

        A sample, and pipes that ask for the last results, are answered by `flush`.
        """
        if max_open < 1:
            raise ValueError("max_open must be 1 or more")
        lateness_ns = duration_ms(allowed_lateness) * NANOS_PER_MILLI
        max_ahead_ns = None if max_ahead is None else duration_ms(max_ahead) * NANOS_PER_MILLI
        settings = replace(self._stream_settings, lateness_ns=lateness_ns, max_open=max_open, max_ahead_ns=max_ahead_ns)
        return Stream(self.plan, self.stage_predicates, settings)

    def resume(self, snapshot: bytes) -> Stream:
        """Return the stream of which `Stream.snapshot` was taken: the event to push next is number `stats.events`.

        Raises:
            SnapshotError: it is no snapshot, is damaged, or of another query, schema or version.
        """
        return Stream.resume(snapshot, self.plan, self.stage_predicates, self._stream_settings)

    @cached_property
    def _stream_settings(self) -> StreamSettings:
        from eqlite.language.parser import parse
        from eqlite.language.printer import print_query

        samples = self.options.max_samples_per_key
        described = repr((print_query(parse(self.text), ()), self.options.fingerprint(), samples))
        fingerprint = hashlib.sha256(described.encode("utf-8", "surrogatepass")).hexdigest()
        return StreamSettings(fingerprint, max_samples_per_key=samples, strict=self.options.strict)

    @cached_property
    def fingerprint(self) -> str:
        """Return a digest of the text and of the options that decide what it finds."""
        described = repr((self.text, self.options.fingerprint(), self.options.max_samples_per_key))
        return hashlib.sha256(described.encode("utf-8", "surrogatepass")).hexdigest()

    def new_faults(self) -> Faults:
        """Return a count of faults for one search, stream or run."""
        return Faults(strict=self.options.strict)

    def new_search(self, faults: Faults | None = None) -> Search[Any]:
        """Return the state of a search of its own, for a caller that feeds documents one by one.

        Its faults are counted in `faults` if given.
        """
        return Search(
            self.plan,
            lambda: self.stage_predicates,
            self.options.max_samples_per_key,
            faults if faults is not None else self.new_faults(),
            self.backend.match_sequences,
        )

    def __repr__(self) -> str:
        """Return the query's text, cut to one line, and its kind."""
        text = " ".join(self.text.split())
        text = text if len(text) <= _MAX_REPR_LENGTH else f"{text[: _MAX_REPR_LENGTH - 1]}…"
        name = f", name={self.name!r}" if self.name else ""
        return f"Query({text!r}, kind={self.kind!r}{name})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the plan, so that loading needs no parser. The functions are made when they are first used."""
        try:
            return (_load_query, (dump_queries([self]),))
        except NotEncodable:
            return (compile_source, (self.text, self.options))


def dump_queries(queries: Iterable[Query]) -> bytes:
    """Return queries as bytes for `load_queries`: plain data, compressed, in which equal parts stand once.

    Raises:
        NotEncodable: a plan or schema holds a value that has no form, such as a null value that is an object.

    >>> queries = [compile(f'process where process.name == "{name}"') for name in ("a", "b")]
    >>> [
    ...     query.matches({"event.category": "process", "process.name": "b"})
    ...     for query in load_queries(dump_queries(queries))
    ... ]
    [False, True]
    """
    return encode_queries(CompiledText(query.text, query.plan, query.diagnostics, query.options) for query in queries)


def load_queries(data: bytes) -> list[Query]:
    """Return the queries that `dump_queries` took, without parsing a text. Their functions are made on first use.

    Raises:
        EqlError: the bytes are no saved queries, are damaged, or come from another version of eqlite.
    """
    found = decode_queries(data)
    return [Query.from_analysis(each.text, (each.plan, each.diagnostics), each.options) for each in found]


def _load_query(data: bytes) -> Query:
    (query,) = load_queries(data)
    return query


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
    options = CompileOptions(
        schema=Schema.of(schema),
        event_category_field=event_category_field,
        timestamp_field=timestamp_field,
        tiebreaker_field=tiebreaker_field,
        target=target,
        max_samples_per_key=max_samples_per_key,
        strict=strict,
        backend=backend,
        name=name,
    )
    return compile_source(text, options)


def compile_source(text: str | Source, options: CompileOptions) -> Query:
    """Compile a query with the given options. Errors are raised as by `compile`."""
    return Query.from_analysis(text, analyze_source(text, options.schema, options.settings), options)


def analyze_source(text: str | Source, schema: Schema | None, settings: Settings) -> Analysis:
    """Return the plan of a query and all diagnostics. The plan is None after an error."""
    from eqlite.semantics.analyzer import analyze_text

    return analyze_text(text, schema, settings)


def search(
    text: str,
    events: Iterable[Event],
    *,
    size: int | None = None,
    result_position: Literal["head", "tail"] = "tail",
    stats: SearchStats | None = None,
    **options: Any,
) -> list[Match]:
    """Compile a query and run it over events: see `compile` and `Query.search`."""
    return compile(text, **options).search(events, size=size, result_position=result_position, stats=stats)


def analyze(
    text: str | Source, schema: Schema | str | os.PathLike[str] | None = None, **settings: Any
) -> list[Diagnostic]:
    """Return all diagnostics of a query, syntax included. The list is empty for a good query."""
    return [*analyze_source(text, Schema.of(schema), Settings(**settings))[1]]


def format(text: str) -> str:
    """Return a query in its canonical form, with its comments.

    >>> print(format('process where process.name=="a" // why'), end="")
    process where process.name == "a" // why
    """
    from eqlite.language.parser import parse_with_comments
    from eqlite.language.printer import print_query

    return print_query(*parse_with_comments(text), text=text)


__all__ = ["Match", "Query", "analyze", "compile", "format", "search"]
