"""`table`: detections for people: time, rule, and the fields that show what happened.

Each detection is printed as it comes. Values are the attacker's: none of them commands the terminal (`escaping.py`),
and each is cut to the width of its line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TextIO

from rich.console import Console
from rich.text import Text

from eqlite.execution.detection import Detection
from eqlite.report import Layout
from eqlite.report.console import console_on
from eqlite.report.escaping import safe
from eqlite.report.event_summary import join_key_line, summarize_events
from eqlite.rules.model import Rule

SEVERITY_STYLES = {"critical": "bold bright_red", "high": "red", "medium": "yellow", "low": "cyan"}
_TIME_WIDTH = 12
_INDENT = _TIME_WIDTH + 3
_LEAST_WIDTH, _MOST_WIDTH = 40, 160
_ASCII = str.maketrans("─·…", "-|.")


def write(detections: Iterable[Detection], out: TextIO, layout: Layout) -> None:
    """Print the detections with a title and final counts, or nothing if there are none."""
    table = _Table(console_on(out, color=layout.color, width=layout.width), layout)
    for detection in detections:
        table.add(detection)
    table.close()


class _Table:
    """The state of a table that is being printed."""

    def __init__(self, console: Console, layout: Layout) -> None:
        self.console = console
        self.layout = layout
        self.width = min(max(console.width, _LEAST_WIDTH), _MOST_WIDTH)
        self.is_ascii = console.options.ascii_only
        self.count = 0
        self.severities: Counter[str] = Counter()
        self.tactics: Counter[str] = Counter()

    def add(self, detection: Detection) -> None:
        """Print one detection."""
        if not self.count:
            self._open()
        self.count += 1
        rule = detection.rule
        self.severities[rule.severity or "no severity"] += 1
        self.tactics.update(_tactics(rule))
        width = self.width - _INDENT
        lines = [*_rule(rule, width, self.console)] if self.layout.names_rule else []
        lines += join_key_line(detection)
        lines += summarize_events(detection, self.layout.fields(rule), width)
        times = [*_time(detection.end), *[Text()] * len(lines)]
        for time, line in zip(times, lines or [Text()], strict=False):
            line.truncate(width, overflow="ellipsis")
            time.truncate(_TIME_WIDTH, pad=True)
            self._print(Text.assemble(" ", time, "  ", line))
        self._line()

    def close(self) -> None:
        """Print the counts."""
        if not self.count:
            return
        noun = "detection" if self.layout.names_rule else "match"
        ending = "" if self.count == 1 else "es" if noun == "match" else "s"
        footer = Text.assemble((f" {self.count:,} {noun}{ending}", "bold"))
        if self.layout.names_rule:
            for severity in sorted(self.severities, key=[*SEVERITY_STYLES, *self.severities].index):
                style = SEVERITY_STYLES.get(severity, "dim")
                footer.append(f" · {self.severities[severity]:,} {safe(severity)}", style=style)
            if self.tactics:
                counts = " · ".join(f"{name} {count:,}" for name, count in self.tactics.most_common())
                footer.append(f"\n {counts}", style="dim")
        for line in footer.wrap(self.console, self.width - 1):
            self._print(line)

    def _open(self) -> None:
        title = "Detections" if self.layout.names_rule else "Matches"
        self._print(Text(f" {title}", style="bold"))
        self._line()
        self._print(Text(f" {'Time (UTC)':<{_TIME_WIDTH}}  What happened", style="dim"))
        self._line()

    def _line(self) -> None:
        self._print(Text("─" * self.width, style="dim"))

    def _print(self, line: Text) -> None:
        line.rstrip()
        if self.is_ascii:
            line.plain = line.plain.translate(_ASCII)
        self.console.print(line, no_wrap=True, overflow="ignore", crop=False)


def _time(instant: str | None) -> Iterator[Text]:
    if instant is None:
        yield Text("no time", style="dim")
        yield Text()
        return
    date, _, clock = instant.rstrip("Z").partition("T")
    yield Text(date)
    yield Text(clock[:_TIME_WIDTH], style="dim")


def _rule(rule: Rule, width: int, console: Console) -> Iterator[Text]:
    yield from Text(safe(rule.name, most=300), style="bold").wrap(console, width)
    severity = rule.severity or "no severity"
    text = Text.assemble((safe(severity), SEVERITY_STYLES.get(severity, "dim")))
    if rule.risk_score is not None:
        text.append(f" · risk {rule.risk_score}", style="dim")
    for tactic in _tactics(rule):
        text.append(f" · {tactic}", style="dim")
    yield text


def _tactics(rule: Rule) -> tuple[str, ...]:
    """Return ids and names of the tactics without duplicates: `TA0002 Execution`."""
    return tuple(dict.fromkeys(safe(f"{threat.tactic.id} {threat.tactic.name}".strip()) for threat in rule.threat))
