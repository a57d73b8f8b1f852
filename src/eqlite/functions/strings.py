"""The functions on text, from `between` to `substring`: what they mean on a value.

That is their meaning on constants, on results of functions and, of most, on fields. Of `startsWith`, `endsWith` and
`stringContains` of a field and a constant a prefix or wildcard condition is made, which means something else in places
(wildcards in the constant, ASCII folding); that is not this module's matter.

Positions and lengths are UTF-16 units, as everywhere in Elasticsearch; the insensitive forms compare both texts in
lower case by the rules of `lower_root`. An argument that is a number or a boolean counts as its text, a position given
as text as the number that it writes, or as null if it writes none.
"""

from __future__ import annotations

from collections.abc import Callable

from eqlite.datatypes import DataType
from eqlite.functions.registry import Example, Function, Implementation, Parameter, Value, ValueFault, register
from eqlite.values.numbers import to_int32, to_number
from eqlite.values.text import from_utf16_units, lower_root, to_text, to_utf16_units, utf16_length


def between(text: object, left: object, right: object, greedy: object = False) -> Value:  # noqa: FBT002 - EQL has it so
    """Return the text between the first `left` and the next (greedy: last) `right`, or `""`.

    A null text gives null. An empty `left` or `right` gives the text as it is.

    Raises:
        ValueFault: of a text, `left` or `right` is null, or `greedy` no boolean; greedy, and the last `right` begins
            before the end of the first `left`.

    Example:
        >>> between("/usr/local/bin/nc", "/", "/"), between("/usr/local/bin/nc", "/", "/", True)
        ('usr', 'usr/local/bin')
    """
    return _between(text, left, right, greedy, _unchanged)


def between_insensitive(text: object, left: object, right: object, greedy: object = False) -> Value:  # noqa: FBT002 - EQL has it so
    """Return the result of `between` with `left` and `right` in any case.

    The result has the case of the text.

    Positions are found in the lower-case text, as Elasticsearch does it: where that is longer, the result is
    shifted, and beyond the end of the text it is a fault.

    Raises:
        ValueFault: as `between`.

    Example:
        >>> between_insensitive("CN=Contoso Ltd, O=x", "cn=", ", o=")
        'Contoso Ltd'
    """
    return _between(text, left, right, greedy, lower_root)


def _between(text: object, left: object, right: object, greedy: object, fold: Callable[[str], str]) -> Value:
    """Return the text between two texts, found in their folded forms."""
    if text is None:
        return None
    original, opening, closing = to_text(text), _required(left), _required(right)
    if not isinstance(greedy, bool):
        raise ValueFault(f"A boolean is required; received [{'null' if greedy is None else to_text(greedy)}]")
    if not (original and opening and closing):
        return original
    searched, opening, closing = (to_utf16_units(fold(part)) for part in (original, opening, closing))
    start = searched.find(opening)
    if start < 0:
        return ""
    start += len(opening)
    end = searched.rfind(closing) if greedy else searched.find(closing, start)
    if end < 0:
        return ""
    units = to_utf16_units(original)
    if not start <= end <= len(units):
        raise ValueFault(f"begin {start}, end {end}, length {len(units)}")
    return from_utf16_units(units[start:end])


def concat(*values: object) -> Value:
    """Return the texts of all values concatenated, or null if any is null.

    Example:
        >>> concat("port ", 443, ": ", True), concat("a", None)
        ('port 443: true', None)
    """
    if None in values:
        return None
    return from_utf16_units("".join(map(to_text, values)))


def index_of(text: object, part: object, start: object = None) -> Value:
    """Return the first position of `part` at or after `start`, or null if there is none.

    A null `text` or `part` gives null; a null or negative `start` is 0. An empty `part` is found at `start`, or at the
    end of the text if that is before it.

    Example:
        >>> index_of("foo.bar.baz", "."), index_of("foo.bar.baz", ".", 4), index_of("foo", "x")
        (3, 7, None)
    """
    return _index_of(text, part, start, _unchanged)


def index_of_insensitive(text: object, part: object, start: object = None) -> Value:
    """Return the result of `index_of` in any case, a position in the lower-case text.

    Example:
        >>> index_of_insensitive("Setup.EXE", ".exe")
        5
    """
    return _index_of(text, part, start, lower_root)


def _index_of(text: object, part: object, start: object, fold: Callable[[str], str]) -> Value:
    """Return the first position of `part` in the folded text."""
    if text is None or part is None:
        return None
    units, sought = to_utf16_units(fold(to_text(text))), to_utf16_units(fold(to_text(part)))
    first = max(_position(start) or 0, 0)
    if not sought:
        return min(first, len(units))
    found = units.find(sought, first)
    return None if found < 0 else found


