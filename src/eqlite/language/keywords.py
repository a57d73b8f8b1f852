"""The words of EQL with a meaning of their own. The grammar has them as terminals."""

RESERVED = frozenset(
    (
        *("and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null", "of", "or", "regex", "sample"),
        *("sequence", "true", "until", "where", "with"),
    )
)
"""The words that are never names unless quoted."""
CONTEXTUAL = frozenset(("head", "runs", "tail"))
"""The words with a meaning in one place, and names elsewhere."""
