"""The reference of the Python API: made from the docstrings, which griffe reads without running the code.

What is on the pages:

- each name of `eqlite.__all__` and `eqlite.strategies.__all__`, and classes of attributes and results (`api_pages`);
- the attributes of a class that the `Attributes:` section of its docstring names;
- the public properties and methods of a class. Those that a paragraph `Internal: …` of its docstring names are for
  other modules of eqlite, and are left out. So are special methods, and those of a standard base, like `Mapping.keys`;
- the constructor of a class, if the docstring of `__init__` has a section `Args:`. Other objects come from functions.

Types are those of the signatures. The name of an alias, such as `Kind`, is replaced by its value. Code in a docstring
that is the name of something on the pages becomes a link to it.
"""

from __future__ import annotations

import collections.abc
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import griffe
from tools.api_pages import INDEX_INTRO, PAGES, Page
from tools.markdown import Lines, anchor, code, table

ROOT = Path(__file__).parent.parent
LONGEST_SIGNATURE = 100
INTERNAL = re.compile(r"^Internal: (.+?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)
_NAME_IN_CODE = re.compile(r"(?<![`\[])`([A-Za-z_][\w.]*)`(?!`)")
_CLASS = re.compile(r"(?<![.\w])[A-Z]\w+")
_PAGE_IN_CODE = re.compile(r"`docs/([\w-]+/([\w-]+)\.md)`")


# --- what is on the pages ---------------------------------------------------------------------------------------------


@cache
def package() -> griffe.Module:
    """Return the package, as griffe reads it from the source."""
    found = griffe.load(
        "eqlite",
        search_paths=[str(ROOT / "src")],
        docstring_parser="google",
        docstring_options={"warnings": False},
    )
    assert isinstance(found, griffe.Module)
    return found


def resolved(path: str) -> Any:
    """Return the object with a path below `eqlite`, at the place of its definition."""
    found = package()[path]
    return found.final_target if found.is_alias else found


def objects(page: Page) -> Iterator[tuple[str, Any]]:
    """Yield the full name and the object of everything that has a heading of its own on a page."""
    module = package() if page.package == "eqlite" else resolved(page.package.removeprefix("eqlite."))
    for name in page.names:
        yield f"{page.package}.{name}", resolved(module.imports[name].removeprefix("eqlite."))
    for path in page.results:
        yield f"eqlite.{path}", resolved(path)


@cache
def links() -> dict[str, str]:
    """Return the page and anchor of all names on the pages, as docstrings may write them."""
    found: dict[str, str] = {}
    for file, page in PAGES.items():
        for full_name, item in objects(page):
            headings = [item.name, *(f"{item.name}.{method.name}" for method in methods(item))]
            for heading in headings:
                target = f"{file}#{anchor(heading)}"
                if page.package == "eqlite":
                    found[heading] = target
                prefix = full_name.removesuffix(item.name)
                found[prefix + heading] = found[prefix.removeprefix("eqlite.") + heading] = target
            found[item.path] = f"{file}#{anchor(item.name)}"
    return found


def is_shown(member: Any) -> bool:
    """Return whether a property or method of a class is for users: see above."""
    if member.is_alias or member.name.startswith("_") or member.docstring is None:
        return False
    standard = (getattr(collections.abc, base.split("[")[0], None) for base in map(str, member.parent.bases))
    if any(hasattr(base, member.name) for base in standard if base is not None):
        return False
    return member.name not in internal_names(member.parent)


def internal_names(item: Any) -> set[str]:
    """Return the names that the docstring of a class declares internal."""
    found = INTERNAL.search(item.docstring.value)
    names = set(_NAME_IN_CODE.findall(found[1])) if found else set()
    if unknown := names - item.members.keys():
        raise ValueError(f"{item.path} has no {', '.join(sorted(unknown))}, which its docstring declares internal")
    return names


def methods(item: Any) -> list[Any]:
    """Return the methods of a class that have a heading."""
    return [each for each in item.members.values() if each.is_function and is_shown(each)] if item.is_class else []


def attributes(item: Any) -> Iterator[tuple[list[str], str, str]]:
    """Yield names, type and description of the attributes of a class, its own before those of a base without a page."""
    for section in item.docstring.parsed:
        if section.kind is griffe.DocstringSectionKind.attributes:
            for each in section.value:
                names = names_of(each)
                types = {annotation(item.members[name].annotation, f"{item.path}.{name}") for name in names}
                if len(types) > 1:
                    raise ValueError(f"{item.path}: {', '.join(names)} are described together, but differ in type")
                yield names, types.pop(), each.description
    for member in item.members.values():
        if member.is_attribute and "property" in member.labels and is_shown(member):
            said = " ".join(member.docstring.value.split()).removeprefix("Return ")
            yield [member.name], annotation(member.annotation, member.path), said
    for base in item.resolved_bases:
        if base.path.startswith("eqlite.") and base.path not in links():
            yield from attributes(base)


def names_of(entry: Any) -> list[str]:
    """Return the names of an entry of a section, such as `line, column: …`. griffe takes the second for a type."""
    return [entry.name[:-1], *re.findall(r"\w+", str(entry.annotation))] if entry.name.endswith(",") else [entry.name]


# --- types ------------------------------------------------------------------------------------------------------------


def annotation(expression: Any, path: str) -> str:
    """Return a type as text. Aliases are replaced by their values."""
    if expression is None:
        raise ValueError(f"{path} has no type")
    return expanded(expression)


def expanded(expression: Any) -> str:
    """Return an expression as text, with the values of the aliases and constants of eqlite."""
    if isinstance(expression, str):
        return f"{int(expression):_}" if expression.isdecimal() else expression.replace("'", '"')
    parts = []
    for part in expression.iterate(flat=True):
        alias = aliased(part) if isinstance(part, griffe.ExprName) else None
        parts.append(expanded(alias if alias is not None else part if isinstance(part, str) else part.name))
    return "".join(parts)


def aliased(name: griffe.ExprName) -> Any:
    """Return the value of a name that a module of eqlite assigns, or None for other names."""
    path = name.canonical_path
    if not path.startswith("eqlite."):
        return None
    try:
        found = resolved(path.removeprefix("eqlite."))
    except KeyError:  # an attribute of a class, which griffe takes for the module of the same name
        return None
    is_value = found.is_attribute and found.parent.is_module and "TypeVar" not in str(found.value)
    return found.value if is_value else None


def signature(function: Any) -> Lines:
    """Yield the lines of a function's signature, as a stub that Python can read."""
    parameters = list(function.parameters)
    parts = []
    for number, parameter in enumerate(parameters):
        kind = parameter.kind.value
        before = parameters[number - 1].kind.value if number else ""
        if kind == "keyword-only" and before not in ("keyword-only", "variadic positional"):
            parts.append("*")
        if before == "positional-only" != kind:
            parts.append("/")
        stars = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
        type_ = "" if parameter.annotation is None else f": {expanded(parameter.annotation)}"
        default = (
            "" if stars or parameter.default is None else f"{' = ' if type_ else '='}{expanded(parameter.default)}"
        )
        parts.append(f"{stars}{parameter.name}{type_}{default}")
    begin = f"{'async ' if 'async' in function.labels else ''}def {function.name}("
    end = f") -> {annotation(function.returns, function.path)}: ..."
    line = f"{begin}{', '.join(parts)}{end}"
    if "classmethod" in function.labels:
        yield "@classmethod"
    yield from [line] if len(line) <= LONGEST_SIGNATURE else [begin, *(f"    {part}," for part in parts), end]


# --- text -------------------------------------------------------------------------------------------------------------


def linked(text: str, here: str) -> str:
    """Return a text in which the names of things on the pages are links. Those to the heading `here` are none."""

    def link(found: re.Match[str]) -> str:
        name = found[1]
        if name not in links() and name[0].isupper():  # an attribute, which stands in the table of its class
            name = name.rpartition(".")[0]
        target = links().get(name, here)
        return found[0] if target == here else f"[{found[0]}]({relative(target, here)})"

    text = _PAGE_IN_CODE.sub(lambda found: f"[{found[2].replace('-', ' ')}](../../{found[1]})", text)
    return _NAME_IN_CODE.sub(link, text)


def relative(target: str, here: str) -> str:
    """Return a link as the page of `here` writes it."""
    return target.removeprefix(here.partition("#")[0])


def cell(text: str, here: str) -> str:
    """Return a text for the cell of a table. A sentence alone has no full stop there."""
    line = " ".join(text.split())
    return linked(line if ". " in line else line.removesuffix("."), here).replace("|", "\\|")


def codes(names: Iterable[str]) -> str:
    """Return names as code, for the cell of a table."""
    return ", ".join(map(code, names))


def type_cell(type_: str, here: str) -> str:
    """Return a type for the cell of a table, with a link to the first class on the pages that it names."""
    names = (name for name in _CLASS.findall(type_) if name in links())
    target = next((links()[name] for name in names if links()[name] != here), None)
    return code(type_) if target is None else f"[{code(type_)}]({relative(target, here)})"


def paragraphs(text: str, here: str) -> Lines:
    """Yield the paragraphs of a docstring, with their examples as blocks of Python."""
    is_open = False
    for paragraph in text.split("\n\n"):
        is_example = paragraph.startswith(">>>")
        if is_open and not is_example:
            yield "```"
        if INTERNAL.match(paragraph):
            is_open = False
            continue
        yield ""
        if is_example and not is_open:
            yield "```python"
        yield from (paragraph if is_example else linked(paragraph, here)).splitlines()
        is_open = is_example
    if is_open:
        yield "```"


def documentation(item: Any, here: str) -> Lines:
    """Yield the docstring of a function or class."""
    kinds = griffe.DocstringSectionKind
    for section in item.docstring.parsed:
        if section.kind is kinds.text:
            yield from paragraphs(section.value, here)
        elif section.kind is kinds.parameters:
            rows = ((codes(names_of(each)), cell(each.description, here)) for each in section.value)
            yield from ("", *table(("parameter", "is"), rows))
        elif section.kind is kinds.raises:
            rows = ((_exceptions(str(each.annotation), here), cell(each.description, here)) for each in section.value)
            yield from ("", *table(("raises", "if"), rows))
        elif section.kind is kinds.yields:
            yield from ("", "Yields " + " ".join(linked(each.description, here) for each in section.value))
        elif section.kind is kinds.attributes:
            yield from attribute_table(item, here)
        else:
            raise ValueError(f"{item.path}: a section {section.kind.value!r} has no form on the pages")
    if item.is_class and all(section.kind is not kinds.attributes for section in item.docstring.parsed):
        yield from attribute_table(item, here)


def attribute_table(item: Any, here: str) -> Lines:
    """Yield the table of the attributes of a class, if there are any."""
    rows = [(codes(names), type_cell(type_, here), cell(said, here)) for names, type_, said in attributes(item)]
    if rows:
        yield from ("", *table(("attribute", "type", "is"), rows))


def _exceptions(names: str, here: str) -> str:
    return ", ".join(linked(f"`{name}`", here) for name in re.findall(r"\w+", names))


def types_of(function: Any, here: str) -> Lines:
    """Yield a line with links to the classes on the pages that a signature names."""
    names = dict.fromkeys(name for name in _CLASS.findall(" ".join(signature(function))) if name in links())
    names.pop(function.parent.name, None)
    if names:
        yield from ("", "Types: " + ", ".join(linked(f"`{name}`", here) for name in names) + ".")


def function_entry(function: Any, here: str) -> Lines:
    """Yield the entry of a function or method, below its heading."""
    yield from ("", "```python")
    for each in function.overloads or [function]:
        yield from signature(each)
    yield "```"
    yield from types_of(function, here)
    yield from documentation(function, here)


def class_entry(item: Any, full_name: str, file: str) -> Lines:
    """Yield the entry of a class and of its methods."""
    here = f"{file}#{anchor(item.name)}"
    bases = [str(base) for base in item.bases if _is_told(base)]
    yield from ("", f"`class {full_name}({', '.join(bases)})`".replace("()", ""))
    yield from documentation(item, here)
    constructor = item.members.get("__init__")
    if constructor is not None and constructor.docstring is not None and "Args:" in constructor.docstring.value:
        yield from function_entry(constructor, here)
    for method in methods(item):
        heading = f"{item.name}.{method.name}"
        yield from ("", f"### {heading}")
        yield from function_entry(method, f"{file}#{anchor(heading)}")


def _is_told(base: Any) -> bool:
    path = getattr(base, "canonical_path", str(base))
    return path in links() or not path.startswith(("eqlite.", "msgspec."))


def page_lines(file: str) -> Lines:
    """Yield a page."""
    page = PAGES[file]
    yield from (f"# {page.title}", "", page.intro)
    for full_name, item in objects(page):
        yield from ("", f"## {item.name}")
        if item.is_class:
            yield from class_entry(item, full_name, file)
        elif item.is_function:
            yield from function_entry(item, f"{file}#{anchor(item.name)}")
        else:
            yield from ("", f"`{full_name}: {annotation(item.annotation, item.path)}`")
            yield from paragraphs(item.docstring.value, f"{file}#{anchor(item.name)}")


def index_lines() -> Lines:
    """Yield the page that lists all public names."""
    yield INDEX_INTRO.rstrip("\n")
    for file, page in PAGES.items():
        yield from ("", f"## [{page.title}]({file})", "")
        yield from table(("name", "is"), map(_index_row, _public(page), [file] * len(page.names)))


def _public(page: Page) -> Iterable[Any]:
    return [item for _, item in objects(page)][: len(page.names)]


def _index_row(item: Any, file: str) -> tuple[str, str]:
    summary = item.docstring.value.partition("\n\n")[0]
    return f"[`{item.name}`]({file}#{anchor(item.name)})", cell(summary, "index.md#")
