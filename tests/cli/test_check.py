"""`eqlite check`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RULE = "examples/suspicious_interactive_interpreter.txt"
KQL = '[rule]\nname = "Other"\ntype = "query"\nlanguage = "kuery"\nquery = "a:b"\n'
WARNS = 'process where stringContains(process.name, "a*")\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_full_messages(run: Any, folder: Path, same_as_file: Callable[[str, str], None]) -> None:
    (folder / "a.eql").write_text('process where proces.name == "a" and lenght(process.name) > 3\n', encoding="utf-8")
    (folder / "b.eql").write_text("process where (\n", encoding="utf-8")
    (folder / "c.eql").write_text(WARNS, encoding="utf-8")
    done = run("check", ".", "--schema", "ecs")
    assert done.code == 1
    assert done.err == "3 rules: 3 errors, 1 warning\n"
    same_as_file(done.out, "check_full.txt")


def test_concise_messages_are_a_line_each(run: Any, folder: Path) -> None:
    (folder / "a.eql").write_text('any where a == "\x1b[2J\n', encoding="utf-8")
    for line in run("check", "a.eql", "--format", "concise").out.splitlines():
        assert line.startswith("a.eql:1:")
        assert line.isprintable()


def test_no_form_of_a_message_commands_the_terminal(run: Any, folder: Path) -> None:
    (folder / "a.eql").write_text("any where \x1b[2J \x9b\n", encoding="utf-8")
    for name in ("full", "concise", "json"):
        out = run("check", "a.eql", "--format", name).out
        assert not {"\x1b", "\x9b"} & set(out)


def test_a_broken_rule_shows_its_warnings_too_by_place(run: Any, folder: Path) -> None:
    text = 'process where stringContains(process.name, "a*") and lenght(process.name) > 3\n'
    (folder / "a.eql").write_text(text, encoding="utf-8")
    found = [json.loads(line) for line in run("check", "a.eql", "--format", "json").out.splitlines()]
    assert [(one["id"], one["severity"]) for one in found] == [
        ("wildcard-in-constant", "warning"),
        ("unknown-function", "error"),
    ]
    assert [one["line"] for one in found] == [1, 1]
    assert found[0]["column"] < found[1]["column"]


def test_warnings_fail_when_asked(run: Any, folder: Path) -> None:
    (folder / "a.eql").write_text(WARNS, encoding="utf-8")
    assert run("check", "a.eql").code == 0
    assert run("check", "a.eql", "--fail-on", "warning").code == 1


def test_eql_comes_from_stdin(run: Any) -> None:
    assert run("check", "-", stdin="any where true").code == 0
    done = run("check", "-", "--format", "concise", stdin="any where (")
    assert done.code == 1
    assert done.out.startswith("<stdin>:1:12: error[syntax-error]")
    assert "1 rule: 1 error, 0 warnings" in done.err


def test_skipped_rules_are_told_one_by_one_when_asked(run: Any, folder: Path) -> None:
    (folder / "a.toml").write_text(KQL, encoding="utf-8")
    (folder / "b.eql").write_text("any where true", encoding="utf-8")
    assert "1 rule skipped, `Other`: a custom query rule" in run("check", ".").err
    assert "a.toml: `Other` skipped: a custom query rule" in run("check", ".", "--skipped").err
    assert run("check", "a.toml").code == 2


def test_a_file_that_is_not_there_is_the_users_error(run: Any) -> None:
    done = run("check", RULE, "nowhere.toml")
    assert done.code == 2
    assert "cannot read `nowhere.toml`: no such file" in done.out


def test_colours_on_request(run: Any, folder: Path, same_as_file: Callable[[str, str], None]) -> None:
    (folder / "a.eql").write_text("any where (\n", encoding="utf-8")
    same_as_file(run("check", "a.eql", "--color", "always").out.replace("\x1b", "ESC"), "check_color.txt")


def test_the_whole_pack_has_no_error(run: Any, shared: Path) -> None:
    done = run("check", str(shared / "corpus" / "rules.tar.gz"), "--format", "concise")
    assert done.code == 0
    assert done.err.splitlines()[0].startswith("2 files passed over, such as ")
    assert done.err.splitlines()[1:] == ["1,081 rules: 0 errors, 13 warnings"]
    assert len(done.out.splitlines()) == 13


def test_category_that_no_event_has_is_a_warning(run: Any, folder: Path) -> None:
    (folder / "a.eql").write_text("proces where true\n", encoding="utf-8")
    done = run("check", "a.eql")
    assert (done.code, done.err) == (0, "1 rule: 0 errors, 1 warning\n")
    assert "did you mean `process`?" in done.out


def test_files_that_are_passed_over_are_counted_and_named(run: Any, folder: Path) -> None:
    (folder / "a.eql").write_text("any where true\n", encoding="utf-8")
    for name in ("b.py", "c.py"):
        (folder / name).write_text("", encoding="utf-8")
    (folder / "d.eql").symlink_to("/etc/hostname")
    assert run("check", ".").err == (
        "2 files passed over, such as `./b.py`: the name is that of no rule file\n"
        "1 file passed over, `./d.eql`: a link that leaves the folder, which is not followed\n"
        "1 rule: 0 errors, 0 warnings\n"
    )
    assert "./c.py: skipped: the name is that of no rule file" in run("check", ".", "--skipped").err.splitlines()


def test_schemas_add_up(run: Any, folder: Path) -> None:
    (folder / "m.json").write_text('{"properties": {"shop": {"type": "long"}}}', encoding="utf-8")
    (folder / "a.eql").write_text("any where shop == 1 and process.pid == 1\n", encoding="utf-8")
    assert [run("check", "a.eql", "--schema", name).code for name in ("ecs", "m.json")] == [1, 1]
    assert run("check", "a.eql", "--schema", "ecs", "--schema", "m.json").code == 0


@pytest.mark.parametrize("verb", ["run", "profile"])
def test_settings_that_are_not_applied_are_told_by_every_verb(run: Any, folder: Path, verb: str) -> None:
    rule = {"name": "R", "query": "any where true", "exceptions_list": [{"id": "x"}], "filters": [{"a": 1}]}
    (folder / "r.json").write_text(json.dumps(rule), encoding="utf-8")
    (folder / "e.ndjson").write_text('{"a": 1}\n', encoding="utf-8")
    done = run(verb, "-r", "r.json", "e.ndjson")
    assert done.code == 0
    assert "2 settings not applied, such as at r.json:1:" in done.err
    assert "not applied" not in run(verb, "-r", "r.json", "e.ndjson", "-q").err
