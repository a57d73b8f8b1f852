"""Rule files made to cost time, memory or a line of another file: loaders are linear, and bounds are said."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable

import pytest
from tests.hostile.growth import assert_linear

from eqlite.rules.loader import load_rules
from eqlite.ruleset import read_rules

QUERY = "any where true"
RULE = "[rule]\nquery = 'any where true'\n"
REQUEST = "GET a/_eql/search\n"
PAGE = "Title\nRule type: eql\nRule license: a\n"
TERRAFORM = "elasticstack_kibana_security_detection_rule"


def objects(count: int) -> list[dict[str, object]]:
    return [{"rule_id": str(number), "query": QUERY} for number in range(count)]


def members(count: int) -> dict[str, object]:
    return {f"k{number}": 1 for number in range(count)}


def old_sparse(blocks: int) -> bytes:
    entry = tarfile.TarInfo("s.eql")
    entry.type, entry.size = b"S", 512
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[482] = 1
    header[148:156] = b"%06o\0 " % (256 + sum(header[:148]) + sum(header[156:512]))
    extension = b"".join(b"1" * 504 + bytes((number < blocks - 1,)) + bytes(7) for number in range(blocks))
    return bytes(header) + extension + bytes(512 + 1024)


def pax_headers(count: int) -> bytes:
    content = b"6 a=b\n" * 1000
    header = tarfile.TarInfo("x")
    header.type, header.size = b"x", len(content)
    return (header.tobuf() + content + bytes(-len(content) % 512)) * count + bytes(1024)


def zip_of(count: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for number in range(count):
            target.writestr(f"{number}.md", "")
    return buffer.getvalue()


FILES: dict[str, tuple[str, Callable[[int], str | bytes], int]] = {
    "toml: many keys": ("a.toml", lambda n: RULE + "".join(f"k{i} = 1\n" for i in range(n)), 4000),
    "toml: a long key": ("a.toml", lambda n: f"{RULE}{'k' * n} = 1\n", 1_000_000),
    "toml: many tables": ("a.toml", lambda n: "".join(f"[t{i}]\n" for i in range(n)) + RULE, 3000),
    "toml: many rules": ("a.toml", lambda n: "[[rule]]\nquery = 'any where true'\n" * n, 1000),
    "toml: many queries of a hunt": (
        "a.toml",
        lambda n: f"[hunt]\nlanguage = 'EQL'\nquery = [{','.join([json.dumps('any where' + chr(9) + 'true')] * n)}]\n",
        1000,
    ),
    "toml: many values of a wrong type": ("a.toml", lambda n: f"{RULE}threat = [{'1,' * n}]\n", 10_000),
    "toml: an open string": ("a.toml", lambda n: f"[rule]\nquery = '''{chr(92) * n}", 1_000_000),
    "json: many rules": ("a.json", lambda n: json.dumps(objects(n)), 1000),
    "json: many rules in containers": ("a.json", lambda n: '{"data":' * 5 + json.dumps(objects(n)) + "}" * 5, 1000),
    "json: many members": ("a.json", lambda n: json.dumps({"query": QUERY, **members(n)}), 10_000),
    "json: many problems": ("a.json", lambda n: json.dumps({"query": 5, "tags": 1, "threat": 1, **members(n)}), 5000),
    "json: many resources": (
        "a.json",
        lambda n: json.dumps({"resource": {TERRAFORM: {str(i): {"query": QUERY} for i in range(n)}}}),
        1000,
    ),
    "json: escapes": ("a.json", lambda n: f'{{"query": "any where a == \\"{chr(92)}u0041{"x" * n}\\""}}', 500_000),
    "json: strangers": ("a.ndjson", lambda n: "{}\n" * n, 4000),
    "yaml: many keys": ("a.yml", lambda n: f"query: {QUERY}\n" + "".join(f"k{i}: 1\n" for i in range(n)), 1000),
    "yaml: many documents": ("a.yml", lambda n: f"query: {QUERY}\n---\n" * n, 500),
    "yaml: many aliases": ("a.yml", lambda n: f"a: &a {{}}\nb: [{'*a,' * n}]\nquery: {QUERY}\n", 4000),
    "yaml: a chain of merges": (
        "a.yml",
        lambda n: "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}, y{i}: 1}}\n" for i in range(1, n)),
        1000,
    ),
    "yaml: a long text": ("a.yml", lambda n: "query: |\n" + "  or a == 1\n" * n, 4000),
    "markdown: many fences": ("a.md", lambda n: f"```eql\n{QUERY}\n```\n" * n, 1000),
    "markdown: a heading with blanks": ("a.md", lambda n: f"# a{' ' * n}b\n```eql\n{QUERY}\n```\n", 500_000),
    "markdown: a line of marks": ("a.md", lambda n: f"{'`' * n}\n{' ' * n}```eql\n{QUERY}\n```\n", 500_000),
    "console: many requests": ("a.txt", lambda n: f'{REQUEST}{{"query": "{QUERY}"}}\n' * n, 500),
    "console: requests without a body": ("a.txt", lambda n: REQUEST * n, 10_000),
    "console: bodies without an end": ("a.txt", lambda n: f'{REQUEST}{{"query": 1\n' * n, 1000),
    "console: many quotes": ("a.txt", lambda n: REQUEST + '{"query": """' + '"" ' * n, 5000),
    "console: a long index": ("a.txt", lambda n: f'{"a" * n}/_eql/search\n{{"query": "{QUERY}"}}', 1_000_000),
    "page: many labels": ("a.txt", lambda n: PAGE + "Tags:\n- x\n" * n, 2000),
    "page: many threats": ("a.txt", lambda n: f"{PAGE}{QUERY}\n" + "Framework: x\nTactic:\nTechnique:\n" * n, 2000),
    "page: a long line": ("a.txt", lambda n: f"{PAGE}{chr(42) * 2 * n}\n", 100_000),
    "asciidoc: many blocks": ("a.adoc", lambda n: f"[source,eql]\n----\n{QUERY}\n----\n" * n, 500),
    "asciidoc: blocks without an end": ("a.adoc", lambda n: "[source,eql]\n....\n[source,eql]\n----\n" * n, 1000),
    "asciidoc: many links": ("a.adoc", lambda n: f"*Rule type*: eql\n*References*:\n\n* {'http://a' * n}", 100_000),
    "text: comments": ("a", lambda n: f"{'/*' * n}{chr(10) * n}", 100_000),
    "text: blanks": ("a", lambda n: (" " * 90 + "\n") * n, 3000),
    "tar: many entries": ("a.tar", lambda n: tarfile.TarInfo("x").tobuf() * n + bytes(1024), 1000),
    "tar: a sparse map": ("a.tar", old_sparse, 10_000),
    "tar: pax headers": ("a.tar", pax_headers, 20),
    "zip: many entries": ("a.zip", zip_of, 500),
}


