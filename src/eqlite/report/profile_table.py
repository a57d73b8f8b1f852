"""Profile as a table: the most expensive rules, their clauses, and findings about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from rich.text import Text

from eqlite.profiling.model import ClauseProfile, Profile, RuleProfile
from eqlite.report.console import console_on
from eqlite.report.escaping import safe
from eqlite.report.units import duration, on_one_line, percent

DEFAULT_TOP = 10
_LEAST_WIDTH, _MOST_WIDTH = 60, 160
_ASCII = str.maketrans("─·…µ→", "-|.u>")
_HEADER = f" {'Share':>6}  {'Each':>8}  {'Tested':>9}  {'Held':>6}  "
_MOST_CHARACTERS = 1_000
_MOST_FINDINGS = 2


def write(profile: Profile, out: TextIO, *, top: int | None, color: bool = False, width: int | None = None) -> None:
    """Print the table with the first `top` rules, by default ten, or nothing without events."""
    if not profile.events:
        return
    console = console_on(out, color=color, width=width)
    columns = min(max(console.width, _LEAST_WIDTH), _MOST_WIDTH)
    room = columns - len(_HEADER)
    shown = profile.rules[: DEFAULT_TOP if top is None else top]
    rule_off = Text("─" * columns, style="dim")
    lines = [Text(" Profile", style="bold"), rule_off]
    lines += [Text(f"{_HEADER}Rule, and its clauses as they are tested", style="dim"), rule_off]
    for rule in shown:
        lines += _rule(rule, profile, room)
        lines.append(rule_off)
    lines += _footer(profile, len(shown), columns)
    for line in lines:
        line.truncate(columns, overflow="ellipsis")
        line.rstrip()
        if console.options.ascii_only:
            line.plain = line.plain.translate(_ASCII)
        console.print(line, no_wrap=True, overflow="ignore", crop=False)


def _rule(rule: RuleProfile, profile: Profile, room: int) -> Iterator[Text]:
    held = rule.stages[0].held if rule.kind == "event" else None
    yield _row(profile.share(rule.seconds), rule.seconds, profile.events, held, _fit(rule.rule.name, room), "bold")
    for stage in rule.stages:
        indent = ""
        if rule.kind != "event":
            indent = "  "
            yield _row(profile.share(stage.seconds), stage.seconds, stage.evaluated, stage.held, stage.name, "cyan")
        unreached = 0
        for clause in stage.clauses:
            if not clause.evaluated:
                unreached += 1
                continue
            yield from _clause(clause, profile, indent, room)
        if unreached:
            said = f"… and {unreached:,} {'clause' if unreached == 1 else 'clauses'} that no event reached"
            yield Text(" " * len(_HEADER) + indent + said, style="dim")


def _clause(clause: ClauseProfile, profile: Profile, indent: str, room: int) -> Iterator[Text]:
    text = indent + _fit(clause.text, room - len(indent))
    yield _row(profile.share(clause.seconds), clause.seconds, clause.evaluated, clause.held, text, "")
    for finding in clause.findings[:_MOST_FINDINGS]:
        for number, line in enumerate(_wrapped(safe(finding.message, most=_MOST_CHARACTERS), room - len(indent) - 2)):
            mark = "  " if number else "→ "
            yield Text(" " * len(_HEADER) + indent + mark + line, style="yellow")


def _row(share: float, seconds: float, evaluated: int, held: int | None, text: str, style: str) -> Text:
    each = duration(seconds / evaluated) if evaluated else ""
    part = "" if held is None or not evaluated else percent(held / evaluated)
    numbers = f" {percent(share):>6}  {each:>8}  {evaluated:>9,}  {part:>6}  "
    return Text.assemble((numbers, style), (text, style))


def _fit(text: str, room: int) -> str:
    return safe(on_one_line(text), most=room)


def _wrapped(text: str, room: int) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > room:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line


def _footer(profile: Profile, shown: int, columns: int) -> Iterator[Text]:
    rules = len(profile.rules)
    count = f"{rules:,} {'rule' if rules == 1 else 'rules'}" + (f", {shown:,} shown" if shown < rules else "")
    each = duration(profile.seconds / profile.events)
    yield Text(f" {count} · {each} an event, each rule run alone", style="bold")
    first = profile.top_finding
    if first is not None:
        rule, clause, finding = first
        yield Text(f" Look first at {_fit(rule.rule.name, columns - 30)}, line {clause.line}", style="yellow")
        for line in _wrapped(safe(finding.message, most=_MOST_CHARACTERS), columns - 2):
            yield Text(f" {line}", style="yellow")
