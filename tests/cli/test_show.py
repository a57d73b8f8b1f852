"""`eqlite show`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RULE = "examples/suspicious_interactive_interpreter.txt"


@pytest.fixture
def two_rules(tmp_path: Path) -> str:
    """Return an export with two rules, the first with a broken query."""
    rules = [
        {"rule_id": "one", "name": "First", "type": "eql", "language": "eql", "query": "any where ("},
        {"rule_id": "two", "name": "Second \x1b[2J", "type": "eql", "language": "eql", "query": "any where a == 1"},
    ]
    path = tmp_path / "export.ndjson"
    path.write_text("".join(json.dumps(rule) + "\n" for rule in rules), encoding="utf-8")
    return str(path)


def test_the_card(run: Any, same_as_file: Callable[[str, str], None]) -> None:
    same_as_file(run("show", RULE).out, "show_card.txt")


def test_the_query_is_coloured_and_nothing_of_it_lost(run: Any) -> None:
    colored = run("show", RULE, "--color", "always").out
    assert "\x1b[32m" in colored
    assert "\x1b[35m\x1b[1mwhere\x1b[0m" in colored
    import click

    assert click.unstyle(colored) == run("show", RULE).out


def test_one_rule_of_many_by_id_or_name(run: Any, two_rules: str) -> None:
    assert run("show", two_rules, "--id", "two").out.startswith("Second")
    assert json.loads(run("show", two_rules, "--name", "SECOND", "--format", "json").out)["id"] == "two"
    done = run("show", two_rules, "--id", "three")
    assert (done.code, done.out) == (2, "")
    assert "no rule with id `three` among the 2" in done.err


def test_a_broken_query_does_not_hide_the_other_cards(run: Any, two_rules: str) -> None:
    done = run("show", two_rules)
    assert done.code == 2
    assert "Query (broken)\nany where (" in done.out
    assert "Second \\x1b[2J" in done.out
    assert "\x1b" not in done.out
    assert "export.ndjson:1:" in done.err


def test_the_record(run: Any) -> None:
    record = json.loads(run("show", RULE, "--format", "json").out)
    assert record["kind"] == "event"
    assert "process.interactive" in record["fields"]
    assert (record["severity"], record["risk_score"]) == ("medium", 47)
    assert record["tactics"] == ["TA0002", "TA0011"]


def test_a_rule_in_another_language_is_told(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[rule]\nname = "Other"\ntype = "threshold"\nlanguage = "kuery"\nquery = "a:b"\n', encoding="utf-8")
    done = run("show", str(path))
    assert done.code == 2
    assert "a threshold rule" in done.err
