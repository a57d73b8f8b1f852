"""The peer: `eql`, the Python package of the language's first authors, over the same events.

It is a tool of this benchmark only, and under the AGPL: it lives in an environment of its own and runs as a process of
its own; nothing of eqlite imports it.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.one_rule import RULE, EventFile
from benchmarks.report import Row, Section, per_event
from eqlite import load_rule

REQUIREMENTS = ["eql==1.0.1", "orjson"]
_FOLDER = Path(__file__).parent / ".peer"
_WORKER = Path(__file__).parent / "peer_worker.py"
_SPEED, _FOUND = "eql 1.0.1: orjson.loads + stream_event", "eql 1.0.1: share of the true matches it finds"


class NoPeer(Exception):
    """Why the peer cannot be measured."""


def measure_peer(events: EventFile, *, may_install: bool, rounds: int) -> Section:
    """Run the example rule over events with the peer; skip it with the reason where it is not there."""
    try:
        answer = ask_peer(_WORKER, [str(events.path), str(rounds)], load_rule(RULE).query, may_install=may_install)
    except NoPeer as problem:
        return _skipped(str(problem))
    share = len(events.matches & set(answer["found"])) / max(1, len(events.matches))
    wrong = len(set(answer["found"]) - events.matches)
    rows = [
        per_event(_SPEED, answer["seconds"], answer["ratio"]),
        Row(_FOUND, 100 * share, "%", note=f"and {wrong} that are none"),
    ]
    return Section("The peer, same rule and events", rows)


def ask_peer(worker: Path, arguments: Sequence[str], query: str, *, may_install: bool) -> dict[str, Any]:
    """Run a script in the peer's environment, the query on its standard input, and return the JSON that it prints.

    Raises:
        NoPeer: the environment is not there, or what runs in it fails.
    """
    try:
        python = _python(may_install=may_install)
        if python is None:
            raise NoPeer("not installed; --peer puts it into benchmarks/.peer")
        command = [python, str(worker), *arguments]
        done = subprocess.run(command, input=query, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        said = getattr(problem, "stderr", None) or str(problem)
        raise NoPeer(f"it does not run: {said.strip().splitlines()[-1]}") from None
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _skipped(reason: str) -> Section:
    return Section("The peer, same rule and events", [Row(name, skipped=reason) for name in (_SPEED, _FOUND)])


def _python(*, may_install: bool) -> str | None:
    """Return an interpreter that has the peer; None if there is none."""
    if importlib.util.find_spec("eql") is not None:
        return sys.executable
    python = _FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists() and may_install:
        print("installing the peer into benchmarks/.peer ...", file=sys.stderr)
        venv.create(_FOLDER, with_pip=True)
        (_FOLDER / ".gitignore").write_text("*\n")
    if may_install:
        command = [str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS]
        subprocess.run(command, check=True, capture_output=True, text=True)
    return str(python) if python.exists() else None
