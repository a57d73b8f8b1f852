"""Options that several verbs share, and what they stand for."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from eqlite.semantics.schema import Schema

Decorated = Callable[..., Any]


def schema_option(command: Decorated) -> Decorated:
    """Add `--schema`."""
    return click.option(
        "--schema",
        "schema_name",
        metavar="ecs|FILE",
        help="Check fields and types against ECS, or against an index mapping in a JSON file.",
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


def read_schema(name: str | None) -> Schema | None:
    """Return the schema that `--schema` names."""
    if name is None:
        return None
    if name.lower() == "ecs":
        return Schema.ecs()
    try:
        mapping = json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise click.ClickException(f"cannot read the schema `{name}`: {error.strerror or error}") from error
    except ValueError as error:
        raise click.ClickException(f"the schema `{name}` is no JSON: {error}") from error
    if not isinstance(mapping, dict):
        raise click.ClickException(f"the schema `{name}` is no index mapping: it should be a JSON object")
    if not {"properties", "mappings"} & mapping.keys() and all(
        isinstance(value, dict) and "mappings" in value for value in mapping.values()
    ):
        return Schema.from_indices({index: value["mappings"] for index, value in mapping.items()})
    return Schema.from_mapping(mapping)


def wants_color(choice: str, stream: TextIO) -> bool:
    """Tell whether to colour what goes to a stream."""
    if choice != "auto":
        return choice == "always"
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def event_inputs(events: Sequence[str]) -> list[str]:
    """Return the inputs named, or standard input where something is piped into it."""
    if events:
        return list(events)
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
