"""Rules in TOML: settings, hunts, and the positions of queries."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.rules.formats.settings import RuleFile
from eqlite.rules.formats.toml import load_toml
from eqlite.rules.formats.toml_spans import find_value, map_string
from eqlite.rules.loader import load_rule, load_rules
from eqlite.rules.model import LoadedRules, Subtechnique, Tactic, Technique, Threat
from eqlite.source import Source

RULE = '''\
# a rule of our own
[metadata]
maturity = "production"
note = """
[rule]
query = "not here"
"""

[rule]
author = ["Ann", "Ben"]
description = "Finds it." # query = "nor here"
from = "now-9m"
index = [
    "logs-*",   # query = '
    "endpoint[query = \\"]",
]
language = "eql"
license = "Apache-2.0"
name = "Odd \\"thing\\""
risk_score = 47
rule_id = "0001"
severity = "medium"
tags = ["OS: Linux"]
timestamp_override = "event.ingested"
type = "eql"
query = \'\'\'
process where process.name == "odd" and
  process.args : "C:\\\\*"
\'\'\'

[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1059"
name = "Command and Scripting Interpreter"
reference = "https://attack.mitre.org/techniques/T1059/"
[[rule.threat.technique.subtechnique]]
id = "T1059.004"
name = "Unix Shell"
[rule.threat.tactic]
id = "TA0002"
name = "Execution"
'''


def load(text: str) -> LoadedRules:
    loaded = LoadedRules()
    load_toml(RuleFile(text, "rules/odd.toml"), loaded)
    return loaded


def test_all_settings_are_read():
    rule = load_rule(RULE)
    assert rule.name == 'Odd "thing"'
    assert rule.rule_id == "0001"
    assert rule.query == 'process where process.name == "odd" and\n  process.args : "C:\\\\*"\n'
    assert (rule.language, rule.type) == ("eql", "eql")
    assert (rule.severity, rule.risk_score) == ("medium", 47)
    assert rule.index == ("logs-*", 'endpoint[query = "]')
    assert (rule.from_, rule.to, rule.interval, rule.max_signals) == ("now-9m", "now", "5m", 100)
    assert rule.author == ("Ann", "Ben")
    assert rule.license == "Apache-2.0"
    assert rule.tags == ("OS: Linux",)
    assert rule.timestamp_override == "event.ingested"
    assert rule.version is None
    assert rule.settings["description"] == "Finds it."


def test_threat_is_a_tree():
    rule = load_rule(RULE)
    shell = Subtechnique("T1059.004", "Unix Shell")
    interpreter = Technique(
        "T1059", "Command and Scripting Interpreter", "https://attack.mitre.org/techniques/T1059/", (shell,)
    )
    assert rule.threat == (Threat("MITRE ATT&CK", Tactic("TA0002", "Execution"), (interpreter,)),)
    assert rule.tactics == ("TA0002",)
    assert rule.techniques == ("T1059", "T1059.004")


def test_place_of_the_query_is_that_in_the_file():
    source = load_rule(RULE).source
    assert source.position(0).line == RULE[: RULE.index("process where")].count("\n") + 1
    assert source.position(0).column == 1
    assert source.line_around(source.text.index("args"), 200)[0] == '  process.args : "C:\\\\*"'


LITERALS = [
    "'any where true'",
    '"any where true"',
    "'''any where true'''",
    '"""any where true"""',
    "'''\nany where true\n'''",
    '"""\nany where true\n"""',
    r'"any where name == \"a\\b\" and\n\tpid == 1"',
    r'"any where name == \"\u00e4\U0001F600\" or true"',
    '"""any where name == \\"""a\\""" and """""',
    "'''any where name == \"\"\"''\"\"\"'''''",
    '"""any where \\\n     true \\\n\n  and   true"""',
    '"""\\\n  any where "a\\\\" == name"""',
    '"""any where a == "\\\\\\"" """',
    "'''\r\nany where\r\n  true\r\n'''",
    '"""\r\nany \\\r\n  where\r\n  true"""',
]


@pytest.mark.parametrize("literal", LITERALS)
def test_query_and_places_for_every_form_of_literal(literal):
    text = f'[rule]\nname = "x"\nquery = {literal} # query\nseverity = "low"\n'
    (rule,) = load(text).rules
    assert rule.query == tomllib.loads(text)["rule"]["query"]
    source = rule.source
    assert source.document == text
    for offset, character in enumerate(rule.query):
        place = source.document_offset(offset)
        written = text[place]
        assert written == character or written == "\\" or text.startswith("\r\n", place)


@given(st.text(st.sampled_from("ab\\\"'\n\t é😀"), min_size=1, max_size=12))
def test_offsets_lead_back_to_the_escapes(value):
    escapes = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\t": r"\t", "😀": r"\U0001F600"}
    literal = '"' + "".join(escapes.get(character, character) for character in value) + '"'
    offsets = map_string(literal, 0, value)
    assert offsets is not None
    place = 1
    source = Source(value, None, literal, offsets)
    for offset, character in enumerate(value):
        assert source.document_offset(offset) == place
        place += len(escapes.get(character, character))


