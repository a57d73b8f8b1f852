"""A sequence over a stream of events, as a process of its own.

`python -m benchmarks.sequences_worker speed EVENTS OPEN_KEYS` prints CPU seconds for one event, while the keys are
opened and afterwards, beside those of `orjson.loads`; `… memory …` prints the bytes that the stream keeps for an open
key. Both print JSON, and what the stream says of itself.
"""

from __future__ import annotations

import gc
import itertools
import json
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import orjson

import eqlite
from benchmarks.one_rule import decode_only
from benchmarks.sequence_events import QUERY
from eqlite.engine.streams import Stream

_CHUNK = 1_000


def main(what: str, path: str, open_keys: int) -> None:
    measure = {"speed": _speed, "memory": _memory}[what]
    print(json.dumps(measure(Path(path), open_keys)))


def _speed(path: Path, open_keys: int) -> dict[str, float]:
    """Take turns with `orjson.loads`, chunk by chunk, so that both see the same machine."""
    stream = eqlite.compile(QUERY).stream()
    clock = time.process_time
    collector = _Collector()
    with path.open("rb") as file:
        opening = list(itertools.islice(file, open_keys))
        started = clock()
        matches = _push(stream, opening)
        opened = clock() - started
        del opening
        collector.seconds = 0
        events, decoding, streaming = 0, 0.0, 0.0
        least = most = stream.stats.open
        for number, lines in enumerate(_chunks(file)):
            for is_stream in (number % 2 == 0, number % 2 != 0):
                started = clock()
                if is_stream:
                    matches += _push(stream, lines)
                    streaming += clock() - started
                else:
                    decode_only(lines)
                    decoding += clock() - started
            events += len(lines)
            is_open = stream.stats.open
            least, most = min(least, is_open), max(most, is_open)
    return {
        **asdict(stream.stats),
        "found": matches,
        "opening": opened / open_keys,
        "seconds": streaming / events,
        "ratio": streaming / decoding,
        "collecting": collector.seconds / events,
        "least_open": least,
        "most_open": most,
    }


class _Collector:
    """Times the garbage collector of Python: it goes through all that is open, now and then.

    Nearly all of it falls to the stream: what the decoder alone makes is gone with the next line.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._started = 0.0
        gc.callbacks.append(self)

    def __call__(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._started = time.process_time()
        else:
            self.seconds += time.process_time() - self._started


def _memory(path: Path, open_keys: int) -> dict[str, float]:
    """Trace what `push` allocates and does not free; the events are there before, so they do not count.

    As many events as there are keys come after those that open them: a state that has changed hands holds more than one
    that is new.
    """
    with path.open("rb") as file:
        documents = [orjson.loads(line) for line in itertools.islice(file, 2 * open_keys)]
    stream = eqlite.compile(QUERY).stream()
    stream.push(documents[0])  # what is made once, is made
    gc.collect()
    tracemalloc.start()
    for document in itertools.islice(documents, 1, None):
        stream.push(document)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {**asdict(stream.stats), "bytes": kept / stream.stats.open}


def _push(stream: Stream, lines: list[bytes]) -> int:
    loads, push = orjson.loads, stream.push
    found = 0
    for line in lines:
        found += len(push(loads(line)))
    return found


def _chunks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    while chunk := list(itertools.islice(lines, _CHUNK)):
        yield chunk


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
