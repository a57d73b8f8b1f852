"""`eqlite query`: a single ad-hoc query."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Literal

import click

from eqlite import signals
from eqlite.cli.event_notes import event_notes, nothing_found_notes
from eqlite.cli.options import (
    FILE,
    color_option,
    documents_option,
    event_inputs,
    format_option,
    output_format,
    plural,
    query_source,
    read_schema,
    schema_option,
    target_option,
)
from eqlite.cli.stdio import WholeLines, data_stdout, result_stdout, wants_color
from eqlite.cli.summary import fault_lines, no_event, reading_lines
from eqlite.engine.match import match_maker
from eqlite.engine.search import Search
from eqlite.events.document import Event
from eqlite.events.intake import ReadStats
from eqlite.events.readers import read_events
from eqlite.execution.detections import as_detection, event_times
from eqlite.query import Match, Query, compile
from eqlite.report import FORMATS, Layout, eql_response, writer_named
from eqlite.report.escaping import safe
from eqlite.rules.model import Rule
from eqlite.source import Source

_EQL_RESPONSE = "eql-response"


@click.command("query")
@click.argument("words", nargs=-1, type=FILE, metavar="EQL [EVENTS]...")
@click.option("-f", "--file", "path", type=FILE, metavar="FILE", help="Read the query from this file, instead of EQL.")
@click.option("--size", type=click.IntRange(min=0), help="Most results to print. Default: all (Elasticsearch: 10).")
@click.option(
    "--position",
    type=click.Choice(["head", "tail"]),
    default="tail",
    show_default=True,
    help="Return the first or the last results.",
)
@format_option(*FORMATS, _EQL_RESPONSE)
@documents_option
@schema_option
@target_option
@click.option(
    "--category-field",
    default="event.category",
    show_default=True,
    help="Field that holds the event category, the word before `where`.",
)
@click.option("--timestamp-field", default="@timestamp", show_default=True, help="Field that holds the time.")
@click.option("--tiebreaker-field", help="Field that orders events with equal times.")
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
@color_option
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    path: str | None,
    size: int | None,
    position: Literal["head", "tail"],
    format_name: str | None,
    documents: bool,
    schema_names: tuple[str, ...],
    target: str,
    category_field: str,
    timestamp_field: str,
    tiebreaker_field: str | None,
    quiet: bool,
    color: str,
) -> None:
    """Run one query (EQL or @FILE) over EVENTS (NDJSON, JSON, gz or zst files, folders, - for stdin).

    \b
    eqlite query 'process where process.name : "mshta.exe"' logs.ndjson
    eqlite query -f hunt.eql logs/ --format eql-response
    """
    source, events = query_source(words, path)
    query = compile(
        source,
        schema=read_schema(schema_names),
        event_category_field=category_field,
        timestamp_field=timestamp_field,
        tiebreaker_field=tiebreaker_field,
        target=target,
    )
    stats = ReadStats()
    inputs = event_inputs(events, stats)
    search: Search[Event] = query.new_search()
    was_read = _feed(search, read_events(*inputs, stats=stats))
    to_match = match_maker(query.plan)
    found = [to_match(each.events, each.key) for each in search.results(size=size, result_position=position)]
    has_color = wants_color(color, sys.stdout)
    layout = Layout(documents, names_rule=False, fields=lambda _: query.stage_fields, color=has_color)
    with WholeLines() as lines:
        _write(found, query, output_format(format_name), layout, lines)
    if not quiet and (stats.evaluated or not was_read):
        summary = _summary(query, len(found), stats, untimed=search.untimed, was_read=was_read)
        summary += ["interrupted: not all matches were written"] if lines.interrupted else []
        summary += fault_lines(search.faults.count, search.faults.examples)
        click.echo("\n".join(map(safe, summary)), err=True)
    if lines.interrupted or not was_read:
        ctx.exit(signals.exit_code())
    if stats.evaluated == 0:
        raise no_event(stats, inputs)


def _summary(query: Query, found: int, stats: ReadStats, *, untimed: int, was_read: bool) -> list[str]:
    lines = [f"{plural(found, 'match')} in {plural(stats.evaluated, 'event')}", *reading_lines(stats)]
    lines += [] if was_read else ["interrupted: these are the matches among the events read so far"]
    lines += [f"{plural(untimed, 'event')} left out of sequences: no readable time"] if untimed else []
    lines += event_notes(stats, [query])
    return lines if found or not was_read else [*lines, *nothing_found_notes(stats, [query])]


def _feed(search: Search[Event], events: Iterable[Event]) -> bool:
    """Feed all events to the search, and return whether Ctrl-C did not interrupt it."""
    try:
        for place, event in enumerate(events):
            search.take(event.document, place, event)
    except KeyboardInterrupt:
        return False
    return True


def _write(found: list[Match], query: Query, format_name: str, layout: Layout, lines: WholeLines) -> None:
    if format_name == _EQL_RESPONSE:
        eql_response.write(found, query.kind, data_stdout())
        return
    rule = Rule(name="query", query=query.text, source=Source(query.text))  # stands in; nothing of it is written
    detections = (
        as_detection(rule, query, match, event_times(query, match), [None] * len(match.events)) for match in found
    )
    writer_named(format_name)(lines.of(detections), result_stdout(format_name), layout)
