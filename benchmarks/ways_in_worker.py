"""One run of all rules over events given in one way: `python -m benchmarks.ways_in_worker ARCHIVE EVENTS WAY`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import eqlite


def main(archive: str, events: str, way: str) -> None:
    rules = eqlite.load_rules(archive, cache=True)
    rules.compile()
    given = _given(events, way)
    started = time.process_time()
    count = sum(1 for _ in rules.run(given))
    print(json.dumps({"seconds": time.process_time() - started, "found": count}))


def _given(path: str, way: str) -> Any:
    """Return what the program gives to `rules.run`; all that is done for it before does not count."""
    if way == "path":
        return path
    if way == "reader":
        return eqlite.read_events(path)
    if way == "events":
        return (event for event in eqlite.read_events(path))
    documents = [json.loads(line) for line in Path(path).read_bytes().splitlines()]
    if way == "dotted":
        return [dict(_leaves("", document)) for document in documents]
    if way == "fields":
        fields = ({name: [value] for name, value in _leaves("", document)} for document in documents)
        return [{"_index": "logs", "_id": str(number), "fields": each} for number, each in enumerate(fields)]
    return documents if way == "list" else (document for document in documents)


def _leaves(prefix: str, part: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in part.items():
        if isinstance(value, dict):
            yield from _leaves(f"{prefix}{name}.", value)
        else:
            yield prefix + name, value


if __name__ == "__main__":
    main(*sys.argv[1:])
