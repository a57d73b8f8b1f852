"""`eqlite show`: a rule as a card."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from eqlite.cli.fmt import formatted
from eqlite.cli.options import color_option, wants_color
from eqlite.errors import EqlError
from eqlite.report.records import Record, to_json
from eqlite.rules.model import Rule
from eqlite.rules.ruleset import load_rules


@click.command("show")
@click.argument("path", metavar="RULE")
@click.option("--id", "rule_id", help="Of a file with many rules, the one with this id.")
@click.option("--format", "format_name", type=click.Choice(["text", "json"]), default="text", show_default=True)
@color_option
def command(path: str, rule_id: str | None, format_name: str, color: str) -> None:
    """Show what a rule says: its settings, threats, fields and its query, formatted."""
    loaded = load_rules(path)
    rules = [rule for rule in loaded if rule_id is None or rule.rule_id == rule_id]
    if not rules:
        broken = [problem for problem in loaded.problems if problem.is_error]
        if broken:
            raise EqlError(diagnostics=broken)
        raise click.ClickException(f"no rule{f' with id {rule_id}' if rule_id else ''} in {path}")
    for number, rule in enumerate(rules):
        if format_name == "json":
            sys.stdout.write(to_json(rule_record(rule)) + "\n")
        else:
            sys.stdout.write(("\n" if number else "") + "\n".join(_card(rule, wants_color(color, sys.stdout))) + "\n")


def rule_record(rule: Rule) -> Record:
    """Return a rule as a record, with the fields that its query reads."""
    query = rule.compile()
    return {
        "id": rule.rule_id,
        "name": rule.name,
        "kind": query.kind,
        "severity": rule.severity,
        "risk_score": rule.risk_score,
        "version": rule.version,
        "author": list(rule.author),
        "license": rule.license,
        "index": list(rule.index),
        "interval": rule.interval,
        "from": rule.from_,
        "max_signals": rule.max_signals,
        "tactics": list(rule.tactics),
        "techniques": list(rule.techniques),
        "tags": list(rule.tags),
        "fields": sorted(query.fields),
        "query": rule.query,
    }


def _card(rule: Rule, color: bool) -> Iterator[str]:
    def heading(text: str) -> str:
        return click.style(text, bold=True) if color else text

    yield heading(rule.name)
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
    for name, value in facts.items():
        if value not in (None, ""):
            yield f"  {name:<9} {value}"
    if rule.description:
        yield ""
        yield click.wrap_text(" ".join(rule.description.split()), 100)
    if rule.threat:
        yield ""
        yield heading("Threat")
        for threat in rule.threat:
            yield f"  {threat.tactic.id}  {threat.tactic.name}"
            for technique in threat.techniques:
                yield f"    {technique.id}  {technique.name}"
                yield from (f"      {part.id}  {part.name}" for part in technique.subtechniques)
    query = rule.compile()
    yield ""
    yield heading(f"Fields read by this {query.kind} query")
    yield from (f"  {name}" for name in sorted(query.fields))
    yield ""
    yield heading("Query")
    yield formatted(rule.query, rule.source.name or "<query>").rstrip("\n")
