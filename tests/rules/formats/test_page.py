"""Rules in copied pages of the documentation."""

import pytest

from eqlite.errors import RuleError
from eqlite.rules.formats.page import load_page
from eqlite.rules.formats.settings import RuleFile
from eqlite.rules.loader import load_rule, load_rules
from eqlite.rules.model import LoadedRules, Subtechnique, Tactic, Technique, Threat

HEAD = """\
Odd Tool on a Server
Somebody runs the odd tool.
It should not be there.
Rule type: eql
Rule indices:
- logs-endpoint.*
- winlogbeat-*
Rule Severity: high
Risk Score: 73
Runs every: 10m
Searches indices from: now-9m
Maximum alerts per execution: 33
References:
- https://example.org/odd
Tags:
- OS: Linux
- Tactic: Execution
Version: 4
Rule authors:
- Ann
- Ben
Rule license: Apache-2.0
"""
QUERY = """\
process where process.name == "odd" and
(
process.args : "Tags: *" or

Framework : "mitre"
)"""
THREAT = """\
Framework: MITRE ATT&CK
Tactic:
- Name: Execution
- Id: TA0002
- Reference URL: https://attack.mitre.org/tactics/TA0002/
Technique:
- Name: Interpreter
- Id: T1059
- Reference URL: https://attack.mitre.org/techniques/T1059/
Sub Technique:
- Name: Unix Shell
- Id: T1059.004
- Reference URL: https://attack.mitre.org/techniques/T1059/004/
Sub Technique:
- Name: Python
- Id: T1059.006
- Reference URL: https://attack.mitre.org/techniques/T1059/006/
Technique:
- Name: Native API
- Id: T1106
- Reference URL: https://attack.mitre.org/techniques/T1106/
Framework: MITRE ATT&CK
Tactic:
- Name: Impact
- Id: TA0040
- Reference URL: https://attack.mitre.org/tactics/TA0040/
"""
PAGE = f"{HEAD}{QUERY}\n{THREAT}"

MARKDOWN = """\
---
mapped_pages:
  - https://example.org/page
---

# Odd Tool [odd-tool]

Somebody runs the **odd** tool.

**Rule type**: eql

**Rule indices**:

* logs-*

**Severity**: low

**Risk score**: 21

**Runs every**: 5m

**Searches indices from**: now-9m (see [`look-back`](somewhere.md))

**Maximum alerts per execution**: 100

**References**:

* [https://example.org/odd](https://example.org/odd.md)

**Tags**:

* OS: Linux

**Version**: 210

**Rule authors**:

* Ann

**Rule license**: Apache-2.0

## Investigation guide [_guide_1]

**Triage**

Look where the tool came from:

```
ls -l
```

## Setup [_setup_866]

**Setup**

This rule requires data.

## Rule query [_rule_query_12]

```js
process where process.name == "odd"
```

**Framework**: MITRE ATT&CKTM

* Tactic:

    * Name: Execution
    * ID: TA0002
    * Reference URL: [https://attack.mitre.org/tactics/TA0002/](https://attack.mitre.org/tactics/TA0002/)

* Technique:

    * Name: Interpreter
    * ID: T1059
    * Reference URL: [https://attack.mitre.org/techniques/T1059/](https://attack.mitre.org/techniques/T1059/)

* Sub-technique:

    * Name: Python
    * ID: T1059.006
    * Reference URL: [https://attack.mitre.org/techniques/T1059/006/](https://attack.mitre.org/techniques/T1059/006/)
"""


def url(path: str) -> str:
    return f"https://attack.mitre.org/{path}/"


def test_every_line_of_the_head_is_read():
    rule = load_rule(PAGE)
    assert rule.name == "Odd Tool on a Server"
    assert rule.description == "Somebody runs the odd tool.\nIt should not be there."
    assert rule.rule_id is None
    assert (rule.type, rule.language) == ("eql", "eql")
    assert rule.index == ("logs-endpoint.*", "winlogbeat-*")
    assert (rule.severity, rule.risk_score) == ("high", 73)
    assert (rule.interval, rule.from_, rule.to, rule.max_signals) == ("10m", "now-9m", "now", 33)
    assert rule.references == ("https://example.org/odd",)
    assert rule.tags == ("OS: Linux", "Tactic: Execution")
    assert (rule.version, rule.author, rule.license) == (4, ("Ann", "Ben"), "Apache-2.0")


