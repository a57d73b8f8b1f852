"""Versions as Elasticsearch reads them: the order of a `version` field.

Takes text, gives a key: keys compare as the index compares the texts, and are equal only where the texts are the same.

The order is that of Semantic Versioning with three differences. There may be any number of numeric parts up to 32, and
fewer come first (`1.2` < `1.2.0`). Build metadata counts: `1.0.0` < `1.0.0+a` < `1.0.0+b`, compared as text. What is no
valid version comes after all that are, ordered as text.

Source: VersionEncoder.java (x-pack/plugin/mapper-version), whose byte order the keys follow, so that its corners come
out alike too (`1.0.0-a-b` < `1.0.0-a.b`, because a hyphen is before a full stop). Elasticsearch refuses documents and
queries with a run of more than 127 digits in a version or with a main number beyond 32 bits; here the former are
invalid versions and the latter ordinary numbers.

Example:
    >>> sorted(["bad", "1.11.3", "1.2.4", "1.2.4-rc.1"], key=version_key)
    ['1.2.4-rc.1', '1.2.4', '1.11.3', 'bad']
"""

from __future__ import annotations

from typing import Final, TypeAlias

VersionKey: TypeAlias = tuple[bool, bytes]

_MAX_IDENTIFIERS: Final = 32
_MAX_DIGITS: Final = 127
_IDENTIFIER_CHARACTERS: Final = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-")
# Bytes that no version has, below all that it may have: before a number stand this one and the count of its digits, so
# that numbers compare by size; the others put versions with a pre-release part before those without.
_NUMBER: Final = b"\x01"
_PRE_RELEASE: Final = b"\x02"
_RELEASE: Final = b"\x03"


def version_key(text: str) -> VersionKey:
    """Return a key that orders versions. Its first part says whether a version is invalid.

    >>> version_key("1.0.0-alpha") < version_key("1.0.0"), version_key("01.0")
    (True, (True, b'01.0'))
    """
    encoded = _encode(text)
    if encoded is None:
        return True, text.encode("utf-8", "surrogatepass")
    return False, encoded


def _encode(text: str) -> bytes | None:
    """Return the bytes by which a valid version compares, None for an invalid one."""
    before_build, plus, build = text.partition("+")
    main, hyphen, pre_release = before_build.partition("-")
    main_numbers = _identifiers(main)
    pre_release_identifiers = _identifiers(pre_release) if hyphen else []
    build_identifiers = _identifiers(build) if plus else []
    if main_numbers is None or pre_release_identifiers is None or build_identifiers is None:
        return None
    encoded_main = [_encode_number(number) for number in main_numbers]
    encoded_pre_release = [
        _encode_number(name) if name.isdigit() else name.encode("ascii") for name in pre_release_identifiers
    ]
    if None in encoded_main or None in encoded_pre_release:
        return None
    tail = _PRE_RELEASE + b"-" + _join(encoded_pre_release) if hyphen else _RELEASE
    return _join(encoded_main) + tail + (b"+" + build.encode("ascii") if plus else b"")


def _identifiers(part: str) -> list[str] | None:
    """Split a part at its full stops, or return None for empty, misspelt or extra identifiers."""
    if part.count(".") >= _MAX_IDENTIFIERS or not _IDENTIFIER_CHARACTERS.issuperset(part.replace(".", "")):
        return None
    identifiers = part.split(".")
    return identifiers if all(identifiers) else None


def _encode_number(digits: str) -> bytes | None:
    """Return digits after their count, or None for other texts, leading zeros and long numbers."""
    if not digits.isdigit() or len(digits) > _MAX_DIGITS or (digits[0] == "0" and len(digits) > 1):
        return None
    return _NUMBER + bytes([len(digits)]) + digits.encode("ascii")


def _join(parts: list[bytes | None]) -> bytes:
    return b".".join(part for part in parts if part is not None)
