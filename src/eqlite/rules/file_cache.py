"""Persistent cache of rule files: the settings of each rule, by the file's name and bytes.

Rules are built from the cached settings, with the current path of the file. A file with problems is not cached. The
texts of an archive are cached too, since unpacking takes longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from eqlite.cache.store import Store, digest
from eqlite.rules.formats.bare_query import bare_rule
from eqlite.rules.formats.settings import RuleFile, build_rule
from eqlite.rules.model import LoadedRules, Rule, Skipped
from eqlite.source import Source

Offsets = tuple[tuple[int, int], ...]
CachedRules = list[tuple[dict[str, object], Offsets | None]]
"""The settings of each rule, and the way from its query into the file; None where there is no such way."""


class _Archive(msgspec.Struct, array_like=True):
    """The content of an archive, by names as they are in it.

    Attributes:
        texts: the files into which queries point, or which are queries, each once.
        rules: of each rule the file, its settings, the way from its query into the text, and the index of that.
        skipped: of each rule that is left out its name, None where that is the file's; the reason; and the file.
        passed_over: the files that were not read, each with the reason.
    """

    texts: list[str]
    rules: list[tuple[str, dict[str, object], Offsets | None, int]]
    skipped: list[tuple[str | None, str, str]]
    passed_over: list[tuple[str, str]]


_DECODER = msgspec.msgpack.Decoder(CachedRules)
_ARCHIVE_DECODER = msgspec.msgpack.Decoder(_Archive)
_BROKEN = (msgspec.MsgspecError, LookupError, RecursionError, UnicodeDecodeError)
_PLAIN = (str, int, float, type(None))


class RuleFileCache:
    """The rules of the files that some paths name, cached from run to run."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._store = Store(("files", *paths))
        self._cached = self._read()
        self._used: dict[bytes, msgspec.Raw] = {}
        self._has_new = False

    def find(self, key: bytes, read_text: Callable[[], RuleFile]) -> list[Rule] | None:
        """Return the cached rules of a file, or None. The text is read only if they are cached."""
        raw = self._cached.get(key)
        if raw is None:
            return None
        file = read_text()
        try:
            rules = [_rule(file, *cached) for cached in _DECODER.decode(raw)]
        except _BROKEN:
            return None
        self._used[key] = raw
        return rules

    def add(self, key: bytes, rules: list[Rule]) -> None:
        """Add all rules of a file, unless one holds a value that has no form."""
        if _are_plain(rules):
            self._put(key, [(rule.settings, _offsets(rule)) for rule in rules])

    def find_archive(self, key: bytes, path: str) -> LoadedRules | None:
        """Return the cached content of an archive, which is now at this path, or None."""
        raw = self._cached.get(key)
        if raw is None:
            return None
        try:
            cached = _ARCHIVE_DECODER.decode(raw)
            rules = [
                _rule(RuleFile(cached.texts[number], f"{path}/{name}"), settings, offsets)
                for name, settings, offsets, number in cached.rules
            ]
        except _BROKEN:
            return None
        files = [f"{path}/{name}" for *_, name in cached.skipped]
        skipped = [
            Skipped(name or file, reason, file) for (name, reason, _), file in zip(cached.skipped, files, strict=True)
        ]
        self._used[key] = raw
        passed_over = [Skipped(f"{path}/{name}", reason, f"{path}/{name}") for name, reason in cached.passed_over]
        return LoadedRules(rules, skipped, passed_over=passed_over)

    def add_archive(self, key: bytes, path: str, read: LoadedRules) -> None:
        """Add the content of an archive, unless it is empty or holds a value that has no form."""
        start = f"{path}/"
        names = [rule.source.name or "" for rule in read.rules]
        files = [each.file or "" for each in (*read.skipped, *read.passed_over)]
        if not names or not all(name.startswith(start) for name in (*names, *files)):
            return
        if read.problems or not _are_plain(read.rules):
            return
        texts: dict[str, int] = {}
        numbers = [texts.setdefault(_text_around(rule), len(texts)) for rule in read.rules]
        rules = [
            (name.removeprefix(start), rule.settings, _offsets(rule), number)
            for name, rule, number in zip(names, read.rules, numbers, strict=True)
        ]
        skipped = [
            (None if rule == file else rule, reason, file.removeprefix(start))
            for (rule, reason, _), file in zip(read.skipped, files, strict=False)
        ]
        passed_over = [(each.rule.removeprefix(start), each.reason) for each in read.passed_over]
        self._put(key, _Archive([*texts], rules, skipped, passed_over))

    def _put(self, key: bytes, cached: object) -> None:
        try:
            self._used[key] = msgspec.Raw(msgspec.msgpack.encode(cached))
        except (OverflowError, UnicodeEncodeError, RecursionError):  # numbers and texts that msgpack does not have
            return
        self._has_new = True

    def save(self) -> None:
        """Write the entries that this run used, if one of them is new. Others are dropped."""
        if self._has_new:
            self._store.write(msgspec.msgpack.encode(self._used))

    def _read(self) -> dict[bytes, msgspec.Raw]:
        data = self._store.read()
        try:
            return {} if data is None else msgspec.msgpack.decode(data, type=dict[bytes, msgspec.Raw])
        except msgspec.MsgspecError:
            return {}


def archive_key(data: bytes) -> bytes:
    """Return the key of an archive: a digest of its content."""
    return digest("archive", data)


def file_key(name: str, data: bytes, *, is_named: bool) -> bytes:
    """Return the key of a file: a digest of its content and of its base name, which decides the format."""
    return digest(RuleFile("", name).base_name, str(is_named), data)


def _rule(file: RuleFile, settings: dict[str, object], offsets: Offsets | None) -> Rule:
    if not settings:
        return bare_rule(file)
    query = str(settings["query"])
    source = Source(query, file.path) if offsets is None else Source(query, file.path, file.text, offsets)
    return build_rule(file, settings, source)


def _offsets(rule: Rule) -> Offsets | None:
    return rule.source.offsets if rule.source.document is not None else None


def _text_around(rule: Rule) -> str:
    """Return the text that is needed to make a rule of its settings again."""
    return rule.source.document or ("" if rule.settings else rule.query)


def _are_plain(rules: list[Rule]) -> bool:
    return all(rule.settings.get("query", rule.query) == rule.query and _is_plain(rule.settings) for rule in rules)


def _is_plain(value: object) -> bool:
    """Return whether a setting is what JSON has: TOML has times, which would come back as texts."""
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