@pytest.mark.parametrize(
    "text",
    [
        'rule.query = "any where true"',
        'a = [[1, 2],\n["]"]]\n[ rule ]\n"query" = "any where true"',
        '["rule"]\n\'query\' = "any where true"',
        'x = { query = "no", y = [1] }\n[rule]\n"na.me" = 1\nquery="any where true"',
        'rule = { name = "}, query = 1", y = [{ query = "no" }], query = "any where true" }',
        'rule = { y = { query = "no" }, "query" = "any where true", z = 1 } # }',
        'rule.query = "any where true"\nrule.name = "x"',
        'b = """\n"""\nc = \'\'\'\nquery = 1\'\'\'\n[rule] # [no]\nquery = "any where true"',
    ],
)
def test_query_is_found_wherever_toml_allows_it(text):
    span = find_value(text, ("rule", "query"))
    assert span is not None
    assert text[span.start : span.end] == '"any where true"'


def test_name_is_the_stem_where_there_is_none():
    (rule,) = load('[rule]\nquery = "any where true"').rules
    assert rule.name == "odd"


@pytest.mark.parametrize(
    ("setting", "message", "line"),
    [
        ('severity = "urgent"', "`severity` cannot be `urgent`", 3),
        ("risk_score = 101", "`risk_score` cannot be `101`", 3),
        ("risk_score = 4.5", "`risk_score` cannot be `4.5`", 3),
        ("risk_score = true", "`risk_score` cannot be `True`", 3),
        ('index = "logs-*"', "`index` is not a list of texts", 3),
        ("index = [1]", "`index` is not a list of texts", 3),
        ("description = 7", "`description` is not text", 3),
        ("max_signals = 0", "`max_signals` cannot be `0`", 3),
        ("enabled = 1", "`enabled` is neither true nor false", 3),
        ('threat = ["T1059"]', "`threat` has a form that no rule has", 3),
        ("from = 2026-01-01", "`from` is not text", 3),
    ],
)
def test_impossible_setting_is_shown_in_the_file(setting, message, line):
    loaded = load(f'[rule]\nquery = "any where true"\n{setting}\n')
    assert len(loaded.rules) == 1
    (problem,) = loaded.problems
    assert (problem.id, problem.message) == ("odd-rule-field", message)
    assert problem.location == f"rules/odd.toml:{line}:{setting.index('=') + 3}"


@pytest.mark.parametrize("name", ["event_category_override", "timestamp_field", "tiebreaker_field"])
def test_impossible_setting_that_decides_leaves_the_rule_out(name):
    loaded = load(f'[rule]\nquery = "any where true"\n{name} = 5\n')
    assert loaded.rules == []
    assert [problem.id for problem in loaded.problems] == ["bad-rule-field"]


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ('risk_score = "47"', "risk_score", 47),
        ('severity = "Medium"', "severity", "medium"),
        ('author = "me"', "author", ("me",)),
        ('index = "logs-*,winlogbeat-*"', "index", ("logs-*,winlogbeat-*",)),
        ('version = "1"', "version", 1),
        ('version = "1.0.5"', "version", None),
        ('risk_score = "much"', "risk_score", None),
    ],
)
def test_odd_setting_is_read_as_it_is_meant(setting, name, value):
    (rule,) = load(f'[rule]\nquery = "any where true"\n{setting}\n').rules
    assert getattr(rule, name) == value


@pytest.mark.parametrize("query", ["", 'query = ""', 'query = " \\n"', "query = 5"])
def test_rule_without_a_query_is_a_problem(query):
    (problem,) = load(f'[rule]\nname = "x"\n{query}\n').problems
    assert problem.id == "bad-rule-field"
    assert problem.position is not None
    assert problem.position.line == (3 if query else 1)


def test_all_wrong_settings_of_a_rule_are_listed():
    problems = load('[rule]\nquery = 1\nseverity = "x"\nrisk_score = -1\n').problems
    assert [problem.position.line for problem in problems if problem.position] == [2, 3, 4]


def test_broken_toml_is_shown_where_it_breaks():
    (problem,) = load('[rule]\nname = "x"\nquery = any where true\n').problems
    assert problem.id == "bad-rule-file"
    assert problem.location == "rules/odd.toml:3:9"


def test_broken_end_of_toml_is_shown_at_the_end():
    (problem,) = load('[rule]\nquery = """any').problems
    assert problem.id == "bad-rule-file"
    assert problem.position is not None
    assert problem.position.line == 2


def test_nesting_beyond_all_use_is_a_problem():
    (problem,) = load("[rule]\nx = " + "[" * 100_000).problems
    assert problem.id == "bad-rule-file"


