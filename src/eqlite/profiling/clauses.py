"""Spans of a plan's clauses in the text of the query.

The plan has spans for its leaves only, and an `or` or a `not` covers more than its leaves. So the text is parsed again,
and each conjunct of the plan is located among the conjuncts of the tree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from eqlite import plan
from eqlite.language import ast
from eqlite.language.parser import parse
from eqlite.source import Span

_PARENTHESIS = re.compile(
    r'"""(?:[^"]|"(?!""))*"{3,5}|"(?:[^"\\\n]|\\.)*"|`(?:[^`]|``)*`|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/|[()]'
)
"""A parenthesis, or a token that may contain one: a string, a quoted name or a comment."""


def filters_by_stage(text: str) -> list[ast.EventFilter]:
    """Return the filter behind each stage of the plan, with `until` last."""
    body = parse(text).body
    if isinstance(body, ast.EventFilter):
        return [body]
    found = [stage.filter for stage in body.stages for _ in range(stage.runs)]
    until = None if isinstance(body, ast.Sample) else body.until
    return found if until is None else [*found, until.filter]


def clause_spans(terms: Sequence[plan.Condition], written: ast.EventFilter) -> list[Span]:
    """Return the spans of the conjuncts of a condition, in their order.

    If one conjunct of the text became several, each has the span of its leaves. A constant has the span of the whole.
    """
    places = [_leaf_span(term) for term in terms]
    conjuncts = list(_conjuncts(written))
    chosen = [_around(place, conjuncts) for place in places]
    counts = Counter(chosen)
    return [
        around if around is not None and counts[around] == 1 else place or written.condition.span
        for place, around in zip(places, chosen, strict=True)
    ]


def clause_text(text: str, span: Span, written: ast.EventFilter) -> str:
    """Return the text of a clause, or of the event category with its `where`.

    The tree has no parentheses: `(a or b) and c or d` begins at `a`. Parentheses opened or closed inside the span are
    included with their counterparts.
    """
    if span == written.category_span:
        return f"{text[span.start : span.end]} where"
    start, end = _with_parentheses(text, span)
    return text[start:end]


def _with_parentheses(text: str, span: Span) -> tuple[int, int]:
    opened = missing = 0
    for found in _PARENTHESIS.finditer(text, span.start, span.end):
        if found[0] == "(":
            opened += 1
        elif found[0] == ")" and opened:
            opened -= 1
        elif found[0] == ")":
            missing += 1
    start, end = span.start, span.end
    for _ in range(missing):
        before = text.rfind("(", 0, start)
        start = before if before >= 0 and not text[before + 1 : start].strip() else start
    for _ in range(opened):
        after = text.find(")", end)
        end = after + 1 if after >= 0 and not text[end:after].strip() else end
    return start, end


def _conjuncts(written: ast.EventFilter) -> Iterator[Span]:
    if written.category is not None:
        yield written.category_span
    pending: list[ast.Expr] = [written.condition]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.And):
            pending.extend(reversed(node.terms))
        else:
            yield node.span


def _around(place: Span | None, conjuncts: Sequence[Span]) -> Span | None:
    if place is None:
        return None
    return next((span for span in conjuncts if span.start <= place.start < span.end), None)


def _leaf_span(term: plan.Condition) -> Span | None:
    spans = [leaf.span for leaf in plan.leaves(term) if leaf.span.end]
    return Span(min(span.start for span in spans), max(span.end for span in spans)) if spans else None
