"""Event categories that no event has: a misspelt one finds nothing, and no other message says so."""

from __future__ import annotations

from collections.abc import Iterator

from eqlite.language import ast
from eqlite.semantics.context import Context
from eqlite.semantics.settings import Settings
from eqlite.semantics.similar_names import similar_names

KNOWN_CATEGORIES = frozenset(
    {
        # ECS 9.5, the allowed values of event.category
        *("api", "authentication", "configuration", "database", "driver", "email", "file", "host", "iam"),
        *("intrusion_detection", "library", "malware", "network", "package", "process", "registry", "session"),
        *("threat", "vulnerability", "web"),
        # categories of Elastic's prebuilt rules beside them
        *("info",),
    }
)


def check_event_category(query: ast.Query, context: Context) -> None:
    """Report categories that neither ECS nor Elastic's rules know, unless another field holds the category."""
    if context.settings.event_category_field != Settings().event_category_field:
        return
    for filter_ in _filters(query.body):
        category = filter_.category
        if category is None or category in KNOWN_CATEGORIES:
            continue
        near = next(iter(similar_names(category, KNOWN_CATEGORIES)), None)
        context.collector.report(
            "unknown-category",
            f"no event of ECS has the category `{category}`",
            filter_.category_span,
            label="finds nothing in ECS data",
            help=f"did you mean `{near}`?" if near else "write a category of ECS, or `any`",
        )


def _filters(body: ast.Body) -> Iterator[ast.EventFilter]:
    if isinstance(body, ast.EventFilter):
        yield body
        return
    until = None if isinstance(body, ast.Sample) else body.until
    for stage in body.stages if until is None else (*body.stages, until):
        yield stage.filter
