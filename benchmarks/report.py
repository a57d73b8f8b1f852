"""The rows that are measured, as one table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from eqlite import __version__


@dataclass(frozen=True, slots=True)
class Row:
    """One thing measured, or the reason why it was not.

    Attributes:
        value: in `unit`.
        ratio: to `orjson.loads` of the same events in the same run.
        limit: what the value, or under `of_ratio` the ratio, should not exceed.
        is_least: the limit is what it should at least be, instead.
        note: what else there is to say.
        skipped: why there is no value.
    """

    name: str
    value: float | None = None
    unit: str = ""
    ratio: float | None = None
    limit: float | None = None
    of_ratio: bool = True
    is_least: bool = False
    note: str = ""
    skipped: str = ""

    @property
    def misses_limit(self) -> bool:
        """Tell whether the value or ratio is on the wrong side of the limit."""
        measured = self.ratio if self.of_ratio else self.value
        if self.limit is None or measured is None:
            return False
        return measured < self.limit if self.is_least else measured > self.limit


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together."""

    title: str
    rows: Sequence[Row]


def per_event(name: str, seconds: float, ratio: float | None, *, limit: float | None = None, note: str = "") -> Row:
    """Return a row for something done to each event."""
    said = f"{1 / seconds:,.0f} events/s"
    return Row(name, seconds * 1e6, "µs", ratio, limit, note=f"{said}; {note}" if note else said)


def print_table(sections: Sequence[Section]) -> None:
    """Print everything as one table."""
    width = max(len(row.name) for section in sections for row in section.rows)
    print(f"{'':{width}}  {'measured':>12}  {'x orjson':>8}  {'limit':>6}")
    for section in sections:
        print(f"\n{section.title}")
        for row in section.rows:
            print(f"{row.name:{width}}  {_cells(row)}".rstrip())


def _cells(row: Row) -> str:
    if row.skipped:
        return f"{'-':>12}  skipped: {row.skipped}"
    assert row.value is not None
    digits = 2 if row.value < 100 else 0
    measured = f"{row.value:,.{digits}f} {row.unit}"
    ratio = "" if row.ratio is None else f"{row.ratio:,.2f}" if row.ratio < 10 else f"{row.ratio:,.0f}"
    limit = "" if row.limit is None else f"{'>= ' * row.is_least}{row.limit:g}"
    missed = f" {'UNDER' if row.is_least else 'OVER'} ITS LIMIT;" if row.misses_limit else ""
    note = missed + f" {row.note}" * bool(row.note)
    return f"{measured:>12}  {ratio:>8}  {limit:>6} {note}"


def machine() -> dict[str, str | int | None]:
    """Return what the figures depend on besides the code."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "eqlite": __version__,
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write_json(path: str, sections: Sequence[Section]) -> None:
    """Write everything as one JSON object."""
    rows = [{"section": section.title, **asdict(row)} for section in sections for row in section.rows]
    Path(path).write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1, ensure_ascii=False) + "\n")
