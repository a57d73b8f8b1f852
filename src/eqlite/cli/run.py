"""`eqlite run`: rules over events."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import click

from eqlite.cli.event_notes import event_notes, nothing_found_notes
from eqlite.cli.exit_codes import run_exit_code
from eqlite.cli.follow import follow_options, take_live_settings
from eqlite.cli.options import (
    FILE,
    cache_option,
    color_option,
    documents_option,
    event_inputs,
    format_option,
    jobs_option,
    output_format,
    rejects_option,
    rules_option,
    schema_option,
    target_option,
)
from eqlite.cli.progress import Progress
from eqlite.cli.rejects import rejects_file
from eqlite.cli.rule_loading import compile_rules
from eqlite.cli.stdio import WholeLines, result_stdout, wants_color
from eqlite.cli.summary import left_out_lines, run_summary
from eqlite.execution.run import Compiled, RunStats, run_files
from eqlite.report import FORMATS, Layout, writer_named
from eqlite.report.escaping import safe
from eqlite.rules.model import Rule


@click.command("run")
@rules_option
@click.argument("events", nargs=-1, type=FILE, metavar="[EVENTS]...")
@format_option(*FORMATS)
@documents_option
@click.option(
    "--by-index/--no-by-index", default=False, help="Run each rule only on documents that its index patterns cover."
)
@schema_option
@target_option
@rejects_option
@click.option("--fail-on-match", is_flag=True, help="Exit with 1 if there is a detection.")
@click.option("--strict", is_flag=True, help="Exit with 2 if a rule is broken or a line is rejected.")
@click.option(
    "--backend",
    type=click.Choice(["python", "reference"]),
    default="python",
    show_default=True,
    help="Implementation that evaluates the rules.",
)
@jobs_option
@follow_options
@cache_option
@click.option("-q", "--quiet", is_flag=True, help="No summary and no warnings.")
@color_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    rule_paths: tuple[str, ...],
    events: tuple[str, ...],
    format_name: str | None,
    documents: bool,
    by_index: bool,
    schema_names: tuple[str, ...],
    rejects_path: str | None,
    fail_on_match: bool,
    strict: bool,
    jobs: int,
    quiet: bool,
    color: str,
    **settings: Any,
) -> None:
    """Run rules over EVENTS (NDJSON, JSON, gz or zst files, folders, - for stdin).

    \b
    eqlite run -r rules/ logs/*.ndjson.gz
    zcat day.gz | eqlite run -r rule.toml --format csv
    eqlite run -r rules/ --follow /var/log/events.ndjson
    """
    started, stats = time.monotonic(), RunStats()
    format_name = output_format(format_name)
    live = take_live_settings(settings, format_name=format_name, jobs=jobs)
    inputs = event_inputs(events, stats.reading)
    rules, broken, compiled = compile_rules(rule_paths, quiet=quiet, color=color, schema_names=schema_names, **settings)
    layout = Layout(documents, fields=_fields_of(compiled), color=wants_color(color, sys.stdout))
    read = [*inputs, *rule_paths, *schema_names]
    with rejects_file(rejects_path, read) as rejects, WholeLines() as lines:
        if live is None:
            progress = Progress(inputs, quiet=quiet)
            found = run_files(
                compiled, inputs, by_index=by_index, jobs=jobs, stats=stats, rejects=rejects, progress=progress.update
            )
            found = lines.of(progress.until_found(found))
        else:
            found = live.detections(compiled, inputs, by_index=by_index, stats=stats, rejects=rejects)
        writer_named(format_name)(found, result_stdout(format_name), layout)
    if not quiet and (stats.reading.evaluated or stats.interrupted):
        seconds = time.monotonic() - started
        text = run_summary(stats, rules=len(compiled), broken=broken, left_out=left_out_lines(rules), seconds=seconds)
        text += live.left_out() if live is not None else []
        text += ["interrupted: not all detections were written"] if lines.interrupted else []
        click.echo("\n".join(map(safe, [*text, *_notes(stats, compiled)])), err=True)
    if rejects is not None:
        rejects.raise_problem()
    ctx.exit(run_exit_code(stats, inputs, broken=broken, strict=strict, fail_on_match=fail_on_match, lines=lines))


def _notes(stats: RunStats, compiled: Compiled) -> list[str]:
    """Return remarks about odd events, and possible reasons for an empty result."""
    queries = [query for _, query in compiled]
    notes = [*event_notes(stats.reading, queries)]
    if not (stats.detections or stats.interrupted or stats.unrouted == stats.reading.evaluated):
        notes += nothing_found_notes(stats.reading, queries)
    return notes


def _fields_of(compiled: Compiled) -> Callable[[Rule], Sequence[Collection[str]]]:
    """Return a function that maps a rule to the fields of each of its stages."""
    queries = {id(rule): query for rule, query in compiled}
    return lambda rule: queries[id(rule)].stage_fields
