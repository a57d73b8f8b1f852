"""A file, or a text, that is an EQL query and nothing else."""

from __future__ import annotations

import re

from eqlite.rules.formats.settings import RuleFile
from eqlite.rules.model import LoadedRules, Rule, Skipped
from eqlite.source import Source

_COMMENT = re.compile(r"(?:\s++|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+")
_STRING = re.compile(r'"(?:[^"\\\n]++|\\.)*+"')
_ESQL = re.compile(r"(?:from|ts|row|show|metrics)\s+[^|=]*?(?:\||$)", re.IGNORECASE)
_FIELD = re.compile(r"(?:not\s+|\()*[\w.@*-]+\s*(:|[<>]=?)", re.IGNORECASE)
_LOOKED_AT = 10_000


def other_language(text: str) -> str | None:
    """Return the language of a text and the advice, if it is certainly a query of another language.

    >>> other_language("FROM logs-* | WHERE process.pid == 1")
    'an ES|QL query, not EQL'
    """
    text = text[:_LOOKED_AT]
    start = _COMMENT.match(text)
    text = text[start.end() :] if start is not None else text
    if _ESQL.match(text) and not re.match(r"\w+\s+where\b", text):
        return "an ES|QL query, not EQL"
    rest = _STRING.sub('""', text)
    if _FIELD.match(rest) and not re.search(r"\bwhere\b|\[", rest):
        return "a KQL or Lucene query, not EQL: in EQL a condition follows `any where` or a category and `where`"
    return None


def load_bare(file: RuleFile, result: LoadedRules) -> None:
    """Add a rule whose query is the whole text, comments and all, and whose name is the file's stem."""
    reason = other_language(file.text)
    if reason is not None:
        result.skipped.append(Skipped(file.stem, reason, file.path))
    elif file.text.strip():
        result.rules.append(bare_rule(file))
    else:
        result.problems.append(file.problem("bad-rule-file", "the file is empty"))


def bare_rule(file: RuleFile) -> Rule:
    """Return the rule of a text that is a query."""
    return Rule(name=file.stem, query=file.text, source=Source(file.text, file.path))
