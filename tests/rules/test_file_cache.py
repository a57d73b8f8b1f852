"""What the cache keeps of archives: all that they hold, so that they need not be unpacked."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
import threading
import zipfile
from pathlib import Path

import msgspec
import pytest

from eqlite.cache.store import Store
from eqlite.rules.file_cache import RuleFileCache, archive_key
from eqlite.rules.model import LoadedRules
from eqlite.ruleset import read_rules

ESCAPED = '[rule]\nname = "escaped"\nquery = "any where a == \\"é\\" and stringContains(b, \\"*\\")"\n'
LINES = [{"rule_id": str(n), "name": f"rule {n}", "query": f'any where a == {n} and b == "\\t"'} for n in range(2)]
MEMBERS = {
    "rules/escaped.toml": ESCAPED,
    "rules/nameless.toml": "[rule]\nquery = '''\nany where a == 1\n'''\n",
    "./rules/bare.eql": "any where process.name == null",
    "rules/export.ndjson": "\n".join(map(json.dumps, LINES)),
    "rules/other.toml": '[rule]\nname = "other"\nquery = "a: 1"\ntype = "query"\nlanguage = "kuery"\n',
    "rules/empty.toml": 'title = "no rule"\n',
    "rules/\x1b[2J.eql": "any where true",
    "rules/LICENSE.txt": "no rule",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the cache, which is not there yet; the working directory is that of the archives."""
    folder = tmp_path / "cache" / "eqlite"
    monkeypatch.setenv("EQLITE_CACHE_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def write_tar(path: Path, members: dict[str, str], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, text in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def write_zip(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def told(path: Path | str, *, cache: bool = True) -> tuple[object, ...]:
    """Return all that there is to see of the rules of an archive."""
    rules = read_rules(path, cache=cache)
    compiled, problems = rules.compile_with_problems()
    said = [(query.text, query.plan, query.diagnostics) for _, query in compiled]
    return list(rules), [rule.settings for rule in rules], rules.skipped, rules.problems, said, problems


def kept(path: Path | str) -> LoadedRules | None:
    """Return what the cache has of an archive."""
    return RuleFileCache((os.path.realpath(path),)).find_archive(archive_key(Path(path).read_bytes()), os.fspath(path))


@pytest.mark.parametrize("write", [write_tar, write_zip])
@pytest.mark.parametrize("name", ["pack.tar.gz", "PACK.TAR", "a b.zip"])
def test_an_archive_is_equal_with_no_cold_and_warm_cache(folder, tmp_path, write, name):
    path = write(tmp_path / name, MEMBERS)
    plain = told(path, cache=False)
    assert len(plain[0]) == 6
    assert len(plain[2]) == 2
    assert kept(path) is None
    assert told(path) == plain
    assert kept(path) is not None
    assert told(path) == plain


def test_an_archive_under_another_path_has_its_present_path(folder, tmp_path):
    path = write_tar(tmp_path / "pack.tar.gz", MEMBERS)
    told(path)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert told("pack.tar.gz") == told("pack.tar.gz", cache=False) != told(path, cache=False)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_messages_point_into_the_file_inside_the_archive(folder, tmp_path):
    path = write_tar(tmp_path / "pack.tar.gz", MEMBERS)
    for _ in range(2):
        compiled = read_rules(path, cache=True).compile()
        (warning,) = next(query.diagnostics for rule, query in compiled if rule.name == "escaped")
        assert warning.source.name == f"{path}/rules/escaped.toml"
        assert warning.source.document == ESCAPED
        assert warning.source.position(warning.span.start).line == 3


def test_a_changed_archive_is_read_again(folder, tmp_path):
    path = write_tar(tmp_path / "pack.tar.gz", MEMBERS)
    told(path)
    write_tar(path, {**MEMBERS, "rules/new.eql": "any where b == 8"})
    assert kept(path) is None
    assert told(path) == told(path, cache=False)
    assert len(read_rules(path, cache=True)) == 7


@pytest.mark.parametrize(
    "members",
    [
        {**MEMBERS, "broken.toml": "[rule\n"},
        {"rules/times.toml": '[rule]\nquery = "any where true"\nupdated = 2024-01-01\n'},
        {"rules/large.toml": '[rule]\nquery = "any where true"\nn = 99999999999999999999999\n'},
        {"readme.md": "nothing"},
        {},
    ],
    ids=["broken", "times", "large number", "no rule", "nothing"],
)
def test_an_archive_that_fits_only_in_part_is_equal_each_time(folder, tmp_path, members):
    path = write_tar(tmp_path / "pack.tar.gz", members)
    plain = told(path, cache=False)
    assert [told(path) for _ in range(2)] == [plain] * 2


def test_an_archive_without_rules_is_reported_only_if_named(folder, tmp_path):
    (tmp_path / "rules").mkdir()
    write_tar(tmp_path / "rules" / "pack.tar", {"readme.md": ""}, "w")
    for cache in (False, True, True):
        assert read_rules("rules", cache=cache).problems == ()
        assert [problem.id for problem in read_rules("rules/pack.tar", cache=cache).problems] == ["bad-rule-file"]


def test_rules_before_the_damage_of_an_archive_load_each_time(folder, tmp_path):
    path = write_tar(tmp_path / "pack.tar", {f"{n}.eql": f"any where a == {n}" for n in range(50)}, "w")
    path.write_bytes(path.read_bytes()[:20_100])
    plain = told(path, cache=False)
    assert len(plain[0]) > 10
    assert len(plain[3]) == 1
    assert [told(path) for _ in range(2)] == [plain] * 2


@pytest.mark.parametrize("data", [gzip.compress(ESCAPED.encode()), b"any where true", b"", b"PK\x03\x04"])
def test_an_archive_in_name_only_is_equal_each_time(folder, tmp_path, data):
    path = tmp_path / "rule.tar.gz"
    path.write_bytes(data)
    plain = told(path, cache=False)
    assert [told(path) for _ in range(2)] == [plain] * 2


@pytest.mark.parametrize(
    "content",
    [
        [],
        [["text"], [["a.eql", {"query": "any where true"}, None, 1]], []],  # there is no such text
        [["text"], [["a.toml", {"name": "a"}, None, 0]], []],  # no query
        [["text"], [], [["rule", 1, "a.eql"]]],
        {"texts": []},
    ],
)
def test_an_archive_is_read_again_if_the_cache_holds_another(folder, tmp_path, content):
    path = write_tar(tmp_path / "pack.tar.gz", MEMBERS)
    told(path)
    store = Store(("files", os.path.realpath(path)))
    assert store.read() is not None
    store.write(msgspec.msgpack.encode({archive_key(path.read_bytes()): content}))
    assert told(path) == told(path, cache=False)
    assert kept(path) is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_an_archive_out_of_a_pipe_is_read_and_not_kept(folder, tmp_path):
    data = write_tar(tmp_path / "pack.tar", MEMBERS, "w").read_bytes()
    os.mkfifo(tmp_path / "pipe.tar")
    for _ in range(2):
        writing = threading.Thread(target=(tmp_path / "pipe.tar").write_bytes, args=(data,))
        writing.start()
        assert len(read_rules(tmp_path / "pipe.tar", cache=True)) == 6
        writing.join()


def test_archives_beside_other_files(folder, tmp_path):
    (tmp_path / "rules").mkdir()
    write_tar(tmp_path / "rules" / "pack.tar", {"a.eql": "any where a == 1"}, "w")
    shutil.copy(tmp_path / "rules" / "pack.tar", tmp_path / "rules" / "again.tar")
    (tmp_path / "rules" / "b.eql").write_text("any where b == 1", encoding="utf-8")
    plain = told("rules", cache=False)
    assert [told("rules") for _ in range(2)] == [plain] * 2
    (tmp_path / "rules" / "b.eql").write_text("any where b == 2", encoding="utf-8")
    assert [told("rules") for _ in range(2)] == [told("rules", cache=False)] * 2
