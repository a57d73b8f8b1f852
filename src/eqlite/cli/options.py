"""Options that several verbs share, and what they stand for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from eqlite.events.inputs import expand_input
from eqlite.events.intake import ReadStats
from eqlite.semantics.schema import Schema
from eqlite.semantics.targets import DEFAULT_TARGET
from eqlite.source import Source

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
        "schema_name",
        type=FILE,
        metavar="ecs|FILE",
        help="Check fields and types against ECS, or against an index mapping in a JSON file.",
    )(command)


def target_option(command: Decorated) -> Decorated:
    """Add `--target`."""
    return click.option(
        "--target",
        metavar="VERSION",
        default=DEFAULT_TARGET,
        show_default=True,
        help="Answer as this version of Elasticsearch, from 8.19 to 9.6.",
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


def read_schema(name: str | None) -> Schema | None:
    """Return the schema that `--schema` names."""
    if name is None:
        return None
    if name.lower() == "ecs":
        return Schema.ecs()
    try:
        mapping = json.loads(Path(name).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise click.ClickException(f"cannot read the schema `{name}`: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"the schema `{name}` is no JSON: {error}") from error
    if not isinstance(mapping, dict):
        raise click.ClickException(f"the schema `{name}` is no index mapping: it should be a JSON object")
    indices = _indices(mapping)
    problem = next((problem for found in indices.values() if (problem := _problem_of(found))), None)
    if problem is not None:
        raise click.ClickException(f"the schema `{name}` is no index mapping: {problem}")
    return Schema.from_indices(indices) if len(indices) > 1 else Schema.from_mapping(next(iter(indices.values())))


def _indices(mapping: dict[str, Any]) -> dict[str, Any]:
    """Return mappings by index: of an answer to `GET index/_mapping`, or the one that stands alone."""
    if not {"properties", "mappings"} & mapping.keys():
        inner = {name: value["mappings"] for name, value in mapping.items() if _holds(value, "mappings")}
        if inner and len(inner) == len(mapping):
            return inner
    return {"": mapping.get("mappings", mapping)}


def _holds(value: object, name: str) -> bool:
    return isinstance(value, dict) and name in value


def _problem_of(mapping: object) -> str | None:
    """Return what keeps a text from being an index mapping, None where nothing does."""
    if not _holds(mapping, "properties"):
        return "it has no `properties`, as `GET my-index/_mapping` shows them"
    pending: list[tuple[str, Any]] = [("", mapping)]
    while pending:
        name, definition = pending.pop()
        if not isinstance(definition, dict):
            return f"the definition of `{name}` should be an object"
        if not isinstance(definition.get("type", ""), str):
            return f"the type of `{name}` should be text"
        for key in ("properties", "fields"):
            below = definition.get(key, {})
            if not isinstance(below, dict):
                return f"`{key}` of `{name}` should be an object" if name else f"`{key}` should be an object"
            pending.extend((f"{name}.{field}".removeprefix("."), value) for field, value in below.items())
    return None


def query_source(words: Sequence[str], path: str | None) -> tuple[Source, Sequence[str]]:
    """Return the query, from a file or the first word, and the inputs."""
    if path is None:
        if not words:
            raise click.UsageError("Missing argument 'EQL': the query, or -f FILE with it")
        text, *events = words
        if not text.startswith("@"):
            return Source(text), events
        path = text[1:]
    else:
        events = list(words)
    try:
        return Source(Path(path).read_text(encoding="utf-8-sig"), path), events
    except OSError as error:
        raise click.ClickException(f"cannot read the query `{path}`: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise click.ClickException(f"the query `{path}` is not UTF-8: byte {error.start + 1}") from error


def event_inputs(events: Sequence[str], stats: ReadStats) -> list[str]:
    """Return the files to read, of directories and globs too; standard input where something is piped into it.

    Files of folders that are passed over are counted in `stats`.

    Raises:
        EventError: there is no such file: better said before the rules are compiled than after.
    """
    if events:
        return [str(file) for given in events for file in expand_input(given, stats)]
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
