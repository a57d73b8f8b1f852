"""Text of strangers on its way to a terminal, a spreadsheet or a file: it commands nothing and overwrites nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
NASTY = "\x1b[2J\x1b]0;owned\x07\x9b31m\x85\u202e\u2066\u200f\u061c\u2028"
COMMANDS = set(NASTY) - set("[2J]0;owned31m")
EVENT = json.dumps({"_id": f"=1{NASTY}", "_source": {"event": {"category": "process"}, "user": NASTY, "n": 1}})

posix = pytest.mark.skipif(os.name == "nt", reason="needs names and devices of POSIX")


def eqlite(*arguments: str, stdin: str = EVENT, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "eqlite", *arguments],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env=ENVIRONMENT,
        cwd=cwd,
    )


@pytest.mark.parametrize("name", ["table", "ndjson", "json", "csv", "eql-response"])
def test_no_format_writes_commands_to_a_terminal(name: str) -> None:
    done = eqlite("query", "any where true", "-", "--format", name)
    assert done.returncode == 0, done.stderr
    assert not COMMANDS.intersection(done.stdout + done.stderr)


def test_csv_has_a_line_for_each_row_and_no_formula(tmp_path: Path) -> None:
    rule = {"name": "=cmd|' /C calc'!A0\r\n@x", "rule_id": "+1", "query": "any where true"}
    path = tmp_path / "rule.json"
    path.write_text(json.dumps({**rule, "type": "eql", "language": "eql", "risk_score": 1}))
    done = eqlite("run", "-r", str(path), "-", "--format", "csv")
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert len(rows) == 2 == len(done.stdout.splitlines()), done.stderr
    assert not [cell for cell in rows[1] if cell.startswith(("=", "+", "-", "@"))]
    assert "'=cmd|' /C calc'!A0\\r\\n@x" in rows[1]


@posix
@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "any where true", NASTY),
        ("query", "-f", NASTY),
        ("query", "any where true", "-", "--schema", NASTY),
        ("query", "any where true", "-", f"--no{NASTY}"),
        ("run", "-r", NASTY, "-"),
        ("run", "-r", NASTY, "-", "--jobs", NASTY),
        ("run", "-r", "rule.eql", "-", "--rejects", f"{NASTY}/rejects"),
        ("check", NASTY),
        ("show", NASTY),
        ("fmt", NASTY),
        ("fmt", "--check", f"{NASTY}.eql"),
        ("fmt", f"{NASTY}.txt"),
        ("ast", NASTY),
        ("profile", "-r", NASTY, "-"),
        (NASTY,),
    ],
)
def test_no_message_writes_commands_to_a_terminal(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "rule.eql").write_text("any where true")
    (tmp_path / f"{NASTY}.eql").write_text("any   where true")
    done = eqlite(*arguments, cwd=tmp_path)
    assert done.returncode in (1, 2), done.stderr
    assert "owned" in done.stdout + done.stderr
    assert not COMMANDS.intersection(done.stdout + done.stderr)


# --- rejects ----------------------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("way", ["same", "symbolic", "hard", "dotted"])
@pytest.mark.parametrize("what", ["rules/deep/rule.eql", "rules/schema.json", "events/day.ndjson"])
def test_rejects_overwrite_nothing_that_is_read(tmp_path: Path, what: str, way: str) -> None:
    for name, text in [
        ("rules/deep/rule.eql", "any where true"),
        ("rules/schema.json", '{"properties": {"a": {"type": "keyword"}, "event.category": {"type": "keyword"}}}'),
        ("events/day.ndjson", EVENT + "\nno event\n"),
    ]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "rules/circle").symlink_to(tmp_path / "rules")
    target = Path(what)
    if way == "symbolic":
        target = Path("link")
        (tmp_path / target).symlink_to(tmp_path / what)
    elif way == "hard":
        target = Path("other")
        os.link(tmp_path / what, tmp_path / target)
    elif way == "dotted":
        target = Path("rules/../") / what
    before = (tmp_path / what).read_text()
    rules = ("-r", "rules/deep", "--schema", "rules/schema.json")
    done = eqlite("run", *rules, "events", "--rejects", str(target), cwd=tmp_path)
    assert done.returncode == 2
    assert "would overwrite" in done.stderr
    assert (tmp_path / what).read_text() == before


@posix
def test_rejects_overwrite_neither_stdin_nor_stdout(tmp_path: Path) -> None:
    (tmp_path / "rule.eql").write_text("any where true")
    (tmp_path / "day").write_text(EVENT + "\nno event\n")
    for redirection in ("< day --rejects day", "< /dev/null > out --rejects out"):
        script = f'"{sys.executable}" -m eqlite run -r rule.eql - {redirection}'
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, env=ENVIRONMENT, cwd=tmp_path)
        assert done.returncode == 2
        assert "--rejects" in done.stderr
    assert (tmp_path / "day").read_text().startswith(EVENT)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("lines", [1, 20_000])
def test_a_full_disk_for_rejects_is_said_and_blames_no_input(tmp_path: Path, jobs: str, lines: int) -> None:
    (tmp_path / "rule.eql").write_text("any where true")
    stdin = "no event\n" * lines + EVENT
    done = eqlite("run", "-r", str(tmp_path / "rule.eql"), "-", "--rejects", "/dev/full", "--jobs", jobs, stdin=stdin)
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 1
    assert "cannot write all rejected lines to `/dev/full`: No space left on device" in done.stderr
    assert "<stdin>: " not in done.stderr
    assert f"{lines:,} line" in done.stderr
