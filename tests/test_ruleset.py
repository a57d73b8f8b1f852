"""`RuleSet`: access, compiling, running, problems."""

import json
import pickle
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from eqlite import EqlError, Rule, RuleError, RuleSet, UnsupportedFeature, load_rules
from eqlite.execution.run import RunStats
from eqlite.report import Layout
from eqlite.report.json_records import detection_record, to_json
from eqlite.ruleset import read_rules
from eqlite.source import Source

LINES = [
    {"rule_id": "1", "name": "one", "query": 'process where process.name == "a"'},
    {"rule_id": "2", "name": "kql", "type": "query", "language": "kuery", "query": "a: b"},
    {"rule_id": "3", "name": "broken", "query": "process where process.name = 1 and lenght(x) > 2"},
    {"rule_id": "4", "name": "wild", "query": 'any where stringContains(a, "b*")'},
    {"rule_id": "5", "name": "five", "query": "sequence by h [any where a == 1] [any where a == 2]"},
    {"rule_id": "6", "name": "bad", "timestamp_field": 500, "query": "any where true"},
]
EVENT = {"event": {"category": "process"}, "process": {"name": "a"}}


@pytest.fixture
def rules(tmp_path, monkeypatch) -> RuleSet:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "export.ndjson").write_text("\n".join(map(json.dumps, LINES)), encoding="utf-8")
    return read_rules("export.ndjson", "none.toml")


def test_a_rule_set_is_a_sequence_of_rules(rules):
    assert isinstance(rules, Sequence)
    assert len(rules) == 4
    assert [rule.name for rule in rules] == ["one", "broken", "wild", "five"]
    assert isinstance(rules[0], Rule)
    assert rules[-1].name == "five"
    assert rules[0] in rules
    assert rules.index(rules[2]) == 2
    assert next(rule.name for rule in reversed(rules)) == "five"
    with pytest.raises(IndexError):
        rules[4]


def test_a_slice_is_a_rule_set_that_runs(rules):
    part = rules[:1]
    assert isinstance(part, RuleSet)
    assert [detection.rule.name for detection in part.run([EVENT])] == ["one"]
    assert (len(rules[4:]), list(rules[4:].run([EVENT]))) == (0, [])


def test_skipped_rules_are_listed_with_the_reason(rules):
    assert [tuple(skipped) for skipped in rules.skipped] == [
        ("kql", "a custom query rule (KQL or Lucene), not EQL", "export.ndjson")
    ]
    assert repr(rules) == "RuleSet(4 rules, 1 skipped)"


def test_problems_of_files_and_queries_have_positions(rules):
    broken = json.dumps(LINES[2])
    assert [(problem.id, problem.location, problem.is_error) for problem in rules.problems] == [
        ("bad-rule-field", f"export.ndjson:6:{json.dumps(LINES[5]).index('500') + 1}", True),
        ("unreadable-file", "none.toml", True),
        ("syntax-error", f"export.ndjson:3:{broken.index('= 1') + 1}", True),
        ("unknown-function", f"export.ndjson:3:{broken.index('lenght') + 1}", True),
        ("wildcard-in-constant", rules.problems[-1].location, False),
    ]


def test_good_rules_stay_usable(rules):
    assert [rule.name for rule, _ in rules.compile()] == ["one", "wild", "five"]
    assert [detection.rule.name for detection in rules.run([EVENT])] == ["one"]


def test_the_list_of_queries_may_be_changed(rules):
    rules.compile().clear()
    assert len(rules.compile()) == 3


def test_rules_are_compiled_once(rules):
    assert rules.compile()[0][1] is rules.compile()[0][1]


def test_options_go_to_every_rule(rules):
    event = {"kind": "process", "process": {"name": "a"}}
    assert list(rules.run([event])) == []
    assert len(list(rules.run([event], event_category_field="kind"))) == 1
    assert {query.backend.name for _, query in rules.compile(backend="reference")} == {"reference"}


def test_problems_under_options(rules):
    compiled, problems = rules.compile_with_problems(strict=True)
    assert len(compiled) == 3
    assert problems == rules.problems


def test_an_impossible_option_is_not_taken_for_a_broken_rule(rules):
    with pytest.raises(UnsupportedFeature, match="there is no backend"):
        list(rules.run([EVENT], backend="none"))


