"""Finds the files that paths, folders and globs name, without leaving a folder and without opening what may block.

A folder may come from a stranger: a link in it that leads out of it would print a line of another file in a message,
and a FIFO would be waited for without end. Both are named instead.
"""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from eqlite.diagnostics import Diagnostic
from eqlite.rules.model import LoadedRules, Skipped

NOT_A_RULE_FILE = "the name is that of no rule file"
TESTS_OF_RULES = "tests of rules"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SHOWN_CHARACTERS = 200


class Found(NamedTuple):
    """A file to read. One that is named outright has to hold rules."""

    path: str
    is_named: bool


def find_files(path: str, is_wanted: Callable[[str], bool], result: LoadedRules) -> Iterator[Found]:
    """Yield the files that a path names, sorted. Missing and passed-over ones go to `result`.

    Args:
        path: a file, a folder with all below, or a glob.
        is_wanted: returns whether a file found in a folder may hold rules, by its name.
        result: gets what is not yielded.
    """
    if os.path.isdir(path):
        count = 0
        for file in _walk(path, os.path.realpath(path), is_wanted, result):
            count += 1
            yield Found(file, is_named=False)
        if not count:
            result.problems.append(Diagnostic("bad-rule-file", f"no rule file in the directory `{path}`", file=path))
    elif os.path.lexists(path):
        yield Found(path, is_named=True)
    elif glob.has_magic(path) and not _URL.match(path):
        yield from _glob(path, is_wanted, result)
    else:
        result.problems.append(missing(path))


def missing(path: str) -> Diagnostic:
    """Return the problem of a path that is not there. A URL, or EQL in its place, is recognised."""
    shown = path if len(path) <= _SHOWN_CHARACTERS else f"{path[:_SHOWN_CHARACTERS]}…"
    if _URL.match(path):
        message = f"cannot read `{shown}`: a URL, and eqlite opens no connection"
        help = "download it, for example with `curl -O`, and give the file"
    elif re.search(r"\bwhere\b|^\s*(?:sequence|sample)\b", path):
        message = f"cannot read `{shown}`: this is EQL, not a path"
        help = "give a file; `eqlite query`, `eqlite.load_rule` and `eqlite.compile` take a text"
    else:
        message, help = f"cannot read `{shown}`: no such file", ""
    return Diagnostic("unreadable-file", message, help=help or None, file=path)


def unreadable(path: str, reason: object) -> Diagnostic:
    """Return the problem of a file that is there and cannot be read."""
    return Diagnostic("unreadable-file", f"cannot read `{path}`: {reason}", file=path)


def _glob(pattern: str, is_wanted: Callable[[str], bool], result: LoadedRules) -> Iterator[Found]:
    names = sorted(glob.glob(pattern, recursive=True))
    if not names:
        problem = missing(pattern)
        message = problem.message if problem.help else f"no file matches `{pattern}`"
        result.problems.append(replace(problem, message=message))
    root = os.path.realpath(_folder_of(pattern))
    for name in names:
        if os.path.isdir(name) and not os.path.islink(name):
            files = _walk(name, os.path.realpath(name), is_wanted, result)
        else:
            files = _only_readable(name, root, result)
        yield from (Found(file, is_named=False) for file in files)


def _folder_of(pattern: str) -> str:
    """Return the folder in front of the first wildcard."""
    folder = os.path.dirname(pattern)
    while glob.has_magic(folder):
        folder = os.path.dirname(folder)
    return folder


def _walk(folder: str, root: str, is_wanted: Callable[[str], bool], result: LoadedRules) -> Iterator[str]:
    def report(error: OSError) -> None:
        result.problems.append(unreadable(str(error.filename), error.strerror or error))

    found: list[str] = []
    for directory, folders, names in os.walk(folder, onerror=report):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if os.path.islink(os.path.join(directory, name)):
                _pass_over(os.path.join(directory, name), "a link to a folder, which is not followed", result)
        for name in sorted(names):
            file = os.path.join(directory, name)
            if is_wanted(name):
                found.append(file)
            elif not name.startswith("."):
                reason = TESTS_OF_RULES if name.lower().endswith(".test.toml") else NOT_A_RULE_FILE
                _pass_over(file, reason, result)
    for file in sorted(found):
        yield from _only_readable(file, root, result)


def _only_readable(file: str, root: str, result: LoadedRules) -> Iterator[str]:
    """Yield the file if it is a plain one, in the folder `root` after all links."""
    real = os.path.realpath(file)
    if os.path.islink(file) and os.path.commonpath((root, real)) != root:
        _pass_over(file, "a link that leaves the folder, which is not followed", result)
        return
    try:
        mode = os.stat(file).st_mode
    except OSError as error:
        result.problems.append(unreadable(file, error.strerror or error))
        return
    if stat.S_ISREG(mode):
        yield file
    elif not stat.S_ISDIR(mode):
        _pass_over(file, "no plain file, which is not opened", result)
    else:
        _pass_over(file, "a link to a folder, which is not followed", result)


def _pass_over(file: str, reason: str, result: LoadedRules) -> None:
    result.passed_over.append(Skipped(file, reason, file))
