"""The forms in which people keep rules: what loads, where its query stands, and what is refused by name."""

import json
import sys
from pathlib import Path

import pytest

from eqlite.rules.formats import FORMATS
from eqlite.rules.loader import load_rule, load_rules
from eqlite.rules.model import LoadedRules

QUERY = 'process where process.name == "a.exe"'
RULE = {"rule_id": "r1", "name": "R1", "type": "eql", "language": "eql", "severity": "low", "query": QUERY}
TIMELINE = {"savedObjectId": "t", "title": "R1", "timelineType": "default"}
OPTIONS = {"query": QUERY, "eventCategoryField": "kind", "timestampField": "@timestamp", "tiebreakerField": ""}
TERRAFORM = "elasticstack_kibana_security_detection_rule"
PARAMS = {"ruleId": "r1", "query": QUERY, "type": "eql", "language": "eql", "riskScore": 47, "maxSignals": 5}
ALERT = {"name": "R1", "tags": ["a"], "schedule": {"interval": "9m"}, "enabled": True, "params": PARAMS}


def load(folder: Path, name: str, text: str) -> LoadedRules:
    """Load a file by its name and as one of a folder, and return what both give."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    named, found = load_rules(path), load_rules(folder)
    assert named.rules == found.rules
    for rule in named.rules:
        assert rule.source.document is not None
        place = rule.source.document_offset(rule.query.index("where"))
        assert rule.source.document[place:].startswith("where")
        assert rule.compile().text == rule.query
    return named


@pytest.mark.parametrize(
    "value",
    [
        RULE,
        [RULE],
        {"page": 1, "perPage": 20, "total": 1, "data": [RULE]},
        {"data": [RULE]},
        {"rules": [RULE]},
        {"rule": RULE},
        {"id": "r1_1", "type": "security-rule", "attributes": RULE},
        {"saved_objects": [{"id": "r1_1", "type": "security-rule", "attributes": RULE}]},
        {"id": "x", "type": "alert", "attributes": {"alertTypeId": "siem.eqlRule", **ALERT}},
        {"type": "alert", "alert": {"alertTypeId": "siem.eqlRule", **ALERT}},
        {"rule_type_id": "siem.eqlRule", **ALERT},
        {"data": [{"rule_type_id": "siem.eqlRule", **ALERT}]},
        {"hits": {"hits": [{"_source": {"type": "alert", "alert": {"alertTypeId": "siem.eqlRule", **ALERT}}}]}},
        {**TIMELINE, "eqlOptions": OPTIONS},
        {"type": "siem-ui-timeline", "attributes": {**TIMELINE, "eqlOptions": OPTIONS}},
        {"data": {"timelines": [{**TIMELINE, "eqlOptions": OPTIONS}]}},
        {"resource": {TERRAFORM: {"x": RULE}}},
        {"resource": [{TERRAFORM: [{"x": [RULE]}]}]},
        {"resource": {"other": {"y": {"query": "a"}}, TERRAFORM: {"x": RULE}}},
        {"resources": [{"type": TERRAFORM, "instances": [{"attributes": RULE}]}]},
        {"values": {"root_module": {"resources": [{"type": TERRAFORM, "values": RULE}]}}},
        {"planned_values": {"root_module": {"child_modules": [{"resources": [{"values": RULE}]}]}}},
    ],
)
def test_objects_that_hold_a_rule(tmp_path, value):
    for indent in (None, 2):
        loaded = load(tmp_path, "x.json", json.dumps(value, indent=indent))
        (rule,) = loaded.rules
        assert (rule.name, rule.query) == ("R1", QUERY)
        assert (loaded.problems, loaded.skipped) == ([], [])


def test_settings_of_an_alerting_rule_have_the_names_of_rules(tmp_path):
    (rule,) = load(tmp_path, "x.json", json.dumps({"rule_type_id": "siem.eqlRule", **ALERT})).rules
    assert (rule.rule_id, rule.risk_score, rule.max_signals, rule.interval) == ("r1", 47, 5, "9m")
    assert (rule.tags, rule.enabled) == (("a",), True)


def test_fields_of_a_timeline_are_those_of_the_search(tmp_path):
    (rule,) = load(tmp_path, "x.ndjson", json.dumps({**TIMELINE, "eqlOptions": OPTIONS})).rules
    assert (rule.event_category_override, rule.timestamp_field, rule.tiebreaker_field) == ("kind", "@timestamp", None)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({**TIMELINE, "eqlOptions": {**OPTIONS, "query": ""}}, "a timeline without an EQL query"),
        ({**TIMELINE, "kqlQuery": {}}, "a timeline without an EQL query"),
        ({"attributes": {"alertTypeId": ".es-query", **ALERT}}, "an alert of type `.es-query`, not EQL"),
        ({"title": "S", "logsource": {}, "detection": {}}, "a Sigma rule, not EQL"),
        ({**RULE, "type": "query", "language": "kuery"}, "a custom query rule (KQL or Lucene), not EQL"),
    ],
)
def test_objects_that_are_no_eql_are_named(tmp_path, value, reason):
    loaded = load(tmp_path, "x.json", json.dumps(value))
    assert loaded.rules == []
    assert loaded.skipped[0].reason.startswith(reason)


def test_search_in_query_dsl_is_no_rule(tmp_path):
    loaded = load(tmp_path, "x.json", json.dumps({"query": {"match_all": {}}}))
    assert [problem.message.rpartition(": ")[2] for problem in loaded.problems] == [
        "no JSON object with a rule's settings"
    ]


# --- Dev Tools --------------------------------------------------------------------------------------------------------


REQUEST = 'GET /logs-*/_eql/search\n{\n  "query": """\n    ' + QUERY + '\n  """\n}\n'


@pytest.mark.parametrize(
    "text",
    [
        REQUEST,
        "# a note\n" + REQUEST,
        REQUEST.replace('"""\n    ', '"').replace('\n  """', '"').replace('== "a.exe"', '== \\"a.exe\\"'),
        REQUEST.replace("{\n", '{ // what {\n  "filter": null, /* } */ # }\n'),
        REQUEST.replace("search", "search?filter_path=-hits.events"),
        f"curl -X POST 'https://es:9200/logs-*/_eql/search?pretty' -d'\n{json.dumps({'query': QUERY})}'\n",
        REQUEST.replace("GET /", "POST kbn:/"),
        "GET _cat/indices\n\n" + REQUEST + "\nGET logs/_search\n{}\n",
    ],
)
def test_request_of_dev_tools_is_a_rule(tmp_path, text):
    (rule,) = load(tmp_path, "d.txt", text).rules
    assert (rule.name, rule.query.strip(), rule.index) == ("d", QUERY, ("logs-*",))


