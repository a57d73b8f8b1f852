"""What rule files say, kept from run to run: the settings of each rule, by the file's name and bytes.

Rules are made of the settings anew, so that they are as if the file had been read, with its present path. A file in
which something is wrong or left out is not kept.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from eqlite.rules.cache.store import Store, digest
from eqlite.rules.loaders.settings import RuleText, rule_of
from eqlite.rules.model import Rule
from eqlite.source import Source

Offsets = tuple[tuple[int, int], ...]
Kept = list[tuple[dict[str, object], Offsets | None]]
"""The settings of each rule, and the way from its query into the file; None where there is no such way."""

_DECODER = msgspec.msgpack.Decoder(Kept)
_PLAIN = (str, int, float, type(None))


class Files:
    """What the files say that some paths name."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._store = Store(("files", *paths))
        self._kept = self._read()
        self._used: dict[bytes, msgspec.Raw] = {}
        self._has_new = False

    def find(self, key: bytes, read_text: Callable[[], RuleText]) -> list[Rule] | None:
        """Return the rules of a file, whose text is read if they are kept; None if they are not."""
        raw = self._kept.get(key)
        if raw is None:
            return None
        holder = read_text()
        try:
            rules = [_rule(holder, *kept) for kept in _DECODER.decode(raw)]
        except (msgspec.MsgspecError, LookupError, RecursionError, UnicodeDecodeError):
            return None
        self._used[key] = raw
        return rules

    def keep(self, key: bytes, rules: list[Rule]) -> None:
        """Keep all the rules of a file, unless there is something in them that cannot be."""
        kept = [(rule.settings, rule.source.offsets if rule.source.document is not None else None) for rule in rules]
        if all(rule.settings.get("query") == rule.query and _is_plain(rule.settings) for rule in rules):
            try:
                self._used[key] = msgspec.Raw(msgspec.msgpack.encode(kept))
            except (OverflowError, UnicodeEncodeError, RecursionError):  # numbers and texts that msgpack does not have
                return
            self._has_new = True

    def save(self) -> None:
        """Keep what was found and what is new, and nothing else, if there is anything new."""
        if self._has_new:
            self._store.write(msgspec.msgpack.encode(self._used))

    def _read(self) -> dict[bytes, msgspec.Raw]:
        data = self._store.read()
        try:
            return {} if data is None else msgspec.msgpack.decode(data, type=dict[bytes, msgspec.Raw])
        except msgspec.MsgspecError:
            return {}


def file_key(name: str, data: bytes, *, is_named: bool) -> bytes:
    """Return what tells a file from others: its content, and of its name what says how to read it, or names a rule."""
    return digest(RuleText("", name).base_name, str(is_named), data)


def _rule(holder: RuleText, settings: dict[str, object], offsets: Offsets | None) -> Rule:
    query = str(settings["query"])
    source = Source(query, holder.file) if offsets is None else Source(query, holder.file, holder.text, offsets)
    return rule_of(holder, settings, source)


def _is_plain(value: object) -> bool:
    """Tell whether a setting is what JSON has: TOML has times, which would come back as texts."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += item.values()
        elif isinstance(item, list):
            pending += item
        elif not isinstance(item, _PLAIN):
            return False
    return True
