"""The readers of archives, compared with what Python's own modules write, and on damaged and hostile ones.

Covers `events/unpacking.py`.
"""

import gzip
import io
import random
import tarfile
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from eqlite.archives import BadArchive, is_tar, is_zip, tar_members, zip_members
from eqlite.events.unpacking import unpack

NAMES = st.lists(st.text(st.sampled_from("ab/é.-"), min_size=1, max_size=300), max_size=4, unique=True)
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def tar(files: dict[str, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as target:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            target.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return buffer.getvalue()


def contents(data: bytes, **options: int) -> dict[str, bytes]:
    return {name: b"".join(chunks) for name, chunks, _ in unpack(io.BytesIO(data), **options)}


def pieces(data: bytes, size: int = 7) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


FILES = {"a.json": b"1" * 700, "folder/b.json": b"", "c": bytes(range(256)) * 40}
ARCHIVES = [
    tar(FILES),
    tar(FILES, tarfile.GNU_FORMAT),
    gzip.compress(tar(FILES)),
    zstandard.compress(tar(FILES)),
    zipped(FILES),
    zipped(FILES, zipfile.ZIP_STORED),
]


@pytest.mark.parametrize("data", ARCHIVES)
def test_members_are_as_written(data):
    assert contents(data) == FILES


@pytest.mark.parametrize("data", [b"", b"{", b'{"a": 1}\n' * 200, b"\0" * 2000, b"PK", b"ustar"])
def test_what_is_no_archive_stands_for_itself(data):
    assert contents(data) == {"": data}
    assert contents(gzip.compress(data)) == {"": data}


@pytest.mark.parametrize("kind", FORMATS)
@given(names=NAMES, chunk_bytes=st.integers(1, 2000))
def test_any_tar_is_read_as_tarfile_reads_it(kind, names, chunk_bytes):
    data = b""
    for count in range(len(names), -1, -1):
        try:
            data = tar({name: bytes(len(name)) for name in names[:count]}, kind)
            break
        except ValueError:  # a name that this format cannot hold
            continue
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        expected = [(entry.name, entry.size) for entry in archive if entry.isreg()]
    found = [(name, sum(map(len, chunks))) for name, chunks, _ in tar_members(pieces(data, chunk_bytes))]
    assert [(name.rstrip("/"), size) for name, size in found] == [
        (name, size) for name, size in expected if (name, size) in [(each.rstrip("/"), count) for each, count in found]
    ]
    assert len(found) >= sum(not name.endswith("/") for name in names[: len(expected)])


def test_archive_without_a_magic_is_told_by_its_checksum():
    data = bytearray(tar({"a": b"x"}, tarfile.USTAR_FORMAT))
    data[257:265] = bytes(8)
    data[148:156] = b"%06o\0 " % (256 + sum(data[:148]) + sum(data[156:512]))
    assert is_tar(data)
    assert contents(data) == {"a": b"x"}


def test_archives_one_behind_the_other_are_one():
    assert contents(tar({"a": b"1"}) + tar({"b": b"2"})) == {"a": b"1", "b": b"2"}


def test_member_that_is_not_read_is_passed_over():
    data = tar({"a": b"1" * 5000, "b": b"2"})
    assert [name for name, _, _ in tar_members(pieces(data))] == ["a", "b"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.FIFOTYPE, "a FIFO"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.CHRTYPE, "a device"),
    ],
)
def test_what_is_no_file_in_a_tar_is_named(kind, reason):
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = kind, 600
    data = entry.tobuf() + tar({"a": b"1"})
    assert [(name, b"".join(chunks), unread) for name, chunks, unread in tar_members([data])] == [
        ("x", b"", reason),
        ("a", b"1", ""),
    ]


def old_sparse(extra_blocks: int) -> bytes:
    entry = tarfile.TarInfo("s")
    entry.type, entry.size = b"S", 512
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[482] = extra_blocks > 0
    header[148:156] = b"%06o\0 " % (256 + sum(header[:148]) + sum(header[156:512]))
    more = b"".join(b"1" * 504 + bytes((number < extra_blocks - 1,)) + bytes(7) for number in range(extra_blocks))
    return bytes(header) + more + b"x" * 512


@pytest.mark.parametrize("blocks", [0, 1, 5])
def test_sparse_file_is_named_and_the_next_is_read(blocks):
    found = [(name, b"".join(chunks), unread) for name, chunks, unread in tar_members([old_sparse(blocks), tar(FILES)])]
    assert found[0] == ("s", b"", "a sparse file")
    assert {name: data for name, data, _ in found[1:]} == FILES


def test_sparse_file_of_pax_is_named():
    entry = tarfile.TarInfo("s")
    entry.size, entry.pax_headers = 5, {"GNU.sparse.map": "0,1"}
    data = entry.tobuf(tarfile.PAX_FORMAT) + b"12345".ljust(512, b"\0") + tar({"a": b"1"})
    assert [(name, unread) for name, _, unread in tar_members([data])] == [("s", "a sparse file"), ("a", "")]


def test_encrypted_and_other_packings_in_a_zip_are_named():
    data = bytearray(zipped({"a": b"1", "b": b"2"}))
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1
    found = [(name, unread) for name, _, unread in zip_members(io.BytesIO(data))]
    assert found == [("a", "encrypted"), ("b", "")]
    packed = zipped({"a": b"1"}, zipfile.ZIP_LZMA)
    assert [unread for _, _, unread in zip_members(io.BytesIO(packed))] == ["neither stored nor deflated"]


