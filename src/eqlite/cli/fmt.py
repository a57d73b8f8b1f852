"""`eqlite fmt`: the canonical form of EQL files."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from eqlite.cli.options import FILE, RULE_SUFFIXES, plural, require
from eqlite.cli.stdio import data_stdout, wants_color
from eqlite.errors import EqlError
from eqlite.language.parser import parse_with_comments
from eqlite.language.printer import print_query
from eqlite.report.diagnostics import render
from eqlite.report.escaping import safe, safe_lines
from eqlite.ruleset import load_rule
from eqlite.source import Source


@click.command("fmt")
@click.argument("files", nargs=-1, type=FILE, metavar="FILES...")
@click.option(
    "--check", is_flag=True, help="Write nothing. List the files that would change, and exit with 1 if any would."
)
@click.option("--diff", is_flag=True, help="Write nothing. Show the changes, and exit with 1 if there are any.")
@click.option("--stdout", "to_stdout", is_flag=True, help="Write to stdout. Formats the query of a rule file too.")
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], check: bool, diff: bool, to_stdout: bool) -> None:
    """Format .eql FILES in place and preserve comments.

    FILES are files or folders, or - to format stdin to stdout.

    Rule files in other formats are never changed. Paste the formatted query that --stdout prints.
    """
    require(files, "FILES...", "files or folders with EQL, or - for stdin")
    changed, failed = 0, 0
    for name in _expanded(files):
        try:
            before = _read(name, takes_rules=to_stdout)
            after = formatted(before)
        except (EqlError, click.ClickException) as error:
            failed += 1
            _print_errors(error)
            continue
        if to_stdout or (name == "-" and not (check or diff)):
            data_stdout().write(safe_lines(after) if sys.stdout.isatty() else after)
        elif after != before.text:
            changed += 1
            _change(name, before.text, after, check=check, diff=diff)
    if not to_stdout and files != ("-",):
        click.echo(f"{plural(changed, 'file')} {'to format' if check or diff else 'formatted'}", err=True)
    if failed:
        ctx.exit(2)
    ctx.exit(1 if changed and (check or diff) else 0)


def formatted(source: Source) -> str:
    """Return the canonical form of a query."""
    tree, comments = parse_with_comments(source)
    return print_query(tree, comments, text=source.text)


def _expanded(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if not Path(name).is_dir():
            yield name
            continue
        found = sorted(map(str, Path(name).rglob("*.eql")))
        if not found:
            raise click.ClickException(f"no .eql file in `{name}`")
        yield from found


def _read(name: str, *, takes_rules: bool) -> Source:
    """Return the text of a file, or with `takes_rules` the query of a rule file."""
    if name == "-":
        return Source(sys.stdin.read(), "<stdin>")
    if Path(name).suffix.lower() in RULE_SUFFIXES:
        if takes_rules:
            return load_rule(Path(name)).source
        raise click.ClickException(
            f"`{name}` is no .eql file: fmt does not write into rule files. `eqlite fmt --stdout {name}` prints the "
            "formatted query, to be pasted there"
        )
    try:
        return Source(Path(name).read_text(encoding="utf-8-sig"), name)
    except OSError as error:
        raise click.ClickException(f"cannot read `{name}`: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise click.ClickException(f"`{name}` is not UTF-8: byte {error.start + 1}") from error


def _change(name: str, before: str, after: str, *, check: bool, diff: bool) -> None:
    if diff:
        lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), name, f"{name} (formatted)")
        for line in lines:
            text = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            data_stdout().write(safe_lines(text) if sys.stdout.isatty() else text)
    elif check:
        click.echo(safe(f"would format {name}"))
    else:
        try:
            Path(name).write_text(after, encoding="utf-8")
        except OSError as error:
            raise click.ClickException(f"cannot write `{name}`: {error.strerror or error}") from error


def _print_errors(error: EqlError | click.ClickException) -> None:
    if isinstance(error, EqlError) and error.diagnostics:
        color = wants_color("auto", sys.stderr)
        click.echo("\n\n".join(render(found, color=color) for found in error.diagnostics), err=True)
    else:
        click.echo(safe_lines(f"Error: {error.message}"), err=True)
