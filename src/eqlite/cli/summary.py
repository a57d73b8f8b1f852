"""Summary of a run on stderr: counts, and the things left out with the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from eqlite.cli.options import plural
from eqlite.diagnostics import Diagnostic
from eqlite.errors import EventError
from eqlite.events.intake import ReadStats
from eqlite.events.readers import nothing_read
from eqlite.execution.run import RunStats
from eqlite.rules.model import Skipped
from eqlite.ruleset import RuleSet

_MAX_REASONS = 3
"""The most lines about rules or files left out, so that they do not hide the result. `check --skipped` lists all."""


def run_summary(stats: RunStats, *, rules: int, broken: int, left_out: Iterable[str], seconds: float) -> list[str]:
    """Return the lines of the summary of a run.

    `rules` and `broken` count the rules used and the broken ones. `left_out` has lines about other things left out.
    """
    lines = [
        f"{plural(stats.detections, 'detection')} by {plural(rules, 'rule')} in "
        f"{plural(stats.reading.evaluated, 'event')} ({seconds:.2f} s)"
    ]
    if stats.interrupted:
        lines.append("interrupted: these are the detections among the events read so far")
    if broken:
        lines.append(f"{plural(broken, 'broken rule')} left out; run `eqlite check` for the reasons")
    lines += left_out
    lines += reading_lines(stats.reading)
    if stats.unrouted:
        example = f", such as one of `{stats.unrouted_example}`" if stats.unrouted_example else ""
        advice = "; without --by-index every rule sees every event" if stats.unrouted == stats.reading.evaluated else ""
        lines.append(f"{plural(stats.unrouted, 'event')} outside the index patterns of all rules{example}{advice}")
    if stats.untimed:
        lines.append(f"{plural(stats.untimed, 'event')} left out of sequences: no readable time")
    return [*lines, *fault_lines(stats.faults, stats.fault_examples)]


def fault_lines(count: int, examples: Sequence[str]) -> Iterator[str]:
    """Yield a line about faults, if any: events on which Elasticsearch would fail the search."""
    if count:
        yield f"{plural(count, 'fault')}, on which Elasticsearch would fail the search, such as: {examples[0]}"


def left_out_lines(rules: RuleSet) -> Iterator[str]:
    """Yield lines about rules and files that are left out on purpose, for the most frequent reasons."""
    yield from _lines_by_reason("rule", "skipped", _by_reason(rules.skipped), most=_MAX_REASONS)
    yield from _lines_by_reason("file", "passed over", _by_reason(rules.passed_over), most=_MAX_REASONS)


def skipped_lines(skipped: Sequence[Skipped]) -> Iterator[str]:
    """Yield a line for each reason for skipping rules, with their number and the first of them."""
    yield from _lines_by_reason("rule", "skipped", _by_reason(skipped))


def passed_over_lines(passed_over: Sequence[Skipped]) -> Iterator[str]:
    """Yield a line for each reason for passing over files of folders and archives."""
    yield from _lines_by_reason("file", "passed over", _by_reason(passed_over))


def unread_lines(stats: ReadStats) -> Iterator[str]:
    """Yield lines about event files passed over, for the most frequent reasons."""
    yield from _lines_by_reason("file", "passed over", stats.passed_over, most=_MAX_REASONS)


def _by_reason(left_out: Sequence[Skipped]) -> dict[str, list[str]]:
    by_reason: dict[str, list[str]] = {}
    for skipped in left_out:
        by_reason.setdefault(skipped.reason, []).append(skipped.rule)
    return by_reason


def _lines_by_reason(
    noun: str, done: str, by_reason: Mapping[str, Sequence[str]], *, most: int | None = None
) -> Iterator[str]:
    """Yield a line for each reason. Beyond `most` lines, the rarest reasons share one."""
    reasons = list(by_reason.items())
    rest: list[tuple[str, Sequence[str]]] = []
    if most is not None and len(reasons) > most:
        reasons.sort(key=lambda item: len(item[1]), reverse=True)
        reasons, rest = reasons[: most - 1], reasons[most - 1 :]
    for reason, names in reasons:
        yield f"{plural(len(names), noun)} {done}, {_example(names)}: {reason}"
    if rest:
        names = [name for _, names in rest for name in names]
        yield f"{plural(len(names), noun)} {done}, {_example(names)}: {len(rest)} other reasons"


def _example(names: Sequence[str]) -> str:
    return f"`{names[0]}`" if len(names) == 1 else f"such as `{names[0]}`"


def not_applied_lines(problems: Sequence[Diagnostic]) -> Iterator[str]:
    """Yield a line about rules whose exceptions, filters or limits are not applied, if any."""
    found = [problem for problem in problems if problem.id == "setting-not-applied"]
    if found:
        yield f"{plural(len(found), 'setting')} not applied, such as at {found[0].location}: {found[0].message}"


def reading_lines(stats: ReadStats) -> Iterator[str]:
    """Yield a line about rejected parts of the input, and a line for each file read in part."""
    if stats.rejected:
        yield rejected(stats)
    for warning in stats.warnings:
        yield f"{warning.file}: {warning.reason}"


def no_event(stats: ReadStats, inputs: Sequence[str]) -> EventError:
    """Return the error of a run without any event."""
    refused = {path: reason for reason, paths in stats.passed_over.items() for path in paths}
    if refused and not stats.rejected:
        return nothing_read(refused)
    where = "the standard input" if inputs[0] == "-" else f"`{inputs[0]}`"
    more = f" and {plural(len(inputs) - 1, 'other input')}" if len(inputs) > 1 else ""
    return EventError(f"no event in {where}{more}" + (f": {rejected(stats)}" if stats.rejected else ""))


def rejected(stats: ReadStats) -> str:
    """Return the number of rejected lines with the reasons and the location of the first."""
    counts = ", ".join(f"{count:,} {reason}" for reason, count in stats.reasons.most_common())
    text = f"{plural(stats.rejected, 'line')} rejected: {counts}" if len(stats.reasons) > 1 else ""
    sample = stats.samples[0]
    detail = f" ({sample.detail})" if sample.detail else ""
    example = f"{sample.file}:{sample.line}: {sample.reason}{detail}"
    if text:
        return f"{text}; the first: {example}"
    return f"{plural(stats.rejected, 'line')} rejected, {'' if stats.rejected == 1 else 'such as '}{example}"
