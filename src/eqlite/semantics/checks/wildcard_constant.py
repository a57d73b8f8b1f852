r"""The constant of `stringContains` and `endsWith` on a field: Elasticsearch reads `*`, `?` and `\` in it."""

from __future__ import annotations

import re

from eqlite.language import ast
from eqlite.language.walk import walk
from eqlite.semantics.context import Context

_SPECIAL = re.compile(r"[*?\\]")
_FUNCTIONS = re.compile(r"stringcontains|endswith", re.IGNORECASE)


def check_wildcard_constant(query: ast.Query, context: Context) -> None:
    """Warn of characters in the constant that have a special meaning (eql-semantics 7.6)."""
    text = context.collector.source.text.lower()
    if "stringcontains" not in text and "endswith" not in text:
        return  # as for most queries
    for node in walk(query):
        if not isinstance(node, ast.Call) or not _FUNCTIONS.fullmatch(node.name):
            continue
        match node.arguments:
            case (ast.FieldRef(), ast.Literal(value=str() as text) as literal) if _SPECIAL.search(text):
                special = " ".join(f"`{character}`" for character in sorted(set(_SPECIAL.findall(text))))
                context.collector.report(
                    "wildcard-in-constant",
                    f"{special} in the constant of `{node.name}` is read as a wildcard or an escape",
                    literal.span,
                    help="a backslash before a character makes it literal; `like` takes backslashes literally",
                )
            case _:
                pass
