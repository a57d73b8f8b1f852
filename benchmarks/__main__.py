"""`python -m benchmarks`: measure everything in one run and print one table."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.events import write_events
from benchmarks.many_rules import measure_many_rules
from benchmarks.many_rules_jobs import measure_jobs
from benchmarks.many_rules_peer import measure_many_rules_with_peer
from benchmarks.one_rule import EventFile, measure_one_rule
from benchmarks.pack import measure_pack
from benchmarks.peer import measure_peer
from benchmarks.process import measure_memory, measure_starts
from benchmarks.report import Section, machine, print_table, write_json
from benchmarks.sequences import measure_sequences
from benchmarks.streams_memory import measure_streams_memory
from benchmarks.ways_in import measure_ways_in


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done for the figures."""

    events: int = 20_000
    rounds: int = 11
    sequence_events: int = 200_000
    sequence_rounds: int = 3
    open_keys: tuple[int, ...] = (1_000, 10_000, 100_000)
    pack_events: int = 500
    pack_runs: int = 3
    many_rules_events: int = 60_000
    many_rules_runs: int = 1
    many_rules_peer_events: int = 2_000
    many_rules_peer_runs: int = 3
    ways_in_events: int = 20_000
    ways_in_runs: int = 1
    streams_events: int = 40_000
    streams_open_keys: int = 100_000
    jobs_events: int = 200_000
    jobs_runs: int = 1
    starts: int = 15
    megabytes: int = 200


QUICK = Effort(
    events=2_000,
    rounds=3,
    sequence_events=2_000,
    sequence_rounds=1,
    open_keys=(10, 100, 1_000),
    pack_events=50,
    pack_runs=1,
    many_rules_events=1_000,
    many_rules_peer_events=50,
    many_rules_peer_runs=1,
    ways_in_events=1_000,
    streams_events=1_000,
    streams_open_keys=1_000,
    jobs_events=1_000,
    starts=3,
    megabytes=8,
)
FULL = Effort(
    events=50_000,
    rounds=15,
    sequence_events=1_000_000,
    pack_events=1_000,
    pack_runs=5,
    many_rules_events=120_000,
    many_rules_runs=3,
    ways_in_runs=3,
    streams_events=200_000,
    jobs_events=1_000_000,
    jobs_runs=3,
    starts=15,
    megabytes=2_000,
)


def main() -> None:
    options = _parse_options()
    effort = QUICK if options.quick else FULL if options.full else Effort()
    shared = Path(os.environ["EQLITE_SHARED"]) if os.environ.get("EQLITE_SHARED") else None
    with tempfile.TemporaryDirectory() as folder:
        files = _event_files(Path(folder), options.events or effort.events, shared)
        rounds = options.rounds or effort.rounds
        sections: list[Section] = []
        for section in _measure(files, shared, effort, rounds=rounds, may_install=options.peer):
            print(f"measured: {section.title}", file=sys.stderr)
            sections.append(section)
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    rough = " Rough ones: --quick." if options.quick else ""
    print(f"Medians.{rough} x orjson: as many times orjson.loads of the same lines in the same run.\n")
    print_table(sections)
    if options.json is not None:
        write_json(options.json, sections)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", action="store_true", help="only see whether it runs; the figures are rough")
    effort.add_argument("--full", action="store_true", help="more of everything, and a file of 2 GB")
    parser.add_argument("--events", type=int, metavar="N", help="how many events for one rule")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often all contenders take their turn")
    parser.add_argument("--peer", action="store_true", help="install the peer, eql, into benchmarks/.peer if need be")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    return parser.parse_args()


def _measure(
    files: list[EventFile], shared: Path | None, effort: Effort, *, rounds: int, may_install: bool
) -> Iterator[Section]:
    for events in files:
        yield measure_one_rule(events, rounds=rounds)
    yield measure_peer(files[-1], may_install=may_install, rounds=min(rounds, 5))
    yield measure_sequences(
        effort.open_keys, count=effort.sequence_events, rounds=effort.sequence_rounds, may_install=may_install
    )
    yield measure_pack(shared, files[-1], count=effort.pack_events, runs=effort.pack_runs)
    folder = files[0].path.parent
    count, runs = effort.many_rules_events, effort.many_rules_runs
    yield from measure_many_rules(shared, folder, count=count, loop_count=effort.pack_events, runs=runs)
    yield measure_many_rules_with_peer(
        shared,
        folder,
        count=count,
        peer_count=effort.many_rules_peer_events,
        runs=effort.many_rules_peer_runs,
        may_install=may_install,
    )
    yield from measure_ways_in(shared, folder, count=effort.ways_in_events, runs=effort.ways_in_runs)
    count = effort.streams_events
    yield measure_streams_memory(shared, folder, count=count, open_keys=effort.streams_open_keys)
    yield measure_jobs(shared, folder, count=effort.jobs_events, runs=effort.jobs_runs)
    yield measure_starts(runs=effort.starts)
    yield measure_memory(files[0], megabytes=effort.megabytes)


def _event_files(folder: Path, count: int, shared: Path | None) -> list[EventFile]:
    """Return our own events and, where the shared material is at hand, those of its generator."""
    path = folder / "own.ndjson"
    files = [EventFile("our own events", path, write_events(path, count))]
    generator = shared / "bench" / "gen_events.py" if shared is not None else None
    if generator is not None and generator.is_file():
        path, truth = folder / "shared.ndjson", folder / "truth.json"
        command = [sys.executable, str(generator), "-n", str(count), "-o", str(path), "--truth", str(truth)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        files.append(EventFile("shared events", path, set(orjson.loads(truth.read_bytes())["event_ids"])))
    return files


if __name__ == "__main__":
    main()
