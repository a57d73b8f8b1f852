"""`eqlite run`: the main job, rules over events."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from eqlite.cli.options import (
    color_option,
    event_inputs,
    output_format,
    plural,
    read_schema,
    schema_option,
    wants_color,
)
from eqlite.errors import EqlError
from eqlite.report.diagnostics import render
from eqlite.report.formats import WRITERS
from eqlite.rules.detection import Detection
from eqlite.rules.ruleset import RuleSet, load_rules
from eqlite.rules.running import RunStats, run_files

Progress = Callable[[int, int], None]
_SHOWN_PROBLEMS = 20


@click.command("run")
@click.option(
    "-r",
    "--rules",
    "rule_paths",
    multiple=True,
    required=True,
    metavar="RULES",
    help="File, folder, glob or archive; may be given several times.",
)
@click.argument("events", nargs=-1, metavar="[EVENTS]...")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["table", *WRITERS]),
    help="Default: table on a terminal, ndjson in a pipe.",
)
@click.option("--documents/--no-documents", default=True, help="Write the events themselves into ndjson and json.")
@click.option(
    "--by-index/--all-indices", default=False, help="Let a rule see only documents that its index patterns cover."
)
@schema_option
@click.option("--rejects", type=click.File("wb"), metavar="FILE", help="Keep lines that hold no event here.")
@click.option("--fail-on-match", is_flag=True, help="Exit with 1 when there is a detection.")
@click.option("--strict", is_flag=True, help="Exit with 2 for a broken rule or a rejected line.")
@click.option(
    "--backend",
    type=click.Choice(["python", "reference"]),
    default="python",
    show_default=True,
    help="What evaluates the rules.",
)
@click.option("-q", "--quiet", is_flag=True, help="No summary and no warnings.")
@color_option
@click.pass_context
def command(
    ctx: click.Context,
    rule_paths: tuple[str, ...],
    events: tuple[str, ...],
    format_name: str | None,
    documents: bool,
    by_index: bool,
    schema_name: str | None,
    rejects: BinaryIO | None,
    fail_on_match: bool,
    strict: bool,
    backend: str,
    quiet: bool,
    color: str,
) -> None:
    """Run rules over EVENTS (NDJSON, JSON, gz, zst; folders; - for stdin) and print the detections.

    \b
    eqlite run -r rules/ logs/*.ndjson.gz
    zcat day.gz | eqlite run -r rule.toml --format csv
    """
    started = time.monotonic()
    inputs = event_inputs(events)
    rules = load_rules(*rule_paths)
    options = {"schema": read_schema(schema_name), "backend": backend, "strict": False}
    compiled, problems = rules.compile_with_problems(**options)
    errors = [problem for problem in problems if problem.is_error]
    if not quiet:
        for problem in errors[:_SHOWN_PROBLEMS]:
            click.echo(f"{render(problem, color=wants_color(color, sys.stderr))}\n", err=True)
        if len(errors) > _SHOWN_PROBLEMS:
            click.echo(f"… and {len(errors) - _SHOWN_PROBLEMS} more; `eqlite check` shows all", err=True)
    if not compiled:
        reason = "every rule is broken" if errors else "no EQL rule"
        raise click.ClickException(f"{reason} in {', '.join(rule_paths)}")
    stats = RunStats()
    with _progress(inputs, quiet=quiet) as progress:
        found = run_files(compiled, inputs, by_index=by_index, stats=stats, rejects=rejects, progress=progress)
        _write(found, output_format(format_name), documents=documents, color=color)
    if not quiet:
        _summarize(rules, stats, len(compiled), len(errors), time.monotonic() - started)
    if stats.interrupted:
        ctx.exit(130)
    if stats.reading.evaluated == 0:
        raise EqlError(f"no event in {', '.join(inputs)}" + _reject_hint(stats))
    if strict and (errors or stats.reading.rejected):
        ctx.exit(2)
    ctx.exit(1 if fail_on_match and stats.detections else 0)


def _write(found: Iterator[Detection], format_name: str, *, documents: bool, color: str) -> None:
    if format_name == "table":
        from rich.console import Console

        from eqlite.report.table import print_table

        colored = wants_color(color, sys.stdout)
        print_table(found, Console(force_terminal=colored or None, no_color=not colored, highlight=False))
    else:
        WRITERS[format_name](found, sys.stdout, documents=documents)


def _reject_hint(stats: RunStats) -> str:
    if not stats.reading.samples:
        return ""
    sample = stats.reading.samples[0]
    return f": {plural(stats.reading.rejected, 'line')} rejected, such as {sample.file}:{sample.line}: {sample.reason}"


@contextlib.contextmanager
def _progress(inputs: list[str], *, quiet: bool) -> Iterator[Progress | None]:
    """Show a bar on a terminal; plain files only, since only their sizes are known."""
    sizes = [Path(path).stat().st_size for path in inputs if path != "-" and Path(path).is_file()]
    packed = any(path.endswith((".gz", ".zst")) for path in inputs)
    if quiet or not sys.stderr.isatty() or sum(sizes) < 1 << 22:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.fields[events]:,} events"),
        BarColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None if packed else sum(sizes), events=0)
        yield lambda lines, size: bar.update(task, completed=size, events=lines)


def _summarize(rules: RuleSet, stats: RunStats, used: int, broken: int, seconds: float) -> None:
    """Say what was done, and all that somebody who misses a detection would want to know."""
    reading = stats.reading
    say = [
        f"{plural(stats.detections, 'detection')} by {plural(used, 'rule')} in {plural(reading.evaluated, 'event')}"
        f" ({seconds:.2f} s)"
    ]
    if stats.interrupted:
        say.append("interrupted: these are the detections among the events read so far")
    if broken:
        say.append(f"{plural(broken, 'error')} in rules; the other rules were used")
    if rules.skipped:
        first = rules.skipped[0]
        say.append(f"{plural(len(rules.skipped), 'rule')} skipped, such as `{first.rule}`: {first.reason}")
    if reading.rejected:
        say.append(_reject_hint(stats).removeprefix(": "))
    say += [f"{warning.file}: {warning.reason}" for warning in reading.warnings]
    if stats.unrouted:
        example = f", such as one of `{stats.unrouted_example}`" if stats.unrouted_example else ""
        say.append(f"{plural(stats.unrouted, 'event')} outside the index patterns of all rules{example}")
    if stats.untimed:
        say.append(f"{plural(stats.untimed, 'event')} left out of sequences: no readable time")
    if stats.faults:
        say.append(f"{plural(stats.faults, 'expression')} without a value, such as: {stats.fault_examples[0]}")
    click.echo("\n".join(say), err=True)
