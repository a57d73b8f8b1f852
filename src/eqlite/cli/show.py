"""`eqlite show`: a rule as a card."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from eqlite.cli.fmt import formatted
from eqlite.cli.options import FILE, color_option
from eqlite.cli.stdio import data_stdout, wants_color
from eqlite.cli.summary import left_out_lines
from eqlite.errors import EqlError
from eqlite.query import Query
from eqlite.report.diagnostics import render
from eqlite.report.escaping import safe
from eqlite.report.highlight import highlighted
from eqlite.report.json_records import Record, to_json
from eqlite.rules.model import Rule
from eqlite.ruleset import read_rules

_WIDTH = 100


@click.command("show")
@click.argument("path", type=FILE, metavar="RULE")
@click.option("--id", "rule_id", help="In a file with several rules, show the one with this id.")
@click.option("--name", help="In a file with several rules, show those whose name contains this text. Case is ignored.")
@click.option("--format", "format_name", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
@click.pass_context
def command(ctx: click.Context, path: str, rule_id: str | None, name: str | None, format_name: str, color: str) -> None:
    """Show a rule: its settings, threats, fields and formatted query."""
    failed = False
    for number, rule in enumerate(_chosen(path, rule_id, name)):
        try:
            query: Query | None = rule.compile()
        except EqlError as error:
            failed, query = True, None
            problems = (render(found, color=wants_color(color, sys.stderr)) for found in error.diagnostics)
            click.echo("\n\n".join(problems), err=True)
        if format_name == "json":
            data_stdout().write(to_json(rule_record(rule, query)) + "\n")
        else:
            card = "\n".join(_card(rule, query, color=wants_color(color, sys.stdout)))
            sys.stdout.write(("\n" if number else "") + card + "\n")
    ctx.exit(2 if failed else 0)


def _chosen(path: str, rule_id: str | None, name: str | None) -> list[Rule]:
    """Return the chosen rules, at least one."""
    loaded = read_rules(path)
    wanted = (name or "").casefold()
    rules = [rule for rule in loaded if rule_id in (None, rule.rule_id) and wanted in rule.name.casefold()]
    if rules:
        return rules
    if not loaded:
        broken = [problem for problem in loaded.problems if problem.is_error]
        if broken:
            raise EqlError(diagnostics=broken)
        skipped = "".join(f"; {line}" for line in left_out_lines(loaded))
        raise click.ClickException(safe(f"no EQL rule in {path}{skipped}"))
    asked = " and ".join(f"{word} `{value}`" for word, value in (("id", rule_id), ("name", name)) if value is not None)
    raise click.ClickException(safe(f"no rule with {asked} among the {len(loaded):,} in {path}"))


def rule_record(rule: Rule, query: Query | None) -> Record:
    """Return a rule as a record, with the fields that its query reads.

    Fields and formatted query are null for a broken query.
    """
    return {
        "id": rule.rule_id,
        "name": rule.name,
        "kind": query.kind if query is not None else None,
        "description": rule.description,
        "severity": rule.severity,
        "risk_score": rule.risk_score,
        "version": rule.version,
        "author": list(rule.author),
        "license": rule.license,
        "index": list(rule.index),
        "interval": rule.interval,
        "from": rule.from_,
        "to": rule.to,
        "max_signals": rule.max_signals,
        "tactics": list(rule.tactics),
        "techniques": list(rule.techniques),
        "tags": list(rule.tags),
        "fields": sorted(query.fields) if query is not None else None,
        "query": rule.query,
    }


def _card(rule: Rule, query: Query | None, *, color: bool) -> Iterator[str]:
    def heading(text: str) -> str:
        return click.style(text, bold=True) if color else text

    yield heading(safe(rule.name))
    yield from _facts(rule)
    if rule.description:
        yield ""
        yield click.wrap_text(safe(" ".join(rule.description.split())), _WIDTH)
    if rule.threat:
        yield ""
        yield heading("Threat")
        yield from map(safe, _threats(rule))
    if query is not None:
        yield ""
        yield heading(f"Fields read by this {query.kind} query")
        yield from (f"  {safe(name)}" for name in sorted(query.fields))
    yield ""
    yield heading("Query" if query is not None else "Query (broken)")
    text = formatted(rule.source) if query is not None else rule.query
    yield highlighted(text.rstrip("\n"), color=color)


def _facts(rule: Rule) -> Iterator[str]:
    facts = {
        "id": rule.rule_id,
        "severity": f"{rule.severity or '-'}, risk {rule.risk_score if rule.risk_score is not None else '-'}",
        "version": rule.version,
        "author": ", ".join(rule.author),
        "license": rule.license,
        "index": ", ".join(rule.index),
        "runs": f"every {rule.interval} from {rule.from_}, at most {rule.max_signals} alerts",
        "tags": ", ".join(rule.tags),
    }
    indent = " " * 12
    for name, value in facts.items():
        if value not in (None, ""):
            yield click.wrap_text(safe(str(value)), _WIDTH, f"  {name:<9} ", indent)


def _threats(rule: Rule) -> Iterator[str]:
    for threat in rule.threat:
        yield f"  {threat.tactic.id}  {threat.tactic.name}"
        for technique in threat.techniques:
            yield f"    {technique.id}  {technique.name}"
            yield from (f"      {part.id}  {part.name}" for part in technique.subtechniques)
