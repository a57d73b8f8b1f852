"""One rule over events that come as lines of JSON: what decoding costs, and what eqlite adds to it.

Every contender gets undecoded lines and decodes them in its loop. Measured on documents decoded beforehand, a condition
costs a multiple of what it costs right after the decoder, in whose wake everything is in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import orjson

import eqlite
from benchmarks.clock import Contender, compare
from benchmarks.report import Section, per_event
from eqlite.execution.run import run_files
from eqlite.query import Query

RULE = Path(__file__).parent.parent / "examples" / "suspicious_interactive_interpreter.txt"
REFERENCE_SHARE = 10
"""The reference backend is slow, and goes through a part of the events only: one in so many."""

_FROM_FILE = "orjson.loads, lines read from the file"
_RUN_FILES = "run_files, from the file to detections"

Decode = Callable[[bytes], Any]


@dataclass(frozen=True, slots=True)
class EventFile:
    """Events to measure with, and `event.id` of those that the rule matches."""

    title: str
    path: Path
    matches: set[str]

    def lines(self) -> list[bytes]:
        """Return the undecoded events."""
        return self.path.read_bytes().splitlines()


class WrongAnswer(Exception):
    """What was measured does not find what is there; how quickly is of no interest then."""


def measure_one_rule(events: EventFile, *, rounds: int) -> Section:
    """Compare the ways to run the example rule over events."""
    lines = events.lines()
    few = lines[::REFERENCE_SHARE]
    rule = eqlite.load_rule(RULE)
    query, reference = rule.compile(), rule.compile(backend="reference")
    decode = msgspec.json.Decoder().decode
    contenders = [
        Contender("orjson.loads", lambda: decode_only(lines, orjson.loads), len(lines)),
        Contender("msgspec.json.decode", lambda: decode_only(lines, decode), len(lines)),
        Contender(_FROM_FILE, lambda: _decode_file(events.path), len(lines)),
        Contender(_RUN_FILES, lambda: _by_file(events, rule, query), len(lines)),
        Contender("orjson.loads + query.matches", lambda: _by_document(lines, orjson.loads, query), len(lines)),
        Contender("msgspec.json.decode + query.matches", lambda: _by_document(lines, decode, query), len(lines)),
        Contender("orjson.loads + reference backend", lambda: _by_document(few, orjson.loads, reference), len(few)),
    ]
    limits = [None, None, None, 1.6, 1.35, None, None]
    found = {document["event"]["id"] for document in map(orjson.loads, lines) if query.matches(document)}
    few_found = sum(orjson.loads(line)["event"]["id"] in events.matches for line in few)
    every = len(events.matches)
    expected = [None, None, None, every, every, every, few_found]
    timings = compare(contenders, rounds=rounds)
    if found != events.matches or [timing.found for timing in timings.values()] != expected:
        raise WrongAnswer(f"in {events.title}: {len(events.matches)} match; found {timings}")
    like_for_like = timings[_RUN_FILES].seconds / timings[_FROM_FILE].seconds
    notes = {_RUN_FILES: f"{like_for_like:.2f} of orjson.loads from the file"}
    rows = [
        per_event(name, timing.seconds, timing.ratio, limit=limit, note=notes.get(name, ""))
        for (name, timing), limit in zip(timings.items(), limits, strict=True)
    ]
    size = sum(map(len, lines)) / len(lines)
    title = f"One rule, {events.title}: {len(lines):,} of {size:,.0f} bytes, {len(events.matches)} matches"
    return Section(title, rows)


def decode_only(lines: Iterable[bytes], decode: Decode = orjson.loads) -> None:
    """Decode lines and do nothing with them."""
    for line in lines:
        decode(line)


def _decode_file(path: Path) -> None:
    with path.open("rb") as file:
        decode_only(file)


def _by_file(events: EventFile, rule: eqlite.Rule, query: Query) -> int:
    return sum(1 for _ in run_files([(rule, query)], [events.path]))


def _by_document(lines: list[bytes], decode: Decode, query: Query) -> int:
    matches = query.matches
    found = 0
    for line in lines:
        if matches(decode(line)):
            found += 1
    return found
