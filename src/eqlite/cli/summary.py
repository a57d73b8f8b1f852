"""What is said on stderr when the work is done: counts, and why somebody may miss something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eqlite.cli.options import plural
from eqlite.errors import EventError
from eqlite.events.intake import ReadStats
from eqlite.events.readers import nothing_read
from eqlite.execution.run import RunStats
from eqlite.rules.model import Skipped


def run_summary(stats: RunStats, *, rules: int, broken: int, skipped: Sequence[Skipped], seconds: float) -> list[str]:
    """Return the lines about a run: `rules` were used, `broken` could not be."""
    said = [
        f"{plural(stats.detections, 'detection')} by {plural(rules, 'rule')} in "
        f"{plural(stats.reading.evaluated, 'event')} ({seconds:.2f} s)"
    ]
    if stats.interrupted:
        said.append("interrupted: these are the detections among the events read so far")
    if broken:
        said.append(f"{plural(broken, 'broken rule')} left out; `eqlite check` says what is wrong")
    said += skipped_lines(skipped)
    said += reading_lines(stats.reading)
    if stats.unrouted:
        example = f", such as one of `{stats.unrouted_example}`" if stats.unrouted_example else ""
        said.append(f"{plural(stats.unrouted, 'event')} outside the index patterns of all rules{example}")
    if stats.untimed:
        said.append(f"{plural(stats.untimed, 'event')} left out of sequences: no readable time")
    if stats.faults:
        said.append(f"{plural(stats.faults, 'expression')} without a value, such as: {stats.fault_examples[0]}")
    return said


def skipped_lines(skipped: Sequence[Skipped]) -> Iterator[str]:
    """Yield a line for each reason for which rules were left out, with their number and the first of them."""
    by_reason: dict[str, list[Skipped]] = {}
    for one in skipped:
        by_reason.setdefault(one.reason, []).append(one)
    for reason, rules in by_reason.items():
        example = f"`{rules[0].rule}`" if len(rules) == 1 else f"such as `{rules[0].rule}`"
        yield f"{plural(len(rules), 'rule')} skipped, {example}: {reason}"


def reading_lines(stats: ReadStats) -> Iterator[str]:
    """Yield a line about rejected pieces of the input, and one for each file that was read in part."""
    if stats.rejected:
        yield rejected(stats)
    for warning in stats.warnings:
        yield f"{warning.file}: {warning.reason}"


def no_event(stats: ReadStats, inputs: Sequence[str]) -> EventError:
    """Return the error of a run that found nothing to look at."""
    refused = {path: reason for reason, paths in stats.passed_over.items() for path in paths}
    if refused and not stats.rejected:
        return nothing_read(refused)
    return EventError(f"no event in {', '.join(inputs)}" + (f": {rejected(stats)}" if stats.rejected else ""))


def rejected(stats: ReadStats) -> str:
    """Return how many pieces of the input were rejected, for which reasons, and where the first one stands."""
    counts = ", ".join(f"{count:,} {reason}" for reason, count in stats.reasons.most_common())
    text = f"{plural(stats.rejected, 'line')} rejected: {counts}" if len(stats.reasons) > 1 else ""
    sample = stats.samples[0]
    detail = f" ({sample.detail})" if sample.detail else ""
    example = f"{sample.file}:{sample.line}: {sample.reason}{detail}"
    if text:
        return f"{text}; the first: {example}"
    return f"{plural(stats.rejected, 'line')} rejected, {'' if stats.rejected == 1 else 'such as '}{example}"
