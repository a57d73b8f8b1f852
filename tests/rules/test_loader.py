"""Loading of rules from files, folders, globs and archives."""

import contextlib
import gzip
import io
import json
import os
import pickle
import tarfile
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from eqlite.errors import EqlError, RuleError
from eqlite.rules import loader
from eqlite.rules.formats.settings import NotARule, RuleFile
from eqlite.rules.formats.toml import load_toml
from eqlite.rules.loader import load_rule, load_rules
from eqlite.rules.model import LoadedRules

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
    assert [rule.name for rule in loaded.rules] == ["a", "f"]
    assert [(problem.id, problem.location.removeprefix(str(tmp_path) + "/")) for problem in loaded.problems] == [
        ("odd-rule-field", "a.toml:5:12"),
        ("odd-rule-field", "a.toml:6:14"),
        ("bad-rule-file", "b.toml:1:6"),
        ("bad-rule-file", "c.toml"),
        ("bad-rule-file", "d.eql:1:1"),
        ("unreadable-file", "e.tar.gz/x.toml"),
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
    assert problem.message.endswith("is that of two rules, both called `a`")


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
        load_rule(toml("a") + "timestamp_field = 5\n")
    assert [problem.id for problem in caught.value.diagnostics] == ["bad-rule-field"]
    assert "timestamp_field" in str(caught.value)


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
    assert load_rules(path).problems == []
    monkeypatch.setattr(loader, "MAX_RULE_ARCHIVE_BYTES", 1000)
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


# --- hostile input ----------------------------------------------------------------------------------------------------


def tar_of(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as target:
        for entry, data in entries:
            entry.size = len(data)
            target.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def entry_of(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, link
    return entry


def test_names_in_an_archive_are_never_paths(tmp_path):
    (tmp_path / "secret.toml").write_text(toml("secret"))
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "r.tar"
    names = [str(tmp_path / "secret.toml"), "../secret.toml", "a/../../secret.toml"]
    path.write_bytes(tar_of(*((entry_of(name), toml(f"in{number}").encode()) for number, name in enumerate(names))))
    loaded = load_rules(path)
    assert [rule.name for rule in loaded.rules] == ["in0", "in1", "in2"]
    assert all(rule.source.name.startswith(f"{path}/") for rule in loaded.rules)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_links_and_devices_in_a_tar_are_passed_over(tmp_path, kind):
    (tmp_path / "secret.toml").write_text(toml("secret"))
    path = tmp_path / "r.tar"
    link = entry_of("link.toml", kind, str(tmp_path / "secret.toml"))
    path.write_bytes(tar_of((link, b""), (entry_of("a.toml"), toml("a").encode())))
    loaded = load_rules(path)
    assert ([rule.name for rule in loaded.rules], loaded.problems) == (["a"], [])


def test_links_in_a_zip_are_passed_over(tmp_path):
    link = zipfile.ZipInfo("link.toml")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as target:
        target.writestr(link, "/etc/passwd")
        target.writestr("a.toml", toml("a"))
    loaded = load_rules(tmp_path / "r.zip")
    assert ([rule.name for rule in loaded.rules], loaded.problems) == (["a"], [])


def test_name_in_an_archive_cannot_command_the_terminal(tmp_path):
    (tmp_path / "r.tar").write_bytes(tar({"\x1b[2J\n.toml": b"[rule"}))
    (problem,) = load_rules(tmp_path / "r.tar").problems
    assert problem.location == f"{tmp_path / 'r.tar'}/\ufffd[2J\ufffd.toml:1:6"


@pytest.mark.parametrize("name", ["bomb.toml.gz", "bomb.tar.gz", "bomb.zip", "bomb.tar.zst"])
def test_bombs_are_not_unpacked(tmp_path, monkeypatch, name):
    monkeypatch.setattr(loader, "MAX_RULE_ARCHIVE_BYTES", 1 << 20)
    files = {"a.toml": toml("a").encode(), "big.toml": b"#" * (3 << 20)}
    data = {
        "bomb.toml.gz": lambda: gzip.compress(files["big.toml"]),
        "bomb.tar.gz": lambda: gzip.compress(tar(files)),
        "bomb.zip": lambda: zipped(files),
        "bomb.tar.zst": lambda: zstandard.compress(tar(files)),
    }[name]()
    (tmp_path / name).write_bytes(data)
    assert [problem.message.rpartition(": ")[2] for problem in load_rules(tmp_path).problems] == [
        "more than 1 MiB of data"
    ]


def test_zip_whose_sizes_lie_gives_no_more_than_they_say(tmp_path):
    data = bytearray(zipped({"a.toml": b"#" * (64 << 20)}))
    size = (64 << 20).to_bytes(4, "little")
    assert data.count(size) == 2
    (tmp_path / "r.zip").write_bytes(data.replace(size, (100).to_bytes(4, "little")))
    tracemalloc.start()
    try:
        (problem,) = load_rules(tmp_path / "r.zip").problems
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert problem.id == "unreadable-file"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packings_in_a_zip_are_told(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as target:
        target.writestr("a.toml", toml("a"))
        target.writestr("b.toml", toml("b"), method)
    loaded = load_rules(tmp_path / "r.zip")
    assert [rule.name for rule in loaded.rules] == ["a"]
    assert [reason for _, reason, _ in loaded.passed_over] == ["neither stored nor deflated, which is not read"]


def test_damaged_header_in_a_tar_is_not_its_end(tmp_path):
    data = bytearray(tar({"a.toml": toml("a").encode(), "b.toml": toml("b").encode()}))
    data[1024 + 150] ^= 1
    (tmp_path / "r.tar").write_bytes(data)
    loaded = load_rules(tmp_path)
    assert [rule.name for rule in loaded.rules] == ["a"]
    assert [problem.id for problem in loaded.problems] == ["unreadable-file"]


@given(st.binary(max_size=60), st.sampled_from(["a.toml", "a.eql", "a.json", "a.ndjson", "a.txt", "a"]))
def test_any_bytes_are_a_rule_or_a_problem(data, name):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        loaded = load_rules(path)
    assert len(loaded.rules) + len(loaded.skipped) + len(loaded.problems) >= 1


TEXTS = st.text(st.sampled_from('[]{}"\'=\\#.,:\n\r \t-a1é"""rule query')) | st.text()


@given(TEXTS, TEXTS)
def test_any_toml_is_scanned_as_tomllib_reads_it(before, after):
    text = f"{before}\n[rule]\nquery = 'any where true'\n{after}"
    loaded = LoadedRules()
    with contextlib.suppress(NotARule):
        load_toml(RuleFile(text), loaded)
    for rule in loaded.rules:
        assert rule.source.document is not None
        start = rule.source.document_offset(0)
        assert rule.source.document[start : start + len(rule.query)] == rule.query


# --- the shapes of paths ----------------------------------------------------------------------------------------------


def test_glob_takes_files_and_folders(tmp_path):
    for folder in ("linux", "windows"):
        (tmp_path / "rules" / folder).mkdir(parents=True)
        (tmp_path / "rules" / folder / "a.toml").write_text(toml(folder))
    (tmp_path / "rules" / "b.toml").write_text(toml("b"))
    loaded = load_rules(str(tmp_path / "rules" / "*"))
    assert [rule.name for rule in loaded.rules] == ["b", "linux", "windows"]
    assert loaded.problems == []
    assert len(load_rules(str(tmp_path / "**")).rules) == 3


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="every folder can be read")
def test_folder_that_cannot_be_read_is_a_problem(tmp_path):
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut" / "a.toml").write_text(toml("a"))
    (tmp_path / "b.toml").write_text(toml("b"))
    (tmp_path / "shut").chmod(0)
    try:
        loaded = load_rules(tmp_path)
    finally:
        (tmp_path / "shut").chmod(0o700)
    assert [rule.name for rule in loaded.rules] == ["b"]
    assert [(problem.id, problem.file) for problem in loaded.problems] == [("unreadable-file", str(tmp_path / "shut"))]


def test_link_to_nowhere_is_a_problem(tmp_path):
    (tmp_path / "a.toml").symlink_to(tmp_path / "none")
    (tmp_path / "b.toml").write_text(toml("b"))
    (tmp_path / "c.toml").symlink_to(tmp_path / "b.toml")
    loaded = load_rules(tmp_path)
    assert [rule.name for rule in loaded.rules] == ["b"]
    assert [problem.id for problem in loaded.problems] == ["unreadable-file"]


@pytest.mark.parametrize("given", ["a\0b", "x" * 5000, "a\0b.toml", "[", "[!", "\ud800"])
def test_impossible_paths_are_problems(given):
    assert [problem.id for problem in load_rules(given).problems] == ["unreadable-file"]


def test_a_folder_lists_files_without_rules_but_no_notes(tmp_path):
    (tmp_path / "package.json").write_text('{"name": "x"}')
    (tmp_path / "_deprecated.toml").write_text("[other]\n")
    (tmp_path / "LICENSE.txt").write_text("Rules: see below\n")
    (tmp_path / "a.toml").write_text(toml("a"))
    loaded = load_rules(tmp_path)
    assert sorted(Path(skipped.rule).name for skipped in loaded.skipped) == ["_deprecated.toml", "package.json"]
    assert loaded.problems == []


def test_json_of_utf16_is_read(tmp_path):
    (tmp_path / "a.ndjson").write_bytes(
        json.dumps({"query": "any where true", "name": "é"}, ensure_ascii=False).encode("utf-16")
    )
    assert load_rule(tmp_path / "a.ndjson").name == "é"


def test_a_rule_is_loaded_from_a_path_or_a_text():
    with pytest.raises(EqlError, match="this is a NoneType"):
        load_rule(None)
