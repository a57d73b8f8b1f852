"""Conditions → Python source: one function for each condition.

The conjuncts of the condition become statements that return early, the cheapest first; a field is loaded right before
the first of them that needs it. Reordering is sound because leaves are two-valued and have no effect but counting
faults.

Generated code holds our own identifiers and the `repr`s of strings, numbers and booleans, nothing else; all other
constants are globals of the function, which has no others. (As default arguments they would cost a copy each per call:
a fifth of the time of the example rule.) It is the same for the same condition, every time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eqlite import plan
from eqlite.backends.python.access import Access
from eqlite.engine.faults import Predicate
from eqlite.fields import Field
from eqlite.predicates import literal_search as patterns
from eqlite.predicates import raw_values as runtime
from eqlite.predicates.complexity import conjuncts, cost, is_too_complex, reads_one_plain_field
from eqlite.predicates.value_tests import number_range, text_range
from eqlite.values.regex.compile import Regex
from eqlite.values.text import fold_ascii
from eqlite.values.wildcard import Pattern

MAX_LOADING_CHARACTERS = 1 << 20
"""The code that loads a field grows with the square of the parts of its name: bounded for one, and for all together."""
_MAYBE_NUMBER = re.compile(r"-?(?:[0-9]|Inf|NaN)|true$|false$")
"""How the text of a number or a boolean begins; a constant that cannot be one needs no look at numbers."""


Fallback = Callable[[plan.Condition], Predicate]


class TooComplex(Exception):
    """A condition with too deep nesting, too many leaves or too long names for generated code."""


@dataclass(slots=True)
class Generated:
    """The source of a function `matches(e, faults)` and the constants that it finds among its globals."""

    source: str
    constants: dict[str, Any]


@dataclass(slots=True)
class Generator:
    """A generator of one function.

    `fallback` makes the function for a leaf that is better interpreted: a script, a field with conversions.
    """

    access: Access
    fallback: Fallback
    constants: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    derived: dict[str, str] = field(default_factory=dict)
    limited: set[str] = field(default_factory=set)
    loading_characters: int = 0

    def generate(self, condition: plan.Condition) -> Generated:
        """Return the function for a condition."""
        if is_too_complex(condition):
            raise TooComplex
        *first, last = conjuncts(condition)
        self.lines += self.access.opening
        for term in first:
            self._load(term)
            self.lines.append(f"if {self.refuted(term)}: return False")
        self._load(last)
        self.lines.append(f"return bool({self.test(last)})")
        body = "\n".join(f"    {line}" for line in self.lines)
        return Generated(f"def matches({self.access.parameters}):\n{body}\n", self.constants)

    def _load(self, condition: plan.Condition) -> None:
        """Load the fields of a conjunct, and clear the variables derived from them on demand."""
        for leaf in plan.leaves(condition):
            if reads_one_plain_field(leaf):
                variable, lines = self._variable(leaf.field)  # type: ignore[union-attr]
                self.lines += lines
                self.loading_characters += sum(map(len, lines))
                if self.loading_characters > MAX_LOADING_CHARACTERS:
                    raise TooComplex
                if any("EMPTY" in line for line in lines):
                    self.constants["EMPTY"] = runtime.EMPTY
                for name in _derived_names(leaf, variable):
                    if name not in self.derived:
                        self.derived[name] = variable
                        self.lines.append(f"{name} = None")

    def _variable(self, read: Field) -> tuple[str, list[str]]:
        """Return the variable with a field's raw value, without ignored values, and the lines that load it."""
        variable, lines = self.access.load(read.path)
        limit = read.ignore_above
        if limit is None:
            return variable, lines
        name = f"{variable}_{limit}"
        if name not in self.limited:
            self.limited.add(name)
            is_short = f"{variable} is None or {variable}.__class__ is str and len({variable}) <= {limit // 2}"
            lines = [*lines, f"{name} = {variable} if {is_short} else {self.runtime('within')}({variable}, {limit})"]
        return name, lines

    def refuted(self, condition: plan.Condition) -> str:
        """Return an expression that is true if the condition does not hold."""
        if isinstance(condition, plan.Negation):
            return self.test(condition.operand)
        return f"not {self.test(condition)}"

    def test(self, condition: plan.Condition) -> str:
        """Return an expression, safe in any place, that is true if the condition holds."""
        match condition:
            case plan.Always(holds=holds):
                return repr(holds)
            case plan.Negation(operand=operand):
                return f"(not {self.test(operand)})"
            case plan.AllOf(terms=terms):
                return f"({' and '.join(self.test(term) for term in sorted(terms, key=cost))})"
            case plan.AnyOf(terms=terms):
                return f"({' or '.join(self.test(term) for term in sorted(terms, key=cost))})"
            case plan.Exists() | plan.FieldTest() if reads_one_plain_field(condition):
                return self._field_test(condition)
            case _:
                return f"{self.constant('c', self.fallback(condition))}(e, faults)"

    def constant(self, prefix: str, value: Any) -> str:
        """Add a value to the globals of the function, and return its name there."""
        name = f"{prefix}{len(self.constants)}"
        self.constants[name] = value
        return name

    def runtime(self, name: str) -> str:
        """Add a helper of `raw_values.py` to the globals of the function, and return its name."""
        self.constants[name] = getattr(runtime, name)
        return name

    # --- tests on one field ------------------------------------------------------------------------------------------

    def _field_test(self, leaf: plan.Exists | plan.FieldTest) -> str:
        variable, _ = self._variable(leaf.field)
        if isinstance(leaf, plan.Exists):
            return f"({variable} is not None and ({variable}.__class__ is str or {self.runtime('exists')}({variable})))"
        match leaf.test:
            case plan.TextIn(texts=texts, insensitive=False):
                return self._text_in(variable, texts)
            case plan.TextIn(texts=texts):
                return self._folded_in(variable, texts)
            case plan.TextLike(patterns=found):
                return self._like(variable, found)
            case plan.TextRegex():
                return self._regex(variable, leaf.test.regex)
            case plan.TextRange(operator=operator, bound=bound):
                passes = self.constant("p", text_range(operator, bound))
                return f"({variable} is not None and {self.runtime('any_text')}({variable}, {passes}))"
            case plan.NumberIn() | plan.NumberRange():
                return self._number(variable, leaf.test)
            case plan.BooleanIn(values=values):
                return self._boolean(variable, values)
            case plan.AddressIn(blocks=blocks):
                constant = self.constant("k", blocks)
                return f"({variable} is not None and {self.runtime('any_address')}({variable}, {constant}))"
            case _:
                raise AssertionError(f"no code for {type(leaf.test).__name__}")

    def _text_in(self, variable: str, texts: frozenset[str]) -> str:
        """Test a str inline, and a list too if no text could be that of a number."""
        constant = self.constant("k", texts)
        if len(texts) == 1:
            (text,) = texts
            plain, within = f"{variable} == {text!r}", f"{text!r} in {variable}"
        else:
            plain, within = f"{variable}.__class__ is str and {variable} in {constant}", ""
        slow = f"{variable} is not None and {self.runtime('any_in')}({variable}, {constant})"
        if within and not _MAYBE_NUMBER.match(next(iter(texts))):
            slow = f"({variable}.__class__ is list and {within} or {slow})"
        return f"({plain} or {variable}.__class__ is not str and {slow})"

    def _folded_in(self, variable: str, texts: frozenset[str]) -> str:
        lowered = f"({variable}.lower() if {variable}.isascii() else {self._fold()}({variable}))"
        constant = self.constant("k", texts)
        name = variable.replace("v", "l")
        lowered = f"({name} or ({name} := {lowered}))"
        plain = f"{lowered} == {next(iter(texts))!r}" if len(texts) == 1 else f"{lowered} in {constant}"
        slow = f"{variable} is not None and {self.runtime('any_folded_in')}({variable}, {constant})"
        return f"({plain} if {variable}.__class__ is str else {slow})"

    def _fold(self) -> str:
        self.constants["fold_ascii"] = fold_ascii
        return "fold_ascii"

    def _joined(self, variable: str, *, folded: bool) -> str:
        """Return an expression for the joined texts of a field, computed on first use."""
        name = variable.replace("v", "j")
        text = f"({name} or ({name} := {self.runtime('joined')}({variable})))"
        if not folded:
            return text
        name = variable.replace("v", "f")
        return f"({name} or ({name} := {self._fold()}({text})))"

    def _like(self, variable: str, found: tuple[Pattern, ...]) -> str:
        alternatives: list[str] = []
        for folded in (False, True):
            chosen = tuple(pattern for pattern in found if pattern.folded is folded)
            if chosen:
                alternatives += self._like_alike(variable, patterns.sort_patterns(chosen), folded=folded)
        return f"({variable} is not None and ({' or '.join(alternatives)}))"

    def _like_alike(self, variable: str, shapes: patterns.Shapes, *, folded: bool) -> list[str]:
        text = self._joined(variable, folded=folded)
        alternatives: list[str] = []
        literals = shapes.literals
        finder = patterns.literal_finder(literals)
        if literals and not folded and literals == [f"\0{prefix}" for prefix in sorted(shapes.prefixes, key=len)]:
            constant = self.constant("k", tuple(shapes.prefixes))
            chain = " or ".join(f"{literal!r} in {text}" for literal in literals)
            alternatives.append(f"({variable}.startswith({constant}) if {variable}.__class__ is str else ({chain}))")
        elif finder is not None:
            alternatives.append(f"{self.constant('a', finder)}({text})")
        else:
            alternatives += [f"{literal!r} in {text}" for literal in literals]
        for pattern in shapes.general:
            slow = f"{self.runtime('any_text')}({variable}, {self.constant('p', pattern.matches)})"
            if pattern.least_length is not None:
                quick = f"len({variable}) >= {pattern.least_length} if {variable}.__class__ is str"
                alternatives.append(f"({quick} else {slow})")
                continue
            search = patterns.joined_search(pattern)
            if search is not None:
                slow = f"{self.constant('p', search)}({text})"
            literal = patterns.longest_literal(pattern)
            alternatives.append(f"{literal!r} in {text} and {slow}" if literal else slow)
        return alternatives

    def _regex(self, variable: str, regex: Regex) -> str:
        passes = self.constant("p", regex.matches)
        test = f"{self.runtime('any_text')}({variable}, {passes})"
        literal = regex.required_literal
        if literal and runtime.SEPARATOR not in literal and runtime.STAND_IN not in literal:
            test = f"{literal!r} in {self._joined(variable, folded=False)} and {test}"
        return f"({variable} is not None and {test})"

    def _number(self, variable: str, test: plan.NumberIn | plan.NumberRange) -> str:
        if isinstance(test, plan.NumberIn):
            constant = self.constant("k", test.numbers)
            quick = f"{variable} in {constant}"
            passes: Callable[[int | float], bool] = test.numbers.__contains__
        else:
            bound = repr(test.bound) if math.isfinite(test.bound) else self.constant("k", test.bound)
            quick = f"{variable} {test.operator} {bound}"
            passes = number_range(test.operator, test.bound)
        slow = f"{self.runtime('any_number')}({variable}, {self.constant('p', passes)})"
        return f"({quick} if {variable}.__class__ is int else {variable} is not None and {slow})"

    def _boolean(self, variable: str, values: frozenset[bool]) -> str:
        slow = f"{self.runtime('any_boolean')}({variable}, {self.constant('k', values)})"
        quick = " or ".join(f"{variable} is {value!r}" for value in sorted(values))
        return f"({quick} or {variable} is not None and {variable}.__class__ is not bool and {slow})"


def _derived_names(leaf: plan.Condition, variable: str) -> list[str]:
    """Return the variables derived from a field's value on demand: lower case, joined, both."""
    match leaf:
        case plan.FieldTest(test=plan.TextIn(insensitive=True)):
            return [variable.replace("v", "l")]
        case plan.FieldTest(test=plan.TextLike() | plan.TextRegex()):
            return [variable.replace("v", "j"), variable.replace("v", "f")]
        case _:
            return []
