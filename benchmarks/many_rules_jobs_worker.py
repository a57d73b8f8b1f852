"""One run of many rules in N processes: `python -m benchmarks.many_rules_jobs_worker ARCHIVE EVENTS SELECTION N`.

SELECTION is that of `many_rules_worker`. Prints seconds on the wall as JSON: `seconds` from the first event to the last
detection; `second_half` from the middle of the events, as the progress tells, to where the first detection comes out;
`detections` from there to the last one.
"""

from __future__ import annotations

import json
import sys
import time

from benchmarks.many_rules_worker import select_rules
from eqlite.execution.run import run_files


def main(archive: str, events: str, selection: str, jobs: int) -> None:
    clock = time.perf_counter
    compiled = select_rules(archive, selection)
    marks: list[tuple[int, float]] = [(0, clock())]
    found = run_files(compiled, [events], jobs=jobs, progress=lambda lines, _: marks.append((lines, clock())))
    first = next(found, None)
    read = clock()  # not the last mark: where this process asks the sequences, the others may be done before it
    count = (first is not None) + sum(1 for _ in found)
    ended = clock()
    lines = marks[-1][0]
    half_lines, half = next(mark for mark in reversed(marks) if mark[0] <= lines / 2)
    answer = {
        "events": lines,
        "seconds": ended - marks[0][1],
        "second_half": (read - half) / max(1, lines - half_lines) * lines / 2,
        "detections": ended - read,
        "found": count,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