@pytest.mark.parametrize("name", FILES)
def test_loading_takes_time_by_the_size_of_the_file(tmp_path, name):
    file, make, count = FILES[name]
    paths = {}

    def load(size: int) -> None:
        if size not in paths:
            paths[size] = tmp_path / str(size) / file
            paths[size].parent.mkdir()
            content = make(size)
            paths[size].write_bytes(content if isinstance(content, bytes) else content.encode())
        load_rules(str(paths[size]))

    assert_linear(load, count // 2)


@pytest.mark.parametrize("form", ["ndjson", "json"])
def test_messages_of_one_file_take_time_by_their_number(tmp_path, form):
    found = {}

    def render(count: int) -> None:
        if count not in found:
            rules = [{"name": str(number), "query": QUERY, "severity": "x"} for number in range(count)]
            text = json.dumps(rules) if form == "json" else "".join(json.dumps(rule) + "\n" for rule in rules)
            (tmp_path / f"{count}.{form}").write_text(text)
            found[count] = read_rules(tmp_path / f"{count}.{form}").file_problems
            assert len(found[count]) == count
        for problem in found[count]:
            problem.render()

    assert_linear(render, 500)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("a.yml", "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 99)), "10 times"),
        ("a.yml", f"a: &a {'x' * 5000}\nb: [{'*a, ' * 5000}]\n", "10 times"),
        ("a.yml", "[" * 5000, "deep|depth"),
        ("a.yml", "- " * 5000, "deep|depth"),
        ("a.json", "[" * 100_000, "beyond all use"),
        ("a.json", '{"data": [' * 100_000, "beyond all use"),
        ("a.json", f'{{"query": {"9" * 5000}}}', "beyond all use"),
        ("a.toml", f"[rule]\na = {'[' * 5000}", "beyond all use"),
        ("a.toml", f"[rule]\n{'a.' * 5000}b = 1", "beyond all use"),
        ("a.toml", f"[rule]\na = {'9' * 5000}", "beyond all use"),
        ("a.txt", f"{REQUEST}{'{' * 100_000}", "not JSON"),
    ],
)
def test_file_that_stands_for_too_much_is_a_problem(tmp_path, file, text, message):
    (tmp_path / file).write_text(text)
    (problem,) = load_rules(tmp_path / file).problems
    assert problem.id == "bad-rule-file"
    assert any(part in problem.message for part in message.split("|"))


def test_containers_within_containers_end(tmp_path):
    (tmp_path / "a.json").write_text('{"data":' * 100 + json.dumps({"query": QUERY}) + "}" * 100)
    assert [problem.id for problem in load_rules(tmp_path / "a.json").problems] == ["bad-rule-file"]


def test_pax_header_of_digits_ends(tmp_path):
    content = b"9" * 1000
    header = tarfile.TarInfo("x")
    header.type, header.size = b"x", len(content)
    (tmp_path / "a.tar").write_bytes(header.tobuf() + content.ljust(1024, b"\0") + tarfile.TarInfo("y").tobuf())
    (problem,) = load_rules(tmp_path).problems
    assert problem.message.endswith("a pax header is damaged")
