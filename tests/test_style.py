"""House rules that no linter knows: sizes, and which module may use what."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "src" / "eqlite"
MODULES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(text, name) for name, text in MODULES.items()}

MOST_LINES = {"language/builder.py": 600, "language/printer.py": 600}
MOST_LINES_ELSEWHERE = 400
MOST_LINES_OF_A_FUNCTION = 50
RUNNING_TEXT = {"exec", "eval", "compile"}
RUNNING_TEXT_BY_MODULE = {f"{module}.{name}" for module in ("builtins", "__builtins__") for name in RUNNING_TEXT}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and top-level package of every import, wherever it stands in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.partition(".")[0]


def own_names(tree: ast.Module) -> set[str]:
    """Return the names that the module defines or imports: `compile` among them is not the built-in one."""
    nodes = list(ast.walk(tree))
    methods = {id(member) for node in nodes if isinstance(node, ast.ClassDef) for member in node.body}
    names = {node.name for node in nodes if isinstance(node, Function) and id(node) not in methods}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module != "builtins":
            names.update(alias.asname or alias.name for alias in node.names)
    return names


def runs_text(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that call, or hand on, a built-in function that turns text into running code."""
    names = RUNNING_TEXT - own_names(tree)
    for node in ast.walk(tree):
        reads_builtin = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names
        if reads_builtin or (isinstance(node, ast.Attribute) and ast.unparse(node) in RUNNING_TEXT_BY_MODULE):
            assert isinstance(node, ast.expr)
            yield node.lineno


def users_of(packages: set[str], *, allowed: tuple[str, ...]) -> list[str]:
    return [
        f"{name}:{line} imports {package}"
        for name, tree in TREES.items()
        for line, package in imports(tree)
        if package in packages and not name.startswith(allowed)
    ]


def test_there_are_modules_to_look_at() -> None:
    assert "source.py" in MODULES


def test_modules_are_short() -> None:
    lengths = {name: text.count("\n") for name, text in MODULES.items()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES.get(name, MOST_LINES_ELSEWHERE)} == {}


def test_functions_are_short() -> None:
    too_long = [
        f"{name}:{node.lineno} {node.name} has {length} lines"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, Function)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    ]
    assert too_long == []


def test_only_lexer_parser_and_builder_know_lark() -> None:
    assert users_of({"lark"}, allowed=tuple(f"language/{name}.py" for name in ("lexer", "parser", "builder"))) == []


def test_only_the_command_line_and_the_reports_know_click_and_rich() -> None:
    assert users_of({"click", "rich"}, allowed=("cli/", "report/")) == []


def test_only_one_module_knows_the_client_of_elasticsearch() -> None:
    clients = {"elasticsearch", "elastic_transport", "urllib3"}
    assert users_of(clients, allowed=("integrations/elasticsearch.py",)) == []


def test_only_the_python_backend_turns_text_into_code() -> None:
    found = [
        f"{name}:{line}"
        for name, tree in TREES.items()
        if not name.startswith("backends/python/")
        for line in runs_text(tree)
    ]
    assert found == []


def test_only_the_python_backend_imports_what_turns_text_into_code() -> None:
    found = [
        f"{name}:{node.lineno} imports {alias.name}"
        for name, tree in TREES.items()
        if not name.startswith("backends/python/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("eqlite.backends.python")
        for alias in node.names
        if alias.name in ("define", "load")
    ]
    assert found == []


def test_processes_are_started_in_one_package() -> None:
    assert users_of({"multiprocessing", "subprocess"}, allowed=("execution/parallel/",)) == []
    pools = [
        f"{name}:{node.lineno}"
        for name, tree in TREES.items()
        if not name.startswith("execution/parallel/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "concurrent.futures"
    ]
    assert pools == []
