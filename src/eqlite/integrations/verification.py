"""Comparison of the answers of an Elasticsearch with those of both backends, for the same queries and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from eqlite.__about__ import __version__
from eqlite.engine.match import match_maker
from eqlite.errors import EqlError
from eqlite.events.document import AnyEvent, Event, document_of
from eqlite.integrations.answers import (
    MOST_MATCHES_OF_A_CASE,
    Answer,
    Kind,
    Matched,
    answer_data,
    ask_elasticsearch,
    difference_of,
    identity_of,
    known_order,
)
from eqlite.integrations.connection import Connection
from eqlite.integrations.mappings import derived_mapping, index_body, mapping_of
from eqlite.options import CompileOptions
from eqlite.query import Query, compile_source
from eqlite.report.json_records import to_json
from eqlite.rules.model import Rule
from eqlite.semantics.schema import Schema
from eqlite.semantics.settings import SETTING_NAMES
from eqlite.semantics.targets import nearest_target, target_named
from eqlite.source import Source

if TYPE_CHECKING:
    from eqlite.integrations.elasticsearch import Server

BACKENDS = ("python", "reference")
MOST_RESULTS = 10_000
"""The largest `size` of a search: the result window of an index."""

_MOST_EVENTS_OF_A_CASE = 50
_PARTIAL_RESULTS_SINCE = (8, 18)


@dataclass(frozen=True, slots=True)
class Difference:
    """A query to which Elasticsearch and eqlite answer differently.

    Attributes:
        kind: the first aspect in which they differ.
        known: the reason, if it is a known difference: see docs/explanation/differences.md.
        case: query, options, events and answers as plain data, for a report.
    """

    name: str
    kind: Kind
    known: str | None
    case: dict[str, Any]


@dataclass(slots=True)
class Verification:
    """The outcome of a comparison.

    Attributes:
        elasticsearch: the version of the server.
        target: the version whose answers eqlite gave.
        events: the number of events loaded.
        rejected: the events that the server refused, by number, with its reasons. They are in no comparison.
        queries: the number of queries compared.
        agreed: the number of queries with equal answers.
        refused: the number of those that both sides refuse.
        limited: the number of queries with as many results as `size` allows. There may be more, not compared.
    """

    elasticsearch: str = ""
    target: str = ""
    events: int = 0
    rejected: dict[int, str] = field(default_factory=dict)
    queries: int = 0
    agreed: int = 0
    refused: int = 0
    limited: int = 0
    differences: list[Difference] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as `eqlite verify --format json` prints it."""
        return {
            "schema": 1,
            "eqlite": __version__,
            "elasticsearch": self.elasticsearch,
            "target": self.target,
            "events": {"loaded": self.events, "rejected": len(self.rejected)},
            "rejected": dict(Counter(self.rejected.values()).most_common(MOST_MATCHES_OF_A_CASE)),
            "queries": {
                "compared": self.queries,
                "agreed": self.agreed,
                "refused_by_both": self.refused,
                "limited": self.limited,
            },
            "differences": [difference.case for difference in self.differences],
        }


@dataclass(frozen=True, slots=True)
class _Question:
    """A query with its options, those of its rule included."""

    name: str
    source: Source
    options: CompileOptions


def verify(
    queries: Iterable[str | Source | Rule],
    events: Iterable[AnyEvent],
    connection: Connection,
    *,
    schema: Schema | None = None,
    mapping: Mapping[str, Any] | None = None,
    size: int = MOST_RESULTS,
    result_position: Literal["head", "tail"] = "tail",
    target: str | None = None,
    warn: Callable[[str], None] = lambda message: None,  # noqa: ARG005 - takes what it ignores
    **options: Any,
) -> Verification:
    """Compare the answers of an Elasticsearch with those of both backends.

    It creates an index, and removes it at the end, also after errors and Ctrl-C. All events are held in memory.

    Args:
        queries: texts, and rules, which have settings of their own.
        events: documents.
        connection: the Elasticsearch.
        schema: fields and types. They become the mapping of the index, unless `mapping` is given.
        mapping: the mapping of the index, with `properties`. By default it is derived from events and queries.
        size, result_position: as in `Query.search`; 10,000 results at most.
        target: the version whose answers eqlite gives, by default that of the server.
        warn: gets messages that must not be lost if an error ends the comparison.
        options: the other options of `eqlite.compile`.

    Raises:
        ServerError: the server cannot be reached, or refuses a request other than a query.
        UnsupportedFeature: its client, the package `elasticsearch`, is not installed.
    """
    from eqlite.integrations.elasticsearch import Server

    _check_options(size, target)
    questions = [_question(query, options) for query in queries]
    given = list(events)
    documents = [document_of(event) for event in given]
    if mapping is None:
        mapping = derived_mapping(_compiled(questions), documents) if schema is None else mapping_of(schema)
    schema = schema or Schema.from_mapping(mapping)
    limits = {"size": size, "result_position": result_position}
    comparison = _Comparison(given, documents, Verification(), schema, limits, target)
    server = Server(connection)
    try:
        _compare_all(questions, mapping, comparison, server, warn)
    finally:
        server.close()
    return comparison.result


