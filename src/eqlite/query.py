"""Compiling and running one query: connects the phases.

The parser and the analyzer are imported where a text is read: a cached plan needs neither.
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
"""The plan of a text and its diagnostics. The plan is None after an error."""

_MAX_REPR_LENGTH = 80


@dataclass(frozen=True, eq=False, repr=False)
class Query:
    """A compiled query. It is immutable, can be pickled, and can be used from several threads at once.

    A pickled query carries its plan, so that loading parses nothing. The same version of eqlite has to load it.

    Attributes:
        text: the query as it was given.
        name: the name shown in tracebacks, or None.
        diagnostics: warnings found while compiling.

    >>> import eqlite, pickle
    >>> query = eqlite.compile('process where process.name : "cmd.exe"')
    >>> query.kind, sorted(query.fields)
    ('event', ['event.category', 'process.name'])
    >>> pickle.loads(pickle.dumps(query)).matches({"event.category": "process", "process": {"name": "CMD.EXE"}})
    True

    Internal: `plan`, `backend`, `options`, `fingerprint`, `from_analysis`, `key_names`, `predicate`, `stage_fields`,
    `stage_predicate`, `stage_predicates`, `new_faults`, `new_search`.
    """

    text: str
    plan: plan.Plan = field(repr=False)  # which may be as deep as the query
    diagnostics: tuple[Diagnostic, ...]
    backend: Backend
    name: str | None
    options: CompileOptions

    @classmethod
    def from_analysis(cls, text: str | Source, analysis: Analysis, options: CompileOptions) -> Query:
        """Return the query for an analysis of its text.

        Raises:
            EqlSyntaxError, EqlSemanticError, LimitError: with every problem found.
        """
        analyzed, diagnostics = analysis
        error = error_for(diagnostics, strict=options.strict)
        if error is not None:
            raise error
        assert analyzed is not None
        source_text = text.text if isinstance(text, Source) else text
        return cls(source_text, analyzed, tuple(diagnostics), backend_named(options.backend), options.name, options)

    @property
    def kind(self) -> Kind:
        """Return the kind of the query."""
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
        return tuple(frozenset(field.name for field in plan.condition_fields(condition)) for condition in conditions)

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

        The event may be wrapped as in a search hit (`{"_source": …}`). Field names may be nested or dotted.

        Raises:
            EqlError: the query is a sequence or a sample.
            EventError: the event is no mapping; or, under `strict=True`, an expression fails on it.
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
            events: documents in any order, such as dicts or the result of `read_events`.
            size: the most results; None for all. Elasticsearch's own default is 10.
            result_position: the end from which `size` takes results. They are in ascending order in both cases.
            stats: gets the counts of this search, even if it raises. Those of several searches add up.

        Raises:
            EventError: an event is no mapping; or, under `strict=True`, an expression fails on it.

        >>> import eqlite
        >>> query = eqlite.compile("sequence by user.name [authentication where true] [iam where true]")
        >>> login = {"@timestamp": 1000, "event.category": "authentication", "user.name": "ann"}
        >>> change = {"@timestamp": 2000, "event.category": "iam", "user.name": "ann"}
        >>> [match.join_keys for match in query.search([change, login])]
        [('ann',)]
        """
        if size is not None and size < 0:
            raise ValueError("size must be greater than or equal to 0")
        search: Search[Event] = self.new_search()
        position = -1
        results: list[Result[Event]] = []
        try:
            for position, event in enumerate(iterate_events(events)):
                search.take(document_of(event), position, event)
            results = search.results(size=size, result_position=result_position)
        finally:
            if stats is not None:
                search.count(stats, events=position + 1, matches=len(results))
        make_match = match_maker(self.plan)
        return [make_match(result.events, result.key) for result in results]

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

        A sample, and pipes that ask for the last results, are answered by `flush`.

        Args:
            allowed_lateness: how far an event may be behind the newest one, such as `30s`. Events are held for that
                long. With `0s` they have to come in order of time and tiebreaker. Later ones are counted
                (`stats.late`) and left out. An event query without pipes needs no order, and holds nothing.
            max_open: how many keys and undecided sequences are held, and how many events that wait for late ones.
                Beyond it, what began longest ago is dropped, counted (`stats.dropped`) and warned about once.
            max_ahead: how far an event may be ahead of the newest one before it; None for any distance. One that is
                further ahead is set aside and counted (`stats.ahead`), and does not make the others late. It is taken
                when events, or `advance`, reach its time, or by `flush`. After a gap in the input, all events seem to
                be ahead: they are taken once 1,000 more of them have come than others. Of more than 10,000 set aside,
                the latest are left out. The first events are set aside until two of them are no further apart.
        """
        if max_open < 1:
            raise ValueError("max_open must be 1 or more")
        lateness_ns = duration_ms(allowed_lateness) * NANOS_PER_MILLI
        max_ahead_ns = None if max_ahead is None else duration_ms(max_ahead) * NANOS_PER_MILLI
        settings = replace(self._stream_settings, lateness_ns=lateness_ns, max_open=max_open, max_ahead_ns=max_ahead_ns)
        return Stream(self.plan, self.stage_predicates, settings)

    def resume(self, snapshot: bytes) -> Stream:
        """Return the stream of which `Stream.snapshot` was taken, with its lateness and bounds.

        The event to push next is number `stats.events`, counted from 0.

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

    >>> [query.text for query in load_queries(dump_queries([compile("any where true")]))]
    ['any where true']
    """
    return encode_queries(CompiledText(query.text, query.plan, query.diagnostics, query.options) for query in queries)


def load_queries(data: bytes) -> list[Query]:
    """Return the queries that `dump_queries` encoded, without parsing. Predicates are made on first use.

    Raises:
        EqlError: the bytes are not saved queries, are damaged, or come from another version of eqlite.
    """
    saved = decode_queries(data)
    return [Query.from_analysis(query.text, (query.plan, query.diagnostics), query.options) for query in saved]


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
        text: the query.
        schema: the fields and their types, or one of the names and files of `Schema.load`. With None every field exists
            and has the type of the value it is compared with.
        event_category_field: the field of the event category, the word before `where`.
        timestamp_field: the field of an event's time.
        tiebreaker_field: the field that orders events of the same time.
        target: the version of Elasticsearch whose answers count, from `8.19` to `9.6`.
        max_samples_per_key: the most samples that a sample query returns for one key.
        strict: raise where Elasticsearch would fail: constants that a field's type refuses, division by zero.
        backend: `python`, fast, or `reference`, which defines the meaning. They agree.
        name: the name shown in tracebacks.

    Raises:
        EqlSyntaxError, EqlSemanticError, LimitError: the query is wrong. All problems found are in `diagnostics`.
        UnsupportedFeature: there is no such backend.
        EqlError: there is no such target, or the text is no text.

    >>> import eqlite
    >>> query = eqlite.compile('process where process.name : "cmd.exe" and process.args_count > 3')
    >>> query.matches({"event": {"category": "process"}, "process": {"name": "CMD.EXE", "args_count": 4}})
    True
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
    """Compile a query and search events with it: see `compile` and `Query.search`.

    >>> import eqlite
    >>> [match.events[0]["n"] for match in eqlite.search("any where n > 1", [{"n": 3}, {"n": 1}, {"n": 2}], size=1)]
    [2]
    """
    return compile(text, **options).search(events, size=size, result_position=result_position, stats=stats)
