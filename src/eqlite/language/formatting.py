"""The canonical form of a query's text."""

from __future__ import annotations

from eqlite.language.parser import parse_with_comments
from eqlite.language.printer import print_query


def format(text: str) -> str:
    """Return a query in its canonical form, with its comments.

    The form does not depend on blanks, line breaks or the way literals are written. A canonical text stays as it is.

    Raises:
        EqlSyntaxError, LimitError: the text is not EQL, or too long.

    >>> import eqlite
    >>> print(eqlite.format('any where a==1 and b:("x" , "y") // why'), end="")
    any where a == 1 and b : ("x", "y") // why
    """
    return print_query(*parse_with_comments(text), text=text)
