"""The event rules that Elastic ships, with the peer and here: those that the peer can run, over the same events."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks.many_rules import PROCESS_EVENTS, NoRules, cost_of, find_archive, generate_events, run_worker
from benchmarks.many_rules_worker import select_rules
from benchmarks.one_rule import WrongAnswer
from benchmarks.peer import NoPeer, ask_peer
from benchmarks.report import Row, Section, per_event

_LIMIT = 150
_PEER, _HERE = "eql 1.0.1: the event rules it can run", "the same rules here"
_TIMES = "the same rules here, to eql 1.0.1"
_WORKER = Path(__file__).parent / "many_rules_peer_worker.py"
_TITLE = f"Rules at once, and the peer: {PROCESS_EVENTS}"


def measure_many_rules_with_peer(
    shared: Path | None, folder: Path, *, count: int, peer_count: int, runs: int, may_install: bool
) -> Section:
    """Measure with rules and generators of the shared material; skip without, and where the peer is not asked for.

    Args:
        count: how many events there are.
        peer_count: how many of them the peer gets, for which they take milliseconds each.
        runs: how often both run.
    """
    events = None
    try:
        if not may_install:
            raise NoPeer("slow; --peer measures it")
        archive = find_archive(shared)
        events = generate_events(archive, folder, PROCESS_EVENTS, count)
        rows = _measure(archive, events, folder / "rule_ids.json", peer_count=peer_count, runs=runs)
    except (NoRules, NoPeer) as reason:
        return Section(_TITLE, [Row(name, skipped=str(reason)) for name in (_PEER, _HERE, _TIMES)])
    finally:
        if events is not None:
            events.unlink()
    return Section(_TITLE, rows)


def _measure(archive: Path, events: Path, rule_ids: Path, *, peer_count: int, runs: int) -> list[Row]:
    """Let both take turns; how far they are apart is told run by run."""
    texts = {rule.rule_id: query.text for rule, query in select_rules(str(archive), "event")}
    peer: list[dict[str, Any]] = []
    here: list[dict[str, Any]] = []
    for _ in range(runs):
        peer.append(ask_peer(_WORKER, [str(events), str(peer_count)], json.dumps(texts), may_install=True))
        rule_ids.write_text(json.dumps(peer[-1]["rules"]))
        here.append(run_worker("many_rules_worker", archive, events, rule_ids))
    first = peer[0]
    if here[0]["rules"] != len(first["rules"]):
        raise WrongAnswer(f"{here[0]['rules']} rules here, {len(first['rules'])} with the peer")
    seconds, ratio = cost_of(here)
    peer_seconds = statistics.median(answer["seconds"] for answer in peer)
    times = statistics.median(its["seconds"] / cost_of([ours])[0] for its, ours in zip(peer, here, strict=True))
    raised = f"finds {first['found']:,}, raises {first['raised'] / first['events']:.1f} times an event"
    rules = f"{len(first['rules'])} of {len(texts)} rules ({first['parsed']} parsed)"
    of_peer = f"{rules}, {first['events']:,} events; {raised}"
    of_here = f"{here[0]['rules']} rules, {here[0]['events']:,} events; making {here[0]['found']:,} detections included"
    asking = statistics.median(its["seconds"] / ours["steady"] for its, ours in zip(peer, here, strict=True))
    note = f"{asking:.0f} without making the detections"
    return [
        per_event(_PEER, peer_seconds, statistics.median(answer["ratio"] for answer in peer), note=of_peer),
        per_event(_HERE, seconds, ratio, note=of_here),
        Row(_TIMES, times, "times as fast", limit=_LIMIT, of_ratio=False, is_least=True, note=note),
    ]
