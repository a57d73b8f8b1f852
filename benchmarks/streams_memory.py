"""Memory of a stream of all rules while events go by, and of an open key in a correlator."""

from __future__ import annotations

from pathlib import Path

from benchmarks.many_rules import MIXED_EVENTS, NoRules, find_archive, generate_events, run_worker
from benchmarks.report import Row, Section

_GROWTH = {"all": "growth of a stream, all rules", "sequence": "growth of a stream, sequence rules"}
_TIMES = 5
_KEY = "an open key of a correlator, without its event"
NAMES = (*_GROWTH.values(), _KEY)
_FILE_EVENTS = 20_000


def measure_streams_memory(shared: Path | None, folder: Path, *, count: int, open_keys: int) -> Section:
    """Measure resident memory after `count` events and after five times as many; skip without the shared material."""
    title = f"Memory of streams: from {count:,} to {_TIMES * count:,} {MIXED_EVENTS}"
    try:
        archive = find_archive(shared)
    except NoRules as reason:
        rows = [Row(name, skipped=str(reason)) for name in _GROWTH.values()]
    else:
        events = generate_events(archive, folder, MIXED_EVENTS, min(count, _FILE_EVENTS))
        rows = [_growth(archive, events, kind, count) for kind in _GROWTH]
        events.unlink()
    answer = run_worker("streams_memory_worker", "keys", open_keys)
    note = f"{answer['open']:,} open, by tracemalloc; {answer['dumped']:,.0f} B of it in a dump"
    return Section(title, [*rows, Row(_KEY, answer["bytes"], "B", limit=400, of_ratio=False, note=note)])


def _growth(archive: Path, events: Path, kind: str, count: int) -> Row:
    answer = run_worker("streams_memory_worker", "growth", archive, events, kind, count, _TIMES * count)
    first, last = answer["resident"]
    note = f"{first / 2**20:,.0f} to {last / 2**20:,.0f} MB; {answer['open']:,} keys open, {answer['rules']:,} rules"
    return Row(_GROWTH[kind], 100 * (last / first - 1), "%", limit=10, of_ratio=False, note=note)
