"""Rules in YAML: the bodies of Kibana's API, as repositories of detections as code keep them.

Needs the `yaml` extra, of which only the parser's events are used: nothing in a text names what is made of it, and
nothing recurses. Aliases let a small text stand for an endless value, so what they repeat is counted.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

from eqlite.limits import MAX_JSON_DEPTH, MAX_YAML_REPETITION
from eqlite.rules.formats.settings import NotARule, RuleFile
from eqlite.rules.formats.shapes import Strangers, add_rules
from eqlite.rules.model import LoadedRules, Skipped
from eqlite.source import Source, Span

_INSTALL = "YAML needs one more package: pip install pyyaml"
_WORD = re.compile(r"\S+")
_MAX_NUMBER_CHARACTERS = 100
_SHORT_TEXT = 1_000


class YamlTree:
    """A value of a YAML text.

    Attributes:
        value: the value; dates stay texts, and the tags of an application mean nothing.
        span: where it stands.
        size: how many characters and values it stands for, those of aliases counted each time.
    """

    def __init__(self, file: RuleFile, value: object, span: Span) -> None:
        self.value = value
        self.span = span
        self.size = 1 + len(value) if isinstance(value, str) else 1
        self._file = file
        self._below: list[tuple[str, YamlTree]] = []
        self._key: str | None = None

    def add(self, below: YamlTree) -> None:
        """Take the next element, or in turn the next key and its value."""
        self.size += below.size
        if isinstance(self.value, list):
            self.value.append(below.value)
            self._below.append(("", below))
        elif self._key is None:
            self._key = str(below.value) if isinstance(below.value, (str, int, float)) else ""
        else:
            assert isinstance(self.value, dict)
            self.value[self._key] = below.value
            self._below.append((self._key, below))
            self._key = None

    def merge(self) -> None:
        """Take over the members of what stands under the key `<<`, unless they are there."""
        if not isinstance(self.value, dict) or "<<" not in self.value:
            return
        del self.value["<<"]
        merged = [tree for name, tree in self._below if name == "<<"]
        self._below = [(name, tree) for name, tree in self._below if name != "<<"]
        for tree in merged:
            for source in tree.elements() if isinstance(tree.value, list) else (tree,):
                new = [(name, below) for name, below in source.members() if name not in self.value]
                self._below += new
                self.value |= {name: below.value for name, below in new}

    def members(self) -> Iterator[tuple[str, YamlTree]]:
        """Yield the members of the object."""
        yield from self._below

    def elements(self) -> Iterator[YamlTree]:
        """Yield the elements of the array."""
        for _, tree in self._below:
            yield tree

    def source(self) -> Source:
        """Return the text with its place, found word by word: indentation and folding change only what is between."""
        value, document = str(self.value), self._file.text
        offsets: list[tuple[int, int]] = []
        offset = self.span.start
        for word in _WORD.finditer(value):
            found = document.find(word.group(), offset, self.span.end)
            if found < 0:  # written with escapes
                return Source(value, self._file.path)
            if not offsets or found - word.start() != offsets[-1][1] - offsets[-1][0]:
                offsets.append((word.start() if offsets else 0, found - (0 if offsets else word.start())))
            offset = found + len(word.group())
        return Source(value, self._file.path, document, tuple(offsets) or ((0, offset),))


class _Refused(Exception):
    """A text that is over a limit, which the message names."""


def load_yaml(file: RuleFile, result: LoadedRules) -> None:
    """Add the rules of all documents of a YAML text.

    Raises:
        NotARule: none of its documents is a rule, or the package is missing.
    """
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        raise NotARule(_INSTALL) from None
    before = result.found
    strangers = Strangers()
    try:
        for tree in _documents(yaml, file):
            strangers = add_rules(tree, file, result, strangers)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        offset = mark.index if mark is not None else 0
        message = getattr(error, "problem", None) or "a character that it cannot hold"
        result.problems.append(file.problem("bad-rule-file", f"not YAML: {message}", offset, offset + 1))
    except _Refused as error:
        result.problems.append(file.problem("bad-rule-file", f"not YAML that is read: {error}"))
    if result.found == before:
        raise NotARule("no YAML object with a rule's settings")
    if strangers.number:
        line = file.text.count("\n", 0, strangers.first) + 1
        result.skipped.append(Skipped(file.path or file.stem, f"not a rule (line {line})", file.path))


def _documents(yaml: Any, file: RuleFile) -> Iterator[YamlTree]:
    """Yield the root of each document."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolver = yaml.resolver.Resolver()
    opened: list[tuple[YamlTree, str | None]] = []
    anchors: dict[str, YamlTree] = {}
    repeated, most = 0, MAX_YAML_REPETITION * (len(file.text) + _SHORT_TEXT)
    for event in yaml.parse(file.text, Loader=loader):
        kind = type(event).__name__
        if kind in ("SequenceStartEvent", "MappingStartEvent"):
            if len(opened) == MAX_JSON_DEPTH:
                raise _Refused(f"more than {MAX_JSON_DEPTH} levels deep")
            opened.append((YamlTree(file, [] if kind[0] == "S" else {}, _span(event)), event.anchor))
            continue
        if kind == "ScalarEvent":
            tree, anchor = YamlTree(file, _scalar(event, yaml, resolver), _span(event)), event.anchor
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            tree, anchor = opened.pop()
            tree.merge()
        elif kind == "AliasEvent":
            if event.anchor not in anchors:
                raise _Refused(f"the alias `*{event.anchor}` stands for nothing, or for what is around it")
            tree, anchor = anchors[event.anchor], None
            repeated += tree.size
            if repeated > most:
                raise _Refused(f"its aliases repeat more than {MAX_YAML_REPETITION} times the text")
        else:
            if kind == "DocumentStartEvent":
                anchors = {}
            continue
        if anchor is not None:
            anchors[anchor] = tree
        if opened:
            opened[-1][0].add(tree)
        else:
            yield tree


def _span(event: Any) -> Span:
    return Span(event.start_mark.index, event.end_mark.index)


def _scalar(event: Any, yaml: Any, resolver: Any) -> object:
    """Return the value of a scalar: text, number, truth or null, as in YAML 1.1."""
    text = str(event.value)
    if not event.implicit[0] or len(text) > _MAX_NUMBER_CHARACTERS:
        return text
    tag = resolver.resolve(yaml.nodes.ScalarNode, text, (True, False)).rpartition(":")[2]
    try:
        match tag:
            case "null":
                return None
            case "bool":
                return text.lower() in ("yes", "true", "on")
            case "int":
                return int(text.replace("_", ""), 0)
            case "float":
                return float(text.replace("_", ""))
    except ValueError:  # sexagesimal numbers, octal ones in the old form: nothing that a rule means as a number
        return text
    return text
