"""Bytes of files, streams and compressed files, in chunks and in constant memory.

Compression is recognised by the first bytes, not by the name. zstd needs Python 3.14 or the package `zstandard`.
"""

from __future__ import annotations

import codecs
import importlib
import itertools
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from eqlite.errors import EventError

CHUNK_BYTES = 1 << 17
# One byte of zstd can become 43 kB: with these portions, a piece of output is below 45 MB.
_ZSTD_PORTION = 1 << 10

_GZIP_MAGIC = b"\x1f\x8b"
# A frame, or one of the sixteen kinds of skippable frames, with which the output of parallel compressors starts.
_ZSTD_MAGICS = (b"\x28\xb5\x2f\xfd", *(bytes((kind, 0x2A, 0x4D, 0x18)) for kind in range(0x50, 0x60)))
_MAGIC_BYTES = 4


class Readable(Protocol):
    """A file opened for reading, or an object with its `read`. Text becomes UTF-8."""

    def read(self, size: int, /) -> bytes | str | None:
        """Return up to `size` bytes or characters, or an empty value at the end."""


class DamagedData(Exception):
    """Compressed data that is truncated or invalid. The output before the damage is intact."""


def read_chunks(file: Readable, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the bytes of a file as they come, without waiting for full chunks if the file allows that."""
    read: Callable[[int], bytes | str | None] = getattr(file, "read1", file.read)
    while chunk := read(size):
        yield chunk.encode("utf-8", "surrogatepass") if isinstance(chunk, str) else chunk


def is_encoded(head: bytes) -> bool:
    """Return whether the first bytes of a file show compression or UTF-16."""
    magics = (_GZIP_MAGIC, *(magic[:3] for magic in _ZSTD_MAGICS), codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return head.startswith(magics)


def decompress(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks, decompressed if they are gzip or zstd data of one or more members.

    Raises:
        DamagedData: the compressed data ends early or is broken.
        EventError: zstd data, and no decoder is installed.
    """
    first = b""
    for chunk in chunks:
        first += chunk
        if len(first) >= _MAGIC_BYTES:
            break
    rest = itertools.chain((first,), chunks)
    if first.startswith(_GZIP_MAGIC):
        return _gunzip(rest)
    if first.startswith(_ZSTD_MAGICS):
        return _unzstd(rest)
    return rest


def decode_text(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks as UTF-8 without a byte order mark.

    UTF-16, as PowerShell writes it, is recognised by its mark.
    """
    first = next(chunks, b"")
    while 0 < len(first) < len(codecs.BOM_UTF8) and (more := next(chunks, b"")):
        first += more
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        texts = codecs.iterdecode(itertools.chain((first,), chunks), "utf-16", errors="replace")
        return (text.encode() for text in texts)
    return itertools.chain((first.removeprefix(codecs.BOM_UTF8),), chunks)


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if decoder.eof:
                    data = data.lstrip(b"\0")  # members may be padded
                    if not data:
                        break
                    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
                if piece := decoder.decompress(data, CHUNK_BYTES):
                    yield piece
                data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
        if not decoder.eof and (piece := decoder.flush()):
            yield piece
    except zlib.error as error:
        raise DamagedData(f"damaged gzip data ({error}); what came before was read") from None
    if not decoder.eof:
        raise DamagedData("the gzip data ends early; what came before was read")


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    new_decoder, error_type = _find_zstd()
    decoder = new_decoder()
    try:
        for chunk in chunks:
            for start in range(0, len(chunk), _ZSTD_PORTION):
                data = chunk[start : start + _ZSTD_PORTION]
                while data:
                    if decoder.eof:
                        decoder = new_decoder()
                    if piece := decoder.decompress(data):
                        yield piece
                    data = decoder.unused_data if decoder.eof else b""
    except error_type as error:
        raise DamagedData(f"damaged zstd data ({error}); what came before was read") from None
    if not decoder.eof:
        raise DamagedData("the zstd data ends early; what came before was read")


def _find_zstd() -> tuple[Callable[[], _Decoder], type[Exception]]:
    """Return the constructor of a zstd decoder and its exception, from Python or the extra."""
    try:
        module = importlib.import_module("compression.zstd")
    except ImportError:
        try:
            module = importlib.import_module("zstandard")
        except ImportError:
            raise EventError("zstd data needs Python 3.14 or the package zstandard: pip install zstandard") from None
        return lambda: module.ZstdDecompressor().decompressobj(), module.ZstdError
    return module.ZstdDecompressor, module.ZstdError
