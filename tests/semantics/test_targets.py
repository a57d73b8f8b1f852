"""Versions of Elasticsearch: the table, the option in every place, and one meaning on every way."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.evaluators import Evaluators

import eqlite
from eqlite.semantics.settings import SETTING_NAMES, Settings
from eqlite.semantics.targets import CHANGES, LINES, nearest_target, target_named
from eqlite.values.case_folding import fold_variants
from eqlite.values.wildcard import like_pattern, literal_pattern, lucene_pattern, prefix_pattern

QUERY = 'any where f : "task"'
KELVIN = {"f": "tas\u212a"}
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "differences.md"


# --- the table --------------------------------------------------------------------------------------------------------


def test_a_line_stands_for_its_newest_patch_release() -> None:
    for line in LINES:
        newest = target_named(f"{line}.999")
        assert [getattr(target_named(line), name) for name in newest.__slots__[1:]] == [
            getattr(newest, name) for name in newest.__slots__[1:]
        ]


@pytest.mark.parametrize(
    ("feature", "yes", "no"),
    [
        ("folds_unicode", ["9.6", "9.6.0"], ["8.19", "9.5", "9.5.9"]),
        ("regex_folds_unicode", ["9.1.0", "9.1", "9.5", "9.6"], ["8.19", "9.0", "9.0.8"]),
        ("copies_mixed_conditions", ["8.19.2", "9.0.6", "9.1.2"], ["8.19.3", "8.19", "9.0", "9.0.7", "9.1", "9.2.0"]),
        (
            "copies_conditions_of_missing_events",
            ["8.19.14", "9.0", "9.1", "9.2.8", "9.3.3"],
            ["8.19.15", "8.19", "9.2", "9.3.4", "9.4.0", "9.5", "9.6"],
        ),
    ],
)
def test_features_come_with_versions(feature: str, yes: list[str], no: list[str]) -> None:
    assert [name for name in yes if not getattr(target_named(name), feature)] == []
    assert [name for name in no if getattr(target_named(name), feature)] == []


@pytest.mark.parametrize(
    "name", ["", "9", "9.7", "8.18", "10.0", "9.5.", "9.5.x", "9.5.1.2", "9.5.٣", "v9.5", 9.5, None]
)
def test_an_unknown_target_is_refused_with_those_there_are(name: Any) -> None:
    for make in (lambda: eqlite.compile(QUERY, target=name), lambda: eqlite.load_rules(target=name)):
        with pytest.raises(eqlite.EqlError, match="target") as raised:
            make()
        assert "9.5" in str(raised.value)


def test_any_version_has_a_nearest_target() -> None:
    versions = [(8, 19, 3), (9, 5, 1), (8, 0, 0), (7, 17), (9, 9, 9), (11, 0, 0)]
    assert list(map(nearest_target, versions)) == ["8.19.3", "9.5.1", "8.19.0", "8.19.0", "9.6", "9.6"]


def test_the_page_on_differences_has_every_change() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    for change in CHANGES:
        versions = ", ".join(".".join(map(str, version)) for version in change.since)
        row = f"| {versions} | {change.before} | {change.after} | {change.source} |"
        assert row in rows, row


# --- the option -------------------------------------------------------------------------------------------------------


def test_settings_are_options_of_compile() -> None:
    assert set(SETTING_NAMES) <= set(eqlite.compile.__kwdefaults__)
    assert Settings().target == eqlite.compile.__kwdefaults__["target"] == "9.5"


def test_a_target_is_kept_in_pickles_and_tells_streams_apart() -> None:
    query = eqlite.compile(QUERY, target="9.6")
    assert pickle.loads(pickle.dumps(query)).matches(KELVIN)
    sequence = "sequence [any where true] [any where true]"
    snapshot = eqlite.compile(sequence, target="9.6").stream().snapshot()
    eqlite.compile(sequence, target="9.6").resume(snapshot)
    with pytest.raises(eqlite.SnapshotError):
        eqlite.compile(sequence, target="9.5").resume(snapshot)


def test_rules_have_the_target_of_their_loader(tmp_path: Path) -> None:
    path = tmp_path / "rule.eql"
    path.write_text(QUERY, encoding="utf-8")
    rules = eqlite.load_rules(path, target="9.6")
    assert rules.target == rules[:1].target == "9.6"
    assert len(list(rules.run([KELVIN]))) == 1
    assert len(list(rules[:1].run([KELVIN]))) == 1
    assert list(rules.run([KELVIN], target="9.5")) == []
    assert list(eqlite.load_rules(path).run([KELVIN])) == []
    assert eqlite.load_rule(path).compile(target="9.6").matches(KELVIN)


def test_the_cache_keeps_plans_of_targets_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQLITE_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "rule.eql"
    path.write_text(QUERY, encoding="utf-8")
    for _ in range(2):
        for target, found in (("9.5", 0), ("9.6", 1), ("8.19", 0)):
            rules = eqlite.load_rules(path, cache=True, target=target)
            assert len(list(rules.run([KELVIN]))) == found


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_command_line_takes_a_target(tmp_path: Path, jobs: str) -> None:
    rule, events = tmp_path / "rule.eql", tmp_path / "events.ndjson"
    rule.write_text(QUERY, encoding="utf-8")
    events.write_text((json.dumps(KELVIN) + "\n") * 3, encoding="utf-8")
    verbs = [["run", "-r", str(rule), "-j", jobs, str(events)], ["query", QUERY, str(events)]]
    for verb in verbs:
        for target, found in (("9.5", 0), ("9.6", 3)):
            done = eqlite_program(*verb, "--target", target, "--format", "ndjson")
            assert (done.returncode, done.stdout.count("\n")) == (0, found)


@pytest.mark.parametrize("verb", ["run", "query", "profile", "check"])
def test_the_command_line_says_which_targets_there_are(tmp_path: Path, verb: str) -> None:
    rule = tmp_path / "rule.eql"
    rule.write_text(QUERY, encoding="utf-8")
    given = {"run": ["-r", str(rule)], "profile": ["-r", str(rule)], "query": [QUERY], "check": []}[verb]
    done = eqlite_program(verb, *given, str(rule), "--target", "7.17")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: there is no target '7.17': there are 8.19, 9.0, ")


def eqlite_program(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "eqlite", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# --- one meaning on every way -----------------------------------------------------------------------------------------

CONDITIONS = [
    'f : "task.exe"',
    'f : ("*ask*", "q")',
    'f in~ ("école", "k")',
    'f like~ "?s*K*"',
    'startsWith~(f, "tas")',
    'endsWith~(f, "σ")',
    'stringContains~(f, "k\u0131s")',
    'f : "İx"',
    'f regex~ "t?[aé]sk.*"',
    'f regex~ "é+"',
    'not f : "*s*"',
]
LETTERS = "asktAS\u017f\u212aKéÉßẞσςΣİIi\u0131.x"
VALUES = st.one_of(st.text(LETTERS, max_size=6), st.lists(st.text(LETTERS, max_size=4), max_size=3), st.none())


@given(st.lists(VALUES, min_size=1, max_size=8), st.sampled_from(["8.19", "9.5", "9.6"]))
def test_backends_and_rules_together_agree(values: list[Any], target: str) -> None:
    events = [{"n": number, "f": value} for number, value in enumerate(values)]
    texts = [f"any where {condition}" for condition in CONDITIONS]
    rules = eqlite.ruleset.RuleSet(map(eqlite.load_rule, texts), target=target)
    together: dict[str, list[int]] = {text: [] for text in texts}
    for detection in rules.run(events):
        together[detection.rule.query].append(detection.events[0]["n"])
    for text in texts:
        alone = Evaluators(text, target=target)
        assert [event["n"] for event in events if alone.check(event)] == sorted(together[text]), text


def folds_to(pattern: str, value: str) -> bool:
    return len(pattern) == len(value) and all(b in fold_variants(a) for a, b in zip(pattern, value, strict=True))


@given(st.text(LETTERS, max_size=5), st.text(LETTERS, max_size=6))
def test_unicode_patterns_fold_character_by_character(text: str, value: str) -> None:
    options = {"insensitive": True, "unicode": True}
    assert literal_pattern(text, **options).matches(value) == folds_to(text, value)
    assert like_pattern(text, **options).matches(value) == folds_to(text, value)
    assert prefix_pattern(text, **options).matches(value) == folds_to(text, value[: len(text)])
    ends = any(folds_to(text, value[place:]) for place in range(len(value) + 1))
    assert lucene_pattern(f"*{text}", **options).matches(value) == ends
    anywhere = any(folds_to(text, value[place : place + len(text)]) for place in range(len(value) + 1))
    assert like_pattern(f"*{text}*", **options).matches(value) == anywhere