def length(text: object) -> Value:
    """Return the number of UTF-16 units, or null for null.

    Example:
        >>> length("cmd.exe"), length(""), length(None)
        (7, 0, None)
    """
    return None if text is None else utf16_length(to_text(text))


def substring(text: object, start: object, end: object = None) -> Value:
    """Return the part from `start` up to `end`, like a Python slice: negative positions count from the end.

    A null `text` gives null, a null `start` the whole text, a null `end` is its end.

    Example:
        >>> substring("powershell.exe", 0, -4), substring("powershell.exe", -4), substring("exe", 5)
        ('powershell', '.exe', '')
    """
    if text is None:
        return None
    whole = to_text(text)
    first = _position(start)
    if first is None:
        return whole
    return from_utf16_units(to_utf16_units(whole)[first : _position(end)])


def to_string(value: object) -> Value:
    """Return the text of any value, or null for null.

    Example:
        >>> to_string(42), to_string(1.0), to_string(True)
        ('42', '1.0', 'true')
    """
    return None if value is None else str.__str__(to_text(value))


def _required(part: object) -> str:
    """Return the text of an argument that must not be null if the searched text is not."""
    if part is None:
        raise ValueFault("A string/char is required; received [null]")
    return to_text(part)


def _unchanged(text: str) -> str:
    """Return `text`: the folding of the case-sensitive forms."""
    return text


def _position(value: object) -> int | None:
    """Return a position as Java takes it from any number, or None for other values."""
    number = to_number(value)
    return None if number is None else to_int32(number)


def _is_prefix(text: str, part: str) -> bool:
    return text.startswith(part)


def _is_suffix(text: str, part: str) -> bool:
    return text.endswith(part)


def _contains(fold: Callable[[str], str]) -> Implementation:
    """Return an implementation of `stringContains`: of a text, a null part is a fault (elasticsearch#155300)."""

    def implementation(text: object, part: object) -> Value:
        if text is None:
            return None
        searched, sought = (to_utf16_units(fold(found)) for found in (to_text(text), _required(part)))
        return bool(searched and sought) and sought in searched

    return implementation


def _test(holds: Callable[[str, str], bool], fold: Callable[[str], str] = _unchanged) -> Implementation:
    """Return an implementation that applies `holds` to two folded texts, or gives null for null."""

    def implementation(text: object, part: object) -> Value:
        if text is None or part is None:
            return None
        return holds(to_utf16_units(fold(to_text(text))), to_utf16_units(fold(to_text(part))))

    return implementation


_TEXT = Parameter("text", "string", "the text to search")
_TWO = "exactly two arguments"

register(
    Function(
        name="between",
        parameters=(
            _TEXT,
            Parameter("left", "string", "the text before the part"),
            Parameter("right", "string", "the text after the part"),
            Parameter(
                "greedy",
                "boolean",
                "up to the last `right`, not the next; false by default",
                constant=True,
                optional=True,
            ),
        ),
        returns=DataType.KEYWORD,
        arity="three or four arguments",
        doc='The part of a text between the first `left` and the `right` after it; `""` if there is none, the whole '
        "text if one of them is empty. Greedy, it goes up to the last `right`: an error if that comes before the end "
        "of `left`. Null if the text is null; a null `left` or `right` is an error.",
        examples=(
            Example(r'between("C:\\Windows\\System32\\cmd.exe", "\\", "\\")', "Windows"),
            Example(r'between("C:\\Windows\\System32\\cmd.exe", "\\", "\\", true)', r"Windows\System32"),
            Example('between~("User=Admin;Host=DC1", "user=", ";")', "Admin"),
            Example('between("cmd.exe", "(", ")")', ""),
            Example('between(null, "(", ")")', None),
        ),
        implementation=between,
        insensitive=between_insensitive,
    )
)

register(
    Function(
        name="concat",
        parameters=(Parameter("value", "any", "the values to join", repeated=True),),
        returns=DataType.KEYWORD,
        arity="at least one argument",
        doc="The texts of all values, one after the other. Null if one is null.",
        examples=(
            Example('concat("pid ", 4242, ", elevated ", true)', "pid 4242, elevated true"),
            Example('concat("ratio ", 1.0)', "ratio 1.0"),
            Example('concat("a", null, "b")', None),
        ),
        implementation=concat,
    )
)

