"""`eqlite query`: a single ad-hoc query."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Literal

import click

from eqlite.cli.event_notes import event_notes, nothing_found_notes
from eqlite.cli.exit_codes import run_exit_code
from eqlite.cli.options import (
    FILE,
    color_option,
    documents_option,
    event_inputs,
    format_option,
    jobs_option,
    output_format,
    plural,
    query_source,
    read_schema,
    rejects_option,
    schema_option,
    target_option,
)
from eqlite.cli.progress import Progress
from eqlite.cli.rejects import rejects_file
from eqlite.cli.stdio import WholeLines, data_stdout, result_stdout, wants_color
from eqlite.cli.summary import fault_lines, reading_lines
from eqlite.engine.match import Match
from eqlite.execution.detection import Detection
from eqlite.execution.detections import ResultWindow
from eqlite.execution.run import RunStats, run_files
from eqlite.query import Query, compile
from eqlite.report import FORMATS, Layout, eql_response, writer_named
from eqlite.report.escaping import safe
from eqlite.rules.model import Rule

_EQL_RESPONSE = "eql-response"


@click.command("query")
@click.argument("words", nargs=-1, type=FILE, metavar="EQL [EVENTS]...")
@click.option("-f", "--file", "path", type=FILE, metavar="FILE", help="Read the query from this file, instead of EQL.")
@click.option(
    "--size", type=click.IntRange(min=0), help="Print at most this many results. Default: all (Elasticsearch: 10)."
)
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
    "event_category_field",
    default="event.category",
    show_default=True,
    help="Field that holds the event category, the word before `where`.",
)
@click.option("--timestamp-field", default="@timestamp", show_default=True, help="Field that holds the time.")
@click.option("--tiebreaker-field", help="Field that orders events with equal times.")
@rejects_option
@click.option("--fail-on-match", is_flag=True, help="Exit with 1 if there is a match.")
@click.option("--strict", is_flag=True, help="Exit with 2 if a line is rejected.")
@jobs_option
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
@color_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    words: tuple[str, ...],
    path: str | None,
    size: int | None,
    position: Literal["head", "tail"],
    format_name: str | None,
    documents: bool,
    schema_names: tuple[str, ...],
    rejects_path: str | None,
    fail_on_match: bool,
    strict: bool,
    jobs: int,
    quiet: bool,
    color: str,
    **compiling: Any,
) -> None:
    """Run one query (EQL or @FILE) over EVENTS (NDJSON, JSON, gz or zst files, folders, - for stdin).

    \b
    eqlite query 'process where process.name : "mshta.exe"' logs.ndjson
    eqlite query -f hunt.eql logs/ --format eql-response
    """
    source, events = query_source(words, path)
    query = compile(source, schema=read_schema(schema_names), **compiling)
    stats = RunStats()
    inputs = event_inputs(events, stats.reading)
    format_name = output_format(format_name)
    progress = Progress(inputs, quiet=quiet)
    with rejects_file(rejects_path, inputs) as rejects, WholeLines() as lines:
        found = run_files(
            [
                (Rule(name="query", query=query.text, source=source), query)
            ],  # a placeholder, which the output leaves out
            inputs,
            jobs=jobs,
            stats=stats,
            rejects=rejects,
            progress=progress.update,
            window=ResultWindow(size, position),
        )
        has_color = wants_color(color, sys.stdout)
        layout = Layout(documents, names_rule=False, fields=lambda _: query.stage_fields, color=has_color)
        _write(lines.of(progress.until_found(found)), query, format_name, layout)
    if not quiet and (stats.reading.evaluated or stats.interrupted):
        click.echo("\n".join(map(safe, _summary(query, stats, lines))), err=True)
    if rejects is not None:
        rejects.raise_problem()
    ctx.exit(run_exit_code(stats, inputs, strict=strict, fail_on_match=fail_on_match, lines=lines))


def _summary(query: Query, stats: RunStats, written: WholeLines) -> list[str]:
    reading = stats.reading
    lines = [f"{plural(stats.detections, 'match')} in {plural(reading.evaluated, 'event')}", *reading_lines(reading)]
    lines += ["interrupted: these are the matches among the events read so far"] if stats.interrupted else []
    lines += [f"{plural(stats.untimed, 'event')} left out of sequences: no readable time"] if stats.untimed else []
    lines += event_notes(reading, [query])
    lines += [] if stats.detections or stats.interrupted else nothing_found_notes(reading, [query])
    lines += ["interrupted: not all matches were written"] if written.interrupted else []
    return [*lines, *fault_lines(stats.faults, stats.fault_examples)]


def _write(found: Iterable[Detection], query: Query, format_name: str, layout: Layout) -> None:
    if format_name == _EQL_RESPONSE:
        eql_response.write([_match(detection, query) for detection in found], query.kind, data_stdout())
    else:
        writer_named(format_name)(found, result_stdout(format_name), layout)


def _match(detection: Detection, query: Query) -> Match:
    """Return a detection with its join keys in the order of the query."""
    names = query.key_names if detection.join_keys else ()
    return Match(detection.events, tuple(detection.join_keys[name] for name in names))