def _check_options(size: int, target: str | None) -> None:
    """Raise for invalid options, before any request."""
    if not 1 <= size <= MOST_RESULTS:
        raise ValueError(f"size must be from 1 to {MOST_RESULTS:,}")
    if target is not None:
        target_named(target)


def _question(query: str | Source | Rule, options: Mapping[str, Any]) -> _Question:
    if isinstance(query, Rule):
        return _Question(query.rule_id or query.name, query.source, query.compile_options(**options))
    source = query if isinstance(query, Source) else Source(query)
    return _Question(source.name or "query", source, CompileOptions.of(**options))


def _compiled(questions: Sequence[_Question]) -> list[Query]:
    """Return the queries that eqlite can compile without a schema, for deriving a mapping."""
    compiled = []
    for question in questions:
        try:
            compiled.append(compile_source(question.source, replace(question.options, strict=False)))
        except EqlError:
            continue  # its refusal is compared with that of Elasticsearch
    return compiled


def _search_body(
    options: CompileOptions, text: str, limits: Mapping[str, Any], version: tuple[int, ...]
) -> dict[str, Any]:
    """Return the body of `_eql/search`. Its page is as large as allowed, since paging changes the results of `tail`."""
    names = [name for name in SETTING_NAMES if name != "target"]  # only eqlite has it
    body = {"query": text, **limits, "fetch_size": MOST_RESULTS}
    values = {name: getattr(options, name) for name in names}
    body |= {name: value for name, value in values.items() if value is not None}
    if options.max_samples_per_key != 1:
        body["max_samples_per_key"] = options.max_samples_per_key
    if version >= _PARTIAL_RESULTS_SINCE:
        body["allow_partial_search_results"] = False
    return body


def _compare_all(
    questions: Sequence[_Question],
    mapping: Mapping[str, Any],
    comparison: _Comparison,
    server: Server,
    warn: Callable[[str], None],
) -> None:
    """Load the events into a temporary index, and compare the answers to each question."""
    info = server.info()
    result = comparison.result
    result.elasticsearch = info.version
    result.target = comparison.target = comparison.target or nearest_target(info.numbers)
    with server.own_index(index_body(mapping, is_serverless=info.is_serverless), warn) as index:
        result.rejected = index.load([to_json(document).encode() for document in comparison.documents])
        result.events = len(comparison.documents) - len(result.rejected)
        index.refresh()
        for question in questions:
            body = _search_body(question.options, question.source.text, comparison.limits, info.numbers)
            comparison.compare(question, ask_elasticsearch(index.search, body), body)