def test_query_is_kept_byte_for_byte():
    assert load_rule(PAGE).query == QUERY


def test_query_keeps_its_line_breaks():
    assert load_rule(PAGE.replace("\n", "\r\n")).query == QUERY.replace("\n", "\r\n")


def test_place_of_the_query_is_that_on_the_page():
    source = load_rule(PAGE).source
    assert source.position(0).line == HEAD.count("\n") + 1
    assert source.line_around(source.text.index("Tags"), 200)[0] == 'process.args : "Tags: *" or'


def test_threat_is_a_tree():
    shell = Subtechnique("T1059.004", "Unix Shell", url("techniques/T1059/004"))
    python = Subtechnique("T1059.006", "Python", url("techniques/T1059/006"))
    techniques = (
        Technique("T1059", "Interpreter", url("techniques/T1059"), (shell, python)),
        Technique("T1106", "Native API", url("techniques/T1106")),
    )
    assert load_rule(PAGE).threat == (
        Threat("MITRE ATT&CK", Tactic("TA0002", "Execution", url("tactics/TA0002")), techniques),
        Threat("MITRE ATT&CK", Tactic("TA0040", "Impact", url("tactics/TA0040"))),
    )


def test_page_may_end_with_the_query():
    rule = load_rule(HEAD + QUERY + "\n\n")
    assert (rule.query, rule.threat) == (QUERY, ())


def test_empty_settings_have_defaults():
    page = HEAD.replace("Runs every: 10m", "Runs every:").replace("- https://example.org/odd\n", "")
    rule = load_rule(page + QUERY)
    assert (rule.interval, rule.references) == ("5m", ())
    assert rule.tags == ("OS: Linux", "Tactic: Execution")


def test_markdown_page():
    rule = load_rule(MARKDOWN)
    assert (rule.name, rule.description) == ("Odd Tool", "Somebody runs the **odd** tool.")
    assert rule.query == 'process where process.name == "odd"'
    assert (rule.severity, rule.from_, rule.version) == ("low", "now-9m", 210)
    assert rule.references == ("https://example.org/odd.md",)
    assert rule.note is not None
    assert rule.note.startswith("**Triage**")
    assert rule.setup == "**Setup**\n\nThis rule requires data."
    assert rule.tactics == ("TA0002",)
    assert rule.techniques == ("T1059", "T1059.006")
    assert rule.threat[0].framework == "MITRE ATT&CK"
    assert rule.threat[0].tactic.reference == url("tactics/TA0002")


@pytest.mark.parametrize(
    "heading", ["Rule query\n", "Rule queryedit\n", "Rule query\nedit\n", "Setup\nedit\nInstall it.\nRule query\n"]
)
def test_headings_copied_from_a_browser(heading):
    assert load_rule(f"{HEAD}{heading}{QUERY}\n{THREAT}").query == QUERY


@pytest.mark.parametrize(
    "query",
    [
        "sequence by host.id with maxspan=1m\n  [process where true]\n  [file where true]",
        "sequence\n  [process where true]\n  [file where true]",
        "sample by host\n  [process where true]\n  [file where true]",
        "any\nwhere true",
        '"my category" where true',
        "/* first */\nprocess where true",
        "// first\nprocess where true",
    ],
)
@pytest.mark.parametrize(
    "guide", ["", "This rule requires data.\n- Go to the page where it is.\nMore about it: here.\n"]
)
def test_guide_without_a_heading_is_no_part_of_the_query(query, guide):
    assert load_rule(f"{HEAD}{guide}{query}\n{THREAT}").query == query


def test_page_of_another_type_is_listed(tmp_path):
    (tmp_path / "page.txt").write_text(PAGE.replace("Rule type: eql", "Rule type: new_terms"))
    assert [tuple(skipped)[:2] for skipped in load_rules(tmp_path).skipped] == [
        ("Odd Tool on a Server", "a new terms rule, not EQL")
    ]


