"""Which files of folders, globs and archives are read, and what is said of the others."""

import io
import os
import socket
import tarfile
from pathlib import Path

import pytest

from eqlite.rules.loader import load_rules
from eqlite.rules.model import LoadedRules

QUERY = "any where true"
SECRET = "password = 'hunter2'"
LEAVES = "a link that leaves the folder, which is not followed"
TO_FOLDER = "a link to a folder, which is not followed"
NO_FILE = "no plain file, which is not opened"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.eql").write_text(SECRET)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.eql").write_text(SECRET)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.eql").write_text(QUERY)
    return tmp_path / "rules"


def told(loaded: LoadedRules) -> str:
    return repr([(problem.render(), problem.source) for problem in loaded.problems])


def passed_over(loaded: LoadedRules) -> list[tuple[str, str]]:
    return [(Path(each.rule).name, each.reason) for each in loaded.passed_over]


@pytest.mark.parametrize("pattern", ["", "*", "**", "*.eql"])
def test_links_that_leave_a_folder_are_not_followed(folder, pattern):
    (folder / "b.eql").symlink_to("../secret.eql")
    (folder / "c.eql").symlink_to(folder.parent / "secret.eql")
    (folder / "d.eql").symlink_to("c.eql")
    loaded = load_rules(folder / pattern)
    assert [rule.name for rule in loaded.rules] == ["a"]
    assert set(passed_over(loaded)) == {(f"{name}.eql", LEAVES) for name in "bcd"}
    assert "hunter2" not in told(loaded)


def test_link_within_a_folder_is_followed_and_read_once(folder):
    (folder / "z.eql").symlink_to("a.eql")
    loaded = load_rules(folder)
    assert [rule.name for rule in loaded.rules] == ["a"]
    assert passed_over(loaded) == []


@pytest.mark.parametrize("pattern", ["", "*"])
def test_links_to_folders_are_named(folder, pattern):
    (folder / "more").symlink_to("../out")
    loaded = load_rules(folder / pattern)
    assert len(loaded.rules) == 1
    assert passed_over(loaded) in ([("more", TO_FOLDER)], [("more", LEAVES)])
    assert "hunter2" not in told(loaded)


def test_link_that_is_named_outright_is_followed(folder):
    (folder.parent / "link.eql").symlink_to("rules/a.eql")
    (folder.parent / "link").symlink_to("rules")
    assert len(load_rules(folder.parent / "link.eql").rules) == 1
    assert len(load_rules(folder.parent / "link").rules) == 1


def test_dangling_and_endless_links_are_named(folder):
    (folder / "b.eql").symlink_to("none.eql")
    (folder / "c.eql").symlink_to("c.eql")
    loaded = load_rules(folder)
    assert len(loaded.rules) == 1
    assert [problem.id for problem in loaded.problems] == ["unreadable-file"] * 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
@pytest.mark.parametrize("pattern", ["", "*"])
def test_fifos_and_sockets_in_a_folder_are_not_opened(folder, pattern, monkeypatch):
    os.mkfifo(folder / "b.eql")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("c.toml")
        loaded = load_rules(folder / pattern)
    assert len(loaded.rules) == 1
    assert passed_over(loaded) == [("b.eql", NO_FILE), ("c.toml", NO_FILE)]


def test_device_behind_a_link_is_not_opened(folder):
    (folder / "b.eql").symlink_to("/dev/zero")
    assert passed_over(load_rules(folder)) == [("b.eql", LEAVES)]


def test_every_file_of_a_folder_is_read_or_named(folder):
    for name in ("b.py", "LICENSE", "x.test.toml", "notes.txt", ".hidden", "c.ndjson"):
        (folder / name).write_text("{}")
    loaded = load_rules(folder)
    assert sorted(passed_over(loaded)) == [
        ("LICENSE", "the name is that of no rule file"),
        ("b.py", "the name is that of no rule file"),
        ("notes.txt", "no rule in any form"),
        ("x.test.toml", "tests of rules"),
    ]
    assert [Path(each.rule).name for each in loaded.skipped] == ["c.ndjson"]


def test_every_member_of_an_archive_is_read_or_named(tmp_path):
    with tarfile.open(tmp_path / "r.tar", "w") as archive:
        for name in ("a.eql", "b.py", ".git/x.eql"):
            entry = tarfile.TarInfo(name)
            entry.size = len(QUERY)
            archive.addfile(entry, io.BytesIO(QUERY.encode()))
        link = tarfile.TarInfo("c.eql")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    loaded = load_rules(tmp_path)
    assert [rule.name for rule in loaded.rules] == ["a"]
    assert passed_over(loaded) == [
        ("b.py", "the name is that of no rule file"),
        ("c.eql", "a link, which is not read"),
    ]


def test_url_is_recognised_wherever_it_stands():
    for path in ("https://example.com/rules.zip", "s3://bucket/*.toml"):
        (problem,) = load_rules(path).problems
        assert "a URL" in problem.message
        assert problem.help is not None
