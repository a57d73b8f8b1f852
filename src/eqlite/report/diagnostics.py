"""Diagnostics for people and for programs: `full`, `concise` and `json`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

import click

from eqlite.diagnostics import Diagnostic
from eqlite.report.escaping import safe, safe_lines
from eqlite.report.json_records import Record, to_json

FORMATS = ("full", "concise", "json")


def write_diagnostics(diagnostics: Iterable[Diagnostic], out: TextIO, *, format: str, color: bool) -> None:
    """Write diagnostics to a text stream: an excerpt each, a line each, or a JSON object a line."""
    for number, diagnostic in enumerate(diagnostics):
        if format == "json":
            out.write(to_json(diagnostic_record(diagnostic)) + "\n")
        elif format == "concise":
            out.write(concise(diagnostic) + "\n")
        else:
            out.write(("\n" if number else "") + render(diagnostic, color=color) + "\n")


def concise(diagnostic: Diagnostic) -> str:
    """Return `file:line:column: severity[id] message`, as editors and `grep` read it."""
    return safe(f"{diagnostic.location}: {diagnostic.severity}[{diagnostic.id}] {diagnostic.message}")


def render(diagnostic: Diagnostic, *, color: bool) -> str:
    """Return the full form, coloured for a terminal."""
    headline, *rest = safe_lines(diagnostic.render()).split("\n")
    if not color:
        return "\n".join((headline, *rest))
    tint = "red" if diagnostic.is_error else "yellow"
    return "\n".join((click.style(headline, fg=tint, bold=True), *(_styled(line, tint) for line in rest)))


def _styled(line: str, tint: str) -> str:
    """Return a styled line of the excerpt: location and gutter in blue, carets like the headline."""
    if line.startswith("  --> ") or line.strip() == "|":
        return click.style(line, fg="blue")
    gutter, bar, text = line.partition(" | ")
    if bar:
        marks = text.lstrip().startswith("^") and not gutter.strip()
        return click.style(gutter + bar, fg="blue") + (click.style(text, fg=tint, bold=True) if marks else text)
    gutter, equals, text = line.partition(" = ")
    word, colon, said = text.partition(": ")
    if equals and colon and not gutter.strip():
        return f"{click.style(gutter + equals, fg='blue')}{click.style(word + colon, bold=True)}{said}"
    return line


def diagnostic_record(diagnostic: Diagnostic) -> Record:
    """Return a diagnostic as a record.

    Line and column count from 1 and are null if there is no text.
    """
    place = diagnostic.position
    source = diagnostic.source
    return {
        "id": diagnostic.id,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        "file": diagnostic.file or (source.name if source is not None else None),
        "line": place.line if place is not None else None,
        "column": place.column if place is not None else None,
        "label": diagnostic.label or None,
        "help": diagnostic.help,
        "note": diagnostic.note,
        "elasticsearch": diagnostic.elasticsearch,
    }
