"""`eqlite run --follow`: rules over input that grows."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from eqlite.cli.options import Decorated, plural
from eqlite.events.growing import growing_blocks
from eqlite.events.intake import BinarySink, Intake
from eqlite.execution.detection import Detection
from eqlite.execution.follow import follow_blocks
from eqlite.execution.run import Compiled, RunStats
from eqlite.execution.stream import RuleStream, RuleStreamStats
from eqlite.limits import MAX_AHEAD
from eqlite.signals import AwaitedSignals
from eqlite.values.durations import duration_ms

_NO_LIMIT = "none"


def follow_options(command: Decorated) -> Decorated:
    """Add `--follow` and its settings."""
    for add in (
        click.option(
            "--max-ahead",
            callback=_check_span,
            metavar="SPAN",
            help=f"With --follow: how far an event may be ahead of the others, or {_NO_LIMIT}. Default: {MAX_AHEAD}.",
        ),
        click.option(
            "--lateness",
            callback=_check_span,
            metavar="SPAN",
            help="With --follow: how far an event may be behind the newest one, such as 30s. Default: 0s.",
        ),
        click.option(
            "--follow", is_flag=True, help="Follow stdin or growing files, and write detections once they are certain."
        ),
    ):
        command = add(command)
    return command


def _check_span(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not (value == _NO_LIMIT and parameter.name == "max_ahead"):
        try:
            duration_ms(value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, parameter) from None
    return value


def take_live_settings(settings: dict[str, Any], *, format_name: str, jobs: int) -> LiveRun | None:
    """Remove the values of `follow_options` from `settings`, and return the run that follows input.

    None without `--follow`.

    Raises:
        UsageError: another option does not go with it.
    """
    is_live, lateness, max_ahead = (settings.pop(name) for name in ("follow", "lateness", "max_ahead"))
    if not is_live:
        if lateness is not None or max_ahead is not None:
            raise click.UsageError("--lateness and --max-ahead go with --follow: without it, events are sorted")
        return None
    if format_name == "json":
        raise click.UsageError("--follow has no end, and a JSON array needs one: use --format ndjson, csv or table")
    if jobs > 1:
        raise click.UsageError("--follow runs in one process: leave out --jobs")
    return LiveRun(lateness or "0s", None if max_ahead == _NO_LIMIT else max_ahead or MAX_AHEAD)


class LiveRun:
    """A run over input that grows."""

    def __init__(self, lateness: str, max_ahead: str | None) -> None:
        self._lateness = lateness
        self._max_ahead = max_ahead
        self._counts = RuleStreamStats()

    def detections(
        self,
        compiled: Compiled,
        inputs: Sequence[str],
        *,
        by_index: bool,
        stats: RunStats,
        rejects: BinarySink | None,
    ) -> Iterator[Detection]:
        """Yield the detections, and flush stdout after each.

        A signal ends the input, not what is being written.
        """
        intake = Intake(stats.reading, rejects)
        stream = RuleStream(compiled, allowed_lateness=self._lateness, max_ahead=self._max_ahead, by_index=by_index)
        with AwaitedSignals() as ending:
            blocks = growing_blocks(inputs, intake, ending.wait)
            sys.stdout.flush()  # writes the header of csv at once
            for detection in follow_blocks(stream, blocks, intake, stats):
                yield detection
                sys.stdout.flush()
        self._counts = stream.stats

    def left_out(self) -> list[str]:
        """Return lines of the summary about what the stream left out."""
        counts = self._counts
        lines = []
        if counts.late:
            lines.append(
                f"{plural(counts.late, 'event')} left out of sequences: later than --lateness {self._lateness}"
            )
        if counts.ahead:
            lines.append(f"{plural(counts.ahead, 'event')} left out: farther ahead than --max-ahead {self._max_ahead}")
        if counts.dropped:
            lines.append(f"{plural(counts.dropped, 'sequence')} dropped: too many were open at once")
        return lines
