"""Memory of a stream of rules: `python -m benchmarks.streams_memory_worker RULES EVENTS KIND FIRST LAST`.

KIND is `all`, or `sequence` for the sequence rules alone. Pushes the events of the file again and again, each time
later and of other processes, up to LAST of them. Prints resident bytes after FIRST and after LAST events as JSON.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

import eqlite

_BATCH = 1_000


def main(rules_path: str, events: str, kind: str, first: int, last: int) -> None:
    chosen = eqlite.load_rules(rules_path, cache=True)
    compiled = [rule for rule, query in chosen.compile() if kind in ("all", query.kind)]
    stream = eqlite.RuleSet(compiled).stream()
    documents = endless_events(Path(events).read_bytes().splitlines())
    resident = []
    for start, end in ((0, first), (first, last)):
        for _ in range(start, end, _BATCH):
            stream.push_many(list(islice(documents, _BATCH)))
        gc.collect()
        resident.append(resident_bytes())
    stats = stream.stats
    counts = {"detections": stats.detections, "open": stats.open, "late": stats.late, "dropped": stats.dropped}
    print(json.dumps({"rules": len(compiled), "resident": resident, **counts}))


def endless_events(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    """Yield events in the order of time: those of the lines, in each round with times and processes of their own."""
    times = [datetime.fromisoformat(orjson.loads(line)["@timestamp"]) for line in (lines[0], lines[-1])]
    length = times[1] - times[0] + timedelta(seconds=1)
    number = 0
    while True:
        for line in lines:
            event = orjson.loads(line)
            time = datetime.fromisoformat(event["@timestamp"]).astimezone(UTC) + number * length
            event["@timestamp"] = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            for process in (event.get("process"), event.get("process", {}).get("parent")):
                if process is not None and "entity_id" in process:
                    process["entity_id"] = f"{process['entity_id']}-{number}"
            yield event
        number += 1


def resident_bytes() -> int:
    """Return the resident memory of this process, from Linux's `/proc`."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:]))
