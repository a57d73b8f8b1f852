"""Memory of a stream of rules, or of an open key: `python -m benchmarks.streams_memory_worker WHAT …`.

`growth RULES EVENTS KIND FIRST LAST` pushes the events of the file again and again, each time later and of other
processes, up to LAST of them. KIND is `all`, or `sequence` for the sequence rules alone. Prints resident bytes after
FIRST and after LAST events as JSON. `keys COUNT` prints the bytes of an open key that came in a row without its event.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

import eqlite
from eqlite.execution.hit_rows import HitRow

_BATCH = 1_000
_QUERY = """
sequence by host.id, process.entity_id with maxspan=1h
  [process where true] [network where true] [file where true]
"""
_START_NS = 1_767_225_600_000_000_000


def growth(rules_path: str, events: str, kind: str, first: int, last: int) -> None:
    chosen = eqlite.load_rules(rules_path, cache=True)
    compiled = [rule for rule, query in chosen.compile() if kind in ("all", query.kind)]
    stream = eqlite.RuleSet(compiled).stream()
    documents = endless_events(Path(events).read_bytes().splitlines())
    resident = []
    for start, end in ((0, first), (first, last)):
        for done in range(start, end, _BATCH):
            stream.push_many(list(islice(documents, min(_BATCH, end - done))))
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


def keys(count: int) -> None:
    """Print what a correlator allocates for open keys. The rows of hits are there before, so they do not count."""
    rules = eqlite.RuleSet([eqlite.load_rule(json.dumps({"rule_id": "rule", "query": _QUERY}) + "\n")])
    rows = [
        HitRow(
            "rule",
            (f"host-{number % 60}", f"{number:022x}"),
            _START_NS + number,
            None,
            f"topic:{number}",
            (0,),
            True,
            None,
        )
        for number in range(count + 1)
    ]
    correlator = rules.correlator(max_open=count + 1)
    correlator.add(rows[:1])  # what is made once, is made
    gc.collect()
    tracemalloc.start()
    correlator.add(rows[1:])
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    dumped = [len(state or b"") for _, state in correlator.dump_changed()]
    print(json.dumps({"bytes": held / count, "open": len(dumped) - 1, "dumped": sum(dumped) / len(dumped)}))


if __name__ == "__main__":
    if sys.argv[1] == "keys":
        keys(int(sys.argv[2]))
    else:
        growth(*sys.argv[2:5], *map(int, sys.argv[5:]))
