"""Diagnostics for people and for programs: `full`, `concise` and `json`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

import click

from eqlite.diagnostics import Diagnostic
from eqlite.report.records import Record, to_json

FORMATS = ("full", "concise", "json")


def write_diagnostics(diagnostics: Iterable[Diagnostic], out: TextIO, *, format: str, color: bool) -> None:
    """Write diagnostics to a text stream."""
    for number, diagnostic in enumerate(diagnostics):
        if format == "json":
            out.write(to_json(diagnostic_record(diagnostic)) + "\n")
        elif format == "concise":
            out.write(f"{diagnostic.location}: {diagnostic.severity}[{diagnostic.id}] {diagnostic.message}\n")
        else:
            out.write(("\n" if number else "") + render(diagnostic, color=color) + "\n")


def render(diagnostic: Diagnostic, *, color: bool) -> str:
    """Return the full form, coloured for a terminal."""
    text = diagnostic.render()
    if not color:
        return text
    headline, _, rest = text.partition("\n")
    return f"{click.style(headline, fg='red' if diagnostic.is_error else 'yellow', bold=True)}\n{rest}"


def diagnostic_record(diagnostic: Diagnostic) -> Record:
    """Return a diagnostic as a record."""
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