def test_wrong_setting_is_shown_on_the_page():
    loaded = LoadedRules()
    load_page(RuleFile(PAGE.replace("Risk Score: 73", "Risk Score: much")), loaded)
    (problem,) = loaded.problems
    assert problem.message == "`risk_score` cannot be `much`"
    assert problem.position is not None
    assert problem.position.line == 9


def test_page_without_a_query_is_a_problem():
    with pytest.raises(RuleError) as caught:
        load_rule(HEAD + THREAT)
    assert [problem.message for problem in caught.value.diagnostics] == ["the rule has no `query`"]


def test_page_without_a_licence():
    page = PAGE.replace("Rule license: Apache-2.0\n", "")
    rule = load_rule(page)
    assert (rule.query, rule.license) == (QUERY, None)
    assert rule.tags == ("OS: Linux", "Tactic: Execution")
    assert rule.source.position(0).line == HEAD.count("\n")


def test_page_with_lines_in_another_order():
    head = HEAD.replace("Rule license: Apache-2.0\n", "").replace(
        "Version: 4\n", "Rule license: Apache-2.0\nVersion: 4\n"
    )
    rule = load_rule(f"{head}{QUERY}\n{THREAT}")
    assert (rule.query, rule.version, rule.author, rule.license) == (QUERY, 4, ("Ann", "Ben"), "Apache-2.0")


def test_page_with_lines_that_are_not_known():
    head = HEAD.replace("Version: 4\n", "Rule owner: somebody\n- else\nAlert suppression: none\nVersion: 4\n")
    rule = load_rule(f"{head}{QUERY}\n{THREAT}")
    assert (rule.query, rule.version, rule.tags) == (QUERY, 4, ("OS: Linux", "Tactic: Execution"))


@pytest.mark.parametrize(
    "head",
    [
        "Odd\nRule type: eql\n",
        "Rule type: eql\n",
        "Odd\nRule type: eql\nRule license: X\n",
        "Odd\nRule type: eql\nTags:\nVersion: 1\n",
    ],
)
def test_page_with_next_to_nothing(head):
    rule = load_rule(head + QUERY)
    assert (rule.query, rule.severity, rule.index, rule.threat) == (QUERY, None, (), ())


LOOKALIKE = """\
process where
// Rule type: query
process.args : (
"Version: 9",
"Framework: none",
"Severity: high") and
/*
Tags:
- of the query
Rule license: none
Risk Score: 99
*/
user.name != null"""


@pytest.mark.parametrize("licence", ["Rule license: Apache-2.0\n", ""])
def test_query_lines_that_resemble_settings_belong_to_the_query(licence):
    rule = load_rule(f"{HEAD.replace('Rule license: Apache-2.0' + chr(10), licence)}{LOOKALIKE}\n{THREAT}")
    assert rule.query == LOOKALIKE
    assert (rule.version, rule.risk_score, rule.severity, rule.tags[0]) == (4, 73, "high", "OS: Linux")
    assert rule.type == "eql"


GUIDE = """\
Look where the tool came from.
Severity: it depends.
References:
- https://example.org/guide
```
ls -l
```
"""


def test_guide_with_fences_and_lines_that_resemble_settings():
    rule = load_rule(f"{HEAD}{GUIDE}{QUERY}\n{THREAT}")
    assert (rule.query, rule.severity) == (QUERY, "high")
    assert rule.references == ("https://example.org/odd",)


def test_fenced_query_behind_a_guide_with_fences():
    rule = load_rule(f"{HEAD}{GUIDE}```eql\n{QUERY}\n```\n{THREAT}")
    assert rule.query == QUERY


def test_empty_fence_under_the_heading_is_no_query():
    with pytest.raises(RuleError) as caught:
        load_rule(f"{HEAD}## Rule query\n\n```js\n```\n{THREAT}")
    assert [problem.message for problem in caught.value.diagnostics] == ["the rule has no `query`"]


def test_technique_without_an_id_is_a_problem():
    loaded = LoadedRules()
    load_page(RuleFile(PAGE.replace("- Id: T1106\n", "")), loaded)
    assert [problem.message for problem in loaded.problems] == ["`threat` has a form that no rule has"]
    assert len(loaded.rules) == 1
