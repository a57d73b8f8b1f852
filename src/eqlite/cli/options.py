"""Options that several verbs share, and what they stand for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from eqlite.events.readers import expand_input
from eqlite.semantics.schema import Schema

Decorated = Callable[..., Any]
FILE = click.Path(allow_dash=True)
"""For shells to complete; whether there is such a file is for the library to say."""


def rules_option(command: Decorated) -> Decorated:
    """Add `--rules`."""
    return click.option(
        "-r",
        "--rules",
        "rule_paths",
        type=FILE,
        multiple=True,
        required=True,
        metavar="RULES",
        help="File, folder, glob or archive; may be given several times.",
    )(command)


def schema_option(command: Decorated) -> Decorated:
    """Add `--schema`."""
    return click.option(
        "--schema",
        "schema_names",
        type=FILE,
        multiple=True,
        metavar="ecs|elastic|FILE",
        help="Check fields and types against ECS, ECS with Elastic's integrations, or a mapping; repeat it to add.",
    )(command)


def cache_option(command: Decorated) -> Decorated:
    """Add `--no-cache`."""
    return click.option(
        "--cache/--no-cache",
        default=True,
        help="Keep what the rules mean for the next time, in the user's cache folder.",
    )(command)


def color_option(command: Decorated) -> Decorated:
    """Add `--color`."""
    return click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colour the output; auto: on a terminal, unless NO_COLOR is set.",
    )(command)


def documents_option(command: Decorated) -> Decorated:
    """Add `--no-documents`."""
    return click.option(
        "--documents/--no-documents", default=True, help="Write the events themselves into ndjson and json."
    )(command)


def format_option(*formats: str) -> Callable[[Decorated], Decorated]:
    """Add `--format` for results."""
    return click.option(
        "--format", "format_name", type=click.Choice(formats), help="Default: table on a terminal, ndjson in a pipe."
    )


def read_schema(names: Sequence[str]) -> Schema | None:
    """Return the schema that `--schema` names, once or several times."""
    return Schema.load(*names) if names else None


def event_inputs(events: Sequence[str]) -> list[str]:
    """Return the files to read, of directories and globs too; standard input where something is piped into it.

    Raises:
        EventError: there is no such file: better said before the rules are compiled than after.
    """
    if events:
        return [str(file) for given in events for file in expand_input(given)]
    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError("no events: name files or directories, or pipe NDJSON into the command")
    return ["-"]


def output_format(choice: str | None) -> str:
    """Return the format asked for; by default a table on a terminal, ndjson in a pipe."""
    return choice or ("table" if sys.stdout.isatty() else "ndjson")


def plural(count: int, word: str) -> str:
    """Return `1 event`, `2 events`.

    >>> plural(1, "match"), plural(1200, "match")
    ('1 match', '1,200 matches')
    """
    ending = "" if count == 1 else "es" if word.endswith(("ch", "sh", "x")) else "s"
    return f"{count:,} {word}{ending}"
