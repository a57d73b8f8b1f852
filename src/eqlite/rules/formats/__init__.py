"""The formats of rule files: name, content and module of each.

A form is read by the module that its row names, imported when there is something to read. `docs/reference/rules.md` has
a row for each.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import NamedTuple

from eqlite.rules.formats.settings import RuleFile
from eqlite.rules.model import LoadedRules

__all__ = ["FORMATS", "PACKINGS", "Format", "bare_name", "choose"]

Loader = Callable[[RuleFile, LoadedRules], None]

PACKINGS = (".gz", ".zst")

_JSON_START = re.compile(r"\s{0,99}(?:\{|\[\s{0,99}[\]{])")
_TOML_START = re.compile(r"^[ \t]{0,99}(?:\[{1,2}(?:rules?|metadata|hunt)\]|rule\.query[ \t]{0,99}=)", re.MULTILINE)
_TOML_QUERY = re.compile(r"""^query[ \t]{0,99}=[ \t]{0,99}["']""", re.MULTILINE)
_PAGE_LABEL = re.compile(r"^[ \t]{0,99}\*{0,2}rule type\*{0,2}[ \t]{0,99}:", re.IGNORECASE | re.MULTILINE)
_ASCIIDOC_LABEL = re.compile(r"^\*rule type\*[ \t]{0,99}:", re.IGNORECASE | re.MULTILINE)
_ASCIIDOC_BLOCK = re.compile(r"^\[source, ?eql\b", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]{0,99}(?:`{3,}|~{3,})[ \t]{0,99}eql\b", re.IGNORECASE | re.MULTILINE)
_YAML_KEY = re.compile(r"(?:\A|\n)(?:---[^\n]*\n)?(?:- )?(?:query|rule_id|detection|logsource):(?=\s)")


class Format(NamedTuple):
    """A form of rule files.

    Attributes:
        name: what it is called in messages and on the reference page.
        suffixes: of names that are taken for it; several forms may share one.
        is_in: returns whether a text looks like it.
        loader: module below this package, and function, that add the rules of a text.
    """

    name: str
    suffixes: tuple[str, ...]
    is_in: Callable[[str], bool]
    loader: str

    def load(self, file: RuleFile, result: LoadedRules) -> None:
        """Add the rules of a text.

        Raises:
            NotARule: it holds none.
        """
        module, function = self.loader.split(".")
        loader: Loader = getattr(importlib.import_module(f"{__name__}.{module}"), function)
        loader(file, result)


def _is_asciidoc(text: str) -> bool:
    return _ASCIIDOC_LABEL.search(text) is not None or _ASCIIDOC_BLOCK.search(text) is not None


# In the order in which a text without a telling name is tried: a note in TOML may quote a page, a page a fence.
FORMATS = (
    Format("JSON", (".ndjson", ".jsonl", ".json"), lambda text: _JSON_START.match(text) is not None, "json.load_json"),
    Format(
        "TOML",
        (".toml",),
        lambda text: bool(_TOML_START.search(text) or _TOML_QUERY.search(text)),
        "toml.load_toml",
    ),
    Format("AsciiDoc", (".asciidoc", ".adoc"), _is_asciidoc, "page.load_asciidoc"),
    Format("rule page", (".txt", ".md", ".markdown"), lambda text: bool(_PAGE_LABEL.search(text)), "page.load_page"),
    Format("Markdown", (".md", ".markdown"), lambda text: _FENCE.search(text) is not None, "markdown.load_markdown"),
    Format(
        "Console request",
        (".txt", ".md", ".markdown", ".console", ".http"),
        lambda text: "/_eql/search" in text,
        "console.load_console",
    ),
    Format("YAML", (".yml", ".yaml"), lambda text: _YAML_KEY.search(text) is not None, "yaml.load_yaml"),
    Format("bare EQL", (".eql",), lambda _: True, "bare_query.load_bare"),
)
SUFFIXES = tuple(dict.fromkeys(suffix for form in FORMATS for suffix in form.suffixes))


def choose(file: RuleFile, *, is_named: bool) -> Format | None:
    """Return the form of a text, by its name and, where that leaves several or none, by its content.

    None for a text that has the name of several forms and none of their contents: a licence, a note.

    Args:
        file: the text.
        is_named: it is meant to be a rule; a text of any name may then be one of any form.
    """
    name = bare_name(file.path or "")
    by_name = [form for form in FORMATS if name.endswith(form.suffixes)]
    if len(by_name) == 1:
        return by_name[0]
    forms = (*by_name, *FORMATS) if is_named or not by_name else by_name
    return next((form for form in forms if form.is_in(file.text)), None)


def bare_name(name: str) -> str:
    """Return a name in lower case and without the suffix of a compression."""
    name = name.lower()
    for packing in PACKINGS:
        name = name.removesuffix(packing)
    return name
