"""Results of profiling: how often each clause was tested, how often it held, and its cost.

`profiler.py` makes them, `advice.py` adds findings, `eqlite.report` writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from eqlite.query import Kind
from eqlite.rules.model import Rule

FindingId = Literal[
    "field-absent",
    "script",
    "no-literal",
    "ignores-case",
    "many-alternatives",
    "holds-for-most",
    "expensive-first-test",
    "never-held",
]


class Finding(NamedTuple):
    """A reason why a clause is expensive or useless.

    Attributes:
        id: the kind. It never changes.
        message: the observation, and what to do about it.
    """

    id: FindingId
    message: str


@dataclass(frozen=True, slots=True)
class ClauseProfile:
    """A part of a condition that has to hold, in the order of evaluation.

    Attributes:
        text: the text in the query.
        line, column: the position in the file of the rule, from 1.
        evaluated: the number of events tested: those for which all clauses before it held.
        held: the number of them for which it held.
        seconds: the time of all its tests.
        findings: the findings about it, the most important first.
    """

    text: str
    line: int
    column: int
    evaluated: int
    held: int
    seconds: float
    findings: tuple[Finding, ...] = ()

    @property
    def selectivity(self) -> float | None:
        """Return the share of the tests that held, from 0 to 1, or None without tests."""
        return self.held / self.evaluated if self.evaluated else None


@dataclass(frozen=True, slots=True)
class StageProfile:
    """The condition of an event query or of a stage. Stages with the same condition (`with runs`) are one.

    Attributes:
        name: `event`, `stage 2`, `stages 1 to 5` or `until`. `stage 2, missing` is one of an event that must not occur.
        evaluated: the number of events.
        held: the number of events that met the condition.
        seconds: the time of all its clauses.
        clauses: the parts of the condition, in the order of evaluation.
    """

    name: str
    evaluated: int
    held: int
    seconds: float
    clauses: tuple[ClauseProfile, ...]


@dataclass(frozen=True, slots=True)
class RuleProfile:
    """A rule with the conditions of its stages.

    Attributes:
        rule: the rule.
        kind: the kind of its query.
        stages: its conditions. An event query has one.
    """

    rule: Rule
    kind: Kind
    stages: tuple[StageProfile, ...]

    @property
    def seconds(self) -> float:
        """Return the time of all its stages."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def worst(self) -> tuple[ClauseProfile, Finding] | None:
        """Return the most expensive clause that has findings, with its first finding.

        A clause on a field that no event has comes before all others, since its rule need not run at all.
        """
        clauses = [clause for stage in self.stages for clause in stage.clauses if clause.findings]
        if not clauses:
            return None
        clause = max(clauses, key=lambda each: (each.findings[0].id == "field-absent", each.seconds))
        return clause, clause.findings[0]


@dataclass(frozen=True, slots=True)
class Profile:
    """The time that a set of rules spends on some events.

    For the meaning of the times and findings, see `docs/how-to/find-what-makes-a-pack-slow.md`.

    Attributes:
        rules: the most expensive first.
        events: the number of measured events.
        interrupted: whether Ctrl-C ended the measurement. The numbers are those of the events before it.

    >>> import eqlite
    >>> rules = eqlite.load_rules("examples/rules")
    >>> profile = rules.profile(eqlite.read_events("examples/incident.ndjson"))
    >>> profile.events, sorted({rule.kind for rule in profile.rules})
    (20, ['event', 'sequence'])
    >>> 0 < profile.share(profile.rules[0].seconds) < 1
    True
    """

    rules: tuple[RuleProfile, ...]
    events: int
    interrupted: bool = False

    @property
    def seconds(self) -> float:
        """Return the time of all rules, each run alone."""
        return sum(rule.seconds for rule in self.rules)

    @property
    def top_finding(self) -> tuple[RuleProfile, ClauseProfile, Finding] | None:
        """Return the finding whose fix would save the most time.

        For a field that no event has, that is the time of the whole rule, else the time of the clause.
        """
        found = [(rule, *worst) for rule in self.rules if (worst := rule.worst) is not None]
        return max(found, key=lambda each: _spared(*each), default=None)

    def share(self, seconds: float) -> float:
        """Return the share of the total time, from 0 to 1."""
        total = self.seconds
        return seconds / total if total > 0 else 0.0


def _spared(rule: RuleProfile, clause: ClauseProfile, finding: Finding) -> float:
    return rule.seconds if finding.id == "field-absent" else clause.seconds
