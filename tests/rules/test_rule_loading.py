import gzip
import io
import json
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard

from eqlite.errors import RuleError
from eqlite.rules.loaders import archive
from eqlite.rules.loading import load_rule, load_rules

TOML = '[rule]\nname = "{name}"\nrule_id = "{name}"\nquery = "any where true"\n'


def toml(name: str) -> str:
    return TOML.format(name=name)


def tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as target:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            target.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return buffer.getvalue()


FILES = {
    "./rules/b.toml": toml("b").encode(),
    "rules/deep/a.toml": toml("a").encode(),
    "rules/bare.eql": b"process where true",
    "LICENSE.txt": b"Some licence",
    "rules/x.test.toml": b"[[test]]",
    "__MACOSX/._a.toml": b"\0\1",
    ".git/config.toml": b"x",
}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("r.tar", tar(FILES)),
        ("r.tar.gz", gzip.compress(tar(FILES))),
        ("r.tgz", gzip.compress(tar(FILES))),
        ("r.tar.zst", zstandard.compress(tar(FILES))),
        ("r.zip", zipped(FILES)),
        ("misnamed.toml", gzip.compress(tar(FILES))),
    ],
)
def test_archives_are_read_where_they_lie(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    loaded = load_rules(tmp_path / name)
    assert [rule.name for rule in loaded.rules] == ["b", "a", "bare"]
    assert loaded.rules[0].source.name == f"{tmp_path / name}/rules/b.toml"
    assert (loaded.skipped, loaded.problems) == ([], [])
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_directory_is_read_in_the_order_of_names(tmp_path):
    (tmp_path / "z").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "g.toml").write_text(toml("g"))
    (tmp_path / "z" / "c.toml").write_text(toml("c"))
    (tmp_path / "b.eql").write_text("any where true")
    (tmp_path / "a.toml").write_text(toml("a"))
    (tmp_path / "a.test.toml").write_text("[[test]]")
    (tmp_path / "d.zip").write_bytes(zipped({"d.toml": toml("d").encode()}))
    (tmp_path / "e.ndjson.gz").write_bytes(gzip.compress(json.dumps({"query": "any where true"}).encode()))
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "readme.md").write_text("nothing")
    loaded = load_rules(tmp_path)
    assert [rule.name for rule in loaded.rules] == ["a", "b", "d", "e", "c"]
    assert (loaded.skipped, loaded.problems) == ([], [])


