"""The register of diagnostic ids: the meaning of each, and how to fix it.

An id is never renamed, and never reused for something else. `docs/reference/diagnostics.md` is generated from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Category = Literal["syntax", "meaning", "schema", "type", "limit", "lint", "rule"]
"""The subject of a problem. It decides the class of the exception: see `eqlite.errors.error_for`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of problem.

    Attributes:
        severity: `error` or `warning`.
        category: the subject.
        summary: a line that names the problem.
        explanation: a paragraph with the remedy.
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
        "a character that cannot start a word of EQL",
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
        "error", "syntax", "an invalid number of runs", "`with runs=N` takes a whole number from 1 to 100."
    ),
    "unknown-option": Entry(
        "error", "syntax", "an option that does not exist here", "The only option of a stage is `with runs=N`."
    ),
    "by-after-with": Entry("error", "syntax", "`by` after `with`", "Write `sequence by key with maxspan=5m`."),
    "too-few-stages": Entry(
        "error", "meaning", "a sequence or sample with too few stages", "Write at least two stages."
    ),
    "too-many-stages": Entry("error", "meaning", "a sequence or sample with too many stages", "Split the query."),
    "inconsistent-keys": Entry(
        "error",
        "meaning",
        "stages with different numbers of join keys",
        "Keys are matched by position: give each stage the same number.",
    ),
    "bad-join-key": Entry(
        "error", "meaning", "a join key that is not a plain field", "Join by fields: `by host.id, user.name`."
    ),
    "missing-maxspan": Entry(
        "error",
        "meaning",
        "a missing event without `maxspan`",
        "`![…]` asks for the absence of an event within a time span: add `with maxspan=…`.",
    ),
    "no-positive-stage": Entry(
        "error", "meaning", "only missing events", "At least one stage must be an event that occurs."
    ),
    "missing-event-in-sample": Entry(
        "error", "meaning", "a missing event in a sample", "Samples have neither order nor missing events."
    ),
    "repeated-key": Entry(
        "error", "meaning", "a join key that a sample names twice in one item", "Name each key once."
    ),
    "bad-timestamp-field": Entry(
        "error",
        "meaning",
        "a sequence whose timestamp field is not a date",
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
        "error", "meaning", "a pipe that Elasticsearch does not support", "EQL has the pipes `head` and `tail`."
    ),
    "unknown-pipe": Entry("error", "meaning", "a pipe that does not exist", "EQL has the pipes `head` and `tail`."),
    "bad-pipe-argument": Entry(
        "error", "meaning", "a pipe's argument that is not a positive whole number", "Write `| head 10`."
    ),
    "sample-pipe": Entry("error", "meaning", "a pipe after a sample", "Ask for fewer samples with `size`."),
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
        "Use another field. Of an object, use its fields.",
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
        "error", "type", "a value of a type that does not fit here", "Use a value of the required type."
    ),
    "not-a-constant": Entry(
        "error",
        "meaning",
        "a field or call where only a constant may stand",
        "Write the value out, or swap the operands.",
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
        "error", "meaning", "a `~` after a function that has no case-insensitive form", "Leave the `~` out."
    ),
    "incompatible-keys": Entry(
        "error", "type", "join keys of types that cannot be equal", "Join by fields of one type."
    ),
    "bad-regex": Entry(
        "error",
        "meaning",
        "a regular expression that Lucene (Java, for the result of a function) does not accept, or that eqlite cannot "
        "match",
        "See the syntax in the semantics page, section regex.",
    ),
    "bad-cidr": Entry("error", "meaning", "an invalid address block", "Write `10.0.0.0/8` or `2001:db8::/32`."),
    "literal-out-of-type": Entry(
        "warning",
        "lint",
        "a constant that does not fit the field's type",
        "Elasticsearch fails the search; in eqlite the condition matches nothing. Use a constant of the field's type.",
        fails_search=True,
    ),
    "unequal-key-types": Entry(
        "warning",
        "lint",
        "join keys of different numeric types",
        "A sequence in Elasticsearch never joins a `long` with an `integer`, whatever the values, so it finds nothing. "
        "Join by fields of one type.",
    ),
    "constant-fault": Entry(
        "warning",
        "lint",
        "a calculation with constants that has no value, such as `1 / 0`",
        "Elasticsearch fails the search; eqlite treats the value as null, and refuses it under `strict=True`.",
        fails_search=True,
    ),
    "wildcard-in-constant": Entry(
        "warning",
        "lint",
        "`*`, `?` or a backslash in the constant of `stringContains` or `endsWith`",
        "Elasticsearch reads the constant as a Lucene wildcard: `*` and `?` are wildcards, and `\\` escapes the next "
        "character.",
    ),
    "unknown-category": Entry(
        "warning",
        "lint",
        "an event category that ECS does not have",
        "The query finds nothing in data that follows ECS. Events of another scheme may have it: name their field with "
        "`--category-field` or `event_category_override`, or ignore the warning.",
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
        "A condition on a join key is copied from its stage to the others. Write it in one stage only.",
    ),
    "unreadable-file": Entry("error", "rule", "a file that cannot be read", "Check the path and its permissions."),
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
        "The rule is used. The value is converted if its meaning is certain, such as `'47'` to 47, and ignored "
        "otherwise. Correct it before the rule goes to Kibana.",
    ),
    "setting-not-applied": Entry(
        "warning",
        "rule",
        "a setting of a rule or a search that eqlite does not apply, such as `filters`, `exceptions_list` or `size`",
        "Filters and exceptions are not EQL: Kibana adds them to the search in other languages. Add them to the query "
        "as conditions, or expect detections that Kibana would not show. `size` does not limit detections.",
    ),
    "duplicate-rule": Entry("warning", "rule", "two rules with one id", "Both are used; remove one."),
}
