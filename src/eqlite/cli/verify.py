"""`eqlite verify`: comparison of eqlite's answers with those of an Elasticsearch."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import click

from eqlite.cli.options import FILE, event_inputs, plural, query_source, read_schema, schema_option
from eqlite.cli.stdio import data_stdout
from eqlite.cli.summary import no_event, reading_lines, skipped_lines
from eqlite.diagnostics import Diagnostic
from eqlite.errors import EqlError
from eqlite.events.document import Event
from eqlite.events.intake import ReadStats
from eqlite.events.readers import read_events
from eqlite.integrations.connection import Connection
from eqlite.integrations.verification import MOST_RESULTS, Difference, Verification, verify
from eqlite.report.diagnostics import render
from eqlite.report.escaping import safe
from eqlite.report.json_records import to_json
from eqlite.rules.model import Rule
from eqlite.ruleset import load_rules
from eqlite.semantics.settings import SETTING_NAMES
from eqlite.source import Source

_SHOWN_REASONS = 5


def _connection_options(command: Any) -> Any:
    """Add the connection options, each with its environment variable."""
    options = [
        click.option("--url", envvar="EQLITE_ES_URL", show_envvar=True, required=True, help="Address, with port."),
        click.option("--api-key", envvar="EQLITE_ES_API_KEY", show_envvar=True, help="As Kibana shows it, or id:key."),
        click.option(
            "--user", envvar="EQLITE_ES_USER", show_envvar=True, help="With --password, if no API key is given."
        ),
        click.option("--password", envvar="EQLITE_ES_PASSWORD", show_envvar=True, help="Better in the environment."),
        click.option(
            "--ca-file",
            envvar="EQLITE_ES_CA_FILE",
            show_envvar=True,
            type=click.Path(),
            help="PEM file of the authority that signed the server's certificate.",
        ),
        click.option(
            "--insecure", envvar="EQLITE_ES_INSECURE", show_envvar=True, is_flag=True, help="Accept any certificate."
        ),
        click.option(
            "--timeout",
            envvar="EQLITE_ES_TIMEOUT",
            show_envvar=True,
            type=click.FloatRange(min=0, min_open=True),
            default=30.0,
            show_default=True,
            help="Seconds to wait for each answer.",
        ),
        click.option(
            "--retries",
            envvar="EQLITE_ES_RETRIES",
            show_envvar=True,
            type=click.IntRange(min=0, max=20),
            default=5,
            show_default=True,
            help="Retries of a request after 429, 502, 503, 504 and broken connections, at most.",
        ),
        click.option(
            "--backoff",
            envvar="EQLITE_ES_BACKOFF",
            show_envvar=True,
            type=click.FloatRange(min=0),
            default=1.0,
            show_default=True,
            help="Seconds before the first retry. Each further pause is twice as long.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command("verify")
@_connection_options
@click.argument("words", nargs=-1, type=FILE, metavar="QUERY|RULES [EVENTS]...")
@click.option(
    "-f", "--file", "path", type=FILE, metavar="FILE", help="Read the query from this file, instead of QUERY."
)
@schema_option
@click.option(
    "--size",
    type=click.IntRange(min=1, max=MOST_RESULTS),
    default=MOST_RESULTS,
    show_default=True,
    help="Compare at most this many results of each query.",
)
@click.option(
    "--position",
    type=click.Choice(["head", "tail"]),
    default="tail",
    show_default=True,
    help="Compare the first or the last results.",
)
@click.option("--category-field", "event_category_field", help="As for query. Overrides the rule's setting.")
@click.option("--timestamp-field", help="As for query. Overrides the rule's setting.")
@click.option("--tiebreaker-field", help="As for query. Overrides the rule's setting.")
@click.option("--target", metavar="VERSION", help="Behave like this version. Default: the version of the server.")
@click.option("--format", "format_name", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-q", "--quiet", is_flag=True, help="No summary and no warnings.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    words: tuple[str, ...],
    path: str | None,
    schema_names: tuple[str, ...],
    size: int,
    position: Literal["head", "tail"],
    format_name: str,
    quiet: bool,
    **more: Any,
) -> None:
    """Compare the answers of an Elasticsearch and of eqlite over EVENTS, and print the differences.

    QUERY is EQL, or @FILE. RULES are a file, folder, glob or archive. An index is created for the events and removed at
    the end. The exit code is 1 if there are differences.

    \b
    export EQLITE_ES_URL=https://localhost:9200 EQLITE_ES_API_KEY=…
    eqlite verify 'process where process.name : "mshta.exe"' logs.ndjson
    eqlite verify rules/ logs.ndjson --format json > differences.json
    """
    server = _connection(more)
    queries, events = _queries(words, path, quiet=quiet)
    stats = ReadStats()
    inputs = event_inputs(events, stats)
    documents: list[Event] = list(read_events(*inputs, stats=stats))
    if not documents:
        raise no_event(stats, inputs)
    with _ended_by_signals():
        result = verify(
            queries,
            documents,
            server,
            schema=read_schema(schema_names),
            mapping=_given_mapping(schema_names),
            size=size,
            result_position=position,
            warn=_warn,
            **{name: more[name] for name in SETTING_NAMES if more[name] is not None},
        )
    _write(result, format_name)
    if not quiet:
        lines = [*_summary(result, server, size), *reading_lines(stats)]
        click.echo("\n".join(map(safe, lines)), err=True)
    ctx.exit(1 if result.differences else 0)


def _warn(message: str) -> None:
    click.echo(f"Warning: {safe(message)}", err=True)


def _write(result: Verification, format_name: str) -> None:
    out = data_stdout()
    if format_name == "json":
        out.write(to_json(result.to_dict()) + "\n")
    else:
        out.writelines(line + "\n" for difference in result.differences for line in _lines(difference))
    out.flush()  # before the summary, where both go to one place


def _connection(options: dict[str, Any]) -> Connection:
    ca_file = options["ca_file"]
    if ca_file is not None and not Path(ca_file).is_file():
        raise click.UsageError(f"--ca-file: there is no file `{ca_file}`")
    return Connection(
        options["url"],
        api_key=options["api_key"],
        user=options["user"],
        password=options["password"],
        ca_file=ca_file,
        verify_certificate=not options["insecure"],
        timeout_s=options["timeout"],
        retries=options["retries"],
        backoff_s=options["backoff"],
    )


def _queries(
    words: Sequence[str], path: str | None, *, quiet: bool
) -> tuple[Sequence[str | Source | Rule], Sequence[str]]:
    """Return the queries and the inputs."""
    if path is None and words and not words[0].startswith("@") and _names_rules(words[0]):
        return _rules(words[0], quiet=quiet), words[1:]
    source, events = query_source(words, path)
    return [source], events


def _names_rules(word: str) -> bool:
    """Return whether a word is a path or a glob. EQL contains blanks."""
    return os.path.lexists(word) or not any(character.isspace() for character in word)


def _rules(path: str, *, quiet: bool) -> Sequence[Rule]:
    rules = load_rules(path)
    errors: list[Diagnostic] = [problem for problem in rules.problems if problem.is_error]
    if not len(rules):
        if errors:
            raise EqlError(diagnostics=errors)
        raise click.ClickException(f"no EQL rule in {path}")
    if not quiet:
        lines = [render(problem, color=False) for problem in errors] + [*map(safe, skipped_lines(rules.skipped))]
        for text in lines:
            click.echo(text, err=True)
    return list(rules)


def _given_mapping(names: Sequence[str]) -> dict[str, Any] | None:
    """Return the mapping in a single schema file as it is, or None to derive one from the schema."""
    if len(names) != 1 or not Path(names[0]).is_file():
        return None
    content = json.loads(Path(names[0]).read_text(encoding="utf-8-sig"))
    if len(content) == 1 and "properties" not in content and "mappings" not in content:
        (content,) = content.values()
    mapping = content.get("mappings", content)
    return mapping if isinstance(mapping, dict) and "properties" in mapping else None


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Handle SIGTERM and SIGHUP like Ctrl-C, so that the index is removed."""

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what signal handlers take
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        names = []
    before = {name: signal.signal(getattr(signal, name), interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _lines(difference: Difference) -> Iterator[str]:
    """Yield a difference for people, followed by the case as one line of JSON."""
    case = difference.case
    known = f" (known: {difference.known})" if difference.known else ""
    yield safe(f"{difference.name}: the answers differ in {_IN_WORDS[difference.kind]}{known}")
    yield safe(f"  Elasticsearch {case['elasticsearch']['version']}: {_said(case['elasticsearch'])}")
    ours = case["eqlite"]
    if ours["python"] == ours["reference"]:
        yield safe(f"  eqlite {ours['version']}: {_said(ours['python'])}")
    else:
        yield safe(f"  eqlite {ours['version']}, python: {_said(ours['python'])}")
        yield safe(f"  eqlite {ours['version']}, reference: {_said(ours['reference'])}")
    yield f"  case: {to_json(case)}"


_IN_WORDS = {
    "refusal": "whether there is one",
    "matches": "their matches",
    "order": "the order of their matches",
    "join keys": "the join keys of their matches",
}


def _said(answer: dict[str, Any]) -> str:
    if "refused" in answer:
        return f"refused, {answer['refused']}"
    found = ["+".join("-" if place is None else str(place) for place in match["events"]) for match in answer["matches"]]
    shown = ", ".join(found[:10]) + (", …" if len(found) > 10 else "")
    return plural(answer["count"], "match") + (f", events {shown}" if found else "")


def _summary(result: Verification, server: Connection, size: int) -> Iterator[str]:
    yield f"Elasticsearch {result.elasticsearch} at {server.url}; {plural(result.events, 'event')} loaded"
    if not f"{result.elasticsearch}.".startswith(f"{result.target}."):
        yield f"eqlite answered as {result.target}"
    if result.rejected:
        counts = Counter(result.rejected.values())
        yield f"{plural(len(result.rejected), 'event')} rejected by Elasticsearch, and not compared:"
        yield from (f"  {count:,}: {reason}" for reason, count in counts.most_common(_SHOWN_REASONS))
        if len(counts) > _SHOWN_REASONS:
            yield f"  and {len(counts) - _SHOWN_REASONS} more reasons"
    if not server.verify_certificate:
        yield "the server's certificate was not verified (--insecure)"
    if result.limited:
        counted = plural(result.limited, "query").replace("querys", "queries")
        yield f"{counted} gave {size:,} results, as many as --size allows; more were not compared"
    words = plural(result.queries, "query").replace("querys", "queries")
    refused = f", {result.refused:,} of them refused by both" if result.refused else ""
    known = sum(difference.known is not None for difference in result.differences)
    of_known = f", {known:,} of them known" if known else ""
    yield f"{words}: {result.agreed:,} agree{refused}; {plural(len(result.differences), 'difference')}{of_known}"
