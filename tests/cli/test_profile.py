"""`eqlite profile`: formats, what is said beside them, exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

RULES = "examples/rules"
EVENTS = "examples/incident.ndjson"


def record(run: Any, *arguments: str, **options: Any) -> Any:
    done = run("profile", *arguments, **options)
    assert done.code == 0
    return json.loads(done.out)


def test_into_a_pipe_goes_json_with_every_rule_and_clause(run: Any) -> None:
    found = record(run, "-r", RULES, EVENTS)
    assert (found["schema"], found["events"], found["rule_count"], found["interrupted"]) == (1, 20, 3, False)
    assert sum(rule["share"] for rule in found["rules"]) == pytest.approx(1)
    by_name = {rule["name"]: rule for rule in found["rules"]}
    (stage,) = by_name["Office Application Starts a Shell"]["stages"]
    assert (stage["evaluated"], stage["held"]) == (20, 1)
    assert stage["clauses"][0]["evaluated"] == 20
    assert [s["name"] for s in by_name["Script Downloads and Runs a Program"]["stages"]][:2] == ["stage 1", "stage 2"]


def test_the_table_shows_ten_rules_unless_asked_for_others(run: Any, tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"rule {number:02}.eql").write_text(f"process where process.pid == {number}\n", encoding="utf-8")
    table = run("profile", "-r", str(tmp_path), EVENTS, "--format", "table").out
    assert (len(re.findall(r"rule \d\d$", table, re.MULTILINE)), "12 rules, 10 shown" in table) == (10, True)
    assert "12 rules, 3 shown" in run("profile", "-r", str(tmp_path), EVENTS, "--format", "table", "--top", "3").out
    assert len(record(run, "-r", str(tmp_path), EVENTS)["rules"]) == 12
    assert len(record(run, "-r", str(tmp_path), EVENTS, "--top", "3")["rules"]) == 3


def test_the_page_is_written_whole(run: Any) -> None:
    page = run("profile", "-r", RULES, EVENTS, "--format", "html").out
    assert page.startswith("<!DOCTYPE html>")
    assert page.endswith("</body></html>\n")


def test_the_summary_says_how_much_was_looked_at(run: Any) -> None:
    assert run("profile", "-r", RULES, EVENTS).err == "3 rules measured over 20 events\n"
    limited = run("profile", "-r", RULES, EVENTS, "--limit", "5")
    assert limited.err == "3 rules measured over 5 events, in 5 of 20 lines\n"
    assert json.loads(limited.out)["events"] == 5
    assert run("profile", "-r", RULES, EVENTS, "--quiet").err == ""


def test_rejected_lines_and_broken_rules_are_told(run: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.eql").write_text("any where (\n", encoding="utf-8")
    (tmp_path / "good.eql").write_text("any where a == 1\n", encoding="utf-8")
    done = run("profile", "-r", str(tmp_path), "-", stdin='{"a": 1}\noops\n')
    assert done.code == 0
    assert "the query ends too early" in done.err
    assert "1 rule measured over 1 event\n" in done.err
    assert "1 broken rule left out" in done.err
    assert "1 line rejected, <stdin>:2: not JSON" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-r", RULES, "missing.ndjson"), "cannot read `missing.ndjson`: no such file"),
        (("-r", "missing.toml", EVENTS), "missing.toml"),
        ((EVENTS,), "Missing option '-r'"),
        (("-r", RULES, EVENTS, "--limit", "0"), "0 is not in the range x>=1"),
        (("-r", RULES, EVENTS, "--schema", "missing.json"), "cannot read the schema"),
        (("-r", RULES, "-"), "no event in the standard input"),
    ],
)
def test_a_wrong_call_is_told_as_by_run(run: Any, arguments: tuple[str, ...], message: str) -> None:
    done = run("profile", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    if "--limit" not in arguments:
        assert run("run", *arguments).err.replace("eqlite run", "eqlite profile") == done.err


def test_ctrl_c_before_anything_is_measured_says_so(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.cli.conftest.Input.read", _interrupt)
    monkeypatch.setattr("tests.cli.conftest.Input.read1", _interrupt)
    monkeypatch.setattr("tests.cli.conftest.Input.readinto", _interrupt)
    done = run("profile", "-r", RULES, "-", stdin=b"{}\n")
    assert (done.code, done.out, done.err) == (130, "", "interrupted: nothing was measured yet\n")


def _interrupt(*_: Any) -> int:
    raise KeyboardInterrupt
