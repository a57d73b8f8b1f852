"""Reasons for an empty result: categories and fields that no event has.

Only the first events are examined. The reasons are certain for these.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eqlite import plan
from eqlite.events.document import AnyEvent, document_of
from eqlite.fields import raw_values
from eqlite.query import Query
from eqlite.semantics.similar_names import similar_names
from eqlite.values.text import to_text

MOST_EVENTS = 1_000
_MOST_NAMES = 2_000
_MOST_SHOWN = 5

Document = Mapping[str, Any]


def explain(queries: Sequence[Query], events: Iterable[AnyEvent], *, total: int | None = None) -> list[str]:
    """Return lines with reasons why queries found nothing in some events, if any are known.

    Args:
        queries: the queries without a result.
        events: the events, of which the first `MOST_EVENTS` are examined.
        total: the number of all events, if it is greater.

    >>> import eqlite
    >>> query = eqlite.compile('process where process.nam == "nc"')
    >>> for line in explain([query], [{"event": {"category": "process"}, "process": {"name": "nc"}}]):
    ...     print(line)
    no event has `process.nam`; there is `process.name`
    """
    documents = [document_of(event) for event in itertools.islice(events, MOST_EVENTS)]
    if not documents or not queries:
        return []
    is_all = total is None or total <= len(documents)
    subject = "no event" if is_all else f"none of the first {len(documents):,} events"
    lines = _about_categories(queries, documents, subject)
    return lines + _about_fields(queries, documents, subject)


def _about_categories(queries: Sequence[Query], documents: Sequence[Document], subject: str) -> list[str]:
    """Return a line if no event has a category that the queries ask for."""
    wanted: dict[str, dict[str, None]] = {}
    for query in queries:
        name = query.options.event_category_field
        asked = [_category(stage.condition, name) for stage in query.plan.stages]
        if not all(asked):
            return []  # `any where` needs none
        wanted.setdefault(name, {}).update((category, None) for each in asked for category in sorted(each))
    lines: list[str] = []
    for name, categories in wanted.items():
        there = Counter(value for document in documents for value in {*map(to_text, raw_values(document, name))})
        if not there:
            lines.append(f"{subject} has `{name}`, which holds the category; `any where` asks for none")
        elif there.keys() & categories.keys():
            return []
        else:
            asked_for = _listed([f"`{each}`" for each in categories], "or")
            shown = _listed([f"`{value[:80]}` ({count:,})" for value, count in there.most_common()])
            lines.append(f"{subject} has the category {asked_for}; there {'is' if len(there) == 1 else 'are'} {shown}")
    return lines


def _category(condition: plan.Condition, name: str) -> frozenset[str]:
    """Return the categories that a stage asks for, or none for `any where`."""
    terms = condition.terms if isinstance(condition, plan.AllOf) else (condition,)
    for term in terms:
        if isinstance(term, plan.FieldTest) and term.field.name == name and isinstance(term.test, plan.TextIn):
            return term.test.texts
    return frozenset()


def _about_fields(queries: Sequence[Query], documents: Sequence[Document], subject: str) -> list[str]:
    """Return lines about fields that the queries read and no event has."""
    readers: Counter[str] = Counter()
    paths: dict[str, str] = {}
    for query in queries:
        fields = [field for stage in query.plan.stages for field in plan.condition_fields(stage.condition)]
        fields += [key for stage in query.plan.stages for key in stage.keys if key is not None]
        names = {field.name: field.path for field in fields if field.name != query.options.event_category_field}
        readers.update(names.keys())
        paths.update(names)
    absent = [name for name in readers if not any(raw_values(document, paths[name]) for document in documents)]
    if not absent:
        return []
    if len(queries) > 1:
        most = max(absent, key=lambda name: readers[name])
        return [f"{subject} has `{most}`, which {readers[most]:,} of {len(queries):,} rules read"]
    known = _names(documents)
    near = {name: [f"`{each}`" for each in _near_names(name, known)] for name in sorted(absent)}
    lines = [f"{subject} has `{name}`; there is {_listed(names, 'or')}" for name, names in near.items() if names]
    others = [f"`{name}`" for name, names in near.items() if not names]
    return [*lines[:_MOST_SHOWN], *([f"{subject} has {_listed(others, 'or')}"] if others else [])]


def _near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return the names whose parts are all similar to those of a name."""
    near = [each for each in similar_names(name, known) if _are_near(name.split("."), each.split("."))]
    return near[:2]


def _are_near(parts: list[str], others: list[str]) -> bool:
    pairs = zip(parts, others, strict=False)
    return len(parts) != len(others) or all(part == other or similar_names(part, [other]) for part, other in pairs)


def _names(documents: Iterable[Document]) -> list[str]:
    """Return the names of the fields in documents, up to a limit."""
    names: dict[str, None] = {}
    for document in documents:
        pending: list[tuple[str, Any]] = [("", document)]
        while pending and len(names) < _MOST_NAMES:
            prefix, value = pending.pop()
            if isinstance(value, Mapping):
                pending += [(f"{prefix}.{key}" if prefix else str(key), inner) for key, inner in value.items()]
            elif isinstance(value, list):
                pending += [(prefix, item) for item in value[:10]]
            elif value is not None and len(prefix) < 200:
                names[prefix] = None
    return list(names)


def _listed(shown: list[str], word: str = "and") -> str:
    """Return the first items as a list in words."""
    if len(shown) > _MOST_SHOWN:
        shown = [*shown[:_MOST_SHOWN], f"{len(shown) - _MOST_SHOWN:,} more"]
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}" if len(shown) > 1 else "".join(shown)
