"""What a profile says: how often each clause of each rule was tested and held, and what that cost.

`profiling.py` makes it, `advice.py` says what to do about it, `eqlite.report` writes it.
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
    """Why a clause costs more than it should, or does nothing.

    Attributes:
        id: the kind; stays the same for ever.
        message: what is the case, and what to do about it.
    """

    id: FindingId
    message: str


@dataclass(frozen=True, slots=True)
class ClauseProfile:
    """A part of a condition that has to hold; in the order in which the parts are tested, not that of the text.

    Attributes:
        text: as it stands in the query.
        line, column: where, in the file of the rule, from 1.
        evaluated: for how many events it was tested: those for which all clauses before it held.
        held: for how many of them it held.
        seconds: the time of all its tests.
        findings: what is to be said about it, the most important first.
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
        """Return the part of the tests that held, 0 to 1: the less, the more the clause decides. None without tests."""
        return self.held / self.evaluated if self.evaluated else None


@dataclass(frozen=True, slots=True)
class StageProfile:
    """The condition of an event query, or of a stage; stages that share theirs (`with runs`) are one.

    Attributes:
        name: `event`, `stage 2`, `stages 1 to 5` or `until`; `stage 2, missing` for an event that must not come.
        evaluated: the number of events.
        held: how many of them met the condition.
        seconds: the time of all its clauses.
    """

    name: str
    evaluated: int
    held: int
    seconds: float
    clauses: tuple[ClauseProfile, ...]


@dataclass(frozen=True, slots=True)
class RuleProfile:
    """A rule with the conditions of its stages."""

    rule: Rule
    kind: Kind
    stages: tuple[StageProfile, ...]

    @property
    def seconds(self) -> float:
        """Return the time of all its stages."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def worst(self) -> tuple[ClauseProfile, Finding] | None:
        """Return what to look at first: the clause, of those about which there is something to say, that costs most.

        A clause about a field that no event has comes before all others: without it the rule need not run at all.
        """
        clauses = [clause for stage in self.stages for clause in stage.clauses if clause.findings]
        if not clauses:
            return None
        clause = max(clauses, key=lambda each: (each.findings[0].id == "field-absent", each.seconds))
        return clause, clause.findings[0]


@dataclass(frozen=True, slots=True)
class Profile:
    """Where a set of rules spends its time on some events.

    Attributes:
        rules: the most expensive first.
        events: how many events were looked at.
        interrupted: Ctrl-C ended the measuring; the numbers are those of the events looked at before.
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
        """Return what would spare most: of a rule whose field no event has all of it, else the clause."""
        found = [(rule, *worst) for rule in self.rules if (worst := rule.worst) is not None]
        return max(found, key=lambda each: _spared(*each), default=None)

    def share(self, seconds: float) -> float:
        """Return which part of the whole time some seconds are, 0 to 1."""
        total = self.seconds
        return seconds / total if total > 0 else 0.0


def _spared(rule: RuleProfile, clause: ClauseProfile, finding: Finding) -> float:
    return rule.seconds if finding.id == "field-absent" else clause.seconds
