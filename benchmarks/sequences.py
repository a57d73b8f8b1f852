"""A sequence of two stages over a stream: events a second and memory, with few and with many join keys open."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.one_rule import WrongAnswer
from benchmarks.peer import NoPeer, ask_peer
from benchmarks.report import Row, Section, per_event
from benchmarks.sequence_events import QUERY, SequenceFile, write_sequence_events

PEER_EVENTS = 2_000
"""The peer looks at every open key at each event: with 10,000 of them, these and the opening take some 20 s."""

_BYTES_PER_EVENT = 700
_FACTOR, _MEMORY = "the slowest of these to the fastest", "bookkeeping for an open key"
_PEER_WORKER = Path(__file__).parent / "sequences_peer_worker.py"
_PEER_FILES = 2


def measure_sequences(open_keys: Sequence[int], *, count: int, rounds: int, may_install: bool) -> Section:
    """Measure with each number of open keys, over `count` events after those that open them."""
    title = f"A sequence of two stages over a stream: {count:,} events with all keys open"
    with tempfile.TemporaryDirectory() as folder:
        needed = (len(open_keys) * count + sum(open_keys)) * _BYTES_PER_EVENT
        if shutil.disk_usage(folder).free < needed + (100 << 20):
            names = [*map(_name, open_keys), _FACTOR, _MEMORY, *map(_peer_name, open_keys[:_PEER_FILES])]
            reason = f"less than {needed >> 20:,} MB free for the events"
            return Section(title, [Row(name, skipped=reason) for name in names])
        files = [
            write_sequence_events(Path(folder) / f"{number}.ndjson", open_keys=number, count=count)
            for number in open_keys
        ]
        rows = _speed(files, rounds)
        rows.append(_memory(files))
        rows += [_peer(file, may_install=may_install) for file in files[:_PEER_FILES]]
    return Section(title, rows)


def _name(open_keys: int) -> str:
    return f"orjson.loads + stream.push, {open_keys:,} open keys"


def _peer_name(open_keys: int) -> str:
    return f"eql 1.0.1: the same, {open_keys:,} open keys"


def _speed(files: list[SequenceFile], rounds: int) -> list[Row]:
    """Let the files take turns; how far they are apart is told round by round."""
    answers: list[list[dict[str, Any]]] = [[] for _ in files]
    for _ in range(rounds):
        for file, given in zip(files, answers, strict=True):
            answer = _ask("speed", file)
            if answer["found"] != len(file.matches) or answer["late"] or answer["dropped"]:
                raise WrongAnswer(f"{len(file.matches)} sequences with {file.open_keys} open keys; found {answer}")
            given.append(answer)
    rows = []
    for file, given in zip(files, answers, strict=True):
        first = given[0]
        opening, collecting = (statistics.median(answer[of] for answer in given) for of in ("opening", "collecting"))
        note = (
            f"{collecting * 1e6:.1f} µs of it collecting garbage; opening them: {1 / opening:,.0f} events/s; "
            f"{first['least_open']:,} to {first['most_open']:,} open, {first['found']:,} matches"
        )
        seconds = statistics.median(answer["seconds"] for answer in given)
        ratio = statistics.median(answer["ratio"] for answer in given)
        rows.append(per_event(_name(file.open_keys), seconds, ratio, note=note))
    turns = list(zip(*answers, strict=True))
    without = _factor([[answer["seconds"] - answer["collecting"] for answer in turn] for turn in turns])
    factor = _factor([[answer["seconds"] for answer in turn] for turn in turns])
    note = f"{without:.2f} without what Python takes for collecting garbage"
    rows.append(Row(_FACTOR, factor, "x", limit=1.5, of_ratio=False, note=note))
    return rows


def _factor(turns: Sequence[Sequence[float]]) -> float:
    return statistics.median(max(turn) / min(turn) for turn in turns)


def _memory(files: list[SequenceFile]) -> Row:
    """Tell the most that an open key takes, by the number of those open."""
    answers = [_ask("memory", file) for file in files]
    note = ", ".join(f"{answer['bytes']:,.0f} with {answer['open']:,} open" for answer in answers)
    most = max(answer["bytes"] for answer in answers)
    return Row(_MEMORY, most, "B", limit=1024, of_ratio=False, note=f"{note}; by tracemalloc, without the event")


def _ask(what: str, file: SequenceFile) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.sequences_worker", what, str(file.path), str(file.open_keys)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _peer(file: SequenceFile, *, may_install: bool) -> Row:
    name, count = _peer_name(file.open_keys), min(PEER_EVENTS, file.count)
    arguments = [str(file.path), str(file.open_keys), str(count)]
    try:
        answer = ask_peer(_PEER_WORKER, arguments, QUERY, may_install=may_install)
    except NoPeer as problem:
        return Row(name, skipped=str(problem))
    expected = file.matches_among(file.open_keys + count)
    note = f"the first {count:,} events only; finds {answer['found']:,} of {expected:,} sequences"
    return per_event(name, answer["seconds"], answer["ratio"], note=note)
