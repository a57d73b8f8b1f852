"""Profiles as a table, as JSON and as a page: made by hand, so that their times are always the same."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len

from eqlite.profiling.model import ClauseProfile, Finding, Profile, RuleProfile, StageProfile
from eqlite.report import profile_html, profile_json, profile_table
from eqlite.rules.model import Rule
from eqlite.source import Source

EXPECTED = Path(__file__).parent / "expected"
HOSTILE = '</code><script>alert("1")</script>\x1b[2J\u202e&amp;\ud800\x00'


def rule(name: str, rule_id: str | None = None) -> Rule:
    return Rule(name=name, query="", source=Source("", "rules/one.toml"), rule_id=rule_id)


def clause(text: str, evaluated: int, held: int, seconds: float, *findings: Finding) -> ClauseProfile:
    return ClauseProfile(text, 7, 3, evaluated, held, seconds, findings)


def stage(name: str, *clauses: ClauseProfile) -> StageProfile:
    seconds = sum(clause.seconds for clause in clauses)
    return StageProfile(name, clauses[0].evaluated, clauses[-1].held, seconds, clauses)


WIDE = Finding("many-alternatives", "an `or` of 12 tests, all of them made where none holds: ask first for something")
NEVER = Finding("never-held", "held for none of the 40 events that reached it")
PROFILE = Profile(
    (
        RuleProfile(
            rule("Script Downloads and Runs a Program", "id-1"),
            "sequence",
            (
                stage("stage 1", clause("network where", 1000, 400, 0.0001), clause("port == 443", 400, 399, 0.00002)),
                stage(
                    "stage 2",
                    clause("process where", 1000, 40, 0.0001),
                    clause('process.args : "a*" or\n      process.args : "*b*"', 40, 0, 0.00045, WIDE, NEVER),
                    clause("user.id == 0", 0, 0, 0.0),
                    clause("user.name == null", 0, 0, 0.0),
                ),
            ),
        ),
        RuleProfile(rule("Other"), "event", (stage("event", clause("process where", 1000, 1000, 0.0001)),)),
    ),
    1000,
)
OF_STRANGERS = Profile(
    (RuleProfile(rule(HOSTILE), "event", (stage("event", clause(HOSTILE, 5, 1, 0.1, Finding("script", HOSTILE))),)),), 5
)


def same_as_file(text: str, name: str) -> None:
    path = EXPECTED / name
    if os.environ.get("EQLITE_UPDATE_EXPECTED") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def table(profile: Profile, *, top: int | None = None, width: int = 100, color: bool = False) -> str:
    out = io.StringIO()
    profile_table.write(profile, out, top=top, width=width, color=color)
    return out.getvalue()


def page(profile: Profile, *, top: int | None = None) -> tuple[str, ElementTree.Element]:
    out = io.StringIO()
    profile_html.write(profile, out, top=top)
    text = out.getvalue()
    assert text.startswith("<!DOCTYPE html>\n")
    return text, ElementTree.fromstring(text.partition("\n")[2])


def record(profile: Profile, *, top: int | None = None) -> Any:
    out = io.StringIO()
    profile_json.write(profile, out, top=top)
    assert out.getvalue().count("\n") == 1
    return json.loads(out.getvalue())


def test_the_table() -> None:
    same_as_file(table(PROFILE), "profile_table.txt")


def test_the_json() -> None:
    same_as_file(json.dumps(record(PROFILE), indent=2) + "\n", "profile.json")


@pytest.mark.parametrize("width", [60, 80, 160])
def test_no_line_of_the_table_is_wider_than_it(width: int) -> None:
    for profile in (PROFILE, OF_STRANGERS):
        assert max(map(cell_len, table(profile, width=width).splitlines())) <= width


def test_top_leaves_out_rules_but_not_their_time() -> None:
    assert "Other" not in table(PROFILE, top=1)
    assert "2 rules, 1 shown" in table(PROFILE, top=1)
    (only,) = record(PROFILE, top=1)["rules"]
    assert only["share"] == record(PROFILE)["rules"][0]["share"] < 1
    assert record(PROFILE, top=1)["rule_count"] == 2


def test_a_terminal_that_knows_ascii_only_gets_nothing_else() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    profile_table.write(PROFILE, out, top=None, width=100)
    out.flush()
    assert b"11.2 us" in out.buffer.getvalue()  # type: ignore[attr-defined]


def test_the_page_details_a_hundred_rules_with_bars_for_all() -> None:
    rules = tuple(RuleProfile(rule(f"r{number}"), "event", PROFILE.rules[1].stages) for number in range(120))
    _, root = page(Profile(rules, 1000))
    assert (len(list(root.iter("details"))), len(next(root.iter("div")))) == (100, 120)


def test_no_events_give_an_empty_table_and_zeros() -> None:
    empty = Profile((RuleProfile(rule("a"), "event", (stage("event", clause("a", 0, 0, 0.0)),)),), 0)
    assert table(empty) == ""
    assert record(empty)["rules"][0]["share"] == 0
    page(empty)


def test_texts_of_strangers_cannot_command_a_terminal() -> None:
    shown = table(OF_STRANGERS, width=160)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[2J" in shown


def test_texts_of_strangers_are_texts_in_the_page() -> None:
    text, root = page(OF_STRANGERS)
    assert "<script" not in text
    assert not any(element.tag == "script" for element in root.iter())
    summary = next(element for element in root.iter("b") if "alert" in "".join(element.itertext()))
    assert 'script>alert("1")</script>\\x1b[2J' in "".join(summary.itertext())
    text.encode()


def test_the_page_is_one_file_without_anything_from_outside() -> None:
    text, root = page(PROFILE)
    assert "http" not in text.replace("http-equiv", "")
    assert not [element for element in root.iter() if element.get("src") or (element.get("href") or "#")[0] != "#"]
    policy = next(element.get("content") for element in root.iter("meta") if element.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_bars_of_the_page_are_as_wide_as_their_share() -> None:
    _, root = page(PROFILE)
    picture = next(element for element in root.iter("div") if element.get("class") == "bars")
    rules = [(bar.get("class"), bar.get("style")) for bar in picture]
    total = PROFILE.seconds
    assert rules == [("bar rule", f"width:{each.seconds / total:.4%}") for each in PROFILE.rules]
    ids = {element.get("id") for element in root.iter("details")}
    assert {element.get("href") for element in root.iter("a")} == {f"#{name}" for name in ids}


def test_rules_too_small_to_be_seen_are_one_bar() -> None:
    small = RuleProfile(rule("tiny"), "event", (stage("event", clause("a", 9, 1, 0.000_000_1)),))
    text, root = page(Profile((*PROFILE.rules, small, small), 1000))
    assert [bar.get("class") for bar in next(root.iter("div"))] == ["bar rule", "bar rule", "bar others"]
    assert "other rules" in text
