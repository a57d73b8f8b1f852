"""What is said on stderr when the work is done: counts, and why somebody may miss something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from eqlite.cli.options import plural
from eqlite.diagnostics import Diagnostic
from eqlite.errors import EventError
from eqlite.events.intake import ReadStats
from eqlite.events.readers import nothing_read
from eqlite.execution.run import RunStats
from eqlite.rules.model import Skipped
from eqlite.ruleset import RuleSet


def run_summary(stats: RunStats, *, rules: int, broken: int, left_out: Iterable[str], seconds: float) -> list[str]:
    """Return the lines about a run: `rules` were used, `broken` could not be; `left_out` says what else was not."""
    said = [
        f"{plural(stats.detections, 'detection')} by {plural(rules, 'rule')} in "
        f"{plural(stats.reading.evaluated, 'event')} ({seconds:.2f} s)"
    ]
    if stats.interrupted:
        said.append("interrupted: these are the detections among the events read so far")
    if broken:
        said.append(f"{plural(broken, 'broken rule')} left out; `eqlite check` says what is wrong")
    said += left_out
    said += reading_lines(stats.reading)
    if stats.unrouted:
        example = f", such as one of `{stats.unrouted_example}`" if stats.unrouted_example else ""
        said.append(f"{plural(stats.unrouted, 'event')} outside the index patterns of all rules{example}")
    if stats.untimed:
        said.append(f"{plural(stats.untimed, 'event')} left out of sequences: no readable time")
    return [*said, *fault_lines(stats.faults, stats.fault_examples)]


def fault_lines(count: int, examples: Sequence[str]) -> Iterator[str]:
    """Yield a line about faults, if there were any: where Elasticsearch fails the search, they are counted."""
    if count:
        yield f"{plural(count, 'fault')}, on which Elasticsearch would fail the search, such as: {examples[0]}"


def left_out_lines(rules: RuleSet) -> Iterator[str]:
    """Yield the lines about rules and files that are left out on purpose."""
    yield from skipped_lines(rules.skipped)
    yield from passed_over_lines(rules.passed_over)


def skipped_lines(skipped: Sequence[Skipped]) -> Iterator[str]:
    """Yield a line for each reason for which rules were left out, with their number and the first of them."""
    by_reason: dict[str, list[Skipped]] = {}
    for one in skipped:
        by_reason.setdefault(one.reason, []).append(one)
    for reason, rules in by_reason.items():
        example = f"`{rules[0].rule}`" if len(rules) == 1 else f"such as `{rules[0].rule}`"
        yield f"{plural(len(rules), 'rule')} skipped, {example}: {reason}"


def passed_over_lines(passed_over: Sequence[Skipped]) -> Iterator[str]:
    """Yield a line for each reason for which files of folders and archives were not read."""
    by_reason: dict[str, list[Skipped]] = {}
    for one in passed_over:
        by_reason.setdefault(one.reason, []).append(one)
    for reason, files in by_reason.items():
        example = f"`{files[0].rule}`" if len(files) == 1 else f"such as `{files[0].rule}`"
        yield f"{plural(len(files), 'file')} passed over, {example}: {reason}"


def not_applied_lines(problems: Sequence[Diagnostic]) -> Iterator[str]:
    """Yield a line about the rules whose exceptions, filters or limits are not applied, if there are any."""
    found = [problem for problem in problems if problem.id == "setting-not-applied"]
    if found:
        yield f"{plural(len(found), 'setting')} not applied, such as at {found[0].location}: {found[0].message}"


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
