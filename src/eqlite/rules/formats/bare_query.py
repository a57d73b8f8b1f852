"""A file, or a text, that is an EQL query and nothing else."""

from __future__ import annotations

from eqlite.rules.formats.settings import RuleText
from eqlite.rules.model import LoadedRules, Rule
from eqlite.source import Source


def load_bare(holder: RuleText, into: LoadedRules) -> None:
    """Add a rule whose query is the whole text, comments and all, and whose name is the file's stem."""
    if holder.text.strip():
        into.rules.append(bare_rule(holder))
    else:
        into.problems.append(holder.problem("bad-rule-file", "the file is empty"))


def bare_rule(holder: RuleText) -> Rule:
    """Return the rule of a text that is a query."""
    return Rule(name=holder.stem, query=holder.text, source=Source(holder.text, holder.file))
