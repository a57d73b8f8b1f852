"""`eqlite check`: all problems in rules."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import click

from eqlite.cli.options import (
    FILE,
    cache_option,
    color_option,
    plural,
    read_schema,
    require,
    schema_option,
    target_option,
)
from eqlite.cli.progress import compiling
from eqlite.cli.stdio import data_stdout, wants_color
from eqlite.cli.summary import passed_over_lines, skipped_lines
from eqlite.diagnostics import Diagnostic
from eqlite.query import analyze_source
from eqlite.report.diagnostics import FORMATS, write_diagnostics
from eqlite.report.escaping import safe
from eqlite.rules.model import Rule, Skipped
from eqlite.ruleset import RuleSet, read_rules
from eqlite.semantics.schema import Schema
from eqlite.source import Source

_RULE_TABLE = re.compile(r"^\s*\[(rule|metadata)\]\s*$", re.MULTILINE)


@click.command("check")
@click.argument("rules", nargs=-1, type=FILE, metavar="RULES...")
@schema_option
@target_option
@click.option("--format", "format_name", type=click.Choice(FORMATS), default="full", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="Lowest severity that makes the exit code 1.",
)
@click.option(
    "--skipped", "lists_skipped", is_flag=True, help="List every skipped rule instead of one for each reason."
)
@cache_option
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
@color_option
@click.pass_context
def command(
    ctx: click.Context,
    rules: tuple[str, ...],
    schema_names: tuple[str, ...],
    target: str,
    format_name: str,
    fail_on: str,
    lists_skipped: bool,
    cache: bool,
    quiet: bool,
    color: str,
) -> None:
    """Check RULES for errors and warnings.

    RULES are files, folders, globs or archives, or - for EQL on stdin.

    \b
    eqlite check rules/ --schema ecs
    echo 'process where proces.name == "a"' | eqlite check - --schema ecs
    """
    require(rules, "RULES...", "files, folders, globs or archives of rules, or - for EQL on stdin")
    schema = read_schema(schema_names)
    found: list[Diagnostic] = []
    loaded = RuleSet(())
    if "-" in rules:
        found += _analyze_stdin(schema, target)
    paths = [path for path in rules if path != "-"]
    if paths:
        loaded = read_rules(*paths, cache=cache)
        with compiling(len(loaded), quiet=quiet):
            found += _problems(loaded, schema, target)
    count = len(loaded) + ("-" in rules)
    out = data_stdout() if format_name == "json" else sys.stdout
    write_diagnostics(found, out, format=format_name, color=wants_color(color, sys.stdout))
    sys.stdout.flush()  # before the summary, where both go to one place
    errors = sum(diagnostic.is_error for diagnostic in found)
    warnings = len(found) - errors
    if not quiet:
        lines = [*_skipped(loaded.skipped, lists_all=lists_skipped)]
        lines += (
            _skipped(loaded.passed_over, lists_all=True) if lists_skipped else passed_over_lines(loaded.passed_over)
        )
        lines.append(f"{plural(count, 'rule')}: {plural(errors, 'error')}, {plural(warnings, 'warning')}")
        click.echo("\n".join(map(safe, lines)), err=True)
    if any(problem.id == "unreadable-file" and problem.file in paths for problem in found):
        ctx.exit(2)
    if count == 0 and not errors:
        raise click.ClickException(f"no EQL rule in {', '.join(rules)}")
    ctx.exit(1 if errors or (warnings and fail_on == "warning") else 0)


def _analyze_stdin(schema: Schema | None, target: str) -> list[Diagnostic]:
    text = sys.stdin.read()
    from eqlite.semantics.analyzer import analyze  # which brings the parser; cached plans need none

    found = analyze(Source(text, "<stdin>"), schema, target=target)
    if _RULE_TABLE.search(text) and any(problem.is_error for problem in found):
        raise click.UsageError(
            "`check -` takes EQL, and this is a rule in TOML: name its file, `eqlite check FILE.toml`"
        )
    return [*found]


def _problems(loaded: RuleSet, schema: Schema | None, target: str) -> list[Diagnostic]:
    """Return the problems of files and queries, for each file by position.

    Warnings of broken queries are included.
    """
    compiled, problems = loaded.compile_with_problems(schema=schema, target=target)
    good = {id(rule) for rule, _ in compiled}
    of_broken = [_warnings(rule, schema, target) for rule in loaded if id(rule) not in good]
    found = [*problems, *(warning for warnings in of_broken for warning in warnings)]
    order = {name: place for place, name in enumerate(dict.fromkeys(map(_file, found)))}
    return sorted(found, key=lambda problem: (order[_file(problem)], _offset(problem)))


def _warnings(rule: Rule, schema: Schema | None, target: str) -> list[Diagnostic]:
    options = rule.compile_options(schema=schema, target=target)
    _, found = analyze_source(rule.source, options.schema, options.settings)
    return [problem for problem in found if not problem.is_error]


def _file(problem: Diagnostic) -> str | None:
    return problem.file or (problem.source.name if problem.source is not None else None)


def _offset(problem: Diagnostic) -> int:
    return -1 if problem.source is None else problem.source.document_offset(problem.span.start)


def _skipped(skipped: Sequence[Skipped], *, lists_all: bool) -> list[str]:
    if not lists_all:
        return [*skipped_lines(skipped)]
    return [
        f"{one.file or '<text>'}: {'' if one.rule == one.file else f'`{one.rule}` '}skipped: {one.reason}"
        for one in skipped
    ]