def test_each_request_is_a_rule(tmp_path):
    rules = load(tmp_path, "d.txt", REQUEST + REQUEST.replace("logs-*", "x")).rules
    assert [(rule.name, rule.index) for rule in rules] == [("d", ("logs-*",)), ("d (2)", ("x",))]


def test_settings_of_a_search_count_or_are_named(tmp_path):
    body = {
        "query": QUERY,
        "event_category_field": "kind",
        "timestamp_field": "ts",
        "tiebreaker_field": "seq",
        "size": 5,
        "filter": {"term": {"a": 1}},
        "runtime_mappings": {"day": {"type": "keyword"}},
        "fetch_size": 10,
    }
    for name, text in (("d.txt", f"GET x/_eql/search\n{json.dumps(body)}"), ("b.json", json.dumps(body))):
        loaded = load(tmp_path, name, text)
        (tmp_path / name).unlink()
        (rule,) = loaded.rules
        assert (rule.event_category_override, rule.timestamp_field, rule.tiebreaker_field) == ("kind", "ts", "seq")
        assert {problem.id for problem in loaded.problems} == {"setting-not-applied"}
        assert sorted(problem.message.split()[0] for problem in loaded.problems) == [
            "`filter`",
            "`runtime_mappings`",
            "`size`",
        ]


def test_body_that_is_no_json_is_a_problem(tmp_path):
    loaded = load(tmp_path, "d.txt", 'GET x/_eql/search\n{"query": }\n')
    assert [(problem.id, problem.location.rpartition("/")[2]) for problem in loaded.problems] == [
        ("bad-rule-file", "d.txt:2:11")
    ]


# --- TOML -------------------------------------------------------------------------------------------------------------


