"""JSON that does not lie one document a line: arrays, documents over several lines, one after another.

The elements of an array are taken one by one, so a file may be larger than memory. A document of its own (an answer
with its hits, say) is held whole: at most `MAX_DOCUMENT_BYTES` of text, and while it is decoded about ten times that.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator

from eqlite.events.intake import Intake, Rejected
from eqlite.events.json_decoding import NOT_JSON, NOT_UTF8, TOO_DEEP, TOO_LONG
from eqlite.limits import MAX_JSON_DEPTH

MAX_DOCUMENT_BYTES = 256 << 20

_parse = json.JSONDecoder().raw_decode
_skip = re.compile(r"[ \t\r\n,]*").match
# json reports a text that ends too early this close to its end, if it does not speak of an unterminated string.
_NEAR_END = 16


def split_values(
    chunks: Iterator[bytes], file: str, intake: Intake, *, limit: int = MAX_DOCUMENT_BYTES
) -> Iterator[tuple[int, bytes]]:
    """Yield the text of every value, those inside a top-level array one by one, with the line on which it starts.

    Where the text stops being JSON there is no telling where the next value starts: the rest of the file is rejected,
    counted once. A value that is not UTF-8 is rejected alone.
    """
    text = _Text(chunks)
    in_array = False
    while sign := text.skip_blanks():
        if sign == ("]" if in_array else "["):
            in_array = not in_array
            text.advance(1)
            continue
        try:
            size = text.measure_value(limit)
        except _Unreadable as problem:
            detail = f"{problem.detail}; the rest of the file is not read"
            intake.stats.reject(Rejected(file, text.line, problem.reason, detail))
            if intake.rejects is not None:
                for piece in text.rest():
                    intake.keep(piece)
            return
        line = text.line
        value = text.advance(size)
        try:
            yield line, value.encode()
        except UnicodeEncodeError:
            intake.reject(Rejected(file, line, NOT_UTF8), value.encode("utf-8", "surrogateescape"))
    if in_array:
        intake.reject(Rejected(file, text.line, NOT_JSON, "the array does not end"), b"")


def _blank_end(text: str, place: int) -> int:
    match = _skip(text, place)
    assert match is not None
    return match.end()


class _Unreadable(Exception):
    """There is no value here."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class _Text:
    """The part of a text that is at hand, and the way to get more of it.

    Bytes that are not UTF-8 stand in it as lone surrogates (`surrogateescape`), so that they come out unchanged.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.line = 1
        self._chunks = chunks
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._place = 0
        self._at_end = False

    def skip_blanks(self) -> str:
        """Pass over blanks and commas; return the next character, nothing at the end."""
        while True:
            end = _blank_end(self._text, self._place)
            self.advance(end - self._place)
            if end < len(self._text):
                return self._text[end]
            if not self._read_more():
                return ""

    def rest(self) -> Iterator[bytes]:
        """Yield all that has not been taken, to the end of the file."""
        yield self._text[self._place :].encode("utf-8", "surrogateescape")
        yield self._decoder.getstate()[0]
        yield from self._chunks

    def advance(self, size: int) -> str:
        """Return the next `size` characters and pass over them."""
        taken = self._text[self._place : self._place + size]
        self._place += size
        self.line += taken.count("\n")
        return taken

    def measure_value(self, limit: int) -> int:
        """Return how many characters the value at this place has."""
        while True:
            try:
                value, end = _parse(self._text, self._place)
            except RecursionError:
                raise _Unreadable(TOO_DEEP, f"more than {MAX_JSON_DEPTH} levels") from None
            except json.JSONDecodeError as error:
                ends_early = error.msg.startswith("Unterminated") or error.pos > len(self._text) - _NEAR_END
                message = f"{error.msg[:1].lower()}{error.msg[1:]}"
            except ValueError as error:  # an integer of more digits than Python converts
                raise _Unreadable(NOT_JSON, str(error)) from None
            else:
                # A number or a word at the very end may go on; nothing that has an end of its own does.
                if isinstance(value, (dict, list, str)) or end < len(self._text) or not self._read_more():
                    return end - self._place
                continue
            if ends_early and len(self._text) - self._place > limit:
                raise _Unreadable(TOO_LONG, f"more than {limit} characters in one value")
            if not ends_early or not self._read_more():
                raise _Unreadable(NOT_JSON, message)

    def _read_more(self) -> bool:
        """Get at least as much again as is at hand, so that a long value is tried a few times only."""
        if self._at_end:
            return False
        rest = self._text[self._place :]
        pieces = [rest]
        size = 0
        for chunk in self._chunks:
            piece = self._decoder.decode(chunk)
            pieces.append(piece)
            size += len(piece)
            if size and size >= len(rest):
                break
        else:
            pieces.append(self._decoder.decode(b"", final=True))
            self._at_end = True
        self._text = "".join(pieces)
        self._place = 0
        return len(self._text) > len(rest)
