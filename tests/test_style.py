"""House rules that no linter knows: sizes, and which module may use what."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

TESTS_FOLDER = Path(__file__).parent
PACKAGE = TESTS_FOLDER.parent / "src" / "eqlite"
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


def test_only_command_line_and_reports_import_click_and_rich() -> None:
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


def test_only_the_python_backend_imports_code_generation() -> None:
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


# --- the voice of docstrings ------------------------------------------------------------------------------------------

VERBS = """
Abbreviate Abort Add Advance Allow Answer Append Apply Assemble Attach Build Cache Calculate Call Cancel Catch Change
Check Choose Clean Clear Close Collect Combine Commit Compare Compile Complete Compress Compute Connect Continue
Convert Copy Count Create Cut Decide Declare Decode Decompress Deduplicate Defer Define Delegate Delete Derive
Describe Detach Detect Disable Discard Dispatch Divide Draw Drop Dump Emit Enable Encode End Enter Escape Estimate
Evaluate Exclude Execute Exit Expand Extract Feed Fetch Fill Filter Find Finish Flush Fold Follow Format Forward
Generate Group Handle Hash Hide Highlight Hold Ignore Import Include Index Initialize Insert Install Intern Interpret
Intersect Invert Iterate Join Launch Limit List Load Lock Log Lower Make Map Mark Mask Match Measure Merge Move
Normalize Notify Number Observe Open Order Pack Parse Pause Pickle Place Poll Pop Prefer Prepare Preserve Print
Process Propagate Prune Purge Push Put Query Quote Raise Rank Read Receive Reconfigure Record Refresh Register Reject
Release Reload Remove Rename Reorder Replace Replay Report Request Require Reserve Reset Resolve Restart Restore
Restrict Resume Retry Return Reuse Review Rewrite Round Route Run Sample Save Scan Score Search Seek Select Send
Serialize Set Settle Share Shift Show Shrink Shut Simplify Skip Sort Specialize Spill Split Spool Start Step Stop
Store Strip Sum Suppress Swap Switch Take Terminate Test Track Transform Translate Trim Try Unite Unlink Unpack Unwrap
Update Upload Use Validate Verify Visit Wait Wake Walk Warn Weigh Widen Wrap Write Yield
"""
QUESTION = re.compile(r"(what|where|who|whom|whoever|how|why|which)\b", re.IGNORECASE)
BANNED_WORDS = re.compile(
    r"\b(who(so)?ever|who waits?|somebody|nobody|anybody|tells?|told|notebooks?|not(e|es|ed|ing)|books?|kept"
    r"|dear(er|est)?|mend(s|ed|ing)?|at hand|signs|sign by sign|packed|so (many|much)|looks? at|what is wrong"
    r"|(?<!there )(is|are) (?-i:none))\b",
    re.IGNORECASE,
)
BANNED_EVERYWHERE = re.compile(
    r"\b(who(so)?ever|who waits?|somebody|nobody|anybody|tells?|told|dear(er|est)?|mend(s|ed|ing)?|at hand"
    r"|sign by sign|for want of)\b",
    re.IGNORECASE,
)
"""Words for no docstring and no comment. Some of `BANNED_WORDS` have a plain meaning, such as the notes of a rule."""
MOST_WORDS = 20
NOUN_PHRASES = {"cli/__init__.py:cli"}
"""Functions whose docstring is the help of a group of commands."""


def first_lines(name: str) -> Iterator[tuple[ast.AST, str, str]]:
    """Yield node, location and first line of every docstring of a module."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Module | ast.ClassDef | Function) and (text := ast.get_docstring(node)):
            yield node, f"{name}:{node.body[0].lineno}", text.partition("\n")[0]


def faults_of_voice(name: str) -> Iterator[str]:
    """Yield the faults in the first lines of the docstrings of a module."""
    for node, where, line in first_lines(name):
        first, _, rest = line.partition(" ")
        is_function = isinstance(node, Function) and f"{name}:{node.name}" not in NOUN_PHRASES
        if is_function and first.rstrip(".:,") not in VERBS.split():
            yield f"{where}: {first!r} is no verb of the list: {line}"
        if QUESTION.match(rest if is_function else line):
            yield f"{where}: names no thing, but asks for one: {line}"
        if ";" in line:
            yield f"{where}: semicolon: {line}"
        if len(line.split()) > MOST_WORDS:
            yield f"{where}: {len(line.split())} words: {line}"
        if found := BANNED_WORDS.search(line):
            yield f"{where}: {found[0]!r}: {line}"


def prose(name: str) -> Iterator[tuple[int, str]]:
    """Yield line number and text of every comment and every line of a docstring of a module."""
    for token in tokenize.generate_tokens(io.StringIO(MODULES[name]).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node, location, _ in first_lines(name):
        assert isinstance(node, ast.Module | ast.ClassDef | Function)
        first = int(location.rpartition(":")[2])
        yield from enumerate((ast.get_docstring(node) or "").splitlines(), first)


def test_docstrings_begin_in_the_voice_of_the_house() -> None:
    found = [fault for name in MODULES for fault in faults_of_voice(name)]
    assert found == []


def test_docstrings_and_comments_use_words_of_the_field() -> None:
    found = [
        f"{name}:{line}: {word[0]!r}: {text}"
        for name in MODULES
        for line, text in prose(name)
        if (word := BANNED_EVERYWHERE.search(text))
    ]
    assert found == []


# --- tests ------------------------------------------------------------------------------------------------------------

TESTS = {
    path.relative_to(TESTS_FOLDER).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(TESTS_FOLDER.rglob("*.py"))
}
MOST_CHARACTERS_OF_A_TEST_NAME = 60


def test_every_test_module_says_what_it_covers() -> None:
    assert [name for name, text in TESTS.items() if not ast.get_docstring(ast.parse(text))] == []


MIRRORED = ("candidates/", "engine/", "events/", "execution/", "predicates/", "serialization/")


def test_every_module_has_tests_of_its_name_or_that_name_it() -> None:
    docstrings = " ".join(ast.get_docstring(ast.parse(text)) or "" for text in TESTS.values())
    missing = [
        name
        for name in MODULES
        if name.startswith(MIRRORED) and not name.endswith("__init__.py")
        if re.sub(r"(\w+\.py)$", r"test_\1", name) not in TESTS and f"`{name}`" not in docstrings
    ]
    assert missing == []


def test_names_of_tests_are_short() -> None:
    names = {
        name: [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, Function)]
        for name, text in TESTS.items()
    }
    too_long = [
        f"{module}: {name}"
        for module, functions in names.items()
        for name in functions
        if len(name) > MOST_CHARACTERS_OF_A_TEST_NAME
    ]
    assert too_long == []


def test_no_test_module_imports_another() -> None:
    found = [
        f"{name}:{number} {line}"
        for name, text in TESTS.items()
        for number, line in enumerate(text.splitlines(), 1)
        if re.match(r"\s*(from|import) tests\b.*\btest_", line)
    ]
    assert found == []


def test_no_test_sets_a_constant_that_tunes() -> None:
    """Sizes are parameters, as in `Tuning`. Of a limit, the message of its error shows that it was set."""
    patch = re.compile(r"""setattr\(\s*(?:[^,"]+,\s*"|"[\w.]*\.)(?!MAX_)[A-Z][A-Z_]+"|setitem\(\S+__kwdefaults__""")
    found = [f"{name}: {match[0]}" for name, text in TESTS.items() for match in patch.finditer(text)]
    assert found == []
