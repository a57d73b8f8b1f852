"""Reading TOML in two thirds of the time.

`tomllib` goes through a `"basic string"` sign by sign, and leaps to the end of a `'literal'` one. Where a basic string
has no escapes, it says the same in the other quotes, and nothing moves; rules consist of such strings mostly.
"""

from __future__ import annotations

import re
import tomllib

# Comments and strings, closed or not, so that every sign is looked at once; no part gives back what it took.
_QUOTED = re.compile(
    r"""
      \#[^\n]*+
    | \"{3}(?:[^"\\]++|\\.|"(?!""))*+(?:"{3,5})?
    | '{3}(?:[^']++|'(?!''))*+(?:'{3,5})?
    | "(?:[^"\\\n]++|\\.)*+"?
    | '[^'\n]*+'?
    """,
    re.DOTALL | re.VERBOSE,
)


def loads(text: str) -> dict[str, object]:
    r"""Return what `tomllib.loads` returns, and raise what it raises.

    >>> loads('name = "it\'s" # "quoted"\nquery = \"\"\"a\nb\"\"\"')
    {'name': "it's", 'query': 'a\nb'}
    """
    try:
        return tomllib.loads(_QUOTED.sub(_as_literal, text))
    except tomllib.TOMLDecodeError:
        return tomllib.loads(text)  # for the message; signs it speaks of are those of the file


def _as_literal(found: re.Match[str]) -> str:
    """Return a basic string as a literal one, where that can be; anything else as it is."""
    token = found.group()
    if token[0] != '"' or "\\" in token:
        return token
    quotes = 3 if token.startswith('"""') else 1
    inside = token[quotes:-quotes]
    is_closed = len(token) >= 2 * quotes and token.endswith('"' * quotes)
    if not is_closed or ("'" in inside and (quotes == 1 or "'''" in inside)) or inside.endswith(('"', "'")):
        return token
    literal = "'" * quotes
    return f"{literal}{inside}{literal}"