def test_zip_behind_other_bytes_and_with_a_comment():
    buffer = io.BytesIO(b"#!/bin/sh\n")
    with zipfile.ZipFile(buffer, "a") as target:
        target.writestr("a", "1")
        target.comment = b"PK\x05\x06 in a comment"
    assert {name: b"".join(chunks) for name, chunks, _ in zip_members(buffer)} == {"a": b"1"}


def test_zip_with_wide_numbers():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target, target.open("a", "w", force_zip64=True) as member:
        member.write(b"1" * 100)
    assert contents(buffer.getvalue()) == {"a": b"1" * 100}


def test_zip_through_a_pipe_is_read():
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    assert [b"".join(chunks) for _, chunks, _ in unpack(Pipe(zipped(FILES)))] == list(FILES.values())


# --- damaged ----------------------------------------------------------------------------------------------------------


def test_damaged_member_of_a_zip_leaves_the_others():
    data = bytearray(zipped(FILES, zipfile.ZIP_STORED))
    data[data.index(b"1" * 700)] = ord("2")
    found: dict[str, bytes | None] = {}
    for name, chunks, _ in unpack(io.BytesIO(data)):
        try:
            found[name] = b"".join(chunks)
        except BadArchive:
            found[name] = None
    assert found == {**FILES, "a.json": None}


@pytest.mark.parametrize("data", ARCHIVES)
def test_archive_cut_anywhere_is_damaged(data):
    for length in random.Random(7).sample(range(600, len(data) - 1), 40) if len(data) > 700 else ():
        cut = data[:length]
        if is_tar(cut) and length > -(-len(data.rstrip(b"\0")) // 512) * 512:
            continue  # the end mark is there
        with pytest.raises(BadArchive):
            contents(cut)


@given(
    st.integers(0, len(ARCHIVES) - 1),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=3))),
    st.floats(0, 1),
)
def test_damage_raises_bad_archive_and_nothing_else(number, changes, length):
    data = ARCHIVES[number]
    damaged = bytearray(data)
    for place, value in changes:
        start = int(place * (len(data) - 3))
        damaged[start : start + len(value)] = value
    try:
        members = contents(bytes(damaged[: len(data) if length > 0.5 else int(2 * length * len(data))]))
    except BadArchive:
        return
    assert all(isinstance(content, bytes) for content in members.values())


def test_same_damage_is_raised_once():
    raised = 0
    for _, chunks, _ in unpack(io.BytesIO(tar(FILES)[:700])):
        try:
            list(chunks)
        except BadArchive:
            raised += 1
    assert raised == 1


@pytest.mark.parametrize(
    "content", [b"9" * 400 + b" a=b\n", b"0 a=b\n", b"7 a=b\n", b"-5 a=b\n", b"\xff", b"6 a=b", b"5 ab\n"]
)
def test_pax_header_that_makes_no_sense_is_damage(content):
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, len(content)
    with pytest.raises(BadArchive, match="pax header"):
        list(tar_members([header.tobuf() + content.ljust(512, b"\0")]))


# --- hostile ----------------------------------------------------------------------------------------------------------


def test_header_without_end_is_not_held():
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1 << 40
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield header.tobuf(tarfile.GNU_FORMAT)
        while True:
            taken += 1
            yield bytes(1 << 16)

    with pytest.raises(BadArchive, match="more than 1 MiB"):
        list(tar_members(endless()))
    assert taken == 0


def test_headers_alone_are_entries_too():
    header = tarfile.TarInfo("x")
    header.type = tarfile.XHDTYPE
    with pytest.raises(BadArchive, match="more than 100 entries"):
        list(tar_members([header.tobuf()] * 101, max_entries=100))


def test_entries_of_a_zip_are_limited():
    with pytest.raises(BadArchive, match="more than 2 entries"):
        list(zip_members(io.BytesIO(zipped(FILES)), max_entries=2))


def test_zip_whose_entries_share_their_bytes_is_refused():
    data = zipped({"a": bytes(100_000)})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    directory = data[start:end] * 200
    tail = bytearray(data[end:])
    tail[8:12] = (200).to_bytes(2, "little") * 2
    tail[12:16] = len(directory).to_bytes(4, "little")
    with pytest.raises(BadArchive, match="share their bytes"):
        contents(data[:start] + directory + bytes(tail))


def test_what_comes_out_of_an_archive_is_bounded():
    for data in (tar({"a": bytes(3 << 20)}), zipped({"a": bytes(3 << 20)}), gzip.compress(bytes(3 << 20))):
        with pytest.raises(BadArchive, match="more than 1 MiB of data"):
            contents(data, max_bytes=1 << 20)


def test_directory_of_a_zip_is_not_held_in_memory():
    buffer = io.BytesIO(zipped({f"{number:05}": b"" for number in range(20_000)}))
    tracemalloc.start()
    try:
        assert sum(1 for _ in zip_members(buffer)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_kinds_are_told_by_the_first_bytes():
    assert is_zip(zipped({})[:4])
    assert not is_zip(b"PK\x01\x02")
    assert not is_tar(b"x" * 512)
