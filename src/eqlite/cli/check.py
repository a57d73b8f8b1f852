"""`eqlite check`: everything that is wrong with rules."""

from __future__ import annotations

import sys

import click

from eqlite.cli.options import color_option, plural, read_schema, schema_option, wants_color
from eqlite.diagnostics import Diagnostic
from eqlite.query import analyze
from eqlite.report.diagnostics import FORMATS, write_diagnostics
from eqlite.rules.ruleset import load_rules
from eqlite.source import Source


@click.command("check")
@click.argument("rules", nargs=-1, required=True, metavar="RULES...")
@schema_option
@click.option("--format", "format_name", type=click.Choice(FORMATS), default="full", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="What makes the exit code 1.",
)
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
@color_option
@click.pass_context
def command(
    ctx: click.Context,
    rules: tuple[str, ...],
    schema_name: str | None,
    format_name: str,
    fail_on: str,
    quiet: bool,
    color: str,
) -> None:
    """Check RULES (files, folders, globs, archives; - for EQL text on stdin).

    \b
    eqlite check rules/ --schema ecs
    echo 'process where proces.name == "a"' | eqlite check - --schema ecs
    """
    schema = read_schema(schema_name)
    found: list[Diagnostic] = []
    count, skipped = 0, 0
    if "-" in rules:
        found += analyze(Source(sys.stdin.read(), "<stdin>"), schema)
        count = 1
    paths = [path for path in rules if path != "-"]
    if paths:
        loaded = load_rules(*paths)
        found += loaded.compile_with_problems(schema=schema)[1]
        count += len(loaded)
        skipped = len(loaded.skipped)
    write_diagnostics(found, sys.stdout, format=format_name, color=wants_color(color, sys.stdout))
    errors = sum(diagnostic.is_error for diagnostic in found)
    warnings = len(found) - errors
    if not quiet:
        rest = f", {plural(skipped, 'rule')} in other languages skipped" if skipped else ""
        summary = f"{plural(count, 'rule')}: {plural(errors, 'error')}, {plural(warnings, 'warning')}{rest}"
        click.echo(summary, err=True)
    if count == 0 and not errors:
        raise click.ClickException(f"no EQL rule in {', '.join(rules)}")
    ctx.exit(1 if errors or (warnings and fail_on == "warning") else 0)
