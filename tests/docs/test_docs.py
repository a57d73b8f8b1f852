"""What the documentation says is what happens: every block of code in it is run, every link followed.

After an output was changed on purpose: `EQLITE_UPDATE=1 pytest tests/docs`, then read the differences.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tools.docs
from tests.docs.pages import NOT_FOUND, PageRun, blocks, steps
from tests.docs.shell import ROOT, Shell, checkout, environment_of_a_newcomer, environment_with_eqlite

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
LINKED = [
    *sorted(ROOT.glob("*.md")),
    *PAGES[1:],
    *sorted(ROOT.glob("grammar/*.md")),
    *sorted(ROOT.glob("examples/*.md")),
]

posix = pytest.mark.skipif(sys.platform == "win32", reason="the console blocks are for a POSIX shell on a terminal")

MARKS = {
    "not-found": "its output says on purpose that something is not there",
    "install": "needs the network; run as a newcomer would",
    "install-without-make": "the same, by the other way",
    "install-pipx": "the same, where pipx is there",
    "install-uv": "the same, where uv is there",
    "needs-install": "needs what the page installed",
    "needs-elasticsearch": "needs a server; tests/integrations has a stand-in",
    "error": "a query that is refused",
}
"""What may stand behind the language of a fence, and why. A block with any other mark would not be run by anything."""

MOST_LINES_OF_THE_FIRST_SCREEN = 60


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def needs_examples(path: Path, text: str) -> bool:
    """Return whether the reader has `examples/`: the README's has, a how-to page has to ask for a checkout first."""
    if path.parent.name != "how-to":
        return True
    return "checkout of eqlite" in " ".join(text.partition("```")[0].split())


