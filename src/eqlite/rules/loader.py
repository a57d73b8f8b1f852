"""Loads rules from files, directories, globs and archives, in the format of their name or content.

Loading reads settings and queries; the queries themselves are not parsed here. `load_rules` never stops at a broken
rule: it lists all problems of all files, and the good rules stay usable.
"""

from __future__ import annotations

import codecs
import io
import os
import stat

from eqlite.archives import BadArchive
from eqlite.diagnostics import Diagnostic
from eqlite.errors import EqlError, EventError, RuleError
from eqlite.events.unpacking import unpack
from eqlite.limits import MAX_CACHE_FILE_BYTES, MAX_RULE_ARCHIVE_BYTES
from eqlite.rules.discovery import NOT_A_RULE_FILE, find_files, unreadable
from eqlite.rules.file_cache import RuleFileCache, archive_key, file_key
from eqlite.rules.formats import SUFFIXES, bare_name, choose
from eqlite.rules.formats.settings import NotARule, RuleFile
from eqlite.rules.model import LoadedRules, Rule, Skipped

_ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".zip")
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def load_rule(path_or_text: str | os.PathLike[str]) -> Rule:
    """Return the one rule that a file or a text holds: a rule page, TOML, JSON or bare EQL.

    Args:
        path_or_text: a path, or the text itself; a text of one line differs from a path by its blanks.

    Raises:
        RuleError: there is no such file; no rule in it, or more than one; it is wrong, or not EQL.

    >>> load_rule('process where process.name == "mshta.exe"').query
    'process where process.name == "mshta.exe"'
    """
    loaded = LoadedRules()
    if not isinstance(path_or_text, (str, os.PathLike)):
        raise EqlError(f"a rule is loaded from a path or a text; this is a {type(path_or_text).__name__}")
    given = os.fspath(path_or_text)
    if isinstance(path_or_text, str) and _is_text(given):
        name = "the text"
        _load_text(RuleFile(given.removeprefix("\ufeff")), loaded, is_named=True)
    else:
        name = f"`{given}`"
        _load_path(given, loaded)
    if any(problem.is_error for problem in loaded.problems):
        raise RuleError(diagnostics=loaded.problems)
    if len(loaded.rules) == 1 and not loaded.skipped:
        return loaded.rules[0]
    count = len(loaded.rules) + len(loaded.skipped)
    if count == 1:
        raise RuleError(f"{name} holds {loaded.skipped[0].reason}: `{loaded.skipped[0].rule}`")
    raise RuleError(f"{name} holds {count or 'no'} rules, not one" + (": use load_rules" if count else ""))


def load_rules(*paths: str | os.PathLike[str], files: RuleFileCache | None = None) -> LoadedRules:
    """Return all rules of files, directories (with all below), globs and archives.

    A file that is named twice is read once. Rules in other languages are in `skipped` and files that were not read
    in `passed_over`, with the reason. Problems, missing files included, are in `problems`. Nothing is raised. Files
    cached in `files` are not read again.
    """
    loaded = LoadedRules()
    seen: set[str] = set()
    for given in paths:
        for file, is_named in find_files(os.fspath(given), _is_wanted, loaded):
            real = os.path.realpath(file)
            if real not in seen and not file.endswith(".test.toml"):
                seen.add(real)
                _load_file(file, loaded, files, is_named=is_named)
    _report_duplicates(loaded)
    return loaded


def _load_path(path: str, result: LoadedRules) -> None:
    for file, is_named in find_files(path, _is_wanted, result):
        _load_file(file, result, None, is_named=is_named)


def _is_text(given: str) -> bool:
    if "\n" in given:
        return True
    looks_like_path = bare_name(given).endswith((*SUFFIXES, *_ARCHIVE_SUFFIXES)) or "://" in given
    return not os.path.lexists(given) and any(character.isspace() for character in given) and not looks_like_path


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in name.split("/"))


def _is_wanted(name: str) -> bool:
    """Return whether a file found in a directory or an archive may hold rules, by its name."""
    if _is_hidden(name):
        return False
    lower = name.lower()
    return lower.endswith(_ARCHIVE_SUFFIXES) or (
        bare_name(lower).endswith(SUFFIXES) and not lower.endswith(".test.toml")
    )


def _load_file(path: str, result: LoadedRules, files: RuleFileCache | None, *, is_named: bool) -> None:
    try:
        with open(path, "rb") as file:
            size = _size(file) if path.lower().endswith(_ARCHIVE_SUFFIXES) else None
            if files is not None and size is not None and size <= MAX_CACHE_FILE_BYTES:
                _load_archive(file.read(size), path, result, files, is_named=is_named)
            else:
                _load_members(file, path, result, files, is_named=is_named)
    except OSError as error:
        result.problems.append(unreadable(path, error.strerror or error))
    except (BadArchive, EventError) as error:
        result.problems.append(unreadable(path, error))


