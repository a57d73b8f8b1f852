"""The reference of the Python API: complete, without internal names, and an example for each public name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe
import pytest
import tools.docs
from tools import api_reference
from tools.api_pages import PAGES

import eqlite
from eqlite import strategies

WITHOUT_EXAMPLE = {"ServerError": "no call of the library raises it without an Elasticsearch"}
WITHOUT_ENTRY = {"eqlite.language.ast.Query": "the shape of the tree may change"}

PUBLIC = {
    f"{page.package}.{name}": item
    for page in PAGES.values()
    for name, (_, item) in zip(page.names, api_reference.objects(page), strict=False)
}
ENTRIES = {item.path: item for page in PAGES.values() for _, item in api_reference.objects(page)}
CLASSES = [item for item in ENTRIES.values() if item.is_class]


def text_of(file: str) -> str:
    return "\n".join(api_reference.page_lines(file))


def types_of(item: Any) -> set[str]:
    """Return the paths of the classes of eqlite in the types of a function or a class."""
    functions = [item] if item.is_function else api_reference.methods(item)
    types = [each.annotation for function in functions for each in function.parameters]
    types += [function.returns for function in functions]
    if item.is_class:
        shown = {name for names, _, _ in api_reference.attributes(item) for name in names}
        types += [item.all_members[name].annotation for name in shown]
    return {path for type_ in types for path in classes_in(type_)}


def classes_in(type_: Any) -> Iterator[str]:
    """Yield the paths of the classes of eqlite in a type, and in the aliases that it names."""
    for part in type_.iterate(flat=True) if isinstance(type_, griffe.Expr) else ():
        alias = api_reference.aliased(part) if isinstance(part, griffe.ExprName) else None
        if alias is not None:
            yield from classes_in(alias)
        elif isinstance(part, griffe.ExprName) and part.canonical_path.startswith("eqlite."):
            found = api_reference.resolved(part.canonical_path.removeprefix("eqlite."))
            if found.is_class:
                yield found.path


def test_every_public_name_is_on_one_page() -> None:
    named = [f"{page.package}.{name}" for page in PAGES.values() for name in page.names]
    assert len(named) == len(set(named))
    expected = {f"eqlite.{name}" for name in eqlite.__all__ if name != "__version__"}
    assert set(named) == expected | {f"eqlite.strategies.{name}" for name in strategies.__all__}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_has_an_example(name: str) -> None:
    has_example = re.search(r"^>>> ", PUBLIC[name].docstring.value, re.MULTILINE) is not None
    assert has_example != (PUBLIC[name].name in WITHOUT_EXAMPLE)


@pytest.mark.parametrize("path", ENTRIES)
def test_every_class_in_a_type_has_an_entry(path: str) -> None:
    assert types_of(ENTRIES[path]) - ENTRIES.keys() - WITHOUT_ENTRY.keys() == set()


@pytest.mark.parametrize("item", CLASSES, ids=lambda item: item.name)
def test_the_python_object_has_what_its_entry_says(item: Any) -> None:
    """griffe reads the source alone. Fields without a default are known to the class by their annotation."""
    module, _, name = item.path.rpartition(".")
    found = getattr(__import__(module, fromlist=[name]), name)
    annotated = {field for base in found.__mro__ for field in getattr(base, "__annotations__", ())}
    names = {method.name for method in api_reference.methods(item)}
    for attributes, _, _ in api_reference.attributes(item):
        names |= set(attributes)
    own = re.findall(r"self\.(\w+): ", item.source)  # set by `__init__`
    assert {each for each in names if not hasattr(found, each)} - annotated - set(own) == set()


def test_internal_members_are_on_no_page() -> None:
    headings = {line for file in PAGES for line in text_of(file).splitlines() if line.startswith("### ")}
    assert "### Query.search" in headings
    internal = {f"### {item.name}.{name}" for item in CLASSES for name in api_reference.internal_names(item)}
    assert {"### Query.new_search", "### RuleStream.push_batch", "### Rule.compile_options"} <= internal
    assert headings & internal == set()
    assert not any("Internal:" in text_of(file) for file in PAGES)


@pytest.mark.parametrize("file", PAGES)
def test_every_heading_of_a_page_has_its_own_anchor(file: str) -> None:
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text_of(file), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    anchors = [api_reference.anchor(heading) for heading in headings]
    assert len(anchors) == len(set(anchors))


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    made = tools.docs.pages(tmp_path)
    assert set(tools.docs.stale(tmp_path)) == set(made)
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    changed = tmp_path / "api" / "queries.md"
    changed.write_text(made[changed].replace("Compile a query", "Read a query", 1), encoding="utf-8", newline="\n")
    assert tools.docs.stale(tmp_path) == [changed]


# --- how a docstring is read ------------------------------------------------------------------------------------------


def class_of(text: str) -> Any:
    with griffe.temporary_visited_module(text, docstring_parser="google") as module:
        return module["Box"]


BOX = '''
class Box:
    """A box.

    Attributes:
        width, height: the size in metres.

    Internal: `hinge`.
    """

    width: float
    height: {height}
    colour: str

    def __init__(self) -> None:
        """Build the box."""

    @property
    def area(self) -> float:
        """Return the area of the front."""

    def open(self, *, slowly: bool = False, limit: int = 10000) -> Box:
        """Open it."""

    def hinge(self) -> None:
        """Return the hinge."""

    def _lock(self) -> None:
        """Lock it."""
'''


def test_a_class_shows_documented_attributes_and_methods() -> None:
    box = class_of(BOX.format(height="float"))
    expected = [(["width", "height"], "float", "the size in metres."), (["area"], "float", "the area of the front.")]
    assert list(api_reference.attributes(box)) == expected
    assert [method.name for method in api_reference.methods(box)] == ["open"]
    assert api_reference.internal_names(box) == {"hinge"}


def test_a_signature_is_a_stub_that_python_reads() -> None:
    (line,) = api_reference.signature(class_of(BOX.format(height="float"))["open"])
    assert line == "def open(self, *, slowly: bool = False, limit: int = 10_000) -> Box: ..."
    compile(line, "<stub>", "exec")


def test_attributes_of_several_types_need_a_line_each() -> None:
    with pytest.raises(ValueError, match="differ in type"):
        list(api_reference.attributes(class_of(BOX.format(height="int"))))


def test_an_internal_name_has_to_exist() -> None:
    box = class_of(BOX.format(height="float").replace("`hinge`", "`hinges`"))
    with pytest.raises(ValueError, match="hinges"):
        api_reference.internal_names(box)


def test_an_attribute_without_a_type_is_refused() -> None:
    box = class_of(BOX.format(height="float").replace("    width: float", "    width = 1"))
    with pytest.raises(ValueError, match=r"width has no type"):
        list(api_reference.attributes(box))


def test_names_in_a_text_become_links() -> None:
    text = api_reference.linked("see `Query.search`, `eqlite.compile`, `Rule.name` and `process.name`", "text.md#parse")
    expected = "see [`Query.search`](queries.md#querysearch), [`eqlite.compile`](queries.md#compile), "
    assert text == expected + "[`Rule.name`](rules.md#rule) and `process.name`"
    assert api_reference.linked("see `search`", "queries.md#query") == "see [`search`](#search)"
    assert api_reference.linked("see `search`", "queries.md#search") == "see `search`"
