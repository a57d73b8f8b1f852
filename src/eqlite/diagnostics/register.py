"""The register of diagnostic ids: the meaning of each, and how to fix it.

An id is never renamed and never used again for something else. `docs/reference/diagnostics.md` is generated from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Category = Literal["syntax", "meaning", "schema", "type", "limit", "lint", "rule"]
"""The subject of a problem, which decides the class of the exception: `eqlite.errors.error_for`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of problem.

    Attributes:
        severity: `error` or `warning`.
        category: the subject.
        summary: a line that names the problem.
        explanation: a paragraph with the way out.
        fails_search: a warning that `strict=True` refuses, since Elasticsearch fails the search.
    """

    severity: str
    category: Category
    summary: str
    explanation: str
    fails_search: bool = False


REGISTER: dict[str, Entry] = {
    "syntax-error": Entry(
        "error",
        "syntax",
        "the query is not EQL",
        "The grammar does not allow this word or character here. The message names what it would accept instead.",
    ),
    "unexpected-character": Entry(
        "error",
        "syntax",
        "a character that starts no word of EQL",
        "Put field names with characters other than letters, digits, `_`, `@` and `.` in backticks, and text in double "
        "quotes.",
    ),
    "unterminated-string": Entry(
        "error", "syntax", "a string without its closing quote", "A string ends on the line on which it starts."
    ),
    "unterminated-comment": Entry(
        "error", "syntax", "a `/*` without its `*/`", "Comments nest: each `/*` needs a `*/` of its own."
    ),
    "bad-escape": Entry(
        "error",
        "syntax",
        "an escape sequence that EQL does not know",
        "Known are `\\b \\t \\n \\f \\r \\\" \\' \\\\` and `\\u{…}` with two to eight hex digits. Write `\\\\` for a "
        'backslash, or use a raw string: `"""C:\\Windows"""`.',
    ),
    "single-quotes": Entry("error", "syntax", "single quotes around a string", "EQL strings take double quotes."),
    "old-raw-string": Entry(
        "error", "syntax", 'a raw string in the old form `?"…"`', 'Raw strings take three double quotes: `"""…"""`.'
    ),
    "array-index": Entry(
        "error",
        "syntax",
        "an index into an array, `field[0]`",
        "EQL has no array positions: a condition holds when any value of the field meets it.",
    ),
    "process-relationship": Entry(
        "error",
        "syntax",
        "`descendant of`, `child of` or `event of`",
        "Elasticsearch does not support process relationships; join two events by `process.entity_id` in a sequence.",
    ),
    "bad-duration": Entry(
        "error",
        "syntax",
        "a time span that `maxspan` cannot take",
        "Write a positive whole number and one of `ms s m h d`.",
    ),
    "bad-runs": Entry(
        "error", "syntax", "a number of runs that cannot be", "`with runs=N` takes a whole number from 1 to 100."
    ),
    "unknown-option": Entry(
        "error", "syntax", "an option that does not exist here", "A stage knows `with runs=N` alone."
    ),
    "by-after-with": Entry("error", "syntax", "`by` after `with`", "Write `sequence by key with maxspan=5m`."),
    "too-few-stages": Entry(
        "error", "meaning", "a sequence or sample with too few stages", "Two stages are the least."
    ),
    "too-many-stages": Entry("error", "meaning", "a sequence or sample with too many stages", "Split the query."),
    "inconsistent-keys": Entry(
        "error",
        "meaning",
        "stages with different numbers of join keys",
        "Keys are matched by position: give each stage as many.",
    ),
    "bad-join-key": Entry(
        "error", "meaning", "a join key that is no plain field", "Join by fields: `by host.id, user.name`."
    ),
    "missing-maxspan": Entry(
        "error",
        "meaning",
        "a missing event without `maxspan`",
        "`![…]` asks for the absence of an event within a time span: add `with maxspan=…`.",
    ),
    "no-positive-stage": Entry(
        "error", "meaning", "only missing events", "At least one stage must be one that happens."
    ),
    "missing-event-in-sample": Entry(
        "error", "meaning", "a missing event in a sample", "Samples know no order and no absence."
    ),
    "repeated-key": Entry(
        "error", "meaning", "a join key that a sample names twice in one item", "Name each key once."
    ),
    "bad-timestamp-field": Entry(
        "error",
        "meaning",
        "a sequence whose timestamp field is no date",
        "Sequences are ordered by a field of type `date` or `date_nanos`: name it with `timestamp_field`.",
    ),
    "sample-without-key": Entry("error", "meaning", "a sample without a join key", "Add `by field`."),
    "until-without-sequence": Entry(
        "error", "meaning", "`until` with a single stage", "A sequence needs two stages besides `until`."
    ),
    "unsupported-join": Entry(
        "error", "meaning", "the `join` command", "Elasticsearch does not support `join`; use `sequence` or `sample`."
    ),
    "unsupported-pipe": Entry(
        "error", "meaning", "a pipe that Elasticsearch does not support", "`head` and `tail` are the pipes of EQL."
    ),
    "unknown-pipe": Entry("error", "meaning", "a pipe that does not exist", "`head` and `tail` are the pipes of EQL."),
    "bad-pipe-argument": Entry(
        "error", "meaning", "a pipe's argument that is no positive whole number", "Write `| head 10`."
    ),
    "sample-pipe": Entry("error", "meaning", "a pipe behind a sample", "Ask for fewer samples with `size`."),
    "unknown-field": Entry(
        "error",
        "schema",
        "a field that the schema does not have",
        "Correct the name, or write `?field` where documents may lack it.",
    ),
    "unsupported-field-type": Entry(
        "error",
        "schema",
        "a field of a type that EQL cannot read",
        "Ask for another field; objects are read by their parts.",
    ),
    "nested-field": Entry(
        "error", "schema", "a field of type nested, or below one", "EQL does not read nested fields."
    ),
    "ambiguous-field": Entry(
        "error",
        "schema",
        "a field with different types in different indices",
        "Narrow the indices, or fix their mappings.",
    ),
    "text-without-keyword": Entry(
        "error", "schema", "a text field without an exact sub-field", "Add a keyword sub-field to the mapping."
    ),
    "not-boolean": Entry(
        "error", "type", "a condition that is neither true nor false", "Compare the value with something."
    ),
    "type-mismatch": Entry(
        "error", "type", "a value of a type that does not fit here", "Use a value of the type asked for."
    ),
    "not-a-constant": Entry(
        "error",
        "meaning",
        "a field or call where only a constant may stand",
        "Write the value out, or turn the operands around.",
    ),
    "field-comparison": Entry(
        "error",
        "meaning",
        "two fields compared with each other",
        "Elasticsearch compares fields with constants only; join two events on equal values in a sequence.",
    ),
    "unknown-function": Entry("error", "meaning", "a function that does not exist", "Correct the name."),
    "wrong-argument-count": Entry("error", "meaning", "too few or too many arguments", "See the function's page."),
    "no-case-insensitive-form": Entry(
        "error", "meaning", "a `~` behind a function that has no case-insensitive form", "Leave the `~` out."
    ),
    "incompatible-keys": Entry(
        "error", "type", "join keys of types that cannot be equal", "Join by fields of one type."
    ),
    "bad-regex": Entry(
        "error",
        "meaning",
        "a regular expression that Lucene, or for a function's result Java, does not take, or that eqlite cannot match",
        "See the syntax in the semantics page, section regex.",
    ),
    "bad-cidr": Entry("error", "meaning", "an address block that is none", "Write `10.0.0.0/8` or `2001:db8::/32`."),
    "literal-out-of-type": Entry(
        "warning",
        "lint",
        "a constant that the field's type cannot take",
        "Elasticsearch fails the search; eqlite lets the condition match nothing. Use a constant of the field's type.",
        fails_search=True,
    ),
    "unequal-key-types": Entry(
        "warning",
        "lint",
        "join keys of different numeric types",
        "A sequence of Elasticsearch joins no `long` with an `integer`, whatever the values: nothing is found. Join by "
        "fields of one type.",
    ),
    "constant-fault": Entry(
        "warning",
        "lint",
        "a calculation with constants that has no value, such as `1 / 0`",
        "Elasticsearch fails the search; eqlite takes the value for null, and refuses it under `strict=True`.",
        fails_search=True,
    ),
    "wildcard-in-constant": Entry(
        "warning",
        "lint",
        "`*`, `?` or a backslash in the constant of `stringContains` or `endsWith`",
        "Elasticsearch reads the constant as a Lucene wildcard: `*` and `?` are wildcards, `\\` escapes the next one.",
    ),
    "unknown-category": Entry(
        "warning",
        "lint",
        "an event category that ECS does not have",
        "The query finds nothing in data that follows ECS. Events of another scheme may have it: name their field with "
        "`--category-field` or `event_category_override`, or let it stand.",
    ),
    "range-in-insensitive-regex": Entry(
        "warning",
        "lint",
        "a range such as `[a-z]` under `regex~`",
        "Elasticsearch folds single characters but not ranges: write `[a-zA-Z]`.",
    ),
    "query-too-long": Entry("error", "limit", "a query longer than the limit", "Split it."),
    "nesting-too-deep": Entry("error", "limit", "brackets or `not` nested more deeply than the limit", "Flatten it."),
    "list-too-long": Entry("error", "limit", "a list with more items than the limit", "Split it, or use a pattern."),
    "regex-too-large": Entry("error", "limit", "a regular expression over the limits", "Shorten or split it."),
    "too-many-key-conditions": Entry(
        "error",
        "limit",
        "more conditions on join keys than the limit, counted for each stage they are copied to",
        "What one stage asks of a join key is asked of the others, too. Ask it of one stage only.",
    ),
    "unreadable-file": Entry("error", "rule", "a file that cannot be read", "Check the path and your rights to it."),
    "bad-rule-file": Entry("error", "rule", "a file that holds no rule", "See the rule formats in the documentation."),
    "bad-rule-field": Entry(
        "error",
        "rule",
        "a rule's setting with an impossible value, which decides what the rule finds",
        "The rule is left out. Correct the value.",
    ),
    "odd-rule-field": Entry(
        "warning",
        "rule",
        "a rule's setting with a value that Kibana refuses, which does not change what the rule finds",
        "The rule is used. The setting is read as it is meant where that is certain, such as 47 where it says `'47'`, "
        "and left out otherwise. Correct the value before the rule goes to Kibana.",
    ),
    "setting-not-applied": Entry(
        "warning",
        "rule",
        "a setting of a rule or a search that eqlite does not apply, such as `filters`, `exceptions_list` or `size`",
        "Filters and exceptions are no EQL: Kibana adds them to the search in other languages. Write what they leave "
        "out as a condition of the query, or expect detections that Kibana would not show. A search has no size.",
    ),
    "duplicate-rule": Entry("warning", "rule", "two rules with one id", "Both are used; remove one."),
}