def test_queries_of_a_hunt_are_rules(tmp_path):
    head = "[hunt]\nname = 'H'\nuuid = 'u'\nlanguage = ['EQL', 'ES|QL']\n"
    text = f"{head}query = ['''\n{QUERY}\n''',\n'from x | limit 1']\n"
    loaded = load(tmp_path, "h.toml", text)
    assert [(rule.name, rule.rule_id) for rule in loaded.rules] == [("H (1)", "u-1")]
    assert [(skipped.rule, skipped.reason) for skipped in loaded.skipped] == [("H (2)", "an ES|QL query, not EQL")]
    other = load(tmp_path, "h.toml", text.replace("'EQL', ", ""))
    assert [(skipped.rule, skipped.reason) for skipped in other.skipped] == [("H", "a hunt in ES|QL, not EQL")]


def test_one_query_of_a_hunt_has_its_name(tmp_path):
    (rule,) = load(tmp_path, "h.toml", f'[hunt]\nname = "H"\nuuid = "u"\nlanguage = "eql"\nquery = \'{QUERY}\'\n').rules
    assert (rule.name, rule.rule_id) == ("H", "u")


@pytest.mark.parametrize("header", ["", "[[rule]]\n", "[[rules]]\n", "[rule]\n"])
def test_toml_with_and_without_a_table(tmp_path, header):
    (rule,) = load(tmp_path, "r.toml", f"{header}name = 'R'\nquery = '{QUERY}'\n").rules
    assert rule.name == "R"
    assert load_rule(f"{header}name = 'R'\nquery = '{QUERY}'\n").name == "R"


def test_array_of_rules_in_toml(tmp_path):
    text = "".join(f"[[rule]]\nname = '{name}'\nquery = '{QUERY}'\n" for name in "ab")
    first, second = load(tmp_path, "r.toml", text).rules
    assert (first.name, second.name) == ("a", "b")
    assert (first.source.position(0).line, second.source.position(0).line) == (3, 6)


# --- YAML -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"name: R\nquery: |\n  {QUERY}\nrisk_score: 47\n",
        f"name: R\nquery: >-\n    {QUERY.replace(' where', chr(10) + '    where')}\nrisk_score: 47\n",
        f"name: R\nquery: '{QUERY}'\nrisk_score: 47\n",
        f"name: R\nquery: {QUERY}\nrisk_score: 47\n",
        f"- name: R\n  risk_score: 47\n  query: {QUERY}\n",
        f"rules:\n- &r\n  name: R\n  risk_score: 47\n  query: {QUERY}\n",
        f"---\nname: R\nrisk_score: 47\nquery: {QUERY}\n---\n",
        f"base: &b {{risk_score: 47}}\nrule:\n  <<: *b\n  name: R\n  query: |-\n   {QUERY}\n",
        json.dumps({"name": "R", "risk_score": 47, "query": QUERY.replace('"', "'")}).replace("'", '\\"')[:-1]
        + ', "a": [1, 2]}',
    ],
)
@pytest.mark.parametrize("name", ["r.yml", "r.YAML"])
def test_rule_in_yaml(tmp_path, text, name):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    (rule,) = load_rules(tmp_path).rules
    assert (rule.name, rule.query.strip(), rule.risk_score) == ("R", QUERY, 47)
    if '\\"' not in text:
        assert rule.source.document is not None
        for word in ("process.name", "==", '"a.exe"'):
            assert rule.source.document[rule.source.document_offset(rule.query.index(word)) :].startswith(word)


def test_missing_package_for_yaml_is_named_with_what_helps(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    (tmp_path / "r.yml").write_text(f"query: {QUERY}\n")
    (problem,) = load_rules(tmp_path / "r.yml").problems
    assert problem.message.endswith("YAML needs one more package: pip install pyyaml")
    assert [skipped.reason for skipped in load_rules(tmp_path).skipped] == [
        "no rule: YAML needs one more package: pip install pyyaml"
    ]


def test_yaml_that_is_sigma_is_named(tmp_path):
    loaded = load(tmp_path, "s.yml", "title: S\nlogsource: {product: windows}\ndetection: {condition: a}\n")
    assert [skipped.reason for skipped in loaded.skipped] == [
        "a Sigma rule, not EQL: `sigma convert -t eql` makes EQL of it"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c", "not YAML: mapping values are not allowed"),
        ("query: *x", "not YAML that is read: the alias `*x` stands for nothing"),
        ("query: &a [*a]", "not YAML that is read: the alias `*a` stands for nothing"),
        ("a: " + "[" * 300, "not YAML that is read: more than 200 levels deep"),
        ("query: \x07", "not YAML: "),
    ],
)
def test_yaml_that_cannot_be_read_is_a_problem(tmp_path, text, message):
    (problem,) = load(tmp_path, "r.yml", text).problems
    assert problem.message.startswith(message)