def test_a_rule_set_of_rules_made_by_hand(rules):
    chosen = RuleSet(rule for rule in rules if rule.name == "one")
    assert (chosen.skipped, chosen.problems) == ((), ())
    stats = RunStats()
    assert len(list(chosen.run([EVENT, {}], stats=stats))) == stats.detections == 1


def test_rule_sets_and_detections_survive_pickling(rules):
    copy = pickle.loads(pickle.dumps(rules))
    assert list(copy) == list(rules)
    (detection,) = copy.run([EVENT])
    assert pickle.loads(pickle.dumps(detection)) == detection


@pytest.mark.parametrize(
    ("given", "message"),
    [(None, "this is a NoneType$"), (["a.eql", "b.eql"], r"this is a list; give several one by one")],
)
def test_rules_are_loaded_from_paths(given, message):
    with pytest.raises(EqlError, match=message):
        load_rules(given)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none", "no such file"),
        ("none/*.toml", "no file matches"),
        ("https://example.com/rules.zip", "a URL, and eqlite opens no connection"),
        ('process where process.name == "a"', "this is EQL, not a path"),
        ("sequence by host.id [process\n where true] [any where true]", "this is EQL, not a path"),
        ("x" * 5000, "no such file"),
    ],
)
def test_path_that_is_not_there_raises(tmp_path, path, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.eql").write_text("any where true")
    with pytest.raises(RuleError, match=message) as caught:
        load_rules("a.eql", path)
    assert [problem.id for problem in caught.value.diagnostics] == ["unreadable-file"]
    assert [problem.id for problem in read_rules(path).problems] == ["unreadable-file"]


def test_nothing_asked_for_is_an_empty_set():
    assert (len(load_rules()), load_rules().problems) == (0, ())


def test_a_detection_as_a_dict_is_the_line_of_ndjson(rules):
    events = [{"event": {"category": "process"}, "process": {"name": "a"}}, {"a": "b*"}]
    found = list(rules.run(events))
    assert [detection.rule.name for detection in found] == ["one", "wild"]
    for detection in found:
        assert json.loads(to_json(detection_record(detection, Layout()))) == detection.to_dict()
        assert "document" not in detection.to_dict(documents=False)["events"][0]


def test_a_detection_as_a_dict_holds_what_json_holds(rules):
    event = {
        "event": {"category": ("process",)},
        "process": {"name": "a"},
        "@timestamp": datetime(2026, 5, 4, tzinfo=UTC),
    }
    (found,) = rules.run([event])
    assert json.loads(json.dumps(found.to_dict()))["events"][0]["document"]["@timestamp"] == "2026-05-04T00:00:00Z"
    assert found.events == (event,)


def test_place_without_rules_is_a_python_warning(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.eql").write_text("any where true")
    (tmp_path / "k.eql").write_text("process.name : a")
    with pytest.warns(UserWarning, match="no rule file in the directory"):
        assert [problem.id for problem in load_rules(tmp_path / "empty").problems] == ["bad-rule-file"]
    with pytest.warns(UserWarning, match="no rule file in the directory"):
        assert len(load_rules(tmp_path / "a.eql", tmp_path / "empty")) == 1
    with pytest.warns(UserWarning, match="no EQL rule in"):
        assert len(load_rules(tmp_path / "k.eql").skipped) == 1


def test_strict_raises_for_all_that_is_broken(tmp_path):
    (tmp_path / "good.eql").write_text("any where true")
    assert len(load_rules(tmp_path, strict=True)) == 1
    (tmp_path / "bad.eql").write_text("any were true")
    (tmp_path / "bad.toml").write_text("[rule]\nquery = 1\n")
    with pytest.raises(RuleError) as caught:
        load_rules(tmp_path, strict=True)
    assert [problem.id for problem in caught.value.diagnostics] == ["bad-rule-field", "syntax-error"]
    assert len(load_rules(tmp_path)) == 2


def test_rule_is_found_by_id_and_by_name(rules):
    assert rules["1"] is rules["one"] is rules[0]
    assert rules.get("five") is rules["5"]
    assert (rules.get("none"), rules.get("none", 7)) == (None, 7)
    assert ("1" in rules, "one" in rules, "kql" in rules) == (True, True, False)
    with pytest.raises(KeyError, match="none"):
        rules["none"]


def test_id_goes_before_a_name_and_the_first_before_others():
    text = "any where true"
    named, first, second = (Rule(name="a", query=text, source=Source(text), rule_id=id) for id in ("x", "a", "a"))
    rules = RuleSet([named, first, second])
    assert rules["a"] is first
    assert rules["x"] is named
