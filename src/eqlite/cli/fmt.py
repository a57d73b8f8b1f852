"""`eqlite fmt`: the canonical form of EQL files."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click

from eqlite.cli.options import plural
from eqlite.language.parser import parse_with_comments
from eqlite.language.printer import print_query
from eqlite.source import Source


@click.command("fmt")
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], check: bool, diff: bool) -> None:
    """Format .eql FILES in place, comments kept; - formats stdin to stdout.

    A rule in TOML or JSON is not touched: `eqlite show RULE` prints its query formatted.
    """
    changed = 0
    for name in files:
        if name == "-":
            sys.stdout.write(formatted(sys.stdin.read(), "<stdin>"))
            continue
        path = Path(name)
        if path.suffix in (".toml", ".json", ".ndjson"):
            raise click.ClickException(f"`{name}` is no .eql file; `eqlite show {name}` prints its query formatted")
        try:
            before = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise click.ClickException(f"cannot read `{name}`: {error}") from error
        after = formatted(before, name)
        if after == before:
            continue
        changed += 1
        if diff:
            lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), name, f"{name} (formatted)")
            sys.stdout.writelines(lines)
        elif check:
            click.echo(f"would format {name}")
        else:
            path.write_text(after, encoding="utf-8")
    click.echo(f"{plural(changed, 'file')} {'to format' if check or diff else 'formatted'}", err=True)
    ctx.exit(1 if changed and (check or diff) else 0)


def formatted(text: str, name: str) -> str:
    """Return the canonical form of a query in a file of that name."""
    tree, comments = parse_with_comments(Source(text, name))
    return print_query(tree, comments, text=text)
