"""All rules that Elastic ships over all real documents of the shared material: `python -m benchmarks.real_documents`.

Prints events, detections and CPU time for each file, and compares the detections of each rule with those of the last
comparison, in `real_documents.json`; `--write` keeps the new ones there. Needs EQLITE_SHARED.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

from eqlite.execution.run import RunStats, run_files
from eqlite.rules.compiled import Compiled
from eqlite.ruleset import load_rules

_KEPT = Path(__file__).parent / "real_documents.json"

Found = dict[str, dict[str, int]]
"""Of each file, how many detections each rule made, by rule id."""


def main(arguments: list[str]) -> int:
    shared = Path(os.environ["EQLITE_SHARED"])
    compiled = load_rules(shared / "corpus" / "rules.tar.gz").compile()
    found: Found = {}
    for path in sorted((shared / "events").glob("*.ndjson.gz")):
        found[path.name] = _run(compiled, path)
    if "--write" in arguments:
        _KEPT.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        return 0
    differing = [
        f"{name}: {rule} {before.get(rule, 0)} before, {now.get(rule, 0)} now"
        for name, before in json.loads(_KEPT.read_text()).items()
        for now in [found.get(name, {})]
        for rule in sorted({*before, *now})
        if before.get(rule, 0) != now.get(rule, 0)
    ]
    print("\n".join(differing) or "the same detections as in the last comparison")
    return 1 if differing else 0


def _run(compiled: Compiled, path: Path) -> dict[str, int]:
    stats = RunStats()
    started = time.process_time()
    counts = Counter(found.rule.rule_id or found.rule.name for found in run_files(compiled, [path], stats=stats))
    seconds = time.process_time() - started
    events = stats.reading.evaluated
    print(f"{path.name:45} {events:8,} events {sum(counts.values()):6,} detections {seconds:6.1f} s", flush=True)
    return dict(sorted(counts.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
