"""Measurement of rules: the cost of each clause, and how often it holds.

Each condition is evaluated as in a run of its rule alone: its conjuncts in the order of the python backend, each only
for the events for which all before it held. Events come in batches. A clause is timed in one loop over all events of a
batch that reach it, so the clock is read twice a batch and not for each event. The fastest of several passes counts,
since interruptions only add time. The overhead of the loop, measured with an empty function, is subtracted. A condition
is timed as one function. Its clauses are timed as separate functions, which read their fields again, and share the
time of the condition in proportion.

Not measured: decoding, joining events to sequences, and work that the rules of a run share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from eqlite import plan
from eqlite.backends.python import PythonBackend
from eqlite.engine.faults import Faults, Predicate
from eqlite.events.document import AnyEvent, document_of
from eqlite.events.inputs import Input
from eqlite.events.intake import Intake, RawLine, ReadStats, Rejected
from eqlite.events.line_documents import documents_on
from eqlite.events.readers import iter_blocks
from eqlite.fields import Field
from eqlite.predicates.complexity import conjuncts, is_too_complex
from eqlite.profiling.advice import MeasuredClause, findings
from eqlite.profiling.clauses import clause_spans, clause_text, filters_by_stage
from eqlite.profiling.model import ClauseProfile, Profile, RuleProfile, StageProfile
from eqlite.profiling.reservoir import sample_lines
from eqlite.profiling.timing import Document, LoopOverhead, no_collections
from eqlite.query import Query
from eqlite.rules.compiled import Compiled
from eqlite.rules.model import Rule

BATCH_EVENTS = 256
BATCH_BYTES = 8 << 20


@dataclass(slots=True)
class ProfileStats:
    """Counts of the input of a profile.

    Attributes:
        reading: the counts of events read and rejected in the sample.
        lines: the number of lines of the input, without blank ones.
        chosen: the number of lines in the sample.
    """

    reading: ReadStats = field(default_factory=ReadStats)
    lines: int = 0
    chosen: int = 0


@dataclass(slots=True)
class _Clause:
    condition: plan.Condition
    predicate: Predicate
    evaluated: int = 0
    held: int = 0
    nanoseconds: float = 0.0


@dataclass(slots=True)
class _Condition:
    """A condition shared by some stages of a rule.

    `stages` are their indices.
    """

    stages: list[int]
    predicate: Predicate
    clauses: list[_Clause]
    nanoseconds: float = 0.0


class Profiler:
    """Profiler that measures documents in batches and retains none."""

    def __init__(self, compiled: Compiled, progress: Callable[[int], None] | None = None) -> None:
        self._rules = list(compiled)
        self._progress = progress
        self._backend = PythonBackend()
        self._predicates: dict[plan.Condition, Predicate] = {}
        self._conditions = [self._conditions_of(rule, query) for rule, query in self._rules]
        fields = {field for _, query in self._rules for stage in query.plan.stages for field in _fields_of(stage)}
        self._unseen = {field: self._predicate(plan.Exists(field), field.name) for field in fields}
        self._batch: list[Document] = []
        self._size = 0
        self.events = 0

    def add(self, document: Document, size: int = 0) -> None:
        """Add a document. `size` is its length in bytes, if known."""
        self._batch.append(document)
        self._size += size
        if len(self._batch) >= BATCH_EVENTS or self._size >= BATCH_BYTES:
            self.measure()

    def measure(self) -> None:
        """Measure the documents added since the last call. They count once all rules are measured."""
        batch, self._batch, self._size = self._batch, [], 0
        if not batch:
            return
        with no_collections():
            overhead = LoopOverhead(batch)
            conditions = [condition for of_rule in self._conditions for condition in of_rule]
            measured = [_measure(condition, batch, overhead) for condition in conditions]
            faults = Faults()
            seen = [field for field, exists in self._unseen.items() if any(exists(event, faults) for event in batch)]
        for condition, (nanoseconds, clauses) in zip(conditions, measured, strict=True):
            condition.nanoseconds += nanoseconds
            for clause, (evaluated, held, clause_ns) in zip(condition.clauses, clauses, strict=False):
                clause.evaluated += evaluated
                clause.held += held
                clause.nanoseconds += clause_ns
        for field_ in seen:
            del self._unseen[field_]
        self.events += len(batch)
        if self._progress is not None:
            self._progress(self.events)

    def profile(self, *, interrupted: bool = False) -> Profile:
        """Return the profile of all documents measured so far."""
        rules = [
            RuleProfile(rule, query.kind, tuple(self._stages(rule, query, conditions)))
            for (rule, query), conditions in zip(self._rules, self._conditions, strict=True)
        ]
        rules.sort(key=lambda rule: -rule.seconds)
        return Profile(tuple(rules), self.events, interrupted)

    def _conditions_of(self, rule: Rule, query: Query) -> list[_Condition]:
        name = rule.rule_id or rule.name
        found: dict[int, _Condition] = {}  # by identity: `with runs` gives many stages one
        for number, stage in enumerate(query.plan.stages):
            made = found.get(id(stage.condition))
            if made is None:
                terms = conjuncts(stage.condition)
                clauses = [_Clause(term, self._predicate(term, name)) for term in terms]
                made = _Condition([], self._predicate(stage.condition, name), clauses)
                found[id(stage.condition)] = made
            made.stages.append(number)
        return list(found.values())

    def _predicate(self, condition: plan.Condition, name: str) -> Predicate:
        if is_too_complex(condition):  # too deep to be hashed
            return self._backend.predicate(condition, name=f"{name}, profiled")
        if condition not in self._predicates:
            made = self._backend.predicate(condition, name=f"{name}, profiled")
            self._predicates[condition] = made
        return self._predicates[condition]

    def _stages(self, rule: Rule, query: Query, conditions: Sequence[_Condition]) -> Iterator[StageProfile]:
        filters = filters_by_stage(query.text)
        whole = sum(max(0.0, condition.nanoseconds) for condition in conditions)
        for condition in conditions:
            written = filters[condition.stages[0]]
            spans = clause_spans([clause.condition for clause in condition.clauses], written)
            nanoseconds = max(0.0, condition.nanoseconds)
            shares = _shares([clause.nanoseconds for clause in condition.clauses])
            measured = [
                MeasuredClause(each.condition, each.evaluated, each.held, share * nanoseconds / whole if whole else 0.0)
                for each, share in zip(condition.clauses, shares, strict=True)
            ]
            by_clause = findings(measured, self._unseen, self.events)
            clauses = []
            for each, share, span, found in zip(condition.clauses, shares, spans, by_clause, strict=True):
                place = rule.source.position(span.start)
                text = clause_text(query.text, span, written)
                seconds = share * nanoseconds / 1e9
                clauses.append(ClauseProfile(text, place.line, place.column, each.evaluated, each.held, seconds, found))
            held = condition.clauses[-1].held
            name = _stage_name(query.plan, condition.stages)
            yield StageProfile(name, self.events, held, nanoseconds / 1e9, tuple(clauses))


def _measure(
    condition: _Condition, batch: Sequence[Document], overhead: LoopOverhead
) -> tuple[float, list[tuple[int, int, float]]]:
    """Return the time of a condition in ns, and tests, hits and ns of each clause reached."""
    nanoseconds, _ = overhead.time(condition.predicate, batch)
    clauses: list[tuple[int, int, float]] = []
    remaining = batch
    for clause in condition.clauses:
        if not remaining:
            break
        clause_ns, matched = overhead.time(clause.predicate, remaining)
        clauses.append((len(remaining), len(matched), clause_ns))
        remaining = matched
    return nanoseconds, clauses


def _shares(times: Sequence[float]) -> list[float]:
    positive = [max(0.0, time) for time in times]
    total = sum(positive)
    return [time / total if total else 1 / len(positive) for time in positive]


def _fields_of(stage: plan.Stage) -> Iterable[Field]:
    return plan.condition_fields(stage.condition)


def _stage_name(made: plan.Plan, numbers: Sequence[int]) -> str:
    query = made.query
    if isinstance(query, plan.EventQuery):
        return "event"
    first, last = numbers[0] + 1, numbers[-1] + 1
    if isinstance(query, plan.SequenceQuery) and first > len(query.stages):
        return "until"
    name = f"stage {first}" if first == last else f"stages {first} to {last}"
    return f"{name}, missing" if made.stages[numbers[0]].missing else name


def profile_rules(compiled: Compiled, events: Iterable[AnyEvent]) -> Profile:
    """Return the profile of compiled rules over events, as `RuleSet.profile` does."""
    profiler = Profiler(compiled)
    try:
        for event in events:
            profiler.add(document_of(event))
        profiler.measure()
    except KeyboardInterrupt:
        return profiler.profile(interrupted=True)
    return profiler.profile()


def profile_files(
    compiled: Compiled,
    inputs: Iterable[Input],
    *,
    limit: int,
    stats: ProfileStats | None = None,
    reading: Callable[[int, int], None] | None = None,
    measuring: Callable[[int], None] | None = None,
) -> Profile:
    """Return the profile of compiled rules over a sample of the lines of files.

    Args:
        compiled: rules and queries.
        inputs: as for `read_events`.
        limit: the most lines in the sample.
        stats: receives the counts.
        reading: called periodically with the numbers of lines and bytes read.
        measuring: called periodically with the number of events measured.
    """
    stats = stats or ProfileStats()
    profiler = Profiler(compiled, measuring)
    intake = Intake(stats.reading)
    try:
        lines, stats.lines = sample_lines(iter_blocks(inputs, intake), limit, progress=reading)
        stats.chosen = len(lines)
        for line in lines:
            _add_line(profiler, line, intake)
        profiler.measure()
    except KeyboardInterrupt:
        return profiler.profile(interrupted=True)
    return profiler.profile()


def _add_line(profiler: Profiler, line: RawLine, intake: Intake) -> None:
    documents, problem = documents_on(line.data)
    if problem is not None:
        intake.reject(Rejected(line.file, line.line, problem.reason, problem.detail), line.data)
    for unwrapped in documents:
        intake.stats.read += 1
        profiler.add(unwrapped[0], len(line.data))