@dataclass(slots=True)
class _Comparison:
    """The events, the outcome so far, and the settings for all queries."""

    given: Sequence[AnyEvent]
    documents: Sequence[dict[str, Any]]
    result: Verification
    schema: Schema
    limits: Mapping[str, Any]
    target: str | None

    def compare(self, question: _Question, theirs: Answer, body: Mapping[str, Any]) -> None:
        """Run a query on eqlite, and record whether the answers agree."""
        ours = {backend: self._answer(question, backend) for backend in BACKENDS}
        result = self.result
        result.queries += 1
        result.limited += max(len(answer.matches) for answer in (theirs, *ours.values())) >= self.limits["size"]
        kinds = [kind for answer in ours.values() if (kind := difference_of(theirs, answer)) is not None]
        if not kinds:
            result.agreed += 1
            result.refused += theirs.refused is not None
            return
        known = self._known(question, theirs, next(iter(ours.values())), kinds[0])
        case = self._case(question, theirs, ours, body) | {"differs_in": kinds[0], "known": known}
        result.differences.append(Difference(question.name, kinds[0], known, case))

    def _answer(self, question: _Question, backend: str, *, strict: bool | None = None) -> Answer:
        target = self.target or question.options.target
        options = replace(question.options, backend=backend, schema=self.schema, target=target)
        options = options if strict is None else replace(options, strict=strict)
        try:
            query = compile_source(question.source, options)
            search = query.new_search()
            for number, document in enumerate(self.documents):
                if number not in self.result.rejected:
                    search.take(document, number, number)
            results = search.results(**self.limits)
        except EqlError as error:
            problems = [problem for problem in error.diagnostics if problem.is_error] or list(error.diagnostics)
            words = "; ".join(f"{problem.id}: {problem.message}" for problem in problems)
            return Answer(refused=words or error.message)
        make_match = match_maker(query.plan)
        times: dict[int, int] = {}
        matches = []
        for result in results:
            documents = [None if number is None else self.documents[number] for number in result.events]
            matches.append(Matched(tuple(result.events), tuple(make_match(tuple(documents), result.key).join_keys)))
            pairs = zip(result.events, result.ordinals, strict=True)
            times.update(
                (number, ordinal[0]) for number, ordinal in pairs if number is not None and ordinal is not None
            )
        return Answer(tuple(matches), times_ns=times)

    def _known(self, question: _Question, theirs: Answer, ours: Answer, kind: Kind) -> str | None:
        """Return the known reason for a difference, or None."""
        if kind == "refusal" and theirs.refused is not None:
            if "value cannot be null" in theirs.refused:
                return "a null join key beside a missing event"
            if self._answer(question, BACKENDS[0], strict=True).refused is not None:
                return "Elasticsearch fails the search where eqlite counts an error; strict=True raises"
        if kind == "order":
            return known_order(theirs, ours)
        return None

    def _case(
        self, question: _Question, theirs: Answer, ours: Mapping[str, Answer], body: Mapping[str, Any]
    ) -> dict[str, Any]:
        answers = [theirs, *ours.values()]
        shared = set.intersection(*({*map(identity_of, answer.matches)} for answer in answers))
        numbers = self._numbers(answers, shared)
        fields = self._types(question)
        return {
            "name": question.name,
            "query": question.source.text,
            "options": {name: value for name, value in body.items() if name != "query"},
            "fields": fields,
            "elasticsearch": {"version": self.result.elasticsearch, **answer_data(theirs, shared)},
            "eqlite": {
                "version": __version__,
                "target": self.result.target,
                **{backend: answer_data(answer, shared) for backend, answer in ours.items()},
            },
            "events": [self._event(number) for number in numbers],
            "events_left_out": self.result.events - len(numbers),
        }

    def _numbers(self, answers: Sequence[Answer], shared: set[Any]) -> list[int]:
        """Return the numbers of the events of a case: all of few, else those in which the answers differ."""
        loaded = [number for number in range(len(self.documents)) if number not in self.result.rejected]
        if len(loaded) <= _MOST_EVENTS_OF_A_CASE:
            return loaded
        differing = (match for answer in answers for match in answer.matches if identity_of(match) not in shared)
        numbers = {number for match in differing for number in match.events if number is not None}
        return sorted(numbers)[:_MOST_EVENTS_OF_A_CASE]

    def _event(self, number: int) -> dict[str, Any]:
        event = self.given[number]
        source = event.source if isinstance(event, Event) else None
        location = {} if source is None else {"file": source.file, "line": source.line}
        return {"id": number, **location, "document": self.documents[number]}

    def _types(self, question: _Question) -> dict[str, str]:
        """Return the types of the fields that the query reads, or none without a schema or a valid query."""
        try:
            names = compile_source(question.source, question.options).fields
        except EqlError:
            return {}
        fields = {name: self.schema.find(name) for name in sorted(names)}
        return {name: field.es_type for name, field in fields.items() if field is not None}
