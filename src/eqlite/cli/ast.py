"""`eqlite ast`: syntax tree, plan and generated code of a query, to explore and for bug reports."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import click

from eqlite.backends.python import PythonBackend
from eqlite.cli.options import FILE, names_file, read_schema, schema_option
from eqlite.cli.stdio import data_stdout
from eqlite.functions.registry import Function
from eqlite.language.parser import parse
from eqlite.query import compile
from eqlite.report.escaping import safe
from eqlite.ruleset import load_rule
from eqlite.source import Source, Span


@click.command("ast")
@click.argument("text", type=FILE, metavar="EQL|RULE")
@click.option("--plan", "shows_plan", is_flag=True, help="Show the plan: fields resolved, constants folded.")
@click.option("--code", "shows_code", is_flag=True, help="Show the generated Python.")
@click.option("--json", "as_json", is_flag=True, help="Write the tree or the plan as JSON.")
@schema_option
def command(text: str, shows_plan: bool, shows_code: bool, as_json: bool, schema_names: tuple[str, ...]) -> None:
    """Show the syntax tree, plan or code of a query, given as EQL or as a rule file."""
    if as_json and shows_code:
        raise click.UsageError("--json applies to the tree and the plan, not to --code")
    source = load_rule(Path(text)).source if _names_file(text) else Source(text)
    if not (shows_code or shows_plan):
        _write(parse(source), as_json=as_json)
        return
    query = compile(source, schema=read_schema(schema_names))
    if as_json:
        _write(query.plan, as_json=True)
        return
    for number, stage in enumerate(query.plan.stages, 1):
        if query.kind != "event":
            click.echo(f"# stage {number}")
        if shows_plan:
            _write(stage.condition, as_json=False)
        if shows_code:
            sys.stdout.write(PythonBackend().source(stage.condition))


def _names_file(text: str) -> bool:
    """Return whether a text is a path.

    No query is a single word, so a single word is a path, perhaps with a typo.
    """
    if len(text.split()) == 1:
        return True
    return names_file(text)


def _write(node: object, *, as_json: bool) -> None:
    if as_json:
        data_stdout().writelines(json_tokens(node))
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{safe(line)}\n" for line in outline(node))


def outline(root: object) -> Iterator[str]:
    """Yield the lines of a tree: a line a node with its plain values, and its children indented below.

    Walks without recursion: queries may be nested a thousand levels deep.
    """
    pending: list[tuple[object, str, int]] = [(root, "", 0)]
    while pending:
        node, name, depth = pending.pop()
        prefix = "  " * depth + (f"{name}: " if name else "")
        if not is_node(node):
            yield f"{prefix}{_plain(node)}"
            continue
        plain: list[str] = []
        below: list[tuple[object, str, int]] = []
        for label, value in parts(node):
            if value is None or value == () or value is False:
                continue
            if is_node(value):
                below.append((value, label, depth + 1))
            elif isinstance(value, tuple) and any(map(is_node, value)):
                below += [(item, "", depth + 1) for item in value]
            else:
                plain.append(f"{label}={_plain(value)}")
        yield f"{prefix}{type(node).__name__} {' '.join(plain)}".rstrip()
        pending += reversed(below)


class _Token(NamedTuple):
    """A finished piece of JSON."""

    text: str


def json_tokens(root: object) -> Iterator[str]:
    """Yield the pieces of a tree as JSON, without recursion.

    Each node is an object with its kind under `node`.
    """
    pending: list[object] = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, _Token):
            yield value.text
        elif is_node(value):
            inner: list[object] = [_Token(f'{{"node":{json.dumps(type(value).__name__)}')]
            for label, part in parts(value):
                inner += (_Token(f",{json.dumps(label)}:"), part)
            pending += reversed([*inner, _Token("}")])
        elif isinstance(value, (tuple, list, frozenset)):
            items = sorted(value, key=repr) if isinstance(value, frozenset) else value
            separated = [piece for item in items for piece in (_Token(","), item)]
            pending += reversed([_Token("["), *separated[1:], _Token("]")])
        elif isinstance(value, Enum):
            yield json.dumps(value.value)
        else:
            is_scalar = value is None or isinstance(value, (str, bool, int, float))
            yield json.dumps(value if is_scalar else _plain(value))


def is_node(value: object) -> bool:
    """Return whether a value is a node of a tree rather than a plain value."""
    return dataclasses.is_dataclass(value) and not isinstance(value, (Function, type))


def parts(node: Any) -> Iterator[tuple[str, object]]:
    """Yield names and values of the parts of a node, without its span."""
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if not isinstance(value, Span):
            yield field.name, value


def _plain(value: object) -> str:
    if isinstance(value, Function):
        return value.name
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(map(repr, value))) + "}"
    return repr(value)