def _size(file: io.BufferedReader) -> int | None:
    """Return the size of a file, or None for a pipe and anything else without one."""
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _load_archive(data: bytes, path: str, result: LoadedRules, files: RuleFileCache, *, is_named: bool) -> None:
    """Add the rules of an archive, from the cache if there."""
    key = archive_key(data)
    read = files.find_archive(key, path)
    if read is None:
        read = LoadedRules()
        try:
            _load_members(io.BufferedReader(io.BytesIO(data)), path, read, None, is_named=is_named)
        except (BadArchive, EventError):
            result.add(read)  # what came before the damage is good
            raise
        files.add_archive(key, path, read)
    result.add(read)


def _load_members(
    file: io.BufferedReader, path: str, result: LoadedRules, files: RuleFileCache | None, *, is_named: bool
) -> None:
    """Add the rules of a file: of those in it if it is an archive."""
    before = result.found
    for name, chunks, unread in unpack(file, max_bytes=MAX_RULE_ARCHIVE_BYTES):
        full_name = f"{path}/{_printable(name.removeprefix('./'))}" if name else path
        is_wanted = name == "" or _is_wanted(name)
        if unread or not is_wanted:
            if is_wanted or not _is_hidden(name):
                reason = f"{unread}, which is not read" if unread else NOT_A_RULE_FILE
                result.passed_over.append(Skipped(full_name, reason, full_name))
            continue
        try:
            data = b"".join(chunks)
        except BadArchive as error:  # in a zip archive the other members may be whole
            result.problems.append(unreadable(full_name, error))
        else:
            _load_member(data, full_name, result, files, is_named=is_named and not name)
    if is_named and result.found == before:
        result.problems.append(Diagnostic("bad-rule-file", f"no rule file in the archive `{path}`", file=path))


def _printable(name: str) -> str:
    """Return a name out of an archive without characters that could command the terminal on which it is shown."""
    if name.isprintable():
        return name
    return "".join(character if character.isprintable() else "\ufffd" for character in name)


def _load_member(data: bytes, name: str, result: LoadedRules, files: RuleFileCache | None, *, is_named: bool) -> None:
    """Add the rules of a file, from the cache if there."""
    if files is None:
        _load_bytes(data, name, result, is_named=is_named)
        return
    key = file_key(name, data, is_named=is_named)
    rules = files.find(key, lambda: RuleFile(_decode(data), name))
    if rules is None:
        read = LoadedRules()
        _load_bytes(data, name, read, is_named=is_named)
        if not (read.problems or read.skipped or read.passed_over):
            files.add(key, read.rules)
        result.add(read)
    else:
        result.rules += rules


def _load_bytes(data: bytes, name: str, result: LoadedRules, *, is_named: bool) -> None:
    try:
        text = _decode(data)
    except UnicodeDecodeError as error:
        message = f"`{name}` is not UTF-8: byte {error.start + 1}"
        result.problems.append(Diagnostic("bad-rule-file", message, file=name))
        return
    _load_text(RuleFile(text, name), result, is_named=is_named)


def _decode(data: bytes) -> str:
    return data.decode("utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig")


def _load_text(file: RuleFile, result: LoadedRules, *, is_named: bool) -> None:
    form = choose(file, is_named=is_named)
    if form is None:
        result.passed_over.append(Skipped(file.path or file.stem, "no rule in any form", file.path))
        return
    try:
        form.load(file, result)
    except NotARule as reason:
        if is_named:
            message = f"{f'`{file.path}`' if file.path else 'the text'} holds no rule: {reason}"
            result.problems.append(Diagnostic("bad-rule-file", message, file=file.path))
        else:
            result.skipped.append(Skipped(file.path or file.stem, f"no rule: {reason}", file.path))


def _report_duplicates(loaded: LoadedRules) -> None:
    first: dict[str, Rule] = {}
    for rule in loaded.rules:
        if rule.rule_id is None:
            continue
        other = first.setdefault(rule.rule_id, rule)
        if other is not rule:
            names = "both called" if other.name == rule.name else f"`{other.name}` and"
            message = f"rule id `{rule.rule_id}` is that of two rules, {names} `{rule.name}`"
            note = f"the other one is in {other.source.name}"
            loaded.problems.append(Diagnostic("duplicate-rule", message, note=note, file=rule.source.name))
