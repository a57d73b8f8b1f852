"""The pages of the reference of the Python API: title, introduction, names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page of the reference.

    Attributes:
        title: the heading.
        intro: the text below it.
        names: the public names, in order.
        results: paths below `eqlite` of classes that are no public names, but belong to attributes and results.
        package: the package of the public names.
    """

    title: str
    intro: str
    names: tuple[str, ...]
    results: tuple[str, ...] = ()
    package: str = "eqlite"


PAGES = {
    "queries.md": Page(
        "Queries",
        "One query: compiled, and run over events. [Streams](streams.md) has the streams of a query, and\n"
        "[what a query means](../../explanation/semantics.md) its semantics.",
        ("compile", "Query", "search", "Match", "SearchStats", "evaluate"),
    ),
    "rules.md": Page(
        "Rules",
        "Many rules: loaded, run together, and measured. [Rules](../rules.md) lists the formats of their files, and\n"
        "[streams](streams.md) has the streams of a set of rules.",
        ("load_rules", "load_rule", "RuleSet", "Rule", "Detection", "RunStats", "Profile"),
        (
            "rules.model.Skipped",
            "rules.model.Threat",
            "rules.model.Tactic",
            "rules.model.Technique",
            "rules.model.Subtechnique",
            "profiling.model.RuleProfile",
            "profiling.model.StageProfile",
            "profiling.model.ClauseProfile",
            "profiling.model.Finding",
        ),
    ),
    "streams.md": Page(
        "Streams and the two halves of a run",
        "Events that come without an end, and the two halves into which programs divide the work of a run.\n"
        "[Follow a live stream](../../how-to/follow-a-live-stream.md) explains lateness, bounds and snapshots, and\n"
        "[embed eqlite](../../how-to/embed-eqlite.md) has services with threads, processes and asyncio.",
        ("Stream", "StreamStats", "RuleStream", "RuleStreamStats", "Matcher", "HitRows", "HitRow", "LiveCorrelator"),
        (),
    ),
    "events.md": Page(
        "Events and schemas",
        "Events from files and programs, and the types of their fields. [Events](../events.md) describes the input,\n"
        "[use a schema](../../how-to/use-a-schema.md) the sources of a schema.",
        ("read_events", "Event", "ReadStats", "Schema"),
        (
            "events.readers.EventReader",
            "events.document.EventSource",
            "events.intake.Rejected",
            "events.intake.FileWarning",
            "events.byte_chunks.Readable",
            "events.intake.BinarySink",
            "semantics.schema.MappedField",
            "datatypes.DataType",
        ),
    ),
    "text.md": Page(
        "Text and diagnostics",
        "The text of a query: parsed, formatted, checked. [Diagnostics](../diagnostics.md) lists all messages by id.",
        ("parse", "format", "analyze", "Diagnostic"),
        ("diagnostics.model.Severity", "source.Source", "source.Position", "source.Span"),
    ),
    "errors.md": Page(
        "Errors",
        "Each exception is an [`EqlError`](#eqlerror). A value out of range, such as a negative `size`, raises\n"
        "`ValueError`, and an unknown option `TypeError`, as elsewhere in Python.",
        (
            "EqlError",
            "EqlSyntaxError",
            "EqlSemanticError",
            "EqlSchemaError",
            "EqlTypeMismatchError",
            "RuleError",
            "EventError",
            "LimitError",
            "ServerError",
            "SnapshotError",
            "UnsupportedFeature",
        ),
    ),
    "strategies.md": Page(
        "Strategies for Hypothesis",
        "Queries and events for property tests, in `eqlite.strategies`. They need `pip install hypothesis`.\n"
        "[Property-test your rules](../../how-to/property-test-your-rules.md) shows how to use them.",
        ("events", "queries", "conditions", "wildcard_patterns", "matching_values", "FIELDS"),
        package="eqlite.strategies",
    ),
}

INDEX_INTRO = """\
# Python API

All public names of eqlite, with their types, from their docstrings. [Python](../python.md) explains what they have in
common and what is promised. Each example runs as a test, in a folder with [`examples/`](../../../examples/README.md).

A class that is written with its module, such as `eqlite.engine.stats.StreamStats`, comes as an attribute or a result of
others. Its attributes are promised like theirs. The module from which it can be imported is not.
"""