def test_toml_without_a_rule(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    loaded = load_rules(tmp_path)
    assert [(skipped.reason) for skipped in loaded.skipped] == [
        "no rule: no table `[rule]` or `[hunt]`, and no `query` outside of tables"
    ]
    assert loaded.problems == []
    named = load_rules(tmp_path / "pyproject.toml")
    assert [problem.id for problem in named.problems] == ["bad-rule-file"]


@pytest.mark.parametrize(
    "literal",
    ["'''\nany where a == \"x\\\n\" or true'''", "'''C:\\\\\nany\\\n'''", '"""\nany \\\\\nwhere\\"\n true"""'],
)
def test_places_in_a_file_with_windows_line_ends(literal):
    text = f"[rule]\nquery = {literal}\n".replace("\n", "\r\n")
    (rule,) = load(text).rules
    assert rule.query == tomllib.loads(text)["rule"]["query"]
    assert rule.source.document == text
    places = [rule.source.document_offset(offset) for offset in range(len(rule.query))]
    for place, character in zip(places, rule.query, strict=True):
        assert text.startswith(("\r\n", "\\") if character == "\n" else (character, "\\" + character), place)


def test_error_in_a_file_with_windows_line_ends():
    (problem,) = load('[rule]\r\nname = "x"\r\nquery = any\r\n').problems
    assert problem.location == "rules/odd.toml:3:9"


def test_rule_that_is_given_twice_is_a_problem():
    (problem,) = load('[rule]\nquery = "any where true"\nquery = "any where false"\n').problems
    assert (problem.id, problem.message) == ("bad-rule-file", "not TOML: cannot overwrite a value")
    (problem,) = load('[rule]\nquery = "any where true"\n[rule]\n').problems
    assert problem.id == "bad-rule-file"


@pytest.mark.parametrize("key", ["a" + ".a" * 50_000, '"a"' + " . 'a'" * 50_000, "x." + "a-1." * 50_000 + "a"])
@pytest.mark.parametrize("form", ["{} = 1", "[{}]", "[[{}]]", "x = {{ y = 1, {} = 1 }}"])
def test_key_of_endless_parts_is_refused_at_once(key, form):
    (problem,) = load(f'[rule]\nquery = "any where true"\n{form.format(key)}\n').problems
    assert problem.message == "not TOML that can be read: nested or numbered beyond all use"


def test_many_dots_in_a_text_are_none_of_a_key():
    addresses = ", ".join(f'"10.0.{number // 256}.{number % 256}"' for number in range(2000))
    (rule,) = load(f"[rule]\nquery = 'any where a in ({addresses})'\nnote = \"{'...' * 1000}\"\n").rules
    assert rule.query.count('"') == 4000


def test_toml_with_a_rule_page_in_a_note_is_toml():
    assert load_rule(f"{RULE}\n[rule.x]\nnote = '''\nRule type: eql\n'''\n").rule_id == "0001"


def test_text_may_start_with_a_byte_order_mark():
    assert load_rule("\ufeff" + RULE).rule_id == "0001"


CONTENTS = st.text(st.sampled_from("ab= ,.#[]{}"), max_size=6)
SCALARS = st.one_of(
    st.sampled_from(["1", "-1.5e3", "0x1F", "true", "inf", "1979-05-27", "1979-05-27T07:32:00Z", "07:32:00", "1_000"]),
    CONTENTS.map("'{}'".format),
    CONTENTS.map('"{}"'.format),
    CONTENTS.map('"\\"{}\\\\"'.format),
    CONTENTS.map('"""\n{}""\\""""""'.format),
    CONTENTS.map("'''\n\"{}\n''\\'''''".format),
)
BLANKS = st.sampled_from(["", " ", "\n", " # ]}\"'\n ", "\t"])
KEYS = st.sampled_from(["a", "b-1", "'c.d'", '"e\\" = "', "rule", "query"])


def arrays(values):
    joined = st.lists(st.tuples(BLANKS, values, BLANKS).map("".join), max_size=3).map(",".join)
    return st.tuples(joined, BLANKS).map(lambda pair: f"[{pair[0]}{',' if pair[0] else ''}{pair[1]}]")


def tables(values):
    pairs = st.dictionaries(KEYS, values, max_size=3)
    return pairs.map(lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs.items()) + " }")


VALUES = st.recursive(SCALARS, lambda values: arrays(values) | tables(values), max_leaves=5)
HEADERS = st.sampled_from(["", "[rule]", "[ rule . x ] # [", '["q"]', "[[list]]", "[rule.'y']"])
PARTS = st.tuples(HEADERS, st.dictionaries(KEYS, VALUES, max_size=4), st.sampled_from(["", " # c = '", "  "]))


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, below in value.items():
            yield (*path, key), below
            yield from leaves(below, (*path, key))


@given(st.lists(PARTS, max_size=4, unique_by=lambda part: part[0]), st.sampled_from(["\n", "\r\n"]))
def test_every_value_is_found_where_it_stands(parts, line_end):
    parts = sorted(parts, key=lambda part: bool(part[0]))
    text = "".join(
        f"{header}\n" + "".join(f"{key} = {value}{comment}\n" for key, value in pairs.items())
        for header, pairs, comment in parts
    ).replace("\n", line_end)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # a table written twice
    for path, value in leaves(document):
        span = find_value(text, path)
        if span is None:
            assert isinstance(value, (dict, list)), path  # made by a header
        else:
            assert repr(tomllib.loads(f"x = {text[span.start : span.end]}")["x"]) == repr(value)
