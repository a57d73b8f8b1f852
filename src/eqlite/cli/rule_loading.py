"""Loading and compiling the rules of a command, with their problems on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from eqlite.cli.options import read_schema
from eqlite.cli.progress import compiling
from eqlite.cli.stdio import wants_color
from eqlite.cli.summary import left_out_lines, not_applied_lines
from eqlite.diagnostics import Diagnostic
from eqlite.errors import EqlError
from eqlite.execution.run import Compiled
from eqlite.report.diagnostics import render
from eqlite.report.escaping import safe
from eqlite.ruleset import RuleSet, read_rules

_SHOWN_PROBLEMS = 20


def compile_rules(
    rule_paths: Sequence[str],
    *,
    cache: bool,
    quiet: bool,
    color: str,
    schema_names: Sequence[str],
    **options: object,
) -> tuple[RuleSet, int, Compiled]:
    """Return the rules, the number of broken ones, and the compiled ones. Problems are printed."""
    schema = read_schema(schema_names)
    rules = read_rules(*rule_paths, cache=cache)
    with compiling(len(rules), quiet=quiet):
        compiled, problems = rules.compile_with_problems(schema=schema, **options)
    errors = [problem for problem in problems if problem.is_error]
    missing = [problem for problem in errors if problem.id == "unreadable-file" and problem.file in rule_paths]
    if missing:
        raise EqlError(diagnostics=missing)
    is_empty = not len(rules) and len(errors) == 1
    if not quiet and not is_empty:
        _print_errors(errors, color)
        for line in not_applied_lines(problems):
            click.echo(safe(line), err=True)
    if not compiled:
        for line in left_out_lines(rules):
            click.echo(safe(line), err=True)
        if is_empty:
            raise EqlError(diagnostics=errors)
        reason = "every rule is broken" if len(rules) else "no EQL rule"
        raise click.ClickException(f"{reason} in {', '.join(rule_paths)}")
    return rules, _count_broken(rules, compiled, errors), compiled


def _count_broken(rules: RuleSet, compiled: Compiled, errors: Sequence[Diagnostic]) -> int:
    """Count rules with a broken query, and files without any rule."""
    queries = {id(rule.source) for rule in rules}
    elsewhere = (problem for problem in errors if id(problem.source) not in queries)
    files = {problem.file or (problem.source.name if problem.source else None) for problem in elsewhere}
    return len(rules) - len(compiled) + len(files)


def _print_errors(errors: Sequence[Diagnostic], color: str) -> None:
    for problem in errors[:_SHOWN_PROBLEMS]:
        click.echo(f"{render(problem, color=wants_color(color, sys.stderr))}\n", err=True)
    if len(errors) > _SHOWN_PROBLEMS:
        click.echo(f"… and {len(errors) - _SHOWN_PROBLEMS} more; `eqlite check` shows all\n", err=True)