register(
    Function(
        name="endsWith",
        parameters=(_TEXT, Parameter("end", "string", "the ending")),
        returns=DataType.BOOLEAN,
        arity=_TWO,
        doc="Whether a text ends with another one. Null if either is null.",
        examples=(
            Example('endsWith("payload.dll", ".dll")', value=True),
            Example('endsWith("PAYLOAD.DLL", ".dll")', value=False),
            Example('endsWith~("PAYLOAD.DLL", ".dll")', value=True),
            Example('endsWith("", "")', value=True),
            Example('endsWith("payload.dll", null)', None),
        ),
        implementation=_test(_is_suffix),
        insensitive=_test(_is_suffix, lower_root),
    )
)

register(
    Function(
        name="indexOf",
        parameters=(
            _TEXT,
            Parameter("part", "string", "the text to find"),
            Parameter("start", "integer", "the first position to search, by default 0", optional=True),
        ),
        returns=DataType.INTEGER,
        arity="two or three arguments",
        doc="The position of the first occurrence of a text in another one, counted from 0. Null if there is none, "
        "and if either is null.",
        examples=(
            Example('indexOf("mail.corp.example", ".")', 4),
            Example('indexOf("mail.corp.example", ".", 5)', 9),
            Example('indexOf~("mail.corp.example", "CORP")', 5),
            Example('indexOf("mail.corp.example", "www")', None),
        ),
        implementation=index_of,
        insensitive=index_of_insensitive,
    )
)

register(
    Function(
        name="length",
        parameters=(Parameter("text", "string", "the text to measure"),),
        returns=DataType.INTEGER,
        arity="exactly one argument",
        doc="The length of a text in UTF-16 units: characters beyond U+FFFF (emoji) count twice. Null for null.",
        examples=(
            Example('length("svchost.exe")', 11),
            Example('length("")', 0),
            Example('length("\N{SMILING FACE WITH SUNGLASSES}")', 2),
            Example("length(null)", None),
        ),
        implementation=length,
    )
)

register(
    Function(
        name="startsWith",
        parameters=(_TEXT, Parameter("start", "string", "the beginning")),
        returns=DataType.BOOLEAN,
        arity=_TWO,
        doc="Whether a text starts with another one. Null if either is null.",
        examples=(
            Example('startsWith("/dev/shm/.x", "/dev/shm")', value=True),
            Example('startsWith("/DEV/SHM/.x", "/dev/shm")', value=False),
            Example('startsWith~("/DEV/SHM/.x", "/dev/shm")', value=True),
            Example('startsWith(null, "/dev/shm")', None),
        ),
        implementation=_test(_is_prefix),
        insensitive=_test(_is_prefix, lower_root),
    )
)

register(
    Function(
        name="string",
        parameters=(Parameter("value", "any", "the value to convert"),),
        returns=DataType.KEYWORD,
        arity="exactly one argument",
        doc="A value as text. Null for null.",
        examples=(
            Example("string(4242)", "4242"),
            Example("string(42.50)", "42.5"),
            Example("string(true)", "true"),
            Example("string(null)", None),
        ),
        implementation=to_string,
    )
)

register(
    Function(
        name="stringContains",
        parameters=(_TEXT, Parameter("part", "string", "the text to find")),
        returns=DataType.BOOLEAN,
        arity=_TWO,
        doc="Whether a text contains another one, which may not be empty. Null if the text is null; a null part of a "
        "text is an error.",
        examples=(
            Example('stringContains("curl -k https://example.com", " -k ")', value=True),
            Example('stringContains("CURL -K", "curl")', value=False),
            Example('stringContains~("CURL -K", "curl")', value=True),
            Example('stringContains("curl", "")', value=False),
            Example('stringContains(null, "curl")', None),
        ),
        implementation=_contains(_unchanged),
        insensitive=_contains(lower_root),
    )
)

register(
    Function(
        name="substring",
        parameters=(
            _TEXT,
            Parameter("start", "integer", "the first position; negative ones count from the end"),
            Parameter("end", "integer", "the position after the last one; by default the end", optional=True),
        ),
        returns=DataType.KEYWORD,
        arity="two or three arguments",
        doc="The part of a text from one position up to before another one, counted from 0. Null for null text.",
        examples=(
            Example('substring("powershell.exe", 5)', "shell.exe"),
            Example('substring("powershell.exe", 5, 10)', "shell"),
            Example('substring("powershell.exe", -4)', ".exe"),
            Example('substring("powershell.exe", 0, -4)', "powershell"),
            Example('substring("powershell.exe", 99)', ""),
            Example("substring(null, 1)", None),
        ),
        implementation=substring,
    )
)
