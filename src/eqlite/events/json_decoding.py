"""Decoding of one JSON text into a value, or a short reason for its rejection."""

from __future__ import annotations

import json
import math
import re
import sys
from typing import Any

import msgspec

from eqlite.limits import MAX_INTEGER_DIGITS, MAX_JSON_DEPTH

NOT_JSON = "not JSON"
NOT_UTF8 = "not UTF-8"
NOT_AN_OBJECT = "not a JSON object"
TOO_DEEP = "nested too deeply"
TOO_LONG = "too long"
NO_JSON_FORM = "not a value of JSON"

_LONG = 2_000
SAFE_RECURSION = 1_000
"""Python's own limit; each level of JSON takes some 400 bytes of the stack."""
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_CONTAINERS: frozenset[type] = frozenset((dict, list))
_ALL_BUT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))

_decode = msgspec.json.Decoder().decode


class BadJson(ValueError):
    """A text that is rejected. `reason` is one of the constants above, `detail` may add to it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


def decode(data: bytes) -> object:
    r"""Return the value of a JSON text.

    It accepts what msgspec refuses but other decoders accept: `NaN`, lone surrogates (`"\ud800"`), and numbers beyond a
    double, which become infinite. Of a name given twice, the last value counts.

    Raises:
        BadJson: the text is not JSON, not UTF-8, or nested more deeply than the limit.

    >>> decode(b'{"user": {"id": 7}}\r\n')
    {'user': {'id': 7}}
    """
    if len(data) > _LONG and sys.getrecursionlimit() > SAFE_RECURSION and _is_visibly_too_deep(data):
        raise BadJson(TOO_DEEP, f"more than {MAX_JSON_DEPTH} levels")
    try:
        value: object = _decode(data)
    except RecursionError:
        raise BadJson(TOO_DEEP, f"more than {MAX_JSON_DEPTH} levels") from None
    except (msgspec.MsgspecError, ValueError):
        value = _decode_leniently(data)
    if not has_few_brackets(data) and is_too_deep(value):
        raise BadJson(TOO_DEEP, f"more than {MAX_JSON_DEPTH} levels")
    return value


def decode_object(data: bytes) -> dict[str, object]:
    """Return the object that a JSON text holds.

    Raises:
        BadJson: as `decode`, and for any value other than an object.
    """
    value = decode(data)
    if isinstance(value, dict):
        return value
    raise no_object(value)


def no_object(value: object) -> BadJson:
    """Return the problem with a value that is no object."""
    return BadJson(NOT_AN_OBJECT, f"a JSON {_kind(value)}")


def is_too_deep(value: object) -> bool:
    """Return whether a value is nested beyond the limit. Works level by level, without recursion."""
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    for _ in range(MAX_JSON_DEPTH):
        level = [
            child
            for each in level
            for child in (each.values() if type(each) is dict else each)
            if type(child) in _CONTAINERS
        ]
        if not level:
            return False
    return True


def _is_visibly_too_deep(data: bytes) -> bool:
    """Return whether a text is certainly nested too deeply.

    It is true beyond twice the limit, and for some texts between.

    The decoder stops at Python's recursion limit. If a program raised that, the decoder would run out of stack and end
    the process. So this removes innermost pairs of brackets repeatedly, and counts the brackets left.
    """
    if has_few_brackets(data):
        return False
    brackets = _STRING.sub(b"", data).translate(None, _ALL_BUT_BRACKETS)
    for _ in range(MAX_JSON_DEPTH):
        fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(brackets):
            break
        brackets = fewer
    return not has_few_brackets(brackets)


def has_few_brackets(data: bytes) -> bool:
    """Return whether a text has too few `{` and `[`, in strings too, to be nested too deeply.

    `bytes.count` visits every byte. `replace` of a byte by nothing skips from hit to hit, which is four times as fast.
    """
    return len(data) - len(data.replace(b"{", b"").replace(b"[", b"")) <= MAX_JSON_DEPTH


def _decode_leniently(data: bytes) -> object:
    try:
        value: object = json.loads(data.decode("utf-8-sig"), parse_int=_whole_number)
    except UnicodeDecodeError as error:
        raise BadJson(NOT_UTF8, f"byte {error.start + 1}") from None
    except RecursionError:
        raise BadJson(TOO_DEEP, f"more than {MAX_JSON_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise BadJson(NOT_JSON, f"{json_problem(error)}, column {error.pos + 1}") from None
    return value


def json_problem(error: json.JSONDecodeError) -> str:
    """Return the message of an error of `json`, without the position."""
    return f"{error.msg[:1].lower()}{error.msg[1:]}".removesuffix(" at").removesuffix(" starting")


def _whole_number(digits: str) -> int | float:
    """Return a whole number. One of very many digits is infinite, as `1e999` is: to convert it takes quadratic time."""
    if len(digits.lstrip("-")) <= MAX_INTEGER_DIGITS:
        return int(digits)
    return -math.inf if digits.startswith("-") else math.inf


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {"str": "string", "list": "array", "NoneType": "null"}[type(value).__name__]
