"""`eqlite ast`: what a query is made of, for the curious and for bug reports."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import click

from eqlite.backends.python import PythonBackend
from eqlite.cli.options import read_schema, schema_option
from eqlite.functions.registry import Function
from eqlite.language.parser import parse
from eqlite.query import compile
from eqlite.rules.loading import load_rule
from eqlite.source import Source, Span


@click.command("ast")
@click.argument("text", metavar="EQL|RULE")
@click.option("--plan", "shows_plan", is_flag=True, help="Show what will be done: fields resolved, constants folded.")
@click.option("--code", "shows_code", is_flag=True, help="Show the generated Python.")
@schema_option
def command(text: str, shows_plan: bool, shows_code: bool, schema_name: str | None) -> None:
    """Show the syntax tree of a query, given as text or as a rule's file; --plan and --code go on from there."""
    source = load_rule(text).source if Path(text).is_file() else Source(text)
    if shows_code or shows_plan:
        query = compile(source, schema=read_schema(schema_name))
        for number, stage in enumerate(query.plan.stages, 1):
            if query.kind != "event":
                click.echo(f"# stage {number}")
            if shows_plan:
                sys.stdout.writelines(f"{line}\n" for line in outline(stage.condition))
            if shows_code:
                click.echo(PythonBackend().source(stage.condition), nl=False)
        return
    sys.stdout.writelines(f"{line}\n" for line in outline(parse(source)))


def outline(node: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """Yield the lines of a tree: a node a line, its plain values behind its name, its nodes indented below."""
    prefix = "  " * depth + (f"{name}: " if name else "")
    if not dataclasses.is_dataclass(node) or isinstance(node, Function):
        yield f"{prefix}{_plain(node)}"
        return
    plain: list[str] = []
    below: list[tuple[str, Any]] = []
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Span) or value is None or value == () or value is False:
            continue
        if dataclasses.is_dataclass(value) and not isinstance(value, Function):
            below.append((field.name, value))
        elif isinstance(value, tuple) and any(dataclasses.is_dataclass(item) for item in value):
            below += [("", item) for item in value]
        else:
            plain.append(f"{field.name}={_plain(value)}")
    yield f"{prefix}{type(node).__name__} {' '.join(plain)}".rstrip()
    for label, child in below:
        yield from outline(child, label, depth + 1)


def _plain(value: Any) -> str:
    if isinstance(value, Function):
        return value.name
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(repr, value))) + "}"
    return repr(value)