def test_value_that_is_no_number_stays_text(tmp_path):
    text = f"query: {QUERY}\nversion: 1.0.5\nname: 12:30\nrule_id: '0001'\nfrom: 2026-01-01\nrisk_score: 0x2F\n"
    (rule,) = load(tmp_path, "r.yml", text).rules
    assert (rule.name, rule.rule_id, rule.from_, rule.risk_score) == ("12:30", "0001", "2026-01-01", 47)


# --- pages and texts --------------------------------------------------------------------------------------------------


ASCIIDOC = f"""\
[[some-rule]]
=== Some Rule

What it is for.

*Rule type*: eql

*Rule indices*: 

* logs-*

*Severity*: low

*Risk score*: 21

*References*: 

* https://example.com/a[the page]

*Rule license*: Elastic License v2


==== Rule query


[source, js]
----------------------------------
{QUERY}

----------------------------------

*Framework*: MITRE ATT&CK^TM^

* Tactic:
** Name: Execution
** ID: TA0002
** Reference URL: https://attack.mitre.org/tactics/TA0002/
"""  # noqa: W291


def test_page_in_asciidoc(tmp_path):
    (rule,) = load(tmp_path, "r.asciidoc", ASCIIDOC).rules
    assert (rule.name, rule.query, rule.index) == ("Some Rule", QUERY, ("logs-*",))
    assert (rule.severity, rule.risk_score, rule.description) == ("low", 21, "What it is for.")
    assert (rule.tactics, rule.references) == (("TA0002",), ("https://example.com/a",))
    assert load_rule(ASCIIDOC).name == "Some Rule"


def test_blocks_of_eql_in_asciidoc(tmp_path):
    dashes, dots = f"[source,eql]\n----\n{QUERY}\n----\n", f"[source, eql]\n....\n{QUERY}\n....\n"
    text = f"= T\n\n{dashes}\n[source,sh]\n----\nls\n----\n\n{dots}"
    assert [rule.name for rule in load(tmp_path, "r.adoc", text).rules] == ["r", "r (2)"]


def test_fences_of_eql_in_markdown(tmp_path):
    fences = (f"```eql\n{QUERY}\n```", "```sh\n# ls\n```", f"~~~~ EQL\n{QUERY}\n~~~~", f"```eql\n{QUERY}")
    loaded = load(tmp_path, "r.md", "# Title\n\n{}\n\n{}\n## Next ##\n{}\n{}".format(*fences))
    assert [rule.name for rule in loaded.rules] == ["Title", "Next", "Next (2)"]


def test_other_markdown_in_a_folder_is_passed_over(tmp_path):
    (tmp_path / "README.md").write_text("# Rules\n")
    (tmp_path / "a.eql").write_text(QUERY)
    loaded = load_rules(tmp_path)
    assert len(loaded.rules) == 1
    assert [(Path(each.rule).name, each.reason) for each in loaded.passed_over] == [
        ("README.md", "no rule in any form")
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FROM logs-* | WHERE process.pid == 1", "an ES|QL query, not EQL"),
        ("// note\nfrom logs-*\n| limit 10", "an ES|QL query, not EQL"),
        ('process.name : "a.exe" and not user.name : root', "a KQL or Lucene query, not EQL"),
        ("not process.name: (a or b)", "a KQL or Lucene query, not EQL"),
        ("process.pid >= 4", "a KQL or Lucene query, not EQL"),
    ],
)
def test_query_in_another_language_is_named(tmp_path, text, reason):
    loaded = load(tmp_path, "q.eql", text)
    assert loaded.rules == []
    assert loaded.skipped[0].reason.startswith(reason)


@pytest.mark.parametrize(
    "text", ["from where a == 1", "row where true", "any where a : b", "process where x == 1 | head 1"]
)
def test_eql_is_not_taken_for_another_language(tmp_path, text):
    (tmp_path / "q.eql").write_text(text)
    assert [rule.query for rule in load_rules(tmp_path).rules] == [text]


def test_every_form_is_on_the_reference_page():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for form in FORMATS:
        (row,) = [line for line in rows if line.startswith(f"| {form.name} |")]
        assert all(f"`{suffix}`" in row for suffix in form.suffixes), form.name
