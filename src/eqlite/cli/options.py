"""Options shared by several commands, and the values behind them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from eqlite.events.inputs import expand_input
from eqlite.events.intake import ReadStats
from eqlite.rules.formats import SUFFIXES
from eqlite.semantics.schema import Schema
from eqlite.semantics.targets import DEFAULT_TARGET
from eqlite.source import Source

Decorated = Callable[..., Any]
FILE = click.Path(allow_dash=True)
"""Completed by shells. The library checks that the file exists."""
RULE_SUFFIXES = tuple(suffix for suffix in SUFFIXES if suffix != ".eql")
"""Suffixes of files that hold more than a query. A page of documentation and a bare query share `.txt`."""


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
        help="File, folder, glob or archive. Can be repeated.",
    )(command)


def schema_option(command: Decorated) -> Decorated:
    """Add `--schema`."""
    return click.option(
        "--schema",
        "schema_names",
        type=FILE,
        multiple=True,
        metavar="ecs|elastic|FILE",
        help="Check fields and types against ECS, ECS with Elastic's integrations, or a mapping. Can be repeated.",
    )(command)


def target_option(command: Decorated) -> Decorated:
    """Add `--target`."""
    return click.option(
        "--target",
        metavar="VERSION",
        default=DEFAULT_TARGET,
        show_default=True,
        help="Behave like this version of Elasticsearch, from 8.19 to 9.6.",
    )(command)


def jobs_option(command: Decorated) -> Decorated:
    """Add `--jobs`."""
    return click.option(
        *("-j", "--jobs"),
        type=click.IntRange(min=1),
        default=1,
        metavar="N",
        help="Number of processes that share the work.",
    )(command)


def rejects_option(command: Decorated) -> Decorated:
    """Add `--rejects`."""
    return click.option(
        *("--rejects", "rejects_path"),
        type=FILE,
        metavar="FILE",
        help="Write lines without a readable event to this file.",
    )(command)


def cache_option(command: Decorated) -> Decorated:
    """Add `--no-cache`."""
    return click.option(
        "--cache/--no-cache",
        default=True,
        help="Cache compiled rules in the user's cache folder.",
    )(command)


def color_option(command: Decorated) -> Decorated:
    """Add `--color`."""
    return click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colour the output. auto: on a terminal, unless NO_COLOR is set.",
    )(command)


def documents_option(command: Decorated) -> Decorated:
    """Add `--no-documents`."""
    return click.option(
        "--documents/--no-documents", default=True, help="Include the events themselves in ndjson and json."
    )(command)


def format_option(*formats: str) -> Callable[[Decorated], Decorated]:
    """Add `--format` for results."""
    return click.option(
        "--format", "format_name", type=click.Choice(formats), help="Default: table on a terminal, ndjson in a pipe."
    )


def require(values: object, name: str, what: str) -> None:
    """Check that an argument was given.

    Raises:
        UsageError: it was not. The message says what to give.
    """
    if not values:
        raise click.UsageError(f"Missing argument '{name}': {what}")


def read_schema(names: Sequence[str]) -> Schema | None:
    """Return the combined schema of all `--schema` options, or None without any."""
    return Schema.load(*names) if names else None


def query_source(words: Sequence[str], path: str | None) -> tuple[Source, Sequence[str]]:
    """Return the query, from a file or the first argument, and the inputs."""
    if path is None:
        if not words:
            raise click.UsageError("Missing argument 'EQL': the query, or -f FILE with it")
        text, *events = words
        if not text.startswith("@"):
            if names_file(text):
                raise click.UsageError(
                    f"`{text}` is a file, not EQL: give the query first, or read it from a file with -f"
                )
            return Source(text), events
        path = text[1:]
    else:
        events = list(words)
    if path.lower().endswith(tuple({*RULE_SUFFIXES} - {".txt"})) and names_file(path):
        advice = f"`eqlite run -r {path}` runs the rule, `eqlite show {path}` shows its query"
        raise click.ClickException(f"`{path}` is a rule file, not a file with only a query: {advice}")
    try:
        return Source(Path(path).read_text(encoding="utf-8-sig"), path), events
    except OSError as error:
        raise click.ClickException(f"cannot read the query `{path}`: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise click.ClickException(f"the query `{path}` is not UTF-8: byte {error.start + 1}") from error


def names_file(text: str) -> bool:
    """Return whether a text is the path of an existing file."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a path, or with characters that no path has
        return False


def event_inputs(events: Sequence[str], stats: ReadStats) -> list[str]:
    """Return the input files, with directories and globs expanded, or `-` for piped standard input.

    Files of folders that are passed over are counted in `stats`.

    Raises:
        EventError: a file does not exist. This is checked before the rules are compiled, which takes seconds.
    """
    if events:
        return [str(file) for given in events for file in expand_input(given, stats)]
    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError("no events: name files or directories, or pipe NDJSON into the command")
    return ["-"]


def output_format(choice: str | None) -> str:
    """Return the chosen format, by default `table` on a terminal and `ndjson` in a pipe."""
    return choice or ("table" if sys.stdout.isatty() else "ndjson")


def plural(count: int, word: str) -> str:
    """Return `1 event`, `2 events`.

    >>> plural(1, "match"), plural(1200, "match")
    ('1 match', '1,200 matches')
    """
    ending = "" if count == 1 else "es" if word.endswith(("ch", "sh", "x")) else "s"
    return f"{count:,} {word}{ending}"
