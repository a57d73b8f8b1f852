"""`eqlite query`: one ad-hoc query."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from eqlite.cli.options import (
    color_option,
    event_inputs,
    output_format,
    plural,
    read_schema,
    schema_option,
    wants_color,
)
from eqlite.errors import EqlError
from eqlite.events.readers import read_events
from eqlite.events.stats import ReadStats
from eqlite.query import Match, Query, compile
from eqlite.report.formats import WRITERS
from eqlite.report.records import eql_response, match_record, to_json
from eqlite.rules.model import Rule
from eqlite.source import Source


@click.command("query")
@click.argument("text", metavar="EQL")
@click.argument("events", nargs=-1, metavar="[EVENTS]...")
@click.option("--size", type=click.IntRange(min=0), help="At most so many results; all by default (Elasticsearch: 10).")
@click.option(
    "--position", type=click.Choice(["head", "tail"]), default="tail", show_default=True, help="Which end to keep."
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["table", *WRITERS, "eql-response"]),
    help="Default: table on a terminal, ndjson in a pipe.",
)
@click.option("--documents/--no-documents", default=True, help="Write the events themselves into ndjson and json.")
@schema_option
@click.option(
    "--category-field",
    default="event.category",
    show_default=True,
    help="What the word before `where` is compared with.",
)
@click.option("--timestamp-field", default="@timestamp", show_default=True, help="The field with the time.")
@click.option("--tiebreaker-field", help="The field that orders events of one time.")
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
@color_option
def command(
    text: str,
    events: tuple[str, ...],
    size: int | None,
    position: Literal["head", "tail"],
    format_name: str | None,
    documents: bool,
    schema_name: str | None,
    category_field: str,
    timestamp_field: str,
    tiebreaker_field: str | None,
    quiet: bool,
    color: str,
) -> None:
    """Run one query over EVENTS. EQL is the query itself, or @FILE.

    \b
    eqlite query 'process where process.name : "mshta.exe"' logs.ndjson
    eqlite query @hunt.eql logs/ --format eql-response
    """
    query = compile(
        _source(text),
        schema=read_schema(schema_name),
        event_category_field=category_field,
        timestamp_field=timestamp_field,
        tiebreaker_field=tiebreaker_field,
    )
    stats = ReadStats()
    found = query.search(read_events(*event_inputs(events), stats=stats), size=size, result_position=position)
    _write(found, query, output_format(format_name), documents=documents, color=color)
    if not quiet:
        rejected = f"; {plural(stats.rejected, 'line')} rejected" if stats.rejected else ""
        click.echo(f"{plural(len(found), 'match')} in {plural(stats.evaluated, 'event')}{rejected}", err=True)
    if stats.evaluated == 0:
        raise EqlError("no event in the input")


def _source(text: str) -> Source:
    if not text.startswith("@"):
        return Source(text)
    try:
        return Source(Path(text[1:]).read_text(encoding="utf-8"), text[1:])
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"cannot read the query `{text[1:]}`: {error}") from error


def _write(found: list[Match], query: Query, format_name: str, *, documents: bool, color: str) -> None:
    if format_name == "eql-response":
        click.echo(to_json(eql_response(found, query)))
    elif format_name in ("ndjson", "json"):
        lines = [to_json(match_record(match, query, documents=documents)) for match in found]
        if format_name == "json":
            click.echo("[\n" + ",\n".join(lines) + "\n]" if lines else "[]")
        else:
            sys.stdout.writelines(f"{line}\n" for line in lines)
    else:
        _write_as_detections(found, query, format_name, color=color)


def _write_as_detections(found: list[Match], query: Query, format_name: str, *, color: str) -> None:
    """Show matches as the detections of a rule without a name."""
    from eqlite.rules.running import as_detection

    rule = Rule(name="query", query=query.text, source=Source(query.text))
    detections = [as_detection(rule, query, match) for match in found]
    if format_name != "table":
        WRITERS[format_name](detections, sys.stdout)
        return
    from rich.console import Console

    from eqlite.report.table import print_table

    colored = wants_color(color, sys.stdout)
    print_table(detections, Console(force_terminal=colored or None, no_color=not colored, highlight=False))
