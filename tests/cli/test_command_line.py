"""The command line as a person meets it: what it prints, where, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RULE = "examples/suspicious_interactive_interpreter.txt"
EVENTS = "examples/cloud_defend_events.ndjson"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "error", "COLUMNS": "100"}
COMMAND = [sys.executable, "-m", "eqlite"]


def eqlite(*arguments: str, stdin: str | bytes = b"", cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run([*COMMAND, *arguments], input=data, capture_output=True, cwd=cwd, env=ENVIRONMENT)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode().replace("\r\n", "\n")
    )


# --- run --------------------------------------------------------------------------------------------------------------


def test_run_writes_ndjson_of_schema_1_into_a_pipe() -> None:
    done = eqlite("run", "-r", RULE, EVENTS)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [line["events"][0]["_id"] for line in lines] == ["pos-python", "pos-perl-case", "pos-ruby-glued"]
    first = lines[0]
    assert list(first) == ["schema", "rule", "kind", "start", "end", "join_keys", "id", "events"]
    assert list(first["rule"]) == ["id", "name", "severity", "risk_score", "tactics", "techniques"]
    assert (first["schema"], first["kind"], first["join_keys"]) == (1, "event", {})
    assert first["start"] == first["end"] == "2026-03-02T10:15:21.118Z"
    assert first["events"][0]["source"] == {"file": EVENTS, "line": 1}
    assert first["events"][0]["document"]["process"]["name"] == "python3.11"
    assert "3 detections by 1 rule in 8 events" in done.stderr


def test_run_leaves_documents_out_when_asked() -> None:
    done = eqlite("run", "-r", RULE, EVENTS, "--no-documents")
    assert all("document" not in json.loads(line)["events"][0] for line in done.stdout.splitlines())


def test_run_writes_one_json_array() -> None:
    assert len(json.loads(eqlite("run", "-r", RULE, EVENTS, "--format", "json").stdout)) == 3
    nothing = eqlite("run", "-r", RULE, "-", "--format", "json", stdin="{}\n")
    assert json.loads(nothing.stdout) == []


def test_run_writes_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(eqlite("run", "-r", RULE, EVENTS, "--format", "csv").stdout)))
    assert [row["event_ids"] for row in rows] == ["pos-python", "pos-perl-case", "pos-ruby-glued"]
    assert rows[0]["sources"] == f"{EVENTS}:1"


def test_run_shows_a_table() -> None:
    done = eqlite("run", "-r", RULE, EVENTS, "--format", "table")
    assert "What happened" in done.stdout
    assert done.stdout.count("medium · risk 47") == 3
    assert f"{EVENTS}:3  pos-ruby-glued" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_table_cannot_command_the_terminal() -> None:
    event = {"event": {"category": "process"}, "process": {"args": ["\x1b[2J[red]boo[/red]"]}}
    done = eqlite("query", "process where true", "-", "--format", "table", stdin=json.dumps(event))
    assert "\\x1b[2J[red]boo[/red]" in done.stdout
    assert "\x1b" not in done.stdout


def test_events_come_from_stdin() -> None:
    done = eqlite("run", "-r", RULE, stdin=(ROOT / EVENTS).read_bytes())
    assert len(done.stdout.splitlines()) == 3


def test_fail_on_match_gives_1() -> None:
    assert eqlite("run", "-r", RULE, EVENTS, "--fail-on-match").returncode == 1
    assert eqlite("run", "-r", RULE, "-", "--fail-on-match", stdin="{}").returncode == 0


def test_rejected_lines_are_counted_kept_and_never_end_a_run(tmp_path: Path) -> None:
    good = (ROOT / EVENTS).read_text(encoding="utf-8").splitlines()
    mixed = "\n".join([good[0], "{half a line", "42", good[1]]) + "\n"
    done = eqlite("run", "-r", str(ROOT / RULE), "-", "--rejects", "bad.txt", stdin=mixed, cwd=tmp_path)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    assert "2 lines rejected" in done.stderr
    assert (tmp_path / "bad.txt").read_text(encoding="utf-8") == "{half a line\n42\n"
    assert eqlite("run", "-r", RULE, "-", "--strict", stdin=mixed).returncode == 2


def test_a_broken_rule_is_reported_and_the_good_one_runs(tmp_path: Path) -> None:
    (tmp_path / "good.eql").write_text("any where true\n", encoding="utf-8")
    (tmp_path / "bad.eql").write_text("any where a = 1\n", encoding="utf-8")
    done = eqlite("run", "-r", ".", "-", stdin='{"a": 1}', cwd=tmp_path)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    assert "bad.eql:1:13" in done.stderr
    assert "write `==`" in done.stderr
    assert eqlite("run", "-r", "bad.eql", "-", stdin="{}", cwd=tmp_path).returncode == 2


def test_index_routing_says_how_many_events_no_rule_sees() -> None:
    event = '{"_index": "winlogbeat-9", "_source": {}}\n'
    done = eqlite("run", "-r", RULE, "-", "--by-index", stdin=event)
    assert "1 event outside the index patterns of all rules, such as one of `winlogbeat-9`" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "-r", "nowhere.toml", EVENTS], "cannot read `nowhere.toml`: no such file"),
        (["run", "-r", RULE, "nowhere.ndjson"], "cannot read `nowhere.ndjson`: no such file"),
        (["run", "-r", RULE, "-"], "no event in the standard input"),
        (["run", EVENTS], "Missing option '-r'"),
        (["runn"], "did you mean `run`?"),
        (["query", "process where", EVENTS], "the query ends too early"),
        (["query", "process where true", EVENTS, "--schema", "nowhere.json"], "cannot read the schema"),
    ],
)
def test_the_users_error_is_one_clear_message_and_exit_code_2(arguments: list[str], said: str) -> None:
    done = eqlite(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_sequences_show_their_stages(tmp_path: Path) -> None:
    rule = "sequence by host.name with maxspan=1m\n  [process where true]\n  [network where true]\n"
    (tmp_path / "rule.eql").write_text(rule, encoding="utf-8")
    events = [
        {"@timestamp": "2026-01-01T00:00:05Z", "event": {"category": "network"}, "host": {"name": "h"}},
        {"@timestamp": "2026-01-01T00:00:01Z", "event": {"category": "process"}, "host": {"name": "h"}},
    ]
    text = "\n".join(map(json.dumps, events))
    (found,) = map(json.loads, eqlite("run", "-r", "rule.eql", stdin=text, cwd=tmp_path).stdout.splitlines())
    assert (found["kind"], found["join_keys"]) == ("sequence", {"host.name": "h"})
    assert [event["document"]["event"]["category"] for event in found["events"]] == ["process", "network"]
    assert "+4s" in eqlite("run", "-r", "rule.eql", "--format", "table", stdin=text, cwd=tmp_path).stdout


# --- query, check, fmt, show, ast -------------------------------------------------------------------------------------


def test_query_gives_the_answer_of_eql_search() -> None:
    done = eqlite("query", 'process where process.name : "ruby"', EVENTS, "--format", "eql-response", "--size", "1")
    answer = json.loads(done.stdout)
    assert answer["hits"]["total"] == {"value": 1, "relation": "eq"}
    assert answer["hits"]["events"][0]["_id"] == "pos-ruby-glued"


def test_check_tells_all_problems_and_gives_1(tmp_path: Path) -> None:
    (tmp_path / "a.eql").write_text('process where proces.name == "a" and lenght(process.name) > 3\n', encoding="utf-8")
    done = eqlite("check", "a.eql", "--schema", "ecs", "--format", "concise", cwd=tmp_path)
    assert done.returncode == 1
    assert "a.eql:1:15: error[unknown-field] field `proces.name` is not in the schema" in done.stdout
    assert "a.eql:1:38: error[unknown-function]" in done.stdout
    assert "1 rule: 2 errors, 0 warnings" in done.stderr
    records = eqlite("check", "a.eql", "--schema", "ecs", "--format", "json", cwd=tmp_path).stdout.splitlines()
    assert [json.loads(record)["id"] for record in records] == ["unknown-field", "unknown-function"]


def test_check_of_a_good_rule_gives_0() -> None:
    done = eqlite("check", RULE)
    assert (done.returncode, done.stdout) == (0, "")


def test_fmt_formats_in_place_and_check_tells(tmp_path: Path) -> None:
    path = tmp_path / "a.eql"
    path.write_text('process where a=="x"   // why\n', encoding="utf-8")
    assert eqlite("fmt", "--check", "a.eql", cwd=tmp_path).returncode == 1
    assert eqlite("fmt", "a.eql", cwd=tmp_path).returncode == 0
    assert path.read_text(encoding="utf-8") == 'process where a == "x" // why\n'
    assert eqlite("fmt", "--check", "a.eql", cwd=tmp_path).returncode == 0


def test_show_is_a_card_with_threats_fields_and_query() -> None:
    shown = eqlite("show", RULE).stdout
    for part in ("T1059.006  Python", "severity  medium, risk 47", "process.interactive", "process where host.os.type"):
        assert part in shown


def test_ast_shows_tree_plan_and_code() -> None:
    assert "PatternMatch operator=':'" in eqlite("ast", 'any where a : "x*"').stdout
    assert "FieldTest" in eqlite("ast", 'any where a : "x*"', "--plan").stdout
    assert eqlite("ast", 'any where a : "x*"', "--code").stdout.startswith("def matches(e, faults):")


# --- the rest of the manners ------------------------------------------------------------------------------------------


def test_version_loads_neither_the_parser_nor_the_tables() -> None:
    code = (
        "import sys; from eqlite.cli import main\n"
        "try: main(['--version'])\n"
        "finally: print(sorted({'lark', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stdout.startswith("eqlite ")


def test_a_closed_pipe_ends_quietly() -> None:
    line = '{"event": {"category": "process"}, "pad": "' + "x" * 5000 + '"}\n'
    producer = subprocess.Popen(
        [*COMMAND, "query", "process where true", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    )
    assert producer.stdin is not None
    assert producer.stdout is not None
    assert producer.stderr is not None
    producer.stdout.close()
    producer.stdin.write(line.encode() * 200)
    producer.stdin.close()
    said = producer.stderr.read().decode()
    producer.stderr.close()
    assert producer.wait() == 0
    assert "Traceback" not in said
    assert "Exception ignored" not in said


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_writes_what_was_found_so_far(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    rejects = tmp_path / "rejects"
    os.mkfifo(rejects)
    running = subprocess.Popen(
        [*COMMAND, "run", "-r", str(ROOT / RULE), "-", "--rejects", str(rejects)],
        stdin=reading,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    )
    # The bad line behind the events comes out at the other end when all before it have been read.
    padding = b'{"pad": "' + b"x" * 1_000_000 + b'"}\n'
    with os.fdopen(os.open(rejects, os.O_RDWR), "rb", 0) as rejected, os.fdopen(writing, "wb", 0) as events:
        events.write(
            (ROOT / EVENTS).read_bytes() + b"no event\n" + padding + b"no event" + b"!" * 20_000 + b"\n" + padding
        )
        assert rejected.read(8) == b"no event"
        running.send_signal(signal.SIGINT)
        out, said = running.communicate()
    os.close(reading)
    assert running.returncode == 130
    assert len(out.splitlines()) == 3
    assert b"interrupted" in said


def test_help_names_every_verb() -> None:
    said = eqlite("--help").stdout
    for verb in ("run", "query", "profile", "verify", "check", "fmt", "show", "ast", "completion"):
        assert f"  {verb}" in said
        assert eqlite(verb, "--help").returncode == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    assert "_EQLITE_COMPLETE" in eqlite("completion", shell).stdout


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("completion", "the shell, bash, zsh or fish"),
        ("check", "files, folders, globs or archives of rules, or - for EQL on stdin"),
        ("fmt", "files or folders with EQL, or - for stdin"),
    ],
)
def test_a_missing_argument_is_described(run: Any, command: str, what: str) -> None:
    done = run(command)
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(f": {what}\n")


def test_toml_on_stdin_is_not_checked_as_eql(run: Any) -> None:
    done = run("check", "-", stdin='[rule]\nquery = "any where true"\n')
    assert (done.code, done.out) == (2, "")
    assert "`check -` takes EQL, and this is a rule in TOML" in done.err


def test_an_empty_folder_of_rules_gives_one_message(run: Any, tmp_path: Path) -> None:
    done = run("run", "-r", str(tmp_path), "-", stdin="{}")
    assert done.code == 2
    assert done.err == f"error[bad-rule-file]: no rule file in the directory `{tmp_path}`\n  --> {tmp_path}\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_that_of_the_output(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [*COMMAND, "query", "any where true", "-"]
        done = subprocess.run(command, input=b"{}\n", stdout=full, stderr=subprocess.PIPE, env=ENVIRONMENT)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        b"Error: cannot write the output: No space left on device",
    )
