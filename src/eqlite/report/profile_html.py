"""Profile as a single HTML page, without scripts or requests to the network.

Bars in bars, as wide as their share of the time: rules, in them their stages, in them the clauses. Below, each rule on
its own over the whole width, with the numbers. Names and queries are texts of strangers: all of them are escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TextIO

from eqlite.profiling.model import ClauseProfile, Profile, RuleProfile, StageProfile
from eqlite.report.escaping import safe
from eqlite.report.units import duration, on_one_line, percent

DEFAULT_TOP = 100
_LEAST_SHARE = 0.002
"""Rules below share one bar: it would be too narrow to point at."""
_MOST_CHARACTERS = 2_000

_STYLE = """
:root { color-scheme: light dark; }
body { font: 14px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px; padding: 0 1rem; }
.bars { display: flex; width: 100%; }
.bar { box-sizing: border-box; flex: none; min-width: 0; overflow: hidden; }
.label { border: 1px solid Canvas; box-sizing: border-box; color: #222; display: block; font-size: 12px; height: 22px;
  overflow: hidden; padding: 1px 3px; text-decoration: none; text-overflow: ellipsis; white-space: nowrap; }
.rule > .label { background: #f4a261; }
.stage > .label { background: #f2c078; }
.clause > .label { background: #f7dfa6; }
.finding > .label { background: #e76f51; }
.others > .label { background: #bbb; }
.label:hover { filter: brightness(1.1); }
details { border-top: 1px solid #8886; padding: .5rem 0; }
summary { cursor: pointer; }
table { border-collapse: collapse; margin: .7rem 0; width: 100%; }
th, td { padding: 2px 8px; text-align: right; vertical-align: top; white-space: nowrap; }
th:last-child, td:last-child { text-align: left; white-space: normal; width: 100%; }
code { overflow-wrap: anywhere; white-space: pre-wrap; }
tr.part td { font-weight: bold; }
p.finding { color: #c1440e; margin: 0; }
"""


def write(profile: Profile, out: TextIO, *, top: int | None) -> None:
    """Write the page with details of the first `top` rules, by default 100.

    The bars show all rules.
    """
    shown = profile.rules[: DEFAULT_TOP if top is None else top]
    out.writelines(f"{line}\n" for line in _page(profile, shown))


def _page(profile: Profile, shown: tuple[RuleProfile, ...]) -> Iterator[str]:
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8" />'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}" />'
    yield f"<title>Profile</title><style>{_STYLE}</style></head><body>"
    yield "<h1>Where the rules spend their time</h1>"
    each = duration(profile.seconds / profile.events) if profile.events else "0 ns"
    summary = f"{len(profile.rules):,} rules, {profile.events:,} events, {each} an event, each rule run alone."
    yield f"<p>{_text(summary)} Hover over a bar for its details.</p>"
    first = profile.top_finding
    if first is not None:
        rule, clause, finding = first
        yield f'<p class="finding">Look first at <b>{_text(rule.rule.name)}</b>, <code>{_text(clause.text)}</code>: '
        yield f"{_text(finding.message)}.</p>"
    yield from _picture(profile, len(shown))
    for number, rule in enumerate(shown, 1):
        yield from _details(rule, number, profile)
    yield "</body></html>"


def _picture(profile: Profile, shown: int) -> Iterator[str]:
    yield '<div class="bars">'
    others = 0.0
    for number, rule in enumerate(profile.rules, 1):
        share = profile.share(rule.seconds)
        if share >= _LEAST_SHARE:
            yield from _rule_bar(rule, share, profile, f"#r{number}" if number <= shown else None)
        else:
            others += share
    if others:
        yield from _open("others", others, f"{percent(others)} other rules", "other rules")
        yield "</div>"
    yield "</div>"


def _rule_bar(rule: RuleProfile, width: float, profile: Profile, link: str | None) -> Iterator[str]:
    tip = (
        f"{rule.rule.name}\n{percent(profile.share(rule.seconds))} of the time, {_each(rule.seconds, profile)} an event"
    )
    yield from _open("rule", width, tip, rule.rule.name, link)
    yield '<div class="bars">'
    for stage in rule.stages:
        yield from _stage_bar(stage, _part(stage.seconds, rule.seconds), profile)
    yield "</div></div>"


def _stage_bar(stage: StageProfile, width: float, profile: Profile) -> Iterator[str]:
    share = percent(profile.share(stage.seconds))
    tip = f"{stage.name}\n{share} of the time, held for {stage.held:,} of {stage.evaluated:,}"
    yield from _open("stage", width, tip, stage.name)
    yield '<div class="bars">'
    for clause in stage.clauses:
        if clause.seconds > 0:
            kind = "clause finding" if clause.findings else "clause"
            yield from _open(kind, _part(clause.seconds, stage.seconds), _clause_tip(clause, profile), clause.text)
            yield "</div>"
    yield "</div></div>"


def _clause_tip(clause: ClauseProfile, profile: Profile) -> str:
    held = f"held for {clause.held:,} of {clause.evaluated:,}"
    lines = [on_one_line(clause.text), f"{percent(profile.share(clause.seconds))} of the time, {held}"]
    return "\n".join([*lines, *(finding.message for finding in clause.findings)])


def _open(kind: str, width: float, tip: str, label: str, link: str | None = None) -> Iterator[str]:
    tag, target = ("a", f' href="{link}"') if link else ("span", "")
    lines = "&#10;".join(_text(line) for line in tip.split("\n"))
    yield f'<div class="bar {kind}" style="width:{width:.4%}">'
    yield f'<{tag} class="label"{target} title="{lines}">{_text(on_one_line(label))}</{tag}>'


def _details(rule: RuleProfile, number: int, profile: Profile) -> Iterator[str]:
    share = percent(profile.share(rule.seconds))
    yield f'<details id="r{number}"{" open=" + chr(34) + "open" + chr(34) if number == 1 else ""}>'
    yield f"<summary>{_text(share)} <b>{_text(rule.rule.name)}</b> {_text(rule.rule.source.name or '')}</summary>"
    yield '<div class="bars">'
    yield from _rule_bar(rule, 1.0, profile, None)
    yield "</div><table><tr><th>share</th><th>each</th><th>tested</th><th>held</th><th>clause</th></tr>"
    for stage in rule.stages:
        if rule.kind != "event":
            yield _row("part", profile.share(stage.seconds), stage.seconds, stage.evaluated, stage.held, stage.name)
        for clause in stage.clauses:
            findings = "".join(f'<p class="finding">{_text(finding.message)}</p>' for finding in clause.findings)
            text = f"<code>{_lines(clause.text)}</code>"
            yield _row_of(profile.share(clause.seconds), clause.seconds, clause.evaluated, clause.held, text + findings)
    yield "</table></details>"


def _row(kind: str, share: float, seconds: float, evaluated: int, held: int, text: str) -> str:
    return _row_of(share, seconds, evaluated, held, _text(text)).replace("<tr>", f'<tr class="{kind}">', 1)


def _row_of(share: float, seconds: float, evaluated: int, held: int, markup: str) -> str:
    each, part = (duration(seconds / evaluated), percent(held / evaluated)) if evaluated else ("", "")
    cells = (percent(share), each, f"{evaluated:,}", part)
    return "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in cells) + f"<td>{markup}</td></tr>"


def _each(seconds: float, profile: Profile) -> str:
    return duration(seconds / profile.events) if profile.events else "0 ns"


def _part(seconds: float, whole: float) -> float:
    return seconds / whole if whole > 0 else 0.0


def _text(text: str) -> str:
    return escape(safe(text, most=_MOST_CHARACTERS))


def _lines(text: str) -> str:
    return "\n".join(map(_text, text.split("\n")))
