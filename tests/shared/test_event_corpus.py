"""Real documents: every file is read whole, and the counts add up."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import eqlite
from eqlite.events.stats import ReadStats


@pytest.mark.slow
def test_every_event_file_is_read_to_its_last_line(shared: Path) -> None:
    files = sorted((shared / "events").glob("*.ndjson*"))
    assert len(files) == 12
    for file in files:
        opener = gzip.open if file.suffix == ".gz" else open
        with opener(file, "rb") as lines:
            count = sum(1 for _ in lines)
        stats = ReadStats()
        read = sum(1 for event in eqlite.read_events(file, stats=stats) if event.id is not None and event.index)
        assert (read, stats.read, stats.rejected) == (count, count, 0), file.name
