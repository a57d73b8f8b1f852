"""What is wrong with a query is shown at its line and column in the file the user edits, whatever holds the query."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest

from eqlite import EqlSyntaxError, load_rule
from eqlite.diagnostics import Diagnostic
from eqlite.ruleset import read_rules

QUERY = 'process where process.name == "a" and\n  length(process.args) = 3 and "ä😀" == user.name'
BAD = "= 3"  # no EQL
HEAD = """\
Odd Tool
Somebody runs it.
Rule type: eql
Rule indices:
- logs-*
Severity: low
Risk Score: 21
Rule license: Apache-2.0
"""
TAIL = "Framework: MITRE ATT&CK\nTactic:\n- Name: Execution\n- Id: TA0002\n"
ASSET = {"id": "0001_1", "type": "security-rule", "attributes": {"rule_id": "1", "name": "Odd", "query": QUERY}}
ESCAPED = QUERY.replace("\\", "\\\\").replace('"', '\\"')


def basic(text: str) -> str:
    return '"' + ESCAPED.replace("\n", "\\n").replace("ä", "\\u00e4").replace("😀", "\\U0001F600") + '"' + text


FILES = {
    "bare.eql": QUERY,
    "commented.eql": f"// why: a = 3\n\n/* or\n not */ {QUERY}\n",
    "crlf.eql": QUERY.replace("\n", "\r\n"),
    "page.txt": HEAD + QUERY + "\n" + TAIL,
    "guide.txt": f"{HEAD}Setup\nInstall it; a = 3 is a good start.\nRule query\n{QUERY}\n\n{TAIL}",
    "crlf.txt": (HEAD + QUERY + "\n" + TAIL).replace("\n", "\r\n"),
    "fenced.txt": f"# Odd Tool [odd]\n\n**Rule type**: eql\n\n**Rule license**: X\n\n```js\n{QUERY}\n```\n",
    "literal.toml": f"[rule]\nname = 'Odd'\nquery = '''\n{QUERY}\n'''\n",
    "literal_first_line.toml": f"[rule]\nquery = '''{QUERY}'''\nname = 'Odd'\n",
    "crlf_literal.toml": f"[rule]\nquery = '''\n{QUERY}\n'''\n".replace("\n", "\r\n"),
    "basic.toml": f"[rule]\nquery = {basic('')} # = 3\n",
    "multiline_basic.toml": f'[rule]\nquery = """\n{ESCAPED}\n"""\n',
    "crlf_multiline_basic.toml": f'[rule]\nquery = """\n{ESCAPED}\n"""\n'.replace("\n", "\r\n"),
    "continued.toml": '[rule]\nquery = """\\\n\n   ' + ESCAPED.replace("\n", "  \\\n\n ") + ' """\n',
    "inline.toml": f"rule = {{ name = 'query = 3', query = {basic('')}, severity = 'low' }}\n",
    "dotted.toml": f"rule.name = 'Odd'\nrule.\"query\" = '''{QUERY}'''\n",
    "decoys.toml": f"""\
# query = "a = 3"
[metadata]
query = "x = 3"
note = '''
[rule]
query = "y = 3"
'''
[[transform.osquery]]
query = "SELECT 1 = 3"
[rule]
note = \"\"\"
query = '''z = 3'''
\"\"\"
index = ["query = 3", # query = "
  '[rule]']
query = '''
{QUERY}
'''
[rule.threat_mapping]
query = "q = 3"
""",
    "export.ndjson": "\n".join(
        map(
            json.dumps,
            [
                {"rule_id": "0", "query": "any where true", "note": "= 3"},
                ASSET["attributes"],
                {"exported_count": 2},
            ],
        )
    ),
    "export_crlf.ndjson": '{"rule_id": "0", "query": "any where true"}\r\n' + json.dumps(ASSET["attributes"]) + "\r\n",
    "asset.json": json.dumps(ASSET, indent=2),
    "asset_line.json": json.dumps(ASSET, ensure_ascii=False),
    "array.json": json.dumps([{"query": "any where true"}, ASSET["attributes"]], indent=4),
    "decoys.json": json.dumps(
        {"note": "query = 3", "meta": {"query": "b = 3"}, "query": QUERY, "name": '"query": "= 3"'}
    ),
    "twice.json": '{"query": "any where x = 3", ' + json.dumps({"query": QUERY})[1:],
    "answer.json": json.dumps({"page": 1, "total": 1, "data": [{"query": QUERY}]}),
}
# The position of the error: the last `= 3` but where a decoy follows.
AFTER = {"basic.toml": 2, "decoys.toml": 2, "decoys.json": 2}


def expected_place(name: str, text: str) -> str:
    places = [place for place in range(len(text)) if text.startswith(BAD, place) and text[place - 1] not in "=!"]
    offset = places[-AFTER.get(name, 1)]
    line = text.count("\n", 0, offset) + 1
    return f"{line}:{offset - (text.rfind(chr(10), 0, offset) + 1) + 1}"


def problem_of(path) -> Diagnostic:
    (problem,) = read_rules(path).problems
    assert problem.id == "syntax-error"
    return problem


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "bom"])
def test_place_in_the_file(tmp_path, name, mark):
    text = FILES[name]
    path = tmp_path / name
    path.write_bytes((mark + text).encode())
    problem = problem_of(path)
    assert problem.location == f"{path}:{expected_place(name, text)}"
    assert "= 3" in problem.render()


@pytest.mark.parametrize("name", ["bare.eql", "page.txt", "basic.toml", "asset.json"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_place_in_a_file_as_powershell_writes_it(tmp_path, name, encoding):
    path = tmp_path / name
    path.write_bytes(("\ufeff" + FILES[name]).encode(encoding))
    assert problem_of(path).location == f"{path}:{expected_place(name, FILES[name])}"


def test_place_inside_an_archive(tmp_path):
    path = tmp_path / "rules.tar.gz"
    data = FILES["literal.toml"].encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as target:
        entry = tarfile.TarInfo("./rules/odd.toml")
        entry.size = len(data)
        target.addfile(entry, io.BytesIO(data))
    path.write_bytes(gzip.compress(buffer.getvalue()))
    assert problem_of(path).location == f"{path}/rules/odd.toml:5:24"


def test_exception_of_a_rule_names_file_and_place(tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text(FILES["literal.toml"], encoding="utf-8")
    with pytest.raises(EqlSyntaxError) as caught:
        load_rule(path).compile()
    assert f"--> {path}:5:24" in str(caught.value)


def test_elasticsearch_counts_inside_the_query(tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text(FILES["literal.toml"], encoding="utf-8")
    assert (problem_of(path).elasticsearch or "").startswith("line 2:24: ")


def test_every_problem_of_a_query_has_its_place(tmp_path):
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({"query": 'any where lenght(a) > 1 and\n"x" == lenght(b)'}), encoding="utf-8")
    assert [problem.location for problem in read_rules(path).problems] == [f"{path}:1:22", f"{path}:1:50"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[rule]\r\nname = 'x'\r\nquery = any\r\n", "3:9"),
        ("[rule]\r\nquery = '''\r\nany where true\r\n'''\r\nseverity = \"urgent\"\r\n", "5:12"),
        ('rule = { query = "any where true", risk_score = 700 }', "1:49"),
        ('rule = { name = "x" }', "1:8"),
    ],
)
def test_place_of_a_bad_setting_in_toml(tmp_path, text, place):
    path = tmp_path / "odd.toml"
    path.write_bytes(text.encode())
    assert [problem.location for problem in read_rules(path).problems] == [f"{path}:{place}"]
