import json
import pickle
from collections.abc import Sequence

import pytest

from eqlite import Rule, RuleSet, UnsupportedFeature, load_rules
from eqlite.execution.run import RunStats
from eqlite.report import Layout
from eqlite.report.json_records import detection_record, to_json

LINES = [
    {"rule_id": "1", "name": "one", "query": 'process where process.name == "a"'},
    {"rule_id": "2", "name": "kql", "type": "query", "language": "kuery", "query": "a: b"},
    {"rule_id": "3", "name": "broken", "query": "process where process.name = 1 and lenght(x) > 2"},
    {"rule_id": "4", "name": "wild", "query": 'any where stringContains(a, "b*")'},
    {"rule_id": "5", "name": "five", "query": "sequence by h [any where a == 1] [any where a == 2]"},
    {"rule_id": "6", "name": "bad", "severity": "urgent", "query": "any where true"},
]
EVENT = {"event": {"category": "process"}, "process": {"name": "a"}}


@pytest.fixture
def rules(tmp_path, monkeypatch) -> RuleSet:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "export.ndjson").write_text("\n".join(map(json.dumps, LINES)), encoding="utf-8")
    return load_rules("export.ndjson", "none.toml")


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


def test_problems_of_files_settings_and_queries_have_their_places(rules):
    broken = json.dumps(LINES[2])
    assert [(problem.id, problem.location, problem.is_error) for problem in rules.problems] == [
        ("bad-rule-field", f"export.ndjson:6:{json.dumps(LINES[5]).index('urgent')}", True),
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


def test_nothing_is_raised_while_loading(tmp_path):
    assert [problem.id for problem in load_rules(tmp_path / "none").problems] == ["unreadable-file"]
    assert (len(load_rules()), load_rules().problems) == (0, ())


def test_a_detection_as_a_dict_is_the_line_of_ndjson(rules):
    events = [{"event": {"category": "process"}, "process": {"name": "a"}}, {"a": "b*"}]
    found = list(rules.run(events))
    assert [detection.rule.name for detection in found] == ["one", "wild"]
    for detection in found:
        assert json.loads(to_json(detection_record(detection, Layout()))) == detection.to_dict()
        assert "document" not in detection.to_dict(documents=False)["events"][0]
