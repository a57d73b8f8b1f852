"""Collects the diagnostics of one query."""

from __future__ import annotations

from dataclasses import dataclass, field

from eqlite.diagnostics.model import Diagnostic, Severity
from eqlite.diagnostics.register import REGISTER
from eqlite.limits import MAX_DIAGNOSTICS
from eqlite.source import Source, Span


@dataclass(slots=True)
class Collector:
    """The problems of one query: the first `MAX_DIAGNOSTICS` of each severity, sorted by place when read."""

    source: Source
    found: list[Diagnostic] = field(default_factory=list)
    room: dict[Severity, int] = field(default_factory=lambda: dict.fromkeys(Severity, MAX_DIAGNOSTICS))

    @property
    def is_full(self) -> bool:
        """Return whether further errors are dropped, so that costly messages need not be made."""
        return not self.room[Severity.ERROR]

    def report(
        self,
        id: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        help: str | None = None,
        note: str | None = None,
        elasticsearch: str | None = None,
        elasticsearch_offset: int | None = None,
        elasticsearch_word: str = "line",
        column_shift: int = 0,
    ) -> None:
        """Add a problem at `span`.

        `elasticsearch` is Elasticsearch's message without its place, which is added: that of `elasticsearch_offset`
        (default: the span's start), moved right by `column_shift` (its plan builder counts columns one too high) and
        led in by `elasticsearch_word` (its query planner writes `Line`).
        """
        severity = Severity(REGISTER[id].severity)
        if not self.room[severity]:
            return
        if elasticsearch is not None:
            offset = span.start if elasticsearch_offset is None else elasticsearch_offset
            position = self.source.query_position(offset)
            elasticsearch = f"{elasticsearch_word} {position.line}:{position.column + column_shift}: {elasticsearch}"
        diagnostic = Diagnostic(id, message, self.source, span, label, help, note, elasticsearch)
        if diagnostic not in self.found:
            self.found.append(diagnostic)
            self.room[severity] -= 1

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """Return the problems by place in the query."""
        return sorted(self.found, key=lambda diagnostic: diagnostic.span.start)

    @property
    def errors(self) -> list[Diagnostic]:
        """Return the problems that keep the query from running."""
        return [diagnostic for diagnostic in self.diagnostics if diagnostic.is_error]


def did_you_mean(suggestions: list[str]) -> str:
    """Return Elasticsearch's way to put suggestions: `, did you mean [a]?`, or nothing."""
    if not suggestions:
        return ""
    if len(suggestions) == 1:
        return f", did you mean [{suggestions[0]}]?"
    return f", did you mean any of [{', '.join(suggestions)}]?"