@posix
@pytest.mark.timeout(600)  # a page starts many programs, and the machine may have other things to do
@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_says_what_happens(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "eqlite"
    folder.mkdir()
    text = path.read_text(encoding="utf-8")
    if needs_examples(path, text):
        shutil.copytree(ROOT / "examples", folder / "examples")
    with Shell(folder, environment_with_eqlite(tmp_path / "home")) as shell:
        differences = list(PageRun(text, shell).differences())
    if os.environ.get("EQLITE_UPDATE") == "1":
        for difference in differences:
            if difference.is_update:
                text = text.replace(difference.said, difference.found, 1)
        path.write_text(text, encoding="utf-8")
    if differences:
        pytest.fail(f"{name_of(path)}:\n\n" + "\n\n".join(map(str, differences)), pytrace=False)


@posix
@pytest.mark.packaging
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("page", "needs", "kinds"),
    [
        ("README.md", "python3", {"install"}),
        ("README.md", "pipx", {"install-pipx"}),
        ("README.md", "uv", {"install-uv"}),
        ("examples/README.md", "make", {"install"}),
        ("docs/tutorial/first-detection.md", "make", {"install", ""}),
        ("docs/tutorial/first-detection.md", "python3", {"install-without-make", ""}),
        ("docs/how-to/property-test-your-rules.md", "python3", {"install"}),
        ("docs/how-to/use-with-pandas-and-notebooks.md", "python3", {"install", "needs-install"}),
    ],
)
def test_a_newcomer_can_type_a_page(page: str, needs: str, kinds: set[str], tmp_path: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    environment = environment_of_a_newcomer(tmp_path / "home")
    if shutil.which(needs, path=environment["PATH"]) is None:
        pytest.skip(f"{needs} is not installed")
    with Shell(checkout(tmp_path / "eqlite"), environment, patience_s=600) as shell:
        differences = list(PageRun(text, shell, frozenset(kinds)).differences())
    if any("connection" in difference.found for difference in differences) and not os.environ.get("CI"):
        pytest.skip("no package index can be reached to install the dependencies from")
    if differences:
        pytest.fail(f"{page}:\n\n" + "\n\n".join(map(str, differences)), pytrace=False)


@pytest.mark.parametrize("path", LINKED, ids=name_of)
def test_no_output_on_a_page_says_that_something_is_missing(path: Path) -> None:
    wrong = [
        f"line {block.line}: {found[0]}"
        for block in blocks(path.read_text(encoding="utf-8"))
        if block.language == "console" and "not-found" not in block.words
        for step in steps(block.text)
        if (found := NOT_FOUND.search(step.output))
    ]
    assert wrong == []


@pytest.mark.parametrize("path", LINKED, ids=name_of)
def test_blocks_have_known_marks(path: Path) -> None:
    found = {word for block in blocks(path.read_text(encoding="utf-8")) for word in block.words}
    assert found - MARKS.keys() == set()


@pytest.mark.parametrize("path", LINKED, ids=name_of)
def test_a_page_says_under_which_name_to_save_a_block(path: Path) -> None:
    """The comment that saves a block is not seen by readers: the words before the block have to name the file."""
    text = path.read_text(encoding="utf-8")
    lines, unnamed, end = text.splitlines(), [], 0
    for block in blocks(text):
        if block.file is not None and f"`{block.file}`" not in "\n".join(lines[end : block.line - 1]):
            unnamed.append(f"line {block.line}: {block.file}")
        end = block.line + block.text.count("\n")
    assert unnamed == []


def test_nothing_promises_an_install_from_an_index() -> None:
    """Until eqlite is on PyPI, `pip install eqlite` fails, or gets what another project has put there."""
    promise = re.compile(r"(?:pip|pipx|uv tool) install (?:-\S+ )*['\"]?eqlite\b")
    texts = [*PAGES, *sorted((ROOT / "src").rglob("*.py"))]
    assert [name_of(path) for path in texts if promise.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("path", LINKED, ids=name_of)
def test_commands_stand_in_console_blocks(path: Path) -> None:
    """A block of `sh` is not run. The command line's reference is made of usage lines, which name no real file."""
    shells = {"sh", "bash", "shell", "zsh"} if path.name != "cli.md" else set()
    assert [block.line for block in blocks(path.read_text(encoding="utf-8")) if block.language in shells] == []


def test_a_page_that_forgets_a_step_fails(tmp_path: Path) -> None:
    page = "```console\n$ cat nosuch.txt\n…\n$ cd /\n$ nosuchprogram\n…\n```\n"
    with Shell(tmp_path, environment_with_eqlite(tmp_path / "home")) as shell:
        found = [difference.found for difference in PageRun(page, shell).differences()]
    assert len(found) == 2
    assert "No such file" in found[0]
    assert "command not found" in found[1]


def test_a_page_may_mark_what_is_missing_on_purpose(tmp_path: Path) -> None:
    page = "```console not-found\n$ cat nosuch.txt\ncat: nosuch.txt: No such file or directory\n```\n"
    with Shell(tmp_path, environment_with_eqlite(tmp_path / "home")) as shell:
        assert list(PageRun(page, shell).differences()) == []


def test_the_shell_of_a_page_keeps_folder_and_exports(tmp_path: Path) -> None:
    with Shell(tmp_path, environment_with_eqlite(tmp_path / "home")) as shell:
        answers = [shell.run(text) for text in ("mkdir a; cd a; export B=c", "echo $B; (exit 3)", "echo $?")]
        assert [answer.output.strip() for answer in answers] == ["", "c", "3"]
        assert shell.folder == tmp_path / "a"


def test_generated_pages_are_up_to_date() -> None:
    assert [name_of(path) for path in tools.docs.stale()] == [], "run `make docs`"


# --- what links to what -----------------------------------------------------------------------------------------------


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]+`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MkDocs make them."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text(encoding="utf-8"))):
        file, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        place = (path.parent / file).resolve() if file else path
        if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
            yield target


@pytest.mark.parametrize("path", LINKED, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    assert list(broken_links(path)) == []


def test_the_navigation_names_every_page_once() -> None:
    named = re.findall(r"^ +- [^:\n]+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(named) == len(set(named))
    assert {DOCS / name for name in named} == set(PAGES[1:])


def test_the_first_screen_of_the_readme_shows_how_to_start() -> None:
    screen = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:MOST_LINES_OF_THE_FIRST_SCREEN]
    text = "\n".join(screen)
    found = blocks(text + "\n")
    title, _, sentence, *_ = screen
    assert title == "# eqlite"
    assert sentence.startswith("**Elastic's EQL without an Elasticsearch")
    query = next(step for block in found if block.language == "console" for step in steps(block.text))
    assert query.command.startswith("eqlite query ")
    assert query.output.count("\n") >= 5
    python = next(block.text for block in found if block.language == "python")
    assert 3 <= len([line for line in python.splitlines() if line.strip()]) <= 5
    assert "`make demo`" in text or "$ make demo" in text
    assert "`make test`" in text or "$ make test" in text


# --- the grammar for people -------------------------------------------------------------------------------------------


def test_the_ebnf_defines_every_name_it_uses() -> None:
    text = (ROOT / "grammar" / "eql.ebnf").read_text(encoding="utf-8")
    text = re.sub(r"\(\*.*?\*\)|\?[^?]*\?|\"[^\"]*\"|'[^']*'", " ", text, flags=re.DOTALL)
    rules = [rule.partition("=") for rule in text.split(";") if rule.strip()]
    defined = {" ".join(name.split()) for name, _, _ in rules}
    used = {" ".join(name.split()) for _, _, body in rules for name in re.findall(r"[A-Za-z][A-Za-z ]*", body)}
    assert used - defined == set()
    assert defined - used == {"query", "COMMENT"}
