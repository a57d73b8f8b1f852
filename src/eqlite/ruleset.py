"""Many rules together: loaded, compiled, run over events."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar, overload

from eqlite.cache.plans import PlanCache
from eqlite.diagnostics import Diagnostic
from eqlite.errors import EqlError, RuleError
from eqlite.events.document import AnyEvent
from eqlite.execution.correlation.live_correlator import LiveCorrelator
from eqlite.execution.detection import Detection
from eqlite.execution.matcher import Matcher
from eqlite.execution.run import RunStats, run_rules
from eqlite.execution.stream import RuleStream, resume_stream
from eqlite.gc_policy import relaxed_gc
from eqlite.limits import MAX_AHEAD
from eqlite.options import CompileOptions
from eqlite.profiling.model import Profile
from eqlite.query import Query, dump_queries, load_queries
from eqlite.rules import loader as loading
from eqlite.rules.file_cache import RuleFileCache
from eqlite.rules.model import Rule, Skipped
from eqlite.semantics.schema import Schema
from eqlite.semantics.targets import DEFAULT_TARGET, target_named
from eqlite.serialization.codec import NotEncodable

T = TypeVar("T")


def load_rule(path_or_text: str | os.PathLike[str]) -> Rule:
    """Return the only rule in a file or a text.

    Args:
        path_or_text: a path, or the text of a rule in any of its formats. A text of one line is known by its blanks.

    Raises:
        RuleError: there is no such file, it holds no rule or several, or the rule is wrong or not EQL.

    >>> import eqlite
    >>> rule = eqlite.load_rule("examples/rules/password_guessed.toml")
    >>> rule.name, rule.severity, rule.tactics
    ('Password Guessed', 'medium', ('TA0006',))
    >>> eqlite.load_rule('process where process.name == "mshta.exe"').query
    'process where process.name == "mshta.exe"'
    """
    return loading.load_rule(path_or_text)


def load_rules(
    *paths: str | os.PathLike[str], cache: bool = False, strict: bool = False, target: str = DEFAULT_TARGET
) -> RuleSet:
    """Return all rules of files, directories, globs and archives.

    A broken rule is left out, and the reason is in `RuleSet.problems`. A path without an EQL rule gives a
    `UserWarning`.

    Args:
        paths: the files, directories, globs and archives.
        cache: store what files and queries mean in the user's cache folder, and read it from there the next time.
        strict: raise for anything broken, in a file or in a query.
        target: the version of Elasticsearch whose answers the rules give, unless `compile` or `run` gets another one.

    Raises:
        RuleError: a path does not exist, or a glob matches nothing; or, under `strict`, anything is broken.
        EqlError: there is no such target, or an argument is no path.

    >>> import eqlite
    >>> rules = eqlite.load_rules("examples/rules", "examples/*.txt")
    >>> len(rules), rules[0].name, rules.problems
    (4, 'Script Downloads and Runs a Program', ())
    """
    for path in paths:
        _require_path(path)
    rules = read_rules(*paths, cache=cache, target=target)
    given = {os.fspath(path) for path in paths}
    errors = [problem for problem in (rules.problems if strict else rules.file_problems) if problem.is_error]
    missing = [problem for problem in errors if problem.file in given and not os.path.lexists(problem.file or "")]
    if raising := errors if strict else missing:
        raise RuleError(diagnostics=raising)
    without = [problem.message for problem in errors if problem.id == "bad-rule-file" and problem.source is None]
    if given and not rules and not without:
        without = [f"no EQL rule in {', '.join(f'`{path}`' for path in sorted(given))}"]
    for message in without:
        warnings.warn(message, stacklevel=2)
    return rules


def _require_path(given: object) -> None:
    if not isinstance(given, (str, os.PathLike)):
        hint = "; give several one by one, `load_rules(*paths)`" if isinstance(given, (list, tuple, set)) else ""
        raise EqlError(f"rules are loaded from a path, such as 'rules/'; this is a {type(given).__name__}{hint}")


def read_rules(*paths: str | os.PathLike[str], cache: bool = False, target: str = DEFAULT_TARGET) -> RuleSet:
    """Return the rules as `load_rules` does. Nothing is raised, and missing paths are among the problems."""
    cached_paths = tuple(os.path.realpath(path) for path in paths) if cache else ()
    with relaxed_gc():
        files = RuleFileCache(cached_paths) if cache else None
        loaded = loading.load_rules(*paths, files=files)
    if files is not None:
        files.save()
    return RuleSet(
        loaded.rules, loaded.skipped, loaded.problems, cached_paths, passed_over=loaded.passed_over, target=target
    )


class RuleSet(Sequence[Rule]):
    """A sequence of rules that can be run together: made by `load_rules`.

    `rules[0]`, `rules["id"]` and `rules["name"]` are rules, `rules[:10]` is a set again. Of two rules of the same name,
    the first is found by it. A pickled set carries its rules, and the queries of rules that are compiled.

    Attributes:
        skipped: rules that are left out on purpose (other languages), with the reason.
        passed_over: files of folders and archives that were not read, with the reason.
        file_problems: the problems of the files alone, known without compiling.
        target: the version of Elasticsearch whose answers the rules give.

    >>> import eqlite
    >>> rules = eqlite.load_rules("examples/rules")
    >>> len(rules), rules["Password Guessed"].risk_score, len(rules[:2])
    (3, 47, 2)
    >>> [detection.rule.name for detection in rules.run("examples/incident.ndjson")]
    ['Office Application Starts a Shell', 'Script Downloads and Runs a Program', 'Password Guessed']

    Internal: `compile_with_problems`.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        skipped: Iterable[Skipped] = (),
        problems: Iterable[Diagnostic] = (),
        cached_for: tuple[str, ...] = (),
        *,
        passed_over: Iterable[Skipped] = (),
        target: str = DEFAULT_TARGET,
    ) -> None:
        """Make a set of rules. `cached_for` are the paths for which the cache holds the analyses of queries."""
        self._rules = tuple(rules)
        self.skipped: tuple[Skipped, ...] = tuple(skipped)
        self.passed_over: tuple[Skipped, ...] = tuple(passed_over)
        self.file_problems: tuple[Diagnostic, ...] = tuple(problems)
        self._cached_for = cached_for
        self.target: str = target_named(target).name

    @overload
    def __getitem__(self, index: int | str) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> RuleSet: ...
    def __getitem__(self, index: int | str | slice) -> Rule | RuleSet:
        """Return the rule with an index, an id or a name, or the rules of a slice.

        Of two rules with one name, the first is returned.

        Raises:
            KeyError: no rule has this id or name.
            IndexError: there are fewer rules.
        """
        if isinstance(index, str):
            return self._by_word[index]
        return RuleSet(self._rules[index], target=self.target) if isinstance(index, slice) else self._rules[index]

    def __contains__(self, item: object) -> bool:
        return item in self._by_word if isinstance(item, str) else item in self._rules

    @overload
    def get(self, id_or_name: str) -> Rule | None: ...
    @overload
    def get(self, id_or_name: str, default: T) -> Rule | T: ...
    def get(self, id_or_name: str, default: object = None) -> object:
        """Return the rule with an id, or else with a name, or `default` if there is none."""
        return self._by_word.get(id_or_name, default)

    @cached_property
    def _by_word(self) -> dict[str, Rule]:
        """Return the rules by id and by name. Ids take precedence."""
        by_word = {rule.name: rule for rule in reversed(self._rules)}
        return by_word | {rule.rule_id: rule for rule in reversed(self._rules) if rule.rule_id is not None}

    def __len__(self) -> int:
        return len(self._rules)

    def __repr__(self) -> str:
        return f"RuleSet({len(self._rules)} rules, {len(self.skipped)} skipped)"

    @property
    def problems(self) -> tuple[Diagnostic, ...]:
        """Return the problems of files and queries. The first access compiles the rules."""
        return (*self.file_problems, *self._compiled[1])

    def compile(self, **options: Any) -> list[tuple[Rule, Query]]:
        """Return each usable rule with its query, in order. A rule whose query is wrong is left out.

        Args:
            options: those of `eqlite.compile`.

        Raises:
            TypeError, EqlError: an option does not exist, or has an impossible value.
        """
        if not options:
            return list(self._compiled[0])
        return self._compile_all(options)[0]

    def compile_with_problems(self, **options: Any) -> tuple[list[tuple[Rule, Query]], tuple[Diagnostic, ...]]:
        """Return the usable rules with their queries, and the problems with queries and files."""
        compiled, problems = self._compile_all(options)
        return compiled, (*self.file_problems, *problems)

    @cached_property
    def _compiled(self) -> tuple[list[tuple[Rule, Query]], list[Diagnostic]]:
        return self._compile_all({})

    def __getstate__(self) -> dict[str, Any]:
        """Pickle with the queries, if the rules are compiled: loading needs no parser then."""
        state = {name: value for name, value in self.__dict__.items() if name not in ("_by_word", "_compiled")}
        if "_compiled" in self.__dict__:
            compiled, problems = self._compiled
            indices = {id(rule): index for index, rule in enumerate(self._rules)}
            with contextlib.suppress(NotEncodable):
                queries = dump_queries(query for _, query in compiled)
                state["_queries"] = ([indices[id(rule)] for rule, _ in compiled], queries, problems)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the rules, and the queries that were pickled with them."""
        pickled = state.pop("_queries", None)
        self.__dict__.update(state)
        if pickled is not None:
            indices, queries, problems = pickled
            rules = [self._rules[index] for index in indices]
            self._compiled = [*zip(rules, load_queries(queries), strict=True)], problems

    def _compile_all(self, options: dict[str, Any]) -> tuple[list[tuple[Rule, Query]], list[Diagnostic]]:
        options = {"target": self.target, **options}
        if "schema" in options:  # loaded once, not for each rule
            options["schema"] = Schema.of(options["schema"])
        if not self._cached_for:
            return _compile_all(self._rules, lambda rule: rule.compile(**options))
        plans = PlanCache(self._cached_for, CompileOptions.of(**options))
        answer = _compile_all(self._rules, lambda rule: plans.compile(rule.source, rule.compile_options(**options)))
        plans.save()
        return answer

    def run(
        self,
        events: Iterable[AnyEvent] | str | os.PathLike[str],
        *,
        by_index: bool = False,
        stats: RunStats | None = None,
        **options: Any,
    ) -> Iterator[Detection]:
        """Run all usable rules over finite input. The answer does not depend on the order of the events.

        Args:
            events: documents, the result of `read_events`, or the path of a file. Values without a form in JSON are
                converted as in `docs/reference/events.md`. A document with other values is rejected and counted.
            by_index: a rule sees only the documents that its index patterns cover.
            stats: gets the counts, once the run has ended.
            options: those of `eqlite.compile`.

        Yields:
            detections in the order of their last event, then of the rules, once all events are read.

        Raises:
            EventError: there is nothing to read; or, under `strict=True`, an expression fails on an event.

        >>> import eqlite
        >>> rules, stats = eqlite.load_rules("examples/rules"), eqlite.RunStats()
        >>> for found in rules.run(eqlite.read_events("examples/incident.ndjson"), stats=stats):
        ...     print(found.rule.severity, [source.line for source in found.sources])
        high [3]
        critical [5, 6, 7]
        medium [11, 12, 13, 14, 15, 16]
        >>> stats.detections, stats.reading.read, stats.reading.rejected
        (3, 20, 0)
        """
        return run_rules(self.compile(**options), events, by_index=by_index, stats=stats)

    def stream(
        self,
        *,
        allowed_lateness: str | timedelta = "0s",
        max_open: int = 100_000,
        max_ahead: str | timedelta | None = MAX_AHEAD,
        by_index: bool = False,
        **options: Any,
    ) -> RuleStream:
        """Return a stream of all usable rules: push events, get detections as soon as they are certain.

        Event rules are answered at once, samples and pipes that ask for the last results by `flush`.

        Args:
            allowed_lateness: how far an event may be behind the newest one, such as `30s`. Sequences are decided that
                much later. Events that come even later are counted (`stats.late`) and left out of sequences.
            max_open: for each rule, the most open keys and undecided sequences, and the most events that wait for late
                ones. Beyond it, what began longest ago is dropped and counted (`stats.dropped`).
            max_ahead: how far an event may be ahead of the newest one; None for any distance. See `Query.stream`.
            by_index: a rule sees only the documents that its index patterns cover.
            options: those of `eqlite.compile`.
        """
        return RuleStream(
            self.compile(**options),
            allowed_lateness=allowed_lateness,
            max_open=max_open,
            max_ahead=max_ahead,
            by_index=by_index,
        )

    def resume(self, snapshot: bytes, *, by_index: bool = False, **options: Any) -> RuleStream:
        """Return the stream of a snapshot, with its lateness and bounds: see `RuleStream.snapshot`.

        A rule is known by its id (its name where it has none), its query and its options. Rules that were added begin
        with nothing open. What was open for rules that were removed or changed is dropped.

        Args:
            snapshot: the bytes of `RuleStream.snapshot`.
            by_index: as in `stream`.
            options: those of `eqlite.compile`.

        Raises:
            SnapshotError: it is not a snapshot of a stream of rules, is damaged, or has another version.
        """
        return resume_stream(snapshot, self.compile(**options), by_index=by_index)

    def matcher(self, *, by_index: bool = False, **options: Any) -> Matcher:
        """Return the first half of a run: events in, hits out, without any state.

        Args:
            by_index: a rule sees only the documents that its index patterns cover.
            options: those of `eqlite.compile`.
        """
        return Matcher(self.compile(**options), by_index=by_index)

    def correlator(
        self,
        *,
        allowed_lateness: str | timedelta = "0s",
        max_open: int = 100_000,
        max_ahead: str | timedelta | None = MAX_AHEAD,
        **options: Any,
    ) -> LiveCorrelator:
        """Return the second half of a run: hits in, detections out. Its settings are those of `stream`."""
        return LiveCorrelator(
            self.compile(**options), allowed_lateness=allowed_lateness, max_open=max_open, max_ahead=max_ahead
        )

    def profile(self, events: Iterable[AnyEvent], **options: Any) -> Profile:
        """Measure the cost of each clause of each usable rule over events, and how often it holds.

        Every rule is evaluated as if it were run alone, by the python backend. No event is held. Ctrl-C ends the
        measurement, and the profile has the events before it (`Profile.interrupted`).

        Args:
            events: documents. Each takes several times as long as in a run of every rule alone.
            options: those of `eqlite.compile`.
        """
        from eqlite.profiling.profiler import profile_rules  # which reads the texts of the clauses

        return profile_rules(self.compile(**options), events)


def _compile_all(
    rules: Iterable[Rule], compile_rule: Callable[[Rule], Query]
) -> tuple[list[tuple[Rule, Query]], list[Diagnostic]]:
    compiled: list[tuple[Rule, Query]] = []
    problems: list[Diagnostic] = []
    with relaxed_gc():
        for rule in rules:
            try:
                query = compile_rule(rule)
            except EqlError as error:
                if not error.diagnostics:  # about an option, not the rule
                    raise
                problems.extend(error.diagnostics)
            else:
                compiled.append((rule, query))
                problems.extend(query.diagnostics)
    return compiled, problems
