"""Regular expressions: refused before any event is read, not at the first one."""

from __future__ import annotations

from eqlite.language import ast
from eqlite.language.walk import walk
from eqlite.limits import MAX_REGEX_CHARACTERS
from eqlite.semantics.context import Context
from eqlite.values.regex.compile import RegexLimitError, RegexSyntaxError, compile_regex

_NOT_OURS = "not supported"
"""Stands in the reason for refusing a pattern that Elasticsearch takes."""


def check_regex_syntax(query: ast.Query, context: Context) -> None:
    """Report patterns that Lucene (for a computed value: or Java) does not take, and those over the limits."""
    if "regex" not in context.collector.source.text:
        return  # as for most queries
    for node in walk(query):
        if isinstance(node, ast.PatternMatch) and node.operator in ("regex", "regex~"):
            _check(node, context)


def _check(node: ast.PatternMatch, context: Context) -> None:
    texts = [pattern.value for pattern in node.patterns if isinstance(pattern.value, str)]
    joined = "|".join(texts)
    span = node.patterns[0].span.to(node.patterns[-1].span)
    engine = "Lucene"
    try:
        if isinstance(node.value, ast.FieldRef):
            compile_regex(joined, insensitive=node.operator == "regex~")
            return
        read = compile_regex(joined, flavour="script")
        engine = "Java"
        if read.single_string is None and not read.matches_everything:
            compile_regex(joined, insensitive=node.operator == "regex~", flavour="java")
    except RegexSyntaxError as error:
        is_ours = _NOT_OURS in error.message
        context.collector.report(
            "bad-regex",
            _message(error.message, engine, on_field=isinstance(node.value, ast.FieldRef)),
            span,
            label=error.message.partition(":")[0][:60],
            help="put it as several conditions, joined with `and` and `not`" if is_ours else None,
            note="Elasticsearch leaves it to Java, which goes back in the text" if is_ours else None,
            elasticsearch=None if is_ours else error.message,
        )
    except RegexLimitError as error:
        context.collector.report(
            "regex-too-large",
            f"the regular expression is too large: {error}",
            span,
            elasticsearch=(
                f"The length of regex [{len(joined)}] used in the Regexp Query request has exceeded the allowed "
                f"maximum of [{MAX_REGEX_CHARACTERS}]."
            ),
        )


def _message(reason: str, engine: str, *, on_field: bool) -> str:
    if _NOT_OURS in reason:
        return f"eqlite cannot match this regular expression: {reason}"
    where = "" if on_field or engine == "Java" else ", which reads the patterns for function results first"
    return f"the pattern is no regular expression of {engine}{where}: {reason}"
