"""Members of a tar archive: ustar, pax and GNU headers, and the old form without a magic.

Source: POSIX.1-2017, pax, "ustar Interchange Format"; the GNU tar manual, "Basic Tar Format", "Storing Sparse Files".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eqlite.archives.model import BadArchive, Member
from eqlite.limits import MAX_ARCHIVE_ENTRIES, MAX_TAR_HEADER_BYTES

TAR_BLOCK_BYTES = 512

_MAGIC = b"ustar"
_PAX_HEADER, _GLOBAL_HEADER, _LONG_NAME, _LONG_LINK, _SPARSE, _FOLDER = b"xgLKS5"
_HEADERS = frozenset((_PAX_HEADER, _GLOBAL_HEADER, _LONG_NAME, _LONG_LINK))
_WITHOUT_DATA = {ord("1"): "a link", ord("2"): "a link", ord("3"): "a device", ord("4"): "a device", ord("6"): "a FIFO"}
_MAX_DIGITS = 20


def is_tar(head: bytes) -> bool:
    """Return whether data begins with a tar header. The first `TAR_BLOCK_BYTES` are enough."""
    return head[257:262] == _MAGIC or _has_checksum(head[:TAR_BLOCK_BYTES])


def tar_members(chunks: Iterable[bytes], *, max_entries: int = MAX_ARCHIVE_ENTRIES) -> Iterator[Member]:
    """Yield the files of a tar archive in its order, without its folders.

    Archives one behind the other are read as one.

    Raises:
        BadArchive: it is damaged, ends early, or has more than `max_entries` headers.
    """
    blocks = _Blocks(chunks)
    path, size, is_sparse = b"", b"", False  # of the next file, by the headers in front of its own
    entries = 0
    while (header := _next_header(blocks)) is not None:
        entries += 1
        if entries > max_entries:
            raise BadArchive(f"more than {max_entries:,} entries")
        kind, stored = header[156], _number(header[124:136])
        if kind in _HEADERS:
            content = _read_header(blocks, stored)
            if kind == _LONG_NAME:
                path = content.partition(b"\0")[0]
            elif kind == _PAX_HEADER:
                for keyword, value in _pax_records(content):
                    path = value if keyword == b"path" else path
                    size = value if keyword == b"size" else size
                    is_sparse = is_sparse or keyword.startswith(b"GNU.sparse.")
            continue
        if size:
            stored = _decimal(size)
        if kind == _SPARSE:
            _skip_sparse_map(blocks, header)
        unread = "a sparse file" if is_sparse or kind == _SPARSE else _WITHOUT_DATA.get(kind, "")
        name = (path or _own_path(header)).decode("utf-8", "replace")
        path, size, is_sparse = b"", b"", False
        blocks.begin(0 if kind in _WITHOUT_DATA or kind == _FOLDER else stored)
        if kind != _FOLDER and not name.endswith("/"):
            yield Member(name, iter(()) if unread else blocks.content(), unread)
        blocks.skip()


class _Blocks:
    """The bytes of an archive, taken in blocks.

    Attributes:
        broken: something was raised; what follows makes no sense.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = memoryview(b"")
        self._content_bytes = 0
        self._padding_bytes = 0
        self.broken = False

    def block(self) -> bytes:
        """Return the next block, a shorter one at the end of the archive, or an empty one after it."""
        return b"".join(self._take(TAR_BLOCK_BYTES))

    def begin(self, size: int) -> None:
        """Start a file of `size` bytes, for `content` to read and `skip` to pass over."""
        self._content_bytes = size
        self._padding_bytes = -size % TAR_BLOCK_BYTES

    def content(self) -> Iterator[bytes]:
        """Yield the rest of the file.

        Raises:
            BadArchive: the archive ends before the file does.
        """
        while self._content_bytes:
            piece = next(self._take(self._content_bytes), b"")
            if not piece:
                self.broken = True
                raise BadArchive("it ends early")
            self._content_bytes -= len(piece)
            yield bytes(piece)

    def skip(self) -> None:
        """Skip the rest of the file and its padding, unless reading it has already raised."""
        if self.broken:
            return
        for _ in self.content():
            pass
        for _ in self._take(self._padding_bytes):
            pass

    def _take(self, size: int) -> Iterator[memoryview]:
        try:
            while size:
                if not self._held:
                    self._held = memoryview(next(self._chunks, b""))
                    if not self._held:
                        return
                piece = self._held[:size]
                self._held = self._held[len(piece) :]
                size -= len(piece)
                yield piece
        except BadArchive:
            self.broken = True
            raise


def _next_header(blocks: _Blocks) -> bytes | None:
    """Return the next block that is a header, or None after the end mark, two blocks of zeros."""
    has_end_mark = False
    while not blocks.broken and (block := blocks.block()):
        if block.strip(b"\0"):
            if _has_checksum(block):
                return block
            blocks.broken = True
            raise BadArchive("a header is damaged" if len(block) == TAR_BLOCK_BYTES else "it ends early")
        has_end_mark = True
    if has_end_mark or blocks.broken:
        return None
    raise BadArchive("it ends without the mark of its end")


def _has_checksum(block: bytes) -> bool:
    """Return whether a header's bytes have the sum that it gives: signed or unsigned, writers differ."""
    if len(block) < TAR_BLOCK_BYTES:
        return False
    try:
        given = int(block[148:156].strip(b" \0"), 8)
    except ValueError:
        return False
    rest = block[:148] + block[156:]
    unsigned = 8 * ord(" ") + sum(rest)
    return given in (unsigned, unsigned - 256 * sum(byte > 127 for byte in rest))


def _number(field: bytes) -> int:
    """Return a number of a header.

    It has octal digits, or for large numbers bytes after one with its high bit set.
    """
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    try:
        return int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        raise BadArchive("a header is damaged") from None


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > _MAX_DIGITS:
        raise BadArchive("a pax header is damaged")
    return int(digits)


def _read_header(blocks: _Blocks, size: int) -> bytes:
    if size > MAX_TAR_HEADER_BYTES:
        raise BadArchive(f"a header of more than {MAX_TAR_HEADER_BYTES >> 20} MiB")
    blocks.begin(size)
    content = b"".join(blocks.content())
    blocks.skip()
    return content


def _pax_records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield names and values of records `LENGTH NAME=VALUE` and a line feed. The length counts it all."""
    place = 0
    while place < len(content):
        blank = content.find(b" ", place, place + _MAX_DIGITS)
        length = _decimal(content[place:blank]) if blank > 0 else 0
        record = content[blank + 1 : place + length]
        name, equals, value = record.partition(b"=")
        if not equals or not value.endswith(b"\n") or place + length > len(content):
            raise BadArchive("a pax header is damaged")
        yield name, value[:-1]
        place += length


def _skip_sparse_map(blocks: _Blocks, header: bytes) -> None:
    """Skip the blocks with the rest of a GNU sparse map. Each says whether another follows."""
    is_continued = header[482]
    while is_continued:
        block = blocks.block()
        if len(block) < TAR_BLOCK_BYTES:
            raise BadArchive("it ends early")
        is_continued = block[504]


def _own_path(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    folder = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return folder + b"/" + name if folder else name
