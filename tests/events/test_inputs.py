"""Folders, archives and files of other forms: what is read, what is passed over, and what is said of it.

Covers `events/contents.py`, `events/foreign.py`.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import tarfile
import zipfile
from pathlib import Path

import pytest

from eqlite.errors import EventError
from eqlite.events.foreign import recognise
from eqlite.events.inputs import expand_input
from eqlite.events.intake import Intake, ReadStats
from eqlite.events.readers import read_events, remember_start

EVENT = b'{"n": 1}\n'


def read(*inputs: object) -> tuple[list[object], ReadStats]:
    stats = ReadStats()
    return [event["n"] for event in read_events(*inputs, stats=stats)], stats  # type: ignore[arg-type]


def tar_of(members: dict[str, bytes], mode: str = "w") -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize("name", ["a.log", "a.txt", "a.json.1", "a.ndjson-20260504", "a", "day.json.2.gz", "a.log.3"])
def test_files_of_a_folder_are_told_by_content(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(EVENT) if name.endswith(".gz") else b"starting up\n" + EVENT)
    assert read(tmp_path)[0] == [1]


def test_what_is_passed_over_is_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(EVENT)
    (tmp_path / "readme.md").write_bytes(b"# Events\n\nSome.\n")
    (tmp_path / "main.c").write_bytes(b"{\nint x;\n}\n")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "security.evtx").write_bytes(b"ElfFile\0\1\2\3")
    (tmp_path / ".hidden").write_bytes(EVENT)
    found, stats = read(tmp_path)
    assert found == [1]
    assert stats.passed_over["no JSON documents"] == [str(tmp_path / name) for name in ("empty", "main.c", "readme.md")]
    assert [paths for reason, paths in stats.passed_over.items() if "EVTX" in reason] == [
        [str(tmp_path / "security.evtx")]
    ]


def test_what_may_block_in_a_folder_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out.ndjson"
    folder.mkdir()
    outside.write_bytes(b'{"n": 9}\n')
    (folder / "a.ndjson").write_bytes(EVENT)
    os.mkfifo(folder / "fifo.ndjson")
    (folder / "link.ndjson").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "null.ndjson").symlink_to("/dev/null")
    (folder / "gone.ndjson").symlink_to(tmp_path / "gone")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket.ndjson")
        found, stats = read(folder)
    assert found == [1]
    passed_over = {Path(path).name: reason for reason, paths in stats.passed_over.items() for path in paths}
    assert passed_over == {
        "fifo.ndjson": "a FIFO",
        "socket.ndjson": "a socket",
        "link.ndjson": "a link out of the folder",
        "null.ndjson": "a link out of the folder",
        "gone.ndjson": "a link out of the folder",
        "loop": "a link to a folder",
    }
    assert [Path(str(path)).name for path in expand_input(str(folder / "f*.ndjson").replace("f*", "[fa]*"))] == [
        "a.ndjson"
    ]


def test_folder_without_events_says_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(EventError, match=r"a\.csv`: CSV"):
        read(tmp_path)


MEMBERS = {
    "logs/a.ndjson": EVENT,
    "b.log": b'{"n": 2}\n',
    "c.json.gz": gzip.compress(b'[{"n": 3}]'),
    "readme.md": b"none",
    ".DS_Store": b"{}",
    "deep.zip": zip_of({"a.json": EVENT}),
}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_tar_is_read_member_by_member(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "events.bin"
    path.write_bytes(tar_of(MEMBERS, mode))
    stats = ReadStats()
    events = list(read_events(path, stats=stats))
    assert [event["n"] for event in events] == [1, 2, 3]
    assert [event.source.file for event in events if event.source] == [
        f"{path}:{name}" for name in ("logs/a.ndjson", "b.log", "c.json.gz")
    ]
    assert stats.passed_over == {
        "no JSON documents": [f"{path}:readme.md"],
        "an archive in an archive; unpack it": [f"{path}:deep.zip"],
    }
    assert read(io.BytesIO(path.read_bytes()))[0] == [1, 2, 3]


def test_zip_is_read_member_by_member(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(zip_of(MEMBERS))
    assert read(path)[0] == [1, 2, 3]
    assert read(tmp_path)[0] == [1, 2, 3]

    class Pipe:
        data = io.BytesIO(path.read_bytes())

        def read(self, size: int) -> bytes:
            return self.data.read(min(size, 7))

    assert read(Pipe())[0] == [1, 2, 3]


def test_damaged_archive_gives_what_came_before(tmp_path: Path) -> None:
    lines = b"".join(b'{"n": %d}\n' % number for number in range(1_000))
    cut = tar_of({"a.ndjson": EVENT, "b.ndjson": lines})[:-15_000]
    (tmp_path / "cut.tar").write_bytes(cut)
    found, stats = read(tmp_path / "cut.tar")
    assert found[:5] == [1, 0, 1, 2, 3]
    assert len(stats.warnings) == 1
    assert "ends early" in stats.warnings[0].reason
    packed = bytearray(zip_of({"a.ndjson": EVENT, "b.ndjson": lines, "c.ndjson": b'{"n": 3}\n'}))
    packed[packed.find(b"b.ndjson") + 60] ^= 0xFF
    found, stats = read(io.BytesIO(bytes(packed)))
    assert (found[0], found[-1]) == (1, 3)
    assert len(stats.warnings) == 1


def test_links_in_an_archive_are_named() -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        link = tarfile.TarInfo("link.ndjson")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    stats = ReadStats()
    with pytest.raises(EventError, match="a link"):
        list(read_events(io.BytesIO(data.getvalue()), stats=stats))
    assert stats.passed_over == {"a link": ["<stream>:link.ndjson"]}


FOREIGN = {
    "EVTX": b"ElfFile\0\0\0",
    "packet capture": b"\xd4\xc3\xb2\xa1\2\0",
    "Parquet": b"PAR1\x15\4",
    "SQLite": b"SQLite format 3\0",
    "xz": b"\xfd7zXZ\0\0",
    "CSV": b'@timestamp,host.name,message\n2026,a,"x, y"\n',
    "tabs": b"time\thost\n1\t2\n",
    "Zeek": b"#separator \\x09\n#fields\tts\n",
    "Sigma": b"title: Whoami\nlogsource:\n  product: windows\ndetection:\n  selection:\n    a: b\n",
    "a rule": b"[metadata]\ncreation_date = 2026\n[rule]\nname = 'x'\n",
    "ES|QL": b'FROM logs-* METADATA _id\n| WHERE process.name == "nc"\n',
    "EQL query": b'process where process.name == "nc"\n',
    "KQL": b'event.category : "process" and process.name : nc*\n',
    "YAML": b"---\nuser: ann\nhost: b\n",
    "XML": b'<?xml version="1.0"?><Events><Event/></Events>',
    "syslog": b"May  4 08:14:41 host sshd[7]: Accepted\nMay  4 08:14:42 host sshd[7]: x\n",
    "syslog text": b"<34>1 2026-05-04T08:14:41Z host su - ID47 - msg\n",
    "CEF": b"CEF:0|Vendor|Product|1|100|x|5|src=1.1.1.1\n",
    "auditd": b"type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e\n",
    "web server": b'127.0.0.1 - - [04/May/2026:08:14:41 +0000] "GET / HTTP/1.1" 200 1\n',
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_forms_are_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "events.log"
    path.write_bytes(FOREIGN[name])
    with pytest.raises(EventError) as caught:
        read(path)
    assert name in str(caught.value)
    assert str(path) in str(caught.value)
    (tmp_path / "a.ndjson").write_bytes(EVENT)
    assert read(path, tmp_path / "a.ndjson")[0] == [1]


@pytest.mark.parametrize(
    "data", [b"", b"\n", b'{"a": 1}\n', b"[INFO] up\n", b"starting up, please wait\nnow\n", b"oops", b"a: b"]
)
def test_other_text_is_not_taken_for_a_form(data: bytes) -> None:
    assert recognise(data) is None


def test_text_with_events_in_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mixed.log"
    path.write_bytes(FOREIGN["syslog"] + EVENT)
    found, stats = read(path)
    assert (found, stats.rejected) == ([1], 2)


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("https://example.com/a.json", "`curl -s https://example.com/a.json | eqlite … -`"),
        ("s3://bucket/a.json", "`aws s3 cp s3://bucket/a.json - | eqlite … -`"),
        ("nfs://host/a.json", "copy it to a file first"),
    ],
)
def test_url_is_refused_with_what_to_do(url: str, advice: str) -> None:
    with pytest.raises(EventError, match="is a URL, and eqlite reads files") as refused:
        read(url)
    assert str(refused.value).endswith(advice)


@pytest.mark.parametrize(
    ("given", "message"),
    [({"a": 1}, "this is a dict$"), (["a.json", "b.json"], "this is a list; give several one by one$")],
)
def test_what_is_neither_path_nor_file_is_refused(given: object, message: str) -> None:
    with pytest.raises(EventError, match=message):
        read(given)


def test_large_first_lines_are_remembered_up_to_a_size(tmp_path: Path) -> None:
    path = tmp_path / "day.ndjson"
    path.write_bytes(b'{"n": "%s"}\n' % (b"x" * (1 << 20)) * 10)
    stats = ReadStats()
    assert len(list(read_events(path, stats=stats))) == 10
    assert len(stats.first_lines) == 4
    assert stats.room == 0
    stats = ReadStats()
    remember_start(str(path), Intake(stats))
    assert len(stats.first_lines) == 4


def test_first_lines_of_each_input_are_remembered(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.ndjson").write_text("\n".join(json.dumps({"n": n}) for n in range(2_000)))
    _, stats = read(tmp_path)
    files = [line.file[-8] for line in stats.first_lines]
    assert (files.count("0"), files.count("1"), files.count("2")) == (500, 250, 125)


def test_folder_of_empty_files_gives_no_event_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(b"")
    (tmp_path / "notes.md").write_bytes(b"none")
    found, stats = read(tmp_path)
    assert found == []
    assert list(stats.passed_over) == ["no JSON documents"]