def test_glob(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.toml").write_text(toml(name))
    assert [rule.name for rule in load_rules(str(tmp_path / "*.toml")).rules] == ["a", "b"]


def test_file_named_twice_is_read_once(tmp_path):
    (tmp_path / "a.toml").write_text(toml("a"))
    loaded = load_rules(tmp_path, tmp_path / "a.toml", str(tmp_path / "*.toml"))
    assert (len(loaded.rules), loaded.problems) == (1, [])


def test_all_problems_of_all_files_and_the_good_rules(tmp_path):
    (tmp_path / "a.toml").write_text(toml("a") + 'severity = "x"\nrisk_score = 700\n')
    (tmp_path / "b.toml").write_text("[rule\n")
    (tmp_path / "c.toml").write_bytes(b"[rule]\nname = '\xff'\n")
    (tmp_path / "d.eql").write_text(" \n")
    (tmp_path / "e.tar.gz").write_bytes(gzip.compress(tar({"x.toml": toml("x").encode() * 1000}))[:-30])
    (tmp_path / "f.toml").write_text(toml("f"))
    loaded = load_rules(tmp_path, tmp_path / "none.toml", str(tmp_path / "*.none"))
    assert [rule.name for rule in loaded.rules] == ["f"]
    assert [(problem.id, problem.location.removeprefix(str(tmp_path) + "/")) for problem in loaded.problems] == [
        ("bad-rule-field", "a.toml:5:12"),
        ("bad-rule-field", "a.toml:6:14"),
        ("bad-rule-file", "b.toml:1:6"),
        ("bad-rule-file", "c.toml"),
        ("bad-rule-file", "d.eql:1:1"),
        ("unreadable-file", "e.tar.gz"),
        ("unreadable-file", "none.toml"),
        ("unreadable-file", "*.none"),
    ]


def test_two_rules_with_one_id_are_both_used_with_a_warning(tmp_path):
    (tmp_path / "a.toml").write_text(toml("a"))
    (tmp_path / "b.toml").write_text(toml("a"))
    (tmp_path / "c.eql").write_text("any where true")
    (tmp_path / "d.eql").write_text("any where true")
    loaded = load_rules(tmp_path)
    assert len(loaded.rules) == 4
    (problem,) = loaded.problems
    assert (problem.id, problem.is_error, problem.file) == ("duplicate-rule", False, str(tmp_path / "b.toml"))


def test_nothing_to_load_is_a_problem(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.zip").write_bytes(zipped({"readme.md": b""}))
    loaded = load_rules(tmp_path / "empty", tmp_path / "empty.zip")
    assert [problem.id for problem in loaded.problems] == ["bad-rule-file", "bad-rule-file"]


def test_bare_file_is_the_query(tmp_path):
    text = "// about it\r\nprocess where true\r\n"
    path = tmp_path / "odd one.eql"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    rule = load_rule(path)
    assert (rule.name, rule.query, rule.rule_id) == ("odd one", text, None)
    assert rule.source.position(text.index("process")).line == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [("a", toml("a")), ("a.txt", "process where true"), ("a.rule", json.dumps({"query": "any where true"}))],
)
def test_format_is_told_by_content_where_the_name_does_not_say(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert load_rule(str(tmp_path / name)).query.endswith("where true")


def test_text_of_one_line_is_a_query():
    rule = load_rule("process where true")
    assert (rule.name, rule.query, rule.source.name) == ("query", "process where true", None)


@pytest.mark.parametrize("given", ["none.toml", "rules/none", "my rules/none.toml", ""])
def test_missing_file_is_not_taken_for_a_query(given):
    with pytest.raises(RuleError) as caught:
        load_rule(given)
    assert [problem.id for problem in caught.value.diagnostics] == ["unreadable-file"]


def test_load_rule_takes_exactly_one(tmp_path):
    lines = [{"query": "any where true", "name": "a"}, {"query": "x", "type": "query", "name": "kql"}]
    (tmp_path / "two.ndjson").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "kql.json").write_text(json.dumps(lines[1]))
    with pytest.raises(RuleError, match="holds 2 rules, not one"):
        load_rule(tmp_path / "two.ndjson")
    with pytest.raises(RuleError, match="a custom query rule"):
        load_rule(tmp_path / "kql.json")


def test_broken_rule_raises_with_its_problems():
    with pytest.raises(RuleError) as caught:
        load_rule(toml("a") + 'severity = "x"\n')
    assert [problem.id for problem in caught.value.diagnostics] == ["bad-rule-field"]
    assert "severity" in str(caught.value)


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="no /dev/fd on this system")
def test_rule_is_read_from_a_pipe():
    reader, writer = os.pipe()
    os.write(writer, toml("a").encode())
    os.close(writer)
    try:
        assert load_rule(f"/dev/fd/{reader}").name == "a"
    finally:
        os.close(reader)


def test_rule_survives_pickling():
    rule = load_rule(toml("a"))
    assert pickle.loads(pickle.dumps(rule)) == rule


@pytest.mark.parametrize("pack", [tar, zipped, lambda files: gzip.compress(tar(files))])
def test_archive_over_the_limits_is_refused(tmp_path, monkeypatch, pack):
    path = tmp_path / "r.archive"
    path.write_bytes(pack({f"{number}.toml": toml(str(number)).encode() for number in range(20)}))
    monkeypatch.setattr(archive, "MAX_ENTRIES", 10)
    assert [problem.id for problem in load_rules(path).problems] == ["unreadable-file"]
    monkeypatch.setattr(archive, "MAX_ENTRIES", 100)
    assert load_rules(path).problems == []
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 1000)
    assert [problem.id for problem in load_rules(path).problems] == ["unreadable-file"]


def test_links_in_an_archive_are_passed_over(tmp_path):
    with tarfile.open(tmp_path / "r.tar", "w") as target:
        for name, kind in (("../a.toml", tarfile.SYMTYPE), ("b.toml", tarfile.LNKTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            target.addfile(entry)
        entry = tarfile.TarInfo("../../c.toml")
        data = toml("c").encode()
        entry.size = len(data)
        target.addfile(entry, io.BytesIO(data))
    assert [rule.name for rule in load_rules(tmp_path / "r.tar").rules] == ["c"]


@pytest.mark.parametrize("data", [b"PK\x03\x04 no zip", b"\x1f\x8b no gzip", b"\x28\xb5\x2f\xfd no zstd", b""])
def test_damaged_file_is_a_problem(tmp_path, data):
    (tmp_path / "r.toml").write_bytes(data)
    assert len(load_rules(tmp_path / "r.toml").problems) == 1
