"""Exit codes of commands that go through events."""

from __future__ import annotations

from collections.abc import Sequence

import click

from eqlite import signals
from eqlite.cli.options import plural
from eqlite.cli.stdio import WholeLines
from eqlite.cli.summary import no_event
from eqlite.execution.stats import RunStats


def run_exit_code(
    stats: RunStats, inputs: Sequence[str], *, strict: bool, fail_on_match: bool, lines: WholeLines, broken: int = 0
) -> int:
    """Return the exit code of a run.

    Raises:
        EventError: there was no event.
        ClickException: under `strict`, a rule is broken or a line was rejected.
    """
    if stats.interrupted or lines.interrupted:
        return signals.exit_code()
    reading = stats.reading
    if reading.evaluated == 0:
        raise no_event(reading, inputs)
    if strict and (broken or reading.rejected):
        reasons = [plural(broken, "broken rule")] if broken else []
        reasons += [plural(reading.rejected, "rejected line")] if reading.rejected else []
        raise click.ClickException(f"{' and '.join(reasons)} under --strict")
    return 1 if fail_on_match and stats.detections else 0
