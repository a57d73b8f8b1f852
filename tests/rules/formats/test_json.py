"""Rules in JSON: their shapes, and the positions of their queries."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.rules.formats.json import load_json
from eqlite.rules.formats.json_spans import map_string, read_members
from eqlite.rules.formats.settings import NotARule, RuleFile
from eqlite.rules.loader import load_rule
from eqlite.rules.model import LoadedRules
from eqlite.source import Source

QUERY = 'process where process.name == "odd" and\n\tprocess.args : "C:\\\\*" and user.name == "ä😀"'


def rule(**settings: object) -> dict[str, object]:
    defaults = {"name": "Odd", "rule_id": "0001", "type": "eql", "language": "eql", "query": QUERY}
    return {**defaults, "severity": "low", "risk_score": 21, **settings}


def load(text: str) -> LoadedRules:
    loaded = LoadedRules()
    load_json(RuleFile(text, "export.ndjson"), loaded)
    return loaded


SHAPES = {
    "a line": json.dumps(rule()),
    "without ascii escapes": json.dumps(rule(), ensure_ascii=False),
    "over several lines": json.dumps(rule(), indent=2),
    "array": json.dumps([rule()]),
    "array over several lines": json.dumps([rule()], indent=2),
    "asset": json.dumps({"attributes": rule(), "id": "0001", "type": "security-rule"}),
    "asset over several lines": json.dumps({"id": "0001_3", "type": "security-rule", "attributes": rule()}, indent=1),
    "found rules": json.dumps({"page": 1, "perPage": 20, "total": 1, "data": [rule()]}),
    "blank lines and crlf": "\n\n" + json.dumps(rule()) + "\r\n\r\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_rule_is_read_in_every_shape(shape):
    (found,) = load(SHAPES[shape]).rules
    assert (found.name, found.rule_id, found.query, found.severity, found.risk_score) == (
        "Odd",
        "0001",
        QUERY,
        "low",
        21,
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_places_lead_into_the_json_string(shape):
    text = SHAPES[shape]
    (found,) = load(text).rules
    source = found.source
    assert source.document == text
    for offset, character in enumerate(QUERY):
        place = source.document_offset(offset)
        if text[place] == "\\":
            length = {"u": 6}.get(text[place + 1], 2) * (2 if character == "😀" else 1)
            assert json.loads(f'"{text[place : place + length]}"') == character
        else:
            assert text[place] == character


@given(st.text())
def test_offsets_lead_back_to_the_escapes(value):
    literal = json.dumps(value)
    source = Source(value, None, literal, map_string(literal, 0))
    ends = [source.document_offset(offset) for offset in range(len(value) + 1)]
    assert ends[0] == 1
    assert ends[-1] == len(literal) - 1
    assert "".join(json.loads(f'"{literal[a:b]}"') for a, b in itertools.pairwise(ends)) == value


def test_members_are_found_between_all_kinds_of_blanks():
    text = ' {"a" :\t1 ,\r\n"b": {"a": "}"} , "c":[ ]}'
    assert [(name, text[span.start : span.end]) for name, _, span in read_members(text, 1)] == [
        ("a", "1"),
        ("b", '{"a": "}"}'),
        ("c", "[ ]"),
    ]


def test_export_of_kibana():
    lines = [
        rule(rule_id="1", id="x", enabled=True, version=3, threat=[], building_block_type="", timestamp_override=None),
        rule(rule_id="2", type="threshold", language="kuery", query="user.name: *", name="Many"),
        {"id": "e", "list_id": "l", "type": "detection", "name": "exceptions", "namespace_type": "single"},
        {"id": "i", "item_id": "x", "list_id": "l", "type": "simple", "entries": []},
        {"id": "c", "type": "action", "attributes": {"actionTypeId": ".email", "name": "mail"}},
        {"exported_count": 5, "exported_rules_count": 2, "missing_rules": []},
    ]
    loaded = load("".join(json.dumps(line) + "\n" for line in lines))
    (found,) = loaded.rules
    assert (found.rule_id, found.enabled, found.version, found.building_block_type) == ("1", True, 3, None)
    assert [tuple(skipped) for skipped in loaded.skipped] == [("Many", "a threshold rule, not EQL", "export.ndjson")]
    assert loaded.problems == []


@pytest.mark.parametrize(
    ("kind", "language", "reason"),
    [
        ("query", "kuery", "a custom query rule (KQL or Lucene), not EQL"),
        ("machine_learning", None, "a machine learning rule, not EQL"),
        ("esql", "esql", "an ES|QL rule, not EQL"),
        ("threat_match", "kuery", "an indicator match rule, not EQL"),
        ("new_terms", "kuery", "a new terms rule, not EQL"),
        ("saved_query", "lucene", "a saved query rule (KQL or Lucene), not EQL"),
        ("later", "eql", "a rule of type `later`, not EQL"),
        ("eql", "kuery", "a rule in KQL, not EQL"),
    ],
)
def test_other_rules_are_listed_with_the_reason(kind, language, reason):
    loaded = load(json.dumps(rule(type=kind, language=language)))
    assert loaded.rules == []
    assert [tuple(skipped) for skipped in loaded.skipped] == [("Odd", reason, "export.ndjson")]


def test_broken_line_leaves_the_others_usable():
    lines = [
        json.dumps(rule(rule_id="1")),
        '{"rule_id": oops}',
        json.dumps(rule(rule_id="3")),
        json.dumps(rule()) + "x",
    ]
    loaded = load("\n".join(lines))
    assert [found.rule_id for found in loaded.rules] == ["1", "3", "0001"]
    assert [(problem.id, problem.location) for problem in loaded.problems] == [
        ("bad-rule-file", "export.ndjson:2:13"),
        ("bad-rule-file", f"export.ndjson:4:{len(lines[3])}"),
    ]


def test_broken_element_leaves_those_before_it_usable():
    loaded = load("[" + json.dumps(rule()) + ",\n{oops}]")
    assert len(loaded.rules) == 1
    assert [problem.location for problem in loaded.problems] == ["export.ndjson:2:2"]


def test_broken_document_over_several_lines_is_one_problem():
    loaded = load(json.dumps(rule(), indent=2)[:-20])
    assert [problem.id for problem in loaded.problems] == ["bad-rule-file"]


def test_wrong_setting_is_shown_in_its_line():
    text = json.dumps(rule(rule_id="1")) + "\n" + json.dumps({"attributes": rule(severity="urgent")})
    loaded = load(text)
    assert [found.severity for found in loaded.rules] == ["low", None]
    (problem,) = loaded.problems
    assert problem.position is not None
    assert (problem.id, problem.position.line) == ("odd-rule-field", 2)
    assert text[problem.span.start : problem.span.end] == '"urgent"'


def test_name_given_twice_counts_the_last_time():
    (found,) = load('{"query": "any where false", "query": "any where true"}').rules
    assert found.query == "any where true"
    assert found.source.position(0).column == 40


def test_other_lines_between_rules_are_listed():
    loaded = load(json.dumps(rule()) + '\n{"event": {"kind": "event"}}\n7\n')
    assert len(loaded.rules) == 1
    assert [skipped.reason for skipped in loaded.skipped] == ["not a rule (line 2, and 1 more)"]


@pytest.mark.parametrize("text", ["{}", "[]", '{"event": 1}\n{"event": 2}', "7", "[[]]"])
def test_json_without_a_rule(text):
    with pytest.raises(NotARule):
        load(text)


@pytest.mark.parametrize("text", ['{"a":' * 100_000, "[" * 100_000, '{"query": ' + "1" * 10_000 + "}"])
def test_hostile_json_is_a_problem(text):
    assert [problem.id for problem in load(text).problems] == ["bad-rule-file"]


def test_json_text_is_told_by_content():
    assert load_rule(json.dumps(rule(), indent=2)).rule_id == "0001"
    assert load_rule("[\n" + json.dumps(rule()) + "]").rule_id == "0001"


def test_broken_first_line_leaves_the_others_usable():
    loaded = load('{"rule_id": oops}\n' + json.dumps(rule(rule_id="2")) + "\n" + json.dumps(rule(rule_id="3")))
    assert [found.rule_id for found in loaded.rules] == ["2", "3"]
    assert [problem.location for problem in loaded.problems] == ["export.ndjson:1:13"]


def test_line_cut_short_leaves_the_next_usable():
    whole = json.dumps(rule(rule_id="1"))
    loaded = load(f"{whole[:40]}\n{whole}\n{whole[:-1]}\n{whole}")
    assert [found.rule_id for found in loaded.rules] == ["1", "1"]
    assert [problem.location for problem in loaded.problems] == [
        "export.ndjson:1:41",
        f"export.ndjson:3:{len(whole)}",
    ]


def test_objects_over_several_lines_may_follow_one_another():
    whole = "".join(json.dumps(rule(rule_id=str(number)), indent=2) + "\n" for number in range(3))
    assert [found.rule_id for found in load(whole).rules] == ["0", "1", "2"]
    loaded = load(whole.replace('"0"', "0 0"))
    assert [found.rule_id for found in loaded.rules] == ["1", "2"]
    assert len(loaded.problems) == 1


@pytest.mark.parametrize("indent", [None, 0, 2, 4])
def test_broken_element_of_an_array_leaves_the_others_usable(indent):
    elements = [json.dumps(rule(rule_id=str(number))) for number in range(3)]
    text = "[\n" + ",\n".join(elements) + "\n]"
    if indent is not None:
        text = json.dumps([json.loads(element) for element in elements], indent=indent)
    loaded = load(text.replace('"1"', "1 1"))
    assert [found.rule_id for found in loaded.rules] == ["0", "2"]
    assert len(loaded.problems) == 1


@pytest.mark.parametrize("end", ["", ",", ",\n"])
def test_array_without_an_end_is_a_problem(end):
    loaded = load(f"[{json.dumps(rule())}{end}")
    assert len(loaded.rules) == 1
    assert [problem.message for problem in loaded.problems] == ["not JSON: the array does not end"]


def test_a_text_that_is_broken_all_over_is_given_up():
    loaded = load('{"a": oops}\n' * 100_000 + json.dumps(rule()))
    assert loaded.rules == []
    assert len(loaded.problems) == 101
    assert loaded.problems[-1].message == "not JSON: nor in 100 places before; the rest is not read"


def test_unclosed_arrays_take_linear_time():
    loaded = load('{"a": [\n' + "{},\n" * 300_000)
    assert len(loaded.problems) == 101


def test_rule_that_looks_like_a_by_product_is_a_rule():
    text = json.dumps(rule(exported_count=1, list_id="x"))
    assert len(load(text).rules) == 1
    assert len(load(json.dumps({"type": "action", "attributes": rule()})).rules) == 1


def test_the_setting_of_an_asset_counts_and_not_that_beside_it():
    text = json.dumps({"query": "any where false", "severity": "x", "attributes": rule(query="any where true")})
    (found,) = load(text).rules
    assert (found.query, found.severity) == ("any where true", "low")
    assert text[found.source.document_offset(0) :].startswith("any where true")


@pytest.mark.parametrize("name", ["filters", "exceptions_list"])
def test_what_kibana_would_leave_out_is_a_warning_with_its_place(name: str) -> None:
    text = json.dumps(rule(**{name: [{"query": {"match": {"user.name": "root"}}}]}))
    loaded = load(text)
    assert len(loaded.rules) == 1
    (problem,) = loaded.problems
    assert (problem.id, problem.is_error) == ("setting-not-applied", False)
    assert text[problem.span.start : problem.span.end].startswith('[{"query"')


def test_empty_filters_are_nothing_to_warn_of() -> None:
    assert load(json.dumps(rule(filters=[], exceptions_list=[]))).problems == []
