"""`eqlite profile`: the time that each clause of each rule takes."""

from __future__ import annotations

import sys

import click

from eqlite import signals
from eqlite.cli.options import (
    FILE,
    cache_option,
    color_option,
    event_inputs,
    plural,
    rules_option,
    schema_option,
    target_option,
)
from eqlite.cli.progress import Progress, measuring
from eqlite.cli.rule_loading import compile_rules
from eqlite.cli.stdio import WholeLines, data_stdout, wants_color
from eqlite.cli.summary import left_out_lines, no_event, reading_lines, unread_lines
from eqlite.profiling.model import Profile
from eqlite.profiling.profiler import ProfileStats, profile_files
from eqlite.report import profile_html, profile_json, profile_table
from eqlite.report.escaping import safe


@click.command("profile")
@rules_option
@click.argument("events", nargs=-1, type=FILE, metavar="[EVENTS]...")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=5000,
    show_default=True,
    help="Measure a sample of this many lines, spread evenly over all EVENTS.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help="Show the N most expensive rules only. Default: 10 in a table.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["table", "json", "html"]),
    help="Default: table on a terminal, json in a pipe.",
)
@schema_option
@target_option
@cache_option
@click.option("-q", "--quiet", is_flag=True, help="No summary and no warnings.")
@color_option
@click.pass_context
def command(
    ctx: click.Context,
    rule_paths: tuple[str, ...],
    events: tuple[str, ...],
    limit: int,
    top: int | None,
    format_name: str | None,
    schema_names: tuple[str, ...],
    target: str,
    cache: bool,
    quiet: bool,
    color: str,
) -> None:
    """Measure cost and selectivity of each clause over EVENTS (as for run), and show what to fix first.

    \b
    eqlite profile -r rules/ logs/*.ndjson.gz
    eqlite profile -r rules/ day.ndjson --format html > profile.html
    """
    stats = ProfileStats()
    inputs = event_inputs(events, stats.reading)
    rules, broken, compiled = compile_rules(
        rule_paths, cache=cache, quiet=quiet, color=color, schema_names=schema_names, target=target
    )
    progress = Progress(inputs, quiet=quiet)
    with measuring(progress, quiet=quiet) as measured:
        found = profile_files(compiled, inputs, limit=limit, stats=stats, reading=progress.update, measuring=measured)
    format_name = format_name or ("table" if sys.stdout.isatty() else "json")
    if found.events:
        with WholeLines() as lines:
            for profile in lines.of([found]):
                _write(profile, format_name, top, color)
    if not quiet and (found.events or found.interrupted):
        summary = _summary(found, stats)
        summary += [f"{plural(broken, 'broken rule')} left out; run `eqlite check` for the reasons"] if broken else []
        summary += [*left_out_lines(rules), *reading_lines(stats.reading), *unread_lines(stats.reading)]
        click.echo("\n".join(map(safe, summary)), err=True)
    if found.interrupted:
        ctx.exit(signals.exit_code())
    if not found.events:
        raise no_event(stats.reading, inputs)


def _write(profile: Profile, format_name: str, top: int | None, color: str) -> None:
    if format_name == "table":
        profile_table.write(profile, sys.stdout, top=top, color=wants_color(color, sys.stdout))
    elif format_name == "html":
        profile_html.write(profile, data_stdout(), top=top)
    else:
        profile_json.write(profile, data_stdout(), top=top)


def _summary(profile: Profile, stats: ProfileStats) -> list[str]:
    if not profile.events:
        return ["interrupted: nothing was measured yet"]
    lines = [f"{plural(len(profile.rules), 'rule')} measured over {plural(profile.events, 'event')}"]
    if stats.chosen < stats.lines:
        lines[0] += f", in {stats.chosen:,} of {plural(stats.lines, 'line')}"
    return (
        [*lines, "interrupted: these are the numbers of the events measured so far"] if profile.interrupted else lines
    )
